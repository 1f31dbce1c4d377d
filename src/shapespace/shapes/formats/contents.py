"""What a file of one shape holds, built only after every number in it was checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.mesh import Mesh

CUT_SHORT = "the file may have been cut short; copy or export it again"


@dataclass(frozen=True, eq=False)
class Contents:
    """One shape as its file gives it: a mesh or a grid, the other is None.

    Args:
        mesh: Turned by nobody; `native_up` says which axis its format takes as up.
        voxels: (x, y, z) bool, or float32 where the file holds numbers between empty and full.
        unit: Name of the unit of length, if the file says it.
    """

    mesh: Mesh | None = None
    voxels: np.ndarray | None = None
    unit: str | None = None


def check_counts(name: str, vertices: int, faces: int) -> None:
    """Refuse numbers of vertices or faces that no mesh here may have, before anything is made for them."""
    for what, count, most in (("vertices", vertices, limits.MAX_VERTICES), ("faces", faces, limits.MAX_FACES)):
        if not 0 <= count <= most:
            raise BadInput(name, f"declares {count} {what}, at most {most} are read", "simplify the mesh first")


def check_present(name: str, needed: int, present: int, what: str) -> None:
    """Refuse a header that declares more bytes than there are."""
    if needed > present:
        raise BadInput(name, f"{what} take {needed} bytes, only {present} are there", CUT_SHORT)


def fans(name: str, corners: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return (F, 3) triangles: each polygon as a fan about its first corner; points and edges give none.

    Args:
        name: Of the file, for messages.
        corners: Vertex numbers of all polygons, one after the other.
        counts: (polygons,) corners of each.
    """
    if len(counts) and counts.max() > limits.MAX_POLYGON_CORNERS:
        most = f"at most {limits.MAX_POLYGON_CORNERS} are read"
        raise BadInput(name, f"has a face of {counts.max()} corners, {most}", "triangulate the mesh first")
    triangles = np.maximum(counts - 2, 0)
    check_counts(name, 0, int(triangles.sum()))
    first = np.repeat(np.cumsum(counts) - counts, triangles)
    step = np.arange(len(first)) - np.repeat(np.cumsum(triangles) - triangles, triangles)
    return corners[np.stack([first, first + step + 1, first + step + 2], axis=1)]


def mesh_contents(name: str, vertices: np.ndarray, faces: np.ndarray, unit: str | None = None) -> Contents:
    """Return a mesh whose faces name vertices that are there and finite.

    Args:
        name: Of the file, for messages.
        vertices: (V, 3) numbers.
        faces: (F, 3) integers.
        unit: Of length, if known.

    Raises:
        BadInput: If there is no face, a face names no vertex, or a coordinate is no finite number.
    """
    check_counts(name, len(vertices), len(faces))
    if not len(vertices) or not len(faces):
        hint = "points alone are no surface" if len(vertices) else "it holds no shape"
        raise BadInput(name, f"has {len(vertices)} vertices and no face" if not len(faces) else "has no vertex", hint)
    if faces.min() < 0 or faces.max() >= len(vertices):
        wrong = int(faces.min() if faces.min() < 0 else faces.max())
        raise BadInput(name, f"a face names vertex {wrong}, there are {len(vertices)}", CUT_SHORT)
    finite = np.isfinite(vertices).all(axis=1)
    if not finite.all():
        raise BadInput(name, f"vertex {int(np.argmin(finite))} is not finite", "repair the mesh or export it again")
    return Contents(mesh=Mesh(vertices, faces), unit=unit)


def merge_corners(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (vertices, faces) of triangles given corner by corner; bit-equal corners become one vertex.

    Args:
        corners: (3 F, 3) coordinates.
    """
    corners = corners + corners.dtype.type(0)  # -0 and 0 are the same place
    order = np.lexsort(corners.T)
    placed = corners[order]
    is_new = np.ones(len(corners), bool)
    is_new[1:] = (placed[1:] != placed[:-1]).any(axis=1)
    number = np.empty(len(corners), np.int64)
    number[order] = np.cumsum(is_new) - 1
    return placed[is_new], number.reshape(-1, 3)


def check_sides(name: str, sides: tuple[int, ...]) -> None:
    """Refuse a grid that is empty along a side or larger than any here may be."""
    if len(sides) != 3 or min(sides) < 1 or max(sides) > limits.MAX_RESOLUTION:
        shown = " x ".join(map(str, sides[:6]))
        raise BadInput(name, f"declares a grid of {shown}", f"three sides of 1 to {limits.MAX_RESOLUTION} are read")


def check_filled(name: str, grid: np.ndarray) -> None:
    """Refuse a grid in which nothing is full."""
    if not grid.any():
        raise BadInput(name, "no voxel is full", "it holds no shape")


def voxel_contents(name: str, grid: np.ndarray) -> Contents:
    """Return a grid: bool if it holds integers (above 0 is full), else float32.

    Args:
        name: Of the file, for messages.
        grid: (x, y, z) bool, integer or float.

    Raises:
        BadInput: If a value is no finite number, or all are empty.
    """
    check_sides(name, grid.shape)
    if grid.dtype.kind != "f":
        voxels = np.ascontiguousarray(grid > 0)
        check_filled(name, voxels)
        return Contents(voxels=voxels)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite and is refused
        grid = np.ascontiguousarray(grid, np.float32)
    if not np.isfinite(grid).all():
        raise BadInput(name, "holds values that are not finite numbers", "occupancies lie between 0 and 1")
    check_filled(name, grid)
    return Contents(voxels=grid)
