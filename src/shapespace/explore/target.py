"""The shape in a file, brought to where a space has its shapes.

A grid of voxels stays where it lies. A mesh has no grid: it is fitted to the space's as `data prepare` fits it, by the
box around it. That misplaces a part of a shape, which is smaller than the whole; so it can be said what the box is of.
"""

from __future__ import annotations

import numpy as np

from shapespace.errors import BadInput
from shapespace.explore.placing import SIDES, WHOLE, Placing, Side
from shapespace.shapes import formats
from shapespace.shapes.mesh import Mesh


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
