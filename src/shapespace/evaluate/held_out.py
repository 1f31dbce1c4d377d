"""Which shapes of a store a space is judged by: never those it learned from."""

from __future__ import annotations

import numpy as np

from shapespace.data.store import Store
from shapespace.errors import UsageError


def held_out(store: Store, split: str, category: str | None = None) -> np.ndarray:
    """Return the indices of a split's shapes, or of several as in `test+validation`.

    Raises:
        UsageError: If one of them is the training split: measured by it, a copier would pass for a maker.
    """
    parts = split.split("+")
    if "train" in parts:
        raise UsageError(f"--split {split}: the space learned from these shapes; hold it against test or validation")
    return np.concatenate([store.indices(part, category) for part in parts])
