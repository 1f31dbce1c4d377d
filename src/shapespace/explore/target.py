"""The shape in a file, brought to where a space has its shapes.

A grid of voxels stays where it lies. A mesh has no grid: it is fitted to the space's as `data prepare` fits it, by the
box around it. That misplaces a part of a shape, which is smaller than the whole; so it can be said what the box is of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from shapespace.errors import BadInput, UsageError
from shapespace.shapes import formats
from shapespace.shapes.mesh import Mesh

Side = Literal["left", "right", "front", "back", "bottom", "top"]
"""A half of a grid: x, y, z below or above the middle."""

Up = Literal["auto", "x", "y", "z"]
"""The axis that points up in a file; auto goes by the format."""

Frame = Literal["box", "half", "grid"]
"""What a mesh is fitted by: its own box; its box as that of the half that is kept; the grid it lies in already."""

SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True)
class Placing:
    """How the shape in a file lies.

    Attributes:
        up: The axis that points up in it.
        frame: For a mesh. "grid": voxel i of the space's grid has its centre at i, as `Shape.to_mesh` has it.
        keep: The half that the file shows, for the frame "half".

    Raises:
        UsageError: If it is not said which half.
    """

    up: Up = "auto"
    frame: Frame = "box"
    keep: Side | None = None

    def __post_init__(self) -> None:
        if self.frame == "half" and self.keep is None:
            raise UsageError(f"which half the file shows is not said; it is one of {', '.join(SIDES)}")


WHOLE = Placing()
"""As `data prepare` takes a file."""


def half(resolution: int, side: Side) -> np.ndarray:
    """Return a mask of one half of a grid, (r, r, r) bool.

    Args:
        resolution: Voxels along a side.
        side: left or right (x below or above the middle), front or back (y), bottom or top (z).
    """
    axis, upper = divmod(SIDES.index(side), 2)
    return (np.indices((resolution,) * 3)[axis] >= resolution // 2) == bool(upper)


def target_of(path: str, resolution: int, placing: Placing = WHOLE) -> np.ndarray:
    """Return the shape in a file at a resolution, (r, r, r) bool, z up.

    Raises:
        BadInput: If the file cannot be used, or its mesh reaches out of the grid it is said to lie in.
    """
    return placed(formats.read(path), path, resolution, placing)


def placed(contents: formats.Contents, name: str, resolution: int, placing: Placing = WHOLE) -> np.ndarray:
    """Return a shape that has been read, as `target_of` does.

    Args:
        contents: Of a file.
        name: Of the file, for messages; its ending says which axis is up, if nothing else does.
        resolution: That is wanted.
        placing: How the shape lies.

    Raises:
        BadInput: As `target_of` does.
    """
    try:
        return _placed(contents, name, resolution, placing)
    except BadInput as error:  # where geometry is not told whose it is
        raise BadInput(name, error.what, error.hint) from None


def _placed(contents: formats.Contents, name: str, resolution: int, placing: Placing) -> np.ndarray:
    from shapespace.data.fit import check_filled, fit, occupied
    from shapespace.shapes.grid import to_z_up
    from shapespace.shapes.voxelize import voxelize

    if contents.mesh is not None:
        mesh = contents.mesh.to_z_up(formats.native_up(name) if placing.up == "auto" else placing.up)
        if placing.frame == "grid":
            voxels = voxelize(mesh, resolution, margin=0, box=_grid_box(resolution)).voxels
        else:
            voxels = voxelize(mesh, resolution, box=_whole_box(mesh, placing)).voxels
        check_filled(voxels)
        return voxels
    if contents.voxels is None:
        raise BadInput(name, "holds neither a mesh nor voxels")
    voxels = occupied(contents.voxels)
    check_filled(voxels)  # before it is enlarged: one voxel is nothing, at any size
    return fit(voxels if placing.up == "auto" else to_z_up(voxels, placing.up), resolution)[0]


def _grid_box(resolution: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(3, -0.5), np.full(3, resolution - 0.5)


def _whole_box(mesh: Mesh, placing: Placing) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the box of the whole shape of which the mesh is a half; None if the mesh is the whole."""
    from shapespace.shapes.voxelize import mesh_box

    if placing.frame == "box" or placing.keep is None:
        return None
    low, high = mesh_box(mesh)
    axis, upper = divmod(SIDES.index(placing.keep), 2)
    size = high[axis] - low[axis]
    (low if upper else high)[axis] += -size if upper else size
    return low, high
