"""Occupancy grid -> closed mesh: every edge in exactly two faces, counter-clockwise from outside."""

from __future__ import annotations

import numpy as np

from shapespace.errors import BadInput
from shapespace.shapes.blocks import blocks
from shapespace.shapes.mesh import Mesh

STYLES = ("smooth", "blocks")

BLUR = 0.7
"""Standard deviation in voxels of the blur that rounds the steps of a bool grid."""

LEAST_FILLED, MOST_EMPTY = 0.9, 0.4
"""A blurred bool grid is held above and below these where it was filled and empty: a leg one voxel thick, which a
blur alone wipes out, stays about one voxel thick, and no gap closes."""

NUDGE = 1e-3
"""Least distance of a value from the level. A surface through the middle of a voxel would have faces without area."""

TAUBIN_SHRINK, TAUBIN_GROW = 0.5, -0.53

FARTHEST = 0.2
"""Voxels that smoothing may move a vertex along an axis. A leg of four vertices around is all corner to it."""


def to_mesh(
    occupancy: np.ndarray,
    *,
    level: float = 0.5,
    style: str = "smooth",
    smoothing: int = 0,
    faces: int | None = None,
    pitch: float = 1.0,
    origin: tuple[float, float, float] | np.ndarray = (0.0, 0.0, 0.0),
) -> Mesh:
    """Return the closed surface of a shape, in units of `pitch`.

    Args:
        occupancy: (x, y, z) bool or float; voxel [0, 0, 0] is centred at `origin`.
        level: Iso-value; filled is what lies above it. For a bool grid it has no meaning.
        style: "smooth" (marching cubes; a bool grid is slightly blurred first) or "blocks" (the cubes themselves).
        smoothing: Steps of Taubin smoothing, which keep the volume; 10 is much.
        faces: Number of faces to simplify to. Where that would open the surface it ends with more: the goal is
            doubled until the result is closed, at worst nothing is simplified.
        pitch: Side of a voxel.
        origin: Centre of voxel [0, 0, 0].

    Raises:
        BadInput: If no voxel is filled or a value is not a number.
        ValueError: If `style` is another word or the grid has not three axes.

    Source:
        Lorensen and Cline 1987 by scikit-image (its Lewiner variant leaves open edges in some ambiguous cubes);
        Taubin 1995, lambda 0.5, mu -0.53; simplification by quadrics, Garland and Heckbert 1997.
    """
    if style not in STYLES:
        raise ValueError(f"style must be one of {', '.join(STYLES)}, not {style!r}")
    if occupancy.ndim != 3:
        raise ValueError(f"expected (x, y, z), got a grid of {occupancy.shape}")
    filled = occupancy if occupancy.dtype == bool else occupancy > level
    if not filled.any():
        raise BadInput("shape", f"no voxel lies above {level}", "choose a lower level")
    mesh = blocks(filled) if style == "blocks" else _smooth(occupancy, level)
    mesh = _taubin(mesh, smoothing)
    if faces is not None:
        mesh = _simplify(mesh, faces)
    return Mesh(mesh.vertices * pitch + np.asarray(origin), mesh.faces)


def _smooth(occupancy: np.ndarray, level: float) -> Mesh:
    from skimage.measure import marching_cubes

    field, level = (_rounded(occupancy), 0.5) if occupancy.dtype == bool else (occupancy.astype(np.float64), level)
    if not np.isfinite(field).all():
        raise BadInput("shape", "its occupancy is not finite")
    offset = np.clip(field - level, -1e6, 1e6)
    offset = np.where(np.abs(offset) < NUDGE, np.where(offset > 0, NUDGE, -NUDGE), offset)
    # Padded by what is surely outside: a shape at the border would be left open.
    padded = np.pad(offset, 1, constant_values=-max(level, NUDGE)).astype(np.float32)
    vertices, faces, _, _ = marching_cubes(padded, 0.0, method="lorensen", allow_degenerate=True)
    return Mesh(vertices.astype(np.float64) - 1, faces[:, ::-1])


def _rounded(voxels: np.ndarray) -> np.ndarray:
    """Return a float field whose surface at 0.5 has the steps of the voxels rounded and no voxel lost or joined."""
    from scipy.ndimage import gaussian_filter

    blurred = gaussian_filter(voxels.astype(np.float32), BLUR, mode="constant", truncate=3.0)
    return np.where(voxels, np.maximum(blurred, LEAST_FILLED), np.minimum(blurred, MOST_EMPTY))


def _taubin(mesh: Mesh, steps: int) -> Mesh:
    """Return the mesh after steps that each smooth and then undo the shrinking, no vertex `FARTHEST` from its place."""
    start = mesh.faces.ravel()
    end = mesh.faces[:, [1, 2, 0]].ravel()  # closed: every edge is met once in each direction
    degree = np.bincount(start, minlength=len(mesh.vertices))[:, None]
    vertices = mesh.vertices
    for factor in (TAUBIN_SHRINK, TAUBIN_GROW) * steps:
        sums = [np.bincount(start, vertices[end, k], minlength=len(vertices)) for k in range(3)]
        vertices = vertices + factor * (np.stack(sums, axis=1) / degree - vertices)
    return Mesh(np.clip(vertices, mesh.vertices - FARTHEST, mesh.vertices + FARTHEST), mesh.faces)


def _simplify(mesh: Mesh, goal: int) -> Mesh:
    """Return a closed mesh of about `goal` faces, or as few more as stay closed."""
    from fast_simplification import simplify

    goal = max(goal, 4)
    while goal < len(mesh.faces):
        vertices, faces = simplify(mesh.vertices, mesh.faces, target_count=goal)
        simpler = Mesh(*_used(vertices, faces))
        if simpler.is_closed and simpler.is_oriented and simpler.volume > 0:
            return simpler
        goal *= 2
    return mesh


def _used(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mesh without vertices that no face uses."""
    used, corners = np.unique(faces, return_inverse=True)
    return vertices[used], corners.reshape(-1, 3)
