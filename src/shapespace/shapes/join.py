"""Pieces of a grid that one surface holds together, joined where only a voxel or two is missing between them."""

from __future__ import annotations

import numpy as np
from numba import njit

from shapespace.shapes.components import label
from shapespace.shapes.patches import find

REACH = 2
"""Voxels a path may go from either piece: gaps of up to four voxels are closed."""

SIX = np.array([(-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)])
"""Steps to the voxels that share a face."""


def bridges(solid: np.ndarray, surface: np.ndarray) -> np.ndarray:
    """Return (r, r, r) bool: the shortest paths over surface voxels that join pieces of `solid` face to face.

    A thin leg that runs at an angle is otherwise a row of voxels that touch at corners only, and a printed
    chair or `largest_component` loses its foot.

    Args:
        solid: (r, r, r) bool.
        surface: (r, r, r) bool, voxels that hold some surface.
    """
    pieces, count = label(solid, SIX)
    if count < 2:
        return np.zeros_like(solid)
    return _grow(pieces, count, surface)


@njit(cache=True, nogil=True)
def _grow(pieces: np.ndarray, count: int, surface: np.ndarray) -> np.ndarray:
    """Grow all pieces over the surface at once, step by step; where two that are not yet joined meet, keep the path."""
    size = len(pieces)
    owner = pieces.copy()
    root = np.arange(count + 1)
    origin = np.full(pieces.shape, -1, np.int64)  # the voxel that a grown one was reached from
    path = np.zeros(pieces.shape, np.bool_)
    front = np.flatnonzero(pieces)
    for distance in range(REACH + 1):
        for here in front:
            x, y, z = here // (size * size), here // size % size, here % size
            for step in range(6):
                u, v, w = x + SIX[step, 0], y + SIX[step, 1], z + SIX[step, 2]
                if min(u, v, w) < 0 or max(u, v, w) >= size or owner[u, v, w] == 0:
                    continue
                mine, other = find(root, owner[x, y, z]), find(root, owner[u, v, w])
                if mine != other:
                    root[max(mine, other)] = min(mine, other)
                    _trace(origin, path, int(here))
                    _trace(origin, path, (u * size + v) * size + w)
        if distance == REACH:
            break
        grown = np.empty(6 * len(front), np.int64)
        tail = 0
        for here in front:
            x, y, z = here // (size * size), here // size % size, here % size
            for step in range(6):
                u, v, w = x + SIX[step, 0], y + SIX[step, 1], z + SIX[step, 2]
                if min(u, v, w) < 0 or max(u, v, w) >= size or owner[u, v, w] or not surface[u, v, w]:
                    continue
                owner[u, v, w] = owner[x, y, z]
                origin[u, v, w] = here
                grown[tail] = (u * size + v) * size + w
                tail += 1
        front = grown[:tail]
    return path


@njit(cache=True, nogil=True)
def _trace(origin: np.ndarray, path: np.ndarray, here: int) -> None:
    """Mark the way from a grown voxel back to its piece."""
    while origin.flat[here] >= 0:
        path.flat[here] = True
        here = origin.flat[here]
