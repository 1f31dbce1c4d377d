"""The solid of a surface that has no inside of its own: everything that cannot be seen along an axis."""

from __future__ import annotations

import numpy as np

from shapespace.shapes import rays, thin

ALL_SIX = 0b101010


def carve(points: np.ndarray, faces: np.ndarray, resolution: int) -> np.ndarray:
    """Return (r, r, r) bool: what the surface hides from all six sides of the grid.

    Voxels that hold some surface stop a ray even where faces leave a crack; of these voxels themselves only
    those stay whose centre is hidden, so that the solid is not half a voxel fat on every side.

    Args:
        points: (V, 3) int64 even; voxel i lies at rays.PITCH * i.
        faces: (F, 3) int64.
        resolution: r.

    Source:
        The `-c` and `-dc` rules of binvox, with which the ModelNet grids of 3D ShapeNets were made; the
        centres are ours.
    """
    halves = np.zeros((resolution,) * 3, np.uint8)
    thin.surface(points, faces, halves)
    surface = thin.touched(halves)
    hidden = np.ones_like(surface)
    for axis in range(3):
        hidden &= np.logical_or.accumulate(surface, axis=axis)
        hidden &= np.flip(np.logical_or.accumulate(np.flip(surface, axis), axis=axis), axis)
    return hidden & (~surface | (rays.shadow(points, faces, resolution) == ALL_SIX))
