"""Mesh -> solid occupancy grid, watertight or not, by one stated rule.

1. **Fit.** The longest side of the box around the faces fills the grid but for the margin; the box is centred.
   Vertices become integers, 65,536 steps a voxel; equal ones are one; a face is counted once, whatever its
   copies and their windings, and not at all where it parts two solids that touch. Each patch of faces is
   turned outward (`patches.face_outward`): how the file winds its faces matters only for wide open patches,
   and a shell inside a shell is filled.
2. **Rays.** Along each axis, from both sides, a voxel is inside for a ray that has entered the shape more often
   than it has left it (parts that overlap make a union, where parity would hollow them out). Inside is what
   at least four of the six rays say: a ray through a missing face is outvoted.
3. **Carve.** Where the axes contradict each other too often (`MAX_DISPUTED`), the mesh has no inside: then the
   grid is what the surface hides from all six sides (`carve.carve`).
4. **Thin parts.** Where the surface passes between eight voxel centres none of which is inside, one voxel is
   added, unless it only lies along the solid (`thin`): legs, wires, panels and sheets stay, one voxel thick.
   Pieces that the surface holds together are joined face to face across gaps of a few voxels (`join`).

`Voxelized.rule` names what was used: "rays", "carve", and "+ thin" if step 4 added something.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapespace.errors import BadInput
from shapespace.shapes import carve, patches, rays, thin
from shapespace.shapes.mesh import Mesh

MAX_DISPUTED = 0.2
"""Voxels that one axis calls inside and another outside, as a part of those inside; above it rays are not believed."""

MAX_RAY_TESTS = 20_000_000_000
"""Rays times faces in whose boxes they lie: about a minute. More is a bomb of faces that all span the grid."""


OUTSIDE = 1 / 64
"""Part of a box's longest side by which a mesh may reach out of it: smoothing moves a surface by less."""


@dataclass(frozen=True)
class Voxelized:
    """A solid grid and where it lies.

    Args:
        voxels: (r, r, r) bool.
        rule: How inside was decided; see the top of the module.
        pitch: Side of a voxel in the unit of the mesh.
        origin: (3,) centre of voxel [0, 0, 0] in the coordinates of the mesh, after `up` turned it.
    """

    voxels: np.ndarray
    rule: str
    pitch: float
    origin: np.ndarray


def voxelize(
    mesh: Mesh,
    resolution: int,
    *,
    margin: float = 1 / 16,
    up: str = "z",
    thin_parts: bool = True,
    box: tuple[np.ndarray, np.ndarray] | None = None,
) -> Voxelized:
    """Return the solid grid of a mesh, (resolution,) * 3 bool, and its place.

    Args:
        mesh: Any triangles.
        resolution: Voxels along a side.
        margin: Part of the grid left empty on each side of the longest side of the box.
        up: The axis of the mesh that becomes z; see `Mesh.to_z_up`.
        thin_parts: Whether step 4 is taken; without it the grid samples the solid at the voxel centres, no more.
        box: Its lowest and its highest corner, (3,) each, in the coordinates of the mesh after `up` turned it: what is
            fitted to the grid. The mesh's own if None.

    Raises:
        BadInput: If there is no face with an area, a coordinate is not finite, the faces are a bomb, or the mesh
            reaches out of the box.
        ValueError: If `up`, `margin` or `resolution` has no meaning.
    """
    if not 0 <= margin < 0.5 or resolution < 1:
        raise ValueError(f"margin {margin} must lie in [0, 0.5) and resolution {resolution} be positive")
    mesh = mesh.to_z_up(up)
    low, high = mesh_box(mesh) if box is None else _checked(box, mesh)
    extent = high - low
    points = _fit(mesh.vertices, low, extent, resolution, margin)
    faces, sure = patches.distinct_faces(mesh.faces, patches.weld(points))
    if not len(faces):
        raise BadInput("mesh", f"none of its {len(mesh.faces)} faces has an area")
    if not sure.all() and sure.any():
        outer = ~patches.is_wall(faces, sure, len(points))
        faces, sure = faces[outer], sure[outer]
    if rays.tests(points, faces) > MAX_RAY_TESTS:
        raise BadInput("mesh", f"{len(faces)} faces need more than {MAX_RAY_TESTS:.0e} ray tests at {resolution}^3")
    patches.face_outward(points, faces, sure)
    voxels, rule = _fill(points, faces, resolution, thin_parts)
    pitch = float(extent.max() / (resolution * (1 - 2 * margin)))
    origin = low + extent / 2 - pitch * (resolution - 1) / 2
    return Voxelized(voxels, rule, pitch, origin)


def mesh_box(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return (low, high), (3,) each, of the box around the vertices that faces use.

    Raises:
        BadInput: If there are no faces, a vertex is not finite, or the box has no size or none that float64 can hold.
    """
    if not len(mesh.faces):
        raise BadInput("mesh", "it has no faces")
    used = np.zeros(len(mesh.vertices), bool)
    used[mesh.faces.ravel()] = True
    corners = mesh.vertices[used].T.copy()
    low, high = corners.min(axis=1), corners.max(axis=1)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise BadInput("mesh", "a vertex is not finite")
    with np.errstate(over="ignore"):
        extent = high - low
    if not np.isfinite(extent).all():
        raise BadInput("mesh", f"it reaches from {low.min():.3g} to {high.max():.3g}, too far for float64")
    if extent.max() < np.finfo(np.float64).tiny:
        raise BadInput("mesh", f"its longest side is {extent.max():.3g}")
    return low, high


def _checked(box: tuple[np.ndarray, np.ndarray], mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return the box, once the mesh has been found to lie in it but for rounding."""
    (low, high), (inner_low, inner_high) = box, mesh_box(mesh)
    slack = OUTSIDE * float((high - low).max())
    if (inner_low < low - slack).any() or (inner_high > high + slack).any():
        reach = f"{inner_low.round(2).tolist()} to {inner_high.round(2).tolist()}"
        raise BadInput("mesh", f"it reaches from {reach}, out of the box {low.tolist()} to {high.tolist()}")
    return low, high


def _fit(vertices: np.ndarray, low: np.ndarray, extent: np.ndarray, resolution: int, margin: float) -> np.ndarray:
    """Return (V, 3) int64 even: the vertices where voxel i lies at rays.PITCH * i. Unused ones are clipped."""
    side = resolution * (1 - 2 * margin)
    with np.errstate(over="ignore", invalid="ignore"):
        # Divided first: low + extent / 2 in units of the mesh would lose bits far from the origin.
        scaled = ((vertices - low) / extent.max() - extent / extent.max() / 2) * side + (resolution - 1) / 2
    scaled = np.clip(np.nan_to_num(scaled), -1, resolution)
    return 2 * np.rint(scaled * patches.SUBDIVISIONS).astype(np.int64)


def _fill(points: np.ndarray, faces: np.ndarray, resolution: int, thin_parts: bool) -> tuple[np.ndarray, str]:
    voxels, filled, disputed = rays.decide(rays.vote(points, faces, resolution))
    rule = "rays"
    if disputed > MAX_DISPUTED * filled:
        voxels, rule = carve.carve(points, faces, resolution), "carve"
    if thin_parts:
        added = thin.parts(points, faces, voxels)
        if added.any():
            voxels, rule = voxels | added, f"{rule} + thin"
    return voxels, rule
