"""Connected components of a grid by flood fill."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def label(voxels: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, int]:
    """Return (labels, count): int32 labels from 1 in the order of their first voxel, 0 where empty.

    Args:
        voxels: (x, y, z) bool.
        offsets: (n, 3) int64 steps from a voxel to its neighbours.
    """
    size_x, size_y, size_z = voxels.shape
    labels = np.zeros(voxels.shape, np.int32)
    queue = np.empty(voxels.sum(), np.int64)  # each voxel enters once
    count = 0
    for seed in range(voxels.size):
        x, y, z = seed // (size_y * size_z), seed // size_z % size_y, seed % size_z
        if not voxels[x, y, z] or labels[x, y, z]:
            continue
        count += 1
        labels[x, y, z] = count
        queue[0] = seed
        head, tail = 0, 1
        while head < tail:
            here = queue[head]
            head += 1
            x, y, z = here // (size_y * size_z), here // size_z % size_y, here % size_z
            for step in range(len(offsets)):
                u, v, w = x + offsets[step, 0], y + offsets[step, 1], z + offsets[step, 2]
                if 0 <= u < size_x and 0 <= v < size_y and 0 <= w < size_z and voxels[u, v, w] and not labels[u, v, w]:
                    labels[u, v, w] = count
                    queue[tail] = (u * size_y + v) * size_z + w
                    tail += 1
    return labels, count
