"""A picture of a grid in which some of its voxels have another colour."""

from __future__ import annotations

import numpy as np

from shapespace.shapes import raster
from shapespace.shapes.render import Scene, camera_at, scene, view

PALE = (0.78, 0.77, 0.75)
HOT = (0.80, 0.26, 0.16)

SAMPLES = 2
"""Along the side of a pixel."""


def render_marked(
    voxels: np.ndarray, marks: np.ndarray, *, azimuth: float = 30.0, elevation: float = 22.0, size: int = 256
) -> np.ndarray:
    """Return (size, size, 4) uint8 RGBA of a grid, pale, and red where it is marked.

    Args:
        voxels: (r, r, r) bool.
        marks: (r, r, r) bool; marks outside the shape are not seen.
        azimuth: Degrees from the front, counter-clockwise seen from above.
        elevation: Degrees above the horizon.
        size: Pixels along a side.
    """
    seen = scene(voxels)
    pale, hot = (view(seen, azimuth=azimuth, elevation=elevation, size=size, colour=c) for c in (PALE, HOT))
    share = _shown(seen, marks, camera_at(azimuth, elevation, size * SAMPLES), size)[..., None]
    return np.round(pale * (1 - share) + hot * share).astype(np.uint8)


def _shown(seen: Scene, marks: np.ndarray, camera: np.ndarray, size: int) -> np.ndarray:
    """Return the part of each pixel that shows marked voxels, (size, size)."""
    _, hit = raster.depth_buffer(seen.corners, camera[0], camera[1:4], camera[4, 0], size * SAMPLES)
    side = marks.shape[0]
    # A triangle lies on a face of its voxel; half a voxel inwards is the voxel's own middle plane.
    inside = seen.corners.mean(axis=1) - 0.5 / side * seen.normals[:, 0]
    cells = np.floor((inside + 0.5) * side).astype(int).clip(0, side - 1)
    of_triangle = np.append(marks[tuple(cells.T)], False)  # -1, nothing hit, is the last
    return of_triangle[hit].reshape(size, SAMPLES, size, SAMPLES).mean(axis=(1, 3))
