"""A plain exact generalised winding number: the oracle of the voxeliser's tests."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def winding_numbers(vertices: np.ndarray, faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return (P,) the winding number of the mesh about each point.

    Source:
        Jacobson et al. 2013, equation 6, with the solid angle of Van Oosterom and Strackee 1983.
    """
    winding = np.zeros(len(points))
    for p in range(len(points)):
        for f in range(len(faces)):
            a = vertices[faces[f, 0]] - points[p]
            b = vertices[faces[f, 1]] - points[p]
            c = vertices[faces[f, 2]] - points[p]
            la, lb, lc = np.sqrt((a * a).sum()), np.sqrt((b * b).sum()), np.sqrt((c * c).sum())
            triple = (
                a[0] * (b[1] * c[2] - b[2] * c[1])
                + a[1] * (b[2] * c[0] - b[0] * c[2])
                + a[2] * (b[0] * c[1] - b[1] * c[0])
            )
            below = la * lb * lc + (a * b).sum() * lc + (b * c).sum() * la + (c * a).sum() * lb
            winding[p] += np.arctan2(triple, below) / (2 * np.pi)
    return winding


def winding_grid(vertices: np.ndarray, faces: np.ndarray, resolution: int, pitch: float, origin: np.ndarray):
    """Return (r, r, r) bool: where the winding number at the voxel's centre exceeds one half."""
    cells = np.indices((resolution,) * 3).reshape(3, -1).T
    winding = winding_numbers(vertices, faces.astype(np.int64), cells * pitch + origin)
    return (winding > 0.5).reshape((resolution,) * 3)
