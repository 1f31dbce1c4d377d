"""A triangle mesh: what the readers return, the voxeliser takes and the surface gives back."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from shapespace.errors import BadInput

if TYPE_CHECKING:
    import trimesh


@dataclass(frozen=True)
class Mesh:
    """Triangles over shared vertices, counter-clockwise seen from outside.

    Args:
        vertices: (V, 3) float64, in the unit of whoever made the mesh; converted if need be.
        faces: (F, 3) int32 rows of `vertices`; converted if need be.

    Raises:
        BadInput: If an array has another shape or a face names a vertex that is not there.
    """

    vertices: np.ndarray
    faces: np.ndarray

    def __post_init__(self) -> None:
        """Check the arrays and convert them."""
        faces = np.asarray(self.faces)
        if np.ndim(self.vertices) != 2 or np.shape(self.vertices)[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
            raise BadInput(
                "mesh", f"vertices of {np.shape(self.vertices)} and faces of {faces.shape}, not (V, 3), (F, 3)"
            )
        if faces.size and (faces.min() < 0 or faces.max() >= len(self.vertices)):
            raise BadInput("mesh", f"faces name vertices {faces.min()} to {faces.max()} of {len(self.vertices)}")
        object.__setattr__(self, "vertices", np.ascontiguousarray(self.vertices, dtype=np.float64))
        object.__setattr__(self, "faces", np.ascontiguousarray(faces, dtype=np.int32))

    @property
    def bounds(self) -> np.ndarray:
        """(2, 3) lowest and highest corner over all vertices; zeros without any."""
        if not len(self.vertices):
            return np.zeros((2, 3))
        return np.stack([self.vertices.min(axis=0), self.vertices.max(axis=0)])

    @property
    def is_closed(self) -> bool:
        """Whether there are faces and every edge lies in exactly two of them."""
        if not len(self.faces):
            return False
        _, uses = np.unique(_edge_keys(self.faces, len(self.vertices)), return_counts=True)
        return bool((uses == 2).all())

    @property
    def is_oriented(self) -> bool:
        """Whether no two faces run along an edge in the same direction."""
        start, end = _directed_edges(self.faces)
        keys = start * len(self.vertices) + end
        return len(np.unique(keys)) == len(keys)

    @property
    def volume(self) -> float:
        """Signed volume in cubed units of the vertices; positive when closed and counter-clockwise from outside."""
        if not len(self.faces):
            return 0.0
        # About the middle of the box: far from the origin the tetrahedra would cancel and leave only rounding.
        a, b, c = np.moveaxis((self.vertices - self.bounds.mean(axis=0))[self.faces], 1, 0)
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)

    def scaled(self, factor: float) -> Mesh:
        """Return the mesh with every coordinate multiplied by `factor`."""
        return Mesh(self.vertices * factor, self.faces)

    def to_z_up(self, up: str) -> Mesh:
        """Return the mesh turned as `grid.to_z_up` turns a grid.

        Raises:
            ValueError: If `up` is not "x", "y" or "z".
        """
        if up == "z":
            return self
        x, y, z = self.vertices.T
        turned = {"x": (y, z, x), "y": (x, -z, y)}
        if up not in turned:
            raise ValueError(f"up must be x, y or z, not {up!r}")
        return Mesh(np.stack(turned[up], axis=1), self.faces)

    def to_trimesh(self) -> trimesh.Trimesh:
        """Return the same vertices and faces as a `trimesh.Trimesh`, unprocessed."""
        import trimesh

        return trimesh.Trimesh(self.vertices, self.faces, process=False)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the mesh in the format that the extension names.

        Raises:
            UsageError: If nothing writes that extension.
            OutputError: If the disk is full or the folder cannot be written.
        """
        from shapespace.shapes import formats

        formats.write(path, self)


def _directed_edges(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    corners = faces.astype(np.int64)
    return corners.ravel(), corners[:, [1, 2, 0]].ravel()


def _edge_keys(faces: np.ndarray, count: int) -> np.ndarray:
    """Return (3 F,) int64, equal for two edges between the same vertices whatever their direction."""
    start, end = _directed_edges(faces)
    return np.minimum(start, end) * count + np.maximum(start, end)
