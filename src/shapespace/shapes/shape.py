"""One shape as a space makes it: its occupancy, its voxels, its mesh, its file, its picture."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from shapespace.errors import BadInput, UsageError
from shapespace.shapes.grid import largest_component
from shapespace.shapes.mesh import Mesh

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = 8
"""Shapes of many that stand on lines of their own where they are printed."""


@dataclass(frozen=True, eq=False, repr=False)
class Shape:
    """One 3-D object: where it is, how surely, and the latent vector it can be made from again.

    Args:
        occupancy: (x, y, z) float32 in [0, 1], z up.
        z: (latent_dim,) float32, or None for a shape that no space made.
        threshold: A voxel is inside where its occupancy is above this.
        card: What is known of the space, for whoever wants to credit it.
    """

    occupancy: np.ndarray
    z: np.ndarray | None = None
    threshold: float = 0.5
    card: Any = None

    def __repr__(self) -> str:
        """Return what it is, in a line."""
        sides = " x ".join(map(str, self.occupancy.shape))
        return f"Shape({sides}, {np.count_nonzero(self.voxels):,} voxels above {self.threshold:g})"

    @property
    def voxels(self) -> np.ndarray:
        """(x, y, z) bool, z up."""
        return self.occupancy > self.threshold

    def largest_component(self, reach: int = 1) -> Shape:
        """Return the shape without its loose pieces.

        Args:
            reach: Voxels at most this far apart are neighbours; the paper's pictures are made with 3.
        """
        voxels = self.voxels
        loose = voxels & ~largest_component(voxels, reach)
        # Only what is inside and loose is emptied: the slope around the kept piece stays, and with it its surface.
        return Shape(np.where(loose, np.float32(0), self.occupancy), self.z, self.threshold, self.card)

    def to_mesh(
        self, *, style: str = "smooth", smoothing: int = 0, faces: int | None = None, millimetres: float | None = None
    ) -> Mesh:
        """Return a closed mesh, every edge in exactly two faces, in voxels or in millimetres.

        Args:
            style: "smooth", the surface where occupancy is `threshold`, or "blocks", the voxels' own faces.
            smoothing: Rounds of smoothing.
            faces: Simplify to this many, or as few more as stay closed; None keeps all.
            millimetres: Length of the longest side of its box; None leaves a voxel one unit long.

        Raises:
            BadInput: If the shape is empty.
            UsageError: If millimetres is not above 0.
        """
        from shapespace.shapes.surface import to_mesh

        if millimetres is not None and not 0 < millimetres < math.inf:
            raise UsageError(f"millimetres is {millimetres:g}; it must be above 0")
        if not self.voxels.any():
            raise BadInput("shape", "no voxel is inside, so there is no surface", f"threshold is {self.threshold:g}")
        mesh = to_mesh(self.occupancy, level=self.threshold, style=style, smoothing=smoothing, faces=faces)
        return mesh if millimetres is None else _sized(mesh, millimetres)

    def save(self, path: str | PathLike[str], **options: Any) -> None:
        """Write the shape in the format its name ends with: a mesh, or voxels.

        Args:
            path: As in "chair.stl", "chair.binvox".
            **options: Of `to_mesh`, as in `millimetres=200`; for meshes only.

        Raises:
            BadInput: If the shape is empty or the format is not known.
            OutputError: If it cannot be written.
            UsageError: If options are given for a format that holds voxels.
        """
        from shapespace.shapes import formats

        extension = Path(path).suffix.lower()
        if extension in formats.MESH_EXTENSIONS:
            formats.write(path, self.to_mesh(**options))
        elif options:
            raise UsageError(
                f"{path}: {extension or 'this'} holds voxels, for which {', '.join(options)} means nothing"
            )
        else:
            formats.write(path, self.voxels)

    def picture(self, size: int = 256) -> Image:
        """Return a shaded picture, `size` pixels a side."""
        from PIL import Image

        from shapespace.shapes.render import render

        return Image.fromarray(render(self.voxels, size=size), "RGBA")

    def show(self) -> None:
        """Open a picture of the shape."""
        self.picture(512).show()

    def _repr_png_(self) -> bytes:
        return _png(self.picture())

    def _repr_html_(self) -> str:
        # A notebook shows this where it can run it, and the picture elsewhere.
        from shapespace.shapes.notebook import view

        return view([self])


class Shapes(Sequence[Shape]):
    """Several shapes in order; a list to read, with a contact sheet."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        """Keep the shapes."""
        self._shapes = list(shapes)

    def __repr__(self) -> str:
        """Return what they are, a line each, of many the first."""
        more = [f"... {len(self) - SHOWN} more"] if len(self) > SHOWN else []
        return "\n ".join([f"Shapes({len(self)}):", *map(repr, self._shapes[:SHOWN]), *more])

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._shapes)

    @overload
    def __getitem__(self, index: int) -> Shape: ...
    @overload
    def __getitem__(self, index: slice) -> Shapes: ...
    def __getitem__(self, index: int | slice) -> Shape | Shapes:
        """Return one shape, or several by a slice."""
        return Shapes(self._shapes[index]) if isinstance(index, slice) else self._shapes[index]

    @property
    def latents(self) -> np.ndarray:
        """(n, latent_dim) float32: what the shapes can be made from again."""
        return np.stack([shape.z for shape in self if shape.z is not None])

    def sheet(self, *, columns: int | None = None, size: int = 160) -> Image:
        """Return one picture of all, `size` pixels each."""
        from shapespace.shapes.render import contact_sheet

        return contact_sheet([shape.voxels for shape in self], columns=columns, size=size)

    def save(self, folder: str | PathLike[str], *, formats: Sequence[str] = ("stl",), **options: Any) -> list[Path]:
        """Write every shape that is not empty, and `sheet.png`; return the paths of the shapes.

        Args:
            folder: Made if need be.
            formats: Extensions, as in ("stl", "glb").
            **options: Of `Shape.to_mesh`, for the formats that hold meshes.

        Raises:
            BadInput: If a format is not known.
            OutputError: If it cannot be written.
        """
        from shapespace.shapes.render import save_sheet

        paths = [path for i, shape in enumerate(self) for path in save_shape(shape, folder, i, formats, **options)]
        save_sheet(Path(folder) / "sheet.png", [shape.voxels for shape in self])
        return paths

    def show(self) -> None:
        """Open the contact sheet."""
        self.sheet().show()

    def _repr_png_(self) -> bytes:
        return _png(self.sheet())

    def _repr_html_(self) -> str:
        from shapespace.shapes.notebook import view

        return view(self)


def save_shape(
    shape: Shape, folder: str | PathLike[str], number: int, extensions: Sequence[str], **options: Any
) -> list[Path]:
    """Write one shape as `shape_0007.stl` and so on; return the paths, none for an empty shape.

    Raises:
        BadInput: If a format is not known.
        OutputError: If it cannot be written.
    """
    from shapespace.shapes import formats

    if not shape.voxels.any():
        return []
    paths = [Path(folder) / f"shape_{number:04d}.{extension.lstrip('.')}" for extension in extensions]
    mesh = None
    for path in paths:
        if path.suffix not in formats.MESH_EXTENSIONS:
            shape.save(path)
            continue
        mesh = mesh or shape.to_mesh(**options)
        mesh.save(path)
    return paths


def _sized(mesh: Mesh, millimetres: float) -> Mesh:
    low, high = mesh.bounds
    return mesh.scaled(millimetres / float((high - low).max()))


def _png(picture: Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
