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
    for i in range(size_x):
        for j in range(size_y):
            for k in range(size_z):
                if voxels[i, j, k] and labels[i, j, k] == 0:
                    count += 1
                    labels[i, j, k] = count
                    queue[0] = (i * size_y + j) * size_z + k
                    _flood(voxels, offsets, labels, queue)
    return labels, count


@njit(cache=True, nogil=True)
def _flood(voxels: np.ndarray, offsets: np.ndarray, labels: np.ndarray, queue: np.ndarray) -> None:
    """Give the label of the voxel at the head of the queue to all that can be reached from it."""
    size_x, size_y, size_z = voxels.shape
    head, tail = 0, 1
    while head < tail:
        here = queue[head]
        head += 1
        row, z = here // size_z, here % size_z
        x, y = row // size_y, row % size_y
        for step in range(len(offsets)):
            u, v, w = x + offsets[step, 0], y + offsets[step, 1], z + offsets[step, 2]
            if 0 <= u < size_x and 0 <= v < size_y and 0 <= w < size_z and voxels[u, v, w] and labels[u, v, w] == 0:
                labels[u, v, w] = labels[x, y, z]
                queue[tail] = (u * size_y + v) * size_z + w
                tail += 1
