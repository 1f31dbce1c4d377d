"""Shapes to the store's resolution, and their mirrored and turned copies, by stated rules.

**Grids** stay where they lie. A grid that is no cube is padded to one. A larger grid is padded to the next
multiple of the resolution and pooled: a voxel is filled if any voxel under it is, so that thin legs stay whole
(128 -> 64 pools 2; 64 -> 32 pools 2). A smaller one is repeated a whole number of times and padded (24 -> 32
pads 4 on each side; 24 -> 64 doubles, then pads 8).

**Meshes** are turned z up, then voxelised so that their longest side fills the grid but for a margin. Each
turned copy is fitted anew: every shape fills the grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shapespace.errors import BadInput
from shapespace.shapes import grid
from shapespace.shapes.mesh import Mesh

FEWEST_VOXELS = 2
"""A grid with fewer filled voxels is refused: it shows nothing."""


@dataclass(frozen=True)
class Copy:
    """One of the copies of a shape that are asked for: turned, then mirrored; the first is the shape itself."""

    suffix: str
    degrees: float
    mirrored: bool


def copies(rotations: int, mirror: bool, turn: float = 0.0) -> list[Copy]:
    """Return the copies of each shape: `rotations` equal turns about z, each also mirrored (x to -x) if asked.

    Args:
        rotations: How many turns.
        mirror: Whether their mirror images are wanted, too.
        turn: Degrees by which all are turned besides; not in their names, for it is how the shape is meant to stand.
    """
    steps = [360 * k / rotations for k in range(rotations)]
    turns = [Copy(f"@r{step:g}" if step else "", turn + step, False) for step in steps]
    return turns + [Copy(f"{turn.suffix}@m", turn.degrees, True) for turn in turns if mirror]


def mesh_copy(mesh: Mesh, copy: Copy) -> Mesh:
    """Return the copy of a mesh that is z up."""
    angle = math.radians(copy.degrees)
    turn = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    if copy.mirrored:
        turn = np.diag([-1.0, 1.0, 1.0]) @ turn
    faces = mesh.faces[:, ::-1] if copy.mirrored else mesh.faces  # a mirror turns faces inside out
    return Mesh(mesh.vertices @ turn.T, faces)


def grid_copy(voxels: np.ndarray, copy: Copy) -> np.ndarray:
    """Return the copy of a cube; grids turn by quarters only, anything else would tear thin parts.

    Raises:
        BadInput: If the turn is another one.
    """
    quarters = copy.degrees / 90
    if not quarters.is_integer():
        what = f"a voxel grid cannot turn by {copy.degrees:g} degrees"
        raise BadInput("grid", what, "use 1, 2 or 4 rotations, and a --turn of 90, 180 or 270")
    turned = grid.rotate_z(voxels, int(quarters))
    return grid.mirror(turned) if copy.mirrored else turned


def fit(voxels: np.ndarray, resolution: int) -> tuple[np.ndarray, str]:
    """Return (cube of `resolution`, the rule used), as stated at the top of the module.

    Args:
        voxels: (x, y, z) bool of any sides.
        resolution: Voxels along a side of the result.
    """
    side = max(voxels.shape)
    if side > resolution:
        factor = -(-side // resolution)
        pooled = grid.resize(grid.pad(voxels, factor * resolution), resolution)
        return pooled, f"voxels {side}, pooled {factor}"
    factor = resolution // side
    repeated = grid.resize(grid.pad(voxels, side), factor * side)
    return grid.pad(repeated, resolution), "voxels as they are" if side == resolution else f"voxels {side} x{factor}"


def occupied(values: np.ndarray) -> np.ndarray:
    """Return the bool grid of a grid of bools, counts or probabilities: filled above a half.

    Raises:
        BadInput: If a value is not finite.
    """
    if values.dtype == bool:
        return values
    if not np.isfinite(values).all():
        raise BadInput("grid", "a voxel is not finite")
    return values > 0.5


def check_filled(voxels: np.ndarray) -> None:
    """Refuse a grid that shows nothing.

    Raises:
        BadInput: If it is empty or nearly so.
    """
    filled = np.count_nonzero(voxels)
    if filled < FEWEST_VOXELS:
        raise BadInput("grid", "it is empty" if not filled else f"only {filled} voxel is filled")


def each_copy(shape: Mesh | np.ndarray, wanted: list[Copy], resolution: int) -> Iterator[tuple[Copy, np.ndarray, str]]:
    """Yield (copy, (r, r, r) bool, the rule used) for a mesh that is z up, or a grid, and its copies."""
    from shapespace.shapes.voxelize import voxelize

    if not isinstance(shape, Mesh):
        check_filled(shape)  # before it is enlarged: one voxel is nothing, at any size
    fitted = None if isinstance(shape, Mesh) else fit(shape, resolution)
    for copy in wanted:
        if isinstance(shape, Mesh):
            made = voxelize(mesh_copy(shape, copy), resolution)
            voxels, rule = made.voxels, made.rule
        else:
            assert fitted is not None
            voxels, rule = grid_copy(fitted[0], copy), fitted[1]
        check_filled(voxels)
        yield copy, voxels, rule
