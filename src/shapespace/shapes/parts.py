"""Loose parts of an occupancy field: where a shape does not hang together, and which voxel would join it.

A part is a peak of the occupancy that no way leads to from the main one without going down by `least` or more. The
highest of these ways has a lowest voxel, the saddle: with it raised the part is joined. A speck is not worth joining;
its peak is lowered. This is the persistence of connected components, and its slope: no threshold is in it.

Source: topological losses (Hu et al. 2019; Clough et al. 2020), here for one component. That specks go and larger parts
are joined is ours.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from shapespace.shapes.patches import find

LEAST = 0.1
"""Depth of the gap, in occupancy, from which a part counts as one of its own.

The blur of `augment.soften` leaves such gaps in thin legs of real shapes, too: there G is asked for more than D sees.
"""

SPECK = 4
"""Voxels up to which a part is not joined but taken away."""

FLOOR = 0.01
"""Occupancy below which a voxel is no way to anywhere."""


def brokenness_slope(field: np.ndarray, least: float = LEAST) -> np.ndarray:
    """Return the slope of a shape's brokenness at its voxels, float32, same shape.

    Brokenness is the sum over a shape's parts of the height of their peaks above their saddles, of which one is moved:
    1 at the peak of a speck, -1 at the saddle of a larger part, 0 everywhere else.

    Args:
        field: (x, y, z) occupancy in [0, 1].
        least: Depth of the gaps that count.
    """
    padded = np.pad(field, 1)  # so that every voxel that counts has six neighbours
    flat = padded.ravel()
    order = np.flatnonzero(flat > FLOOR)
    order = order[np.argsort(-flat[order], kind="stable")]
    slope = np.zeros(flat.shape, np.float32)
    steps = np.array([1, padded.shape[2], padded.shape[1] * padded.shape[2]])
    _sweep(flat, order, np.concatenate([steps, -steps]), least, slope)
    return slope.reshape(padded.shape)[1:-1, 1:-1, 1:-1]


@njit(cache=True, nogil=True)
def _sweep(field: np.ndarray, order: np.ndarray, steps: np.ndarray, least: float, slope: np.ndarray) -> None:
    """Fill the slope: voxels appear from the highest down, and where parts meet, the lower ones' counts are closed."""
    parent = np.full(len(field), -1)  # of voxels that have appeared; a root is its part's peak
    size = np.zeros(len(field), np.int64)
    for voxel in order:
        main = _highest_beside(field, parent, voxel, steps)
        for step in steps:
            if parent[voxel + step] < 0:
                continue
            part = find(parent, voxel + step)
            if part == main:
                continue
            if field[part] - field[voxel] >= least:
                _close(part, voxel, size[part], slope)
            size[main] += size[part]
            parent[part] = main
        parent[voxel] = main
        size[main] += 1
    for voxel in order:
        if parent[voxel] == voxel and voxel != find(parent, order[0]) and field[voxel] >= least:
            slope[voxel] += 1  # no way leads to it: it goes


@njit(cache=True, nogil=True)
def _highest_beside(field: np.ndarray, parent: np.ndarray, voxel: int, steps: np.ndarray) -> int:
    """Return the root of the highest part beside a voxel; the voxel itself where there is none."""
    highest = voxel
    for step in steps:
        if parent[voxel + step] >= 0:
            part = find(parent, voxel + step)
            if highest == voxel or field[part] > field[highest]:
                highest = part
    return highest


@njit(cache=True, nogil=True)
def _close(peak: int, saddle: int, size: int, slope: np.ndarray) -> None:
    """Say of a part that is about to be joined how it could have been whole before."""
    if size <= SPECK:
        slope[peak] += 1
    else:
        slope[saddle] -= 1
