"""The one question that a step asks of its numbers: whether they are finite."""

from __future__ import annotations

import torch

from shapespace.errors import TrainingDiverged
from shapespace.tensors import Scalar


def refuse_infinite(size: Scalar, who: str) -> None:
    """Stop where a number that sums up a step is not finite; asking waits for the device.

    Args:
        size: Of all gradients together, with the loss.
        who: Whose they are, for the message.

    Raises:
        TrainingDiverged: If it is not finite.
    """
    if not torch.isfinite(size):
        raise TrainingDiverged(f"the loss or a gradient of {who} is not finite")
