"""What keeps a shape whole: where its parts do not hang together, G is told which voxel would join them."""

from __future__ import annotations

import numpy as np
import torch

from shapespace.shapes.parts import brokenness_slope
from shapespace.tensors import Occupancy


def push(fake: Occupancy) -> Occupancy:
    """Return the slope of the shapes' brokenness at their voxels, same shape, a mean over the batch.

    Args:
        fake: (batch, 1, x, y, z) occupancy in [0, 1].
    """
    fields = fake.detach()[:, 0].cpu().float().numpy()
    slopes = np.stack([brokenness_slope(field) for field in fields]) / len(fields)
    return torch.from_numpy(slopes)[:, None].to(fake)
