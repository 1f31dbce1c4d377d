"""What a file holds, and the checks every parser ends with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.mesh import Mesh


@dataclass(frozen=True)
class Contents:
    """One shape: a mesh, or a (x, y, z) grid, bool or float in the file's own range."""

    mesh: Mesh | None = None
    voxels: np.ndarray | None = None


def mesh_contents(vertices: np.ndarray, faces: np.ndarray, name: str) -> Contents:
    """Return a mesh that was checked: in bounds, finite, not empty.

    Args:
        vertices: (V, 3) numbers.
        faces: (F, 3) whole numbers, positions in `vertices`.
        name: For messages.

    Raises:
        BadInput: Naming what is wrong.
    """
    check_count(len(vertices), limits.MAX_VERTICES, "vertices", name)
    check_count(len(faces), limits.MAX_FACES, "faces", name)
    vertices = np.asarray(vertices, np.float64).reshape(-1, 3)
    faces = np.asarray(faces, np.int64).reshape(-1, 3)
    if not len(vertices) or not len(faces):
        raise BadInput(name, f"{len(vertices)} vertices and {len(faces)} faces: there is no surface in it")
    if not np.isfinite(vertices).all():
        raise BadInput(name, f"{int((~np.isfinite(vertices)).any(1).sum())} vertices are not finite")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise BadInput(
            name, f"a face names vertex {faces.max() if faces.min() >= 0 else faces.min()} of {len(vertices)}"
        )
    return Contents(mesh=Mesh(vertices, faces.astype(np.int32)))


def grid_contents(voxels: np.ndarray, name: str) -> Contents:
    """Return a grid that was checked: three axes within bounds, finite, not empty; whole numbers become bool.

    Raises:
        BadInput: Naming what is wrong.
    """
    if voxels.ndim != 3:
        raise BadInput(name, f"an array of {voxels.ndim} axes {voxels.shape}; a shape has three")
    check_sides(voxels.shape, name)
    if voxels.dtype.kind == "f":
        if not np.isfinite(voxels).all():
            raise BadInput(name, f"{int((~np.isfinite(voxels)).sum())} values are not finite")
    elif voxels.dtype.kind in "biu":
        voxels = voxels != 0
    else:
        raise BadInput(name, f"values of type {voxels.dtype}; numbers are needed")
    if not voxels.any():
        raise BadInput(name, "no voxel is filled: the shape is empty")
    return Contents(voxels=voxels)


def check_count(count: int, most: int, what: str, name: str) -> None:
    """Refuse a number of things beyond a limit, before memory is taken for them.

    Raises:
        BadInput: With the number and the limit.
    """
    if not 0 <= count <= most:
        raise BadInput(name, f"declares {count:,} {what}; the limit is {most:,}")


def check_sides(sides: tuple[int, ...], name: str) -> None:
    """Refuse a grid with a side outside 1 to `limits.MAX_RESOLUTION`.

    Raises:
        BadInput: With the sides and the limit.
    """
    if not all(1 <= side <= limits.MAX_RESOLUTION for side in sides):
        raise BadInput(
            name, f"a grid of {' x '.join(map(str, sides))}; each side may have 1 to {limits.MAX_RESOLUTION}"
        )


def fan(corners: np.ndarray, counts: np.ndarray, name: str) -> np.ndarray:
    """Return (F, 3) triangles of polygons, each cut into a fan from its first corner.

    Args:
        corners: All corners of all polygons, one after the other.
        counts: Corners of each polygon; those with fewer than three are dropped.
        name: For messages.

    Raises:
        BadInput: If a polygon has more corners than the limit, or there are too many triangles.
    """
    if len(counts) and counts.max() > limits.MAX_POLYGON_CORNERS:
        raise BadInput(name, f"a face of {counts.max():,} corners; the limit is {limits.MAX_POLYGON_CORNERS:,}")
    starts = np.cumsum(counts) - counts
    triangles = np.maximum(counts - 2, 0)
    check_count(int(triangles.sum()), limits.MAX_FACES, "triangles", name)
    first = np.repeat(starts, triangles)
    step = np.arange(len(first)) - np.repeat(np.cumsum(triangles) - triangles, triangles) + 1
    return np.stack([corners[first], corners[first + step], corners[first + step + 1]], axis=1)


def numbers(text: bytes, name: str) -> np.ndarray:
    """Return the whitespace-separated numbers of a text as float64.

    Raises:
        BadInput: If a word is not a number.
    """
    try:
        return np.array(text.split(), dtype=np.float64)
    except ValueError as error:
        raise BadInput(name, f"not a number: {str(error).rpartition(':')[2].strip()[:60]}") from None


def whole(values: np.ndarray, name: str) -> np.ndarray:
    """Return int64 of numbers that are whole and small enough to be positions.

    Raises:
        BadInput: If one is not.
    """
    if not (np.abs(values) < 2**40).all():  # not finite fails this, too
        raise BadInput(name, "a position that is no whole number")
    return values.astype(np.int64)


def slice_of(data: bytes, start: int, length: int, name: str) -> bytes:
    """Return a part of the bytes that is really there.

    Raises:
        BadInput: If it is not.
    """
    if start < 0 or length < 0 or start + length > len(data):
        raise BadInput(name, f"declares {length:,} bytes from {start:,}; there are {len(data):,}", "it is cut off")
    return data[start : start + length]
