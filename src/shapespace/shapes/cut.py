"""Where to cut an occupancy that hedges: a guess from a picture says of each voxel how likely it is full.

A threshold of 0.5 keeps what is more likely full than not, which of a thin leg that may stand here or there is nothing.
"""

from __future__ import annotations

import numpy as np

LEAST, MOST = 0.01, 0.99
"""Between which a cut lies."""


def best_cut(occupancy: np.ndarray) -> float:
    """Return the threshold above which voxels are expected to overlap most with the true shape, by IoU.

    Args:
        occupancy: (x, y, z) in [0, 1]: the chance of each voxel to be full, on its own.

    Source: Nowozin 2014, "Optimal decisions from probabilistic models: the intersection-over-union case": the expected
    IoU is taken as the ratio of the expected intersection and the expected union, and the voxels are taken in order.
    """
    chances = np.sort(np.asarray(occupancy, np.float64), axis=None)[::-1]
    both = np.cumsum(chances)
    either = np.arange(1, len(chances) + 1) + both[-1] - both
    last = int(np.argmax(both / either))
    following = chances[last + 1] if last + 1 < len(chances) else 0.0
    return float(np.clip((chances[last] + following) / 2, LEAST, MOST))
