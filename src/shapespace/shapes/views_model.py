"""What all views of a shape share: its surface without steps, normals, what the sky reaches, where it touches ground.

A grid becomes the faces between voxels and air, relaxed so that a slanted board is no staircase; a mesh is cut into
small triangles. Either way light is worked out at the points, and a picture only spreads it between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shapespace.shapes import raster
from shapespace.shapes.lighting import openness
from shapespace.shapes.mesh import Mesh
from shapespace.shapes.render import mesh_in_frame
from shapespace.shapes.views_surface import creased, cut, exposed, grain, pooled, relaxed

CREASE_COSINE = math.cos(math.radians(60))
"""An edge that turns more stays sharp."""

VOLUME_SIZE = 32
"""Cells along a side of the blurred occupancy that dims what is enclosed."""

CONTACT_SIZE, CONTACT_REACH = 48, 0.75
"""Places along a side of the map of the ground's contact shadow; how far it reaches from the middle."""

MESH_SPACING, MESH_TRIANGLES = 1 / 40, 40_000
"""Longest side of a triangle of a mesh; when that makes more triangles than so many, it is longer."""


@dataclass(frozen=True)
class Model:
    """A shape made ready to be seen from many sides, inside the unit cube about the origin, z up.

    Args:
        points: (W, 3) float32; a point on a sharp edge is there once for each side of it.
        normals: (W, 3) float32, unit.
        openness: (W,) float32, how much of the sky a point sees, 1 for a free plane.
        grain: (W,) float32 in [-1, 1], a pattern in the material.
        triangles: (T, 3) int32, points, counter-clockwise from outside.
        contact: (n, n) float32, darkness of the ground under the shape, 0 to 1.
        floor: Height of the lowest point.
        top: Height of the highest point.
        spacing: Distance of neighbouring points at most.
        is_closed: Whether the back of a triangle is never seen.
    """

    points: np.ndarray
    normals: np.ndarray
    openness: np.ndarray
    grain: np.ndarray
    triangles: np.ndarray
    contact: np.ndarray
    floor: float
    top: float
    spacing: float
    is_closed: bool


def model(shape: Mesh | np.ndarray) -> Model:
    """Return what a view needs of a mesh or of a (r, r, r) grid, which counts as full above 0.5."""
    if isinstance(shape, Mesh):
        return _mesh_model(shape)
    voxels = np.asarray(shape)
    return _grid_model(np.ascontiguousarray(voxels if voxels.dtype == bool else voxels > 0.5))


def _grid_model(voxels: np.ndarray) -> Model:
    side = max(voxels.shape)
    vertices, quads = exposed(voxels)
    vertices = (relaxed(vertices, quads) / np.float32(side)) - np.float32(0.5)
    points, normals, triangles = creased(vertices, quads, CREASE_COSINE)
    volume = pooled(voxels, min(side, VOLUME_SIZE))
    return _finished(points, normals, triangles, volume, 1 / side, is_closed=True)


def _mesh_model(mesh: Mesh) -> Model:
    corners, normals = mesh_in_frame(mesh)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    spacing = max(MESH_SPACING, math.sqrt(float((sides.max(axis=1) ** 2).sum(dtype=np.float64)) / MESH_TRIANGLES))
    points, point_normals, triangles = cut(corners, normals, spacing)
    volume = raster.splat(corners, VOLUME_SIZE).astype(np.float32)
    return _finished(points, point_normals, triangles, volume, spacing, is_closed=False)


def _finished(
    points: np.ndarray,
    normals: np.ndarray,
    triangles: np.ndarray,
    volume: np.ndarray,
    spacing: float,
    *,
    is_closed: bool,
) -> Model:
    fine, coarse = raster.blurred(volume, 1), raster.blurred(raster.blurred(volume, 2), 2)
    around = openness(points, normals, fine, coarse)
    if not is_closed:  # either side may be the outer one
        around = np.maximum(around, openness(points, -normals, fine, coarse))
    heights = points[:, 2] if len(points) else np.zeros(1, np.float32)
    floor = float(heights.min())
    return Model(
        points=points,
        normals=normals,
        openness=around,
        grain=grain(points),
        triangles=triangles,
        contact=_contact(floor, fine, coarse),
        floor=floor,
        top=float(heights.max()),
        spacing=spacing,
        is_closed=is_closed,
    )


def _contact(floor: float, fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Return (n, n) float32: how much of the sky the shape takes from each place of the ground, [x, y]."""
    n = CONTACT_SIZE
    line = ((np.arange(n, dtype=np.float32) + 0.5) / n - 0.5) * 2 * CONTACT_REACH
    ground = np.empty((n, n, 3), np.float32)
    ground[..., 0], ground[..., 1], ground[..., 2] = line[:, None], line[None, :], floor
    up = np.zeros((n * n, 3), np.float32)
    up[:, 2] = 1.0
    return 1.0 - openness(ground.reshape(-1, 3), up, fine, coarse).reshape(n, n)
