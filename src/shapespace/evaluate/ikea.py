"""The IKEA photographs with their true shapes: to test reconstruction on, never to train on.

Lim, Pirsiavash and Torralba 2013, as Girdhar et al. 2016 cropped and voxelised them. One file of grids and one zip of
photographs; many photographs show the same object, so they are not independent: `objects` says which show which.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shapespace.errors import BadInput
from shapespace.files import write_bytes
from shapespace.limits import MAX_FILE_BYTES, MAX_RESOLUTION, MAX_UNPACKED_BYTES
from shapespace.shapes.grid import to_z_up, unpack

if TYPE_CHECKING:
    from shapespace.data.photos import Photo

GRIDS, PHOTOGRAPHS = "ikea.npz", "images.zip"
UP = "x"
"""Their grids stand on axis 0."""

_ARRAYS = ("voxels", "res", "model_class", "image_name", "image_model")


@dataclass(frozen=True, eq=False)
class Ikea:
    """Photographs and what they show.

    Args:
        names: Of the photographs, in the order of the file.
        photographs: Their bytes, as JPEG.
        shapes: (models, r, r, r) bool, z up; about the vertical they are turned any way.
        shape_categories: Of each model.
        objects: (photographs,) int, the model that each shows.
    """

    names: tuple[str, ...]
    photographs: tuple[bytes, ...]
    shapes: np.ndarray
    shape_categories: tuple[str, ...]
    objects: np.ndarray

    def __len__(self) -> int:
        """Photographs."""
        return len(self.names)

    @property
    def voxels(self) -> np.ndarray:
        """The true shape of each photograph, (photographs, r, r, r) bool."""
        return self.shapes[self.objects]

    @property
    def categories(self) -> tuple[str, ...]:
        """The category of each photograph."""
        return tuple(self.shape_categories[index] for index in self.objects)

    def photos(self, numbers: Iterable[int] | None = None) -> Iterator[Photo]:
        """Yield photographs as the encoder expects them.

        Args:
            numbers: Which; all if None.

        Raises:
            BadInput: If one cannot be read.
        """
        from shapespace.data.photos import read_photo

        with tempfile.TemporaryDirectory() as folder:
            for number in range(len(self)) if numbers is None else numbers:
                path = Path(folder) / f"{number}.jpg"  # not its name in the zip, which may say anything
                write_bytes(path, self.photographs[number])
                yield read_photo(path)


def read(folder: str | PathLike[str]) -> Ikea:
    """Return the photographs of a folder, with shapes turned z up.

    Args:
        folder: Holds ikea.npz and images.zip.

    Raises:
        BadInput: If a file is missing, damaged, or names a photograph or a shape that is not there.
    """
    path = Path(folder) / GRIDS
    arrays = _arrays(path)
    shapes, names = _shapes(path, arrays), tuple(str(name) for name in arrays["image_name"])
    objects, categories = arrays["image_model"].astype(np.int64), tuple(str(name) for name in arrays["model_class"])
    if len(categories) != len(shapes) or len(objects) != len(names):
        raise BadInput(path, "its arrays are of different lengths")
    if len(objects) and not 0 <= objects.min() <= objects.max() < len(shapes):
        raise BadInput(path, f"names a shape that is not among its {len(shapes)}")
    return Ikea(names, _photographs(Path(folder) / PHOTOGRAPHS, names), shapes, categories, objects)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadInput(path, f"is larger than {MAX_FILE_BYTES:,} bytes")
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_UNPACKED_BYTES:
            raise BadInput(path, f"unfolds to {size:,} bytes; the limit is {MAX_UNPACKED_BYTES:,}")
        with np.load(path, allow_pickle=False) as stored:
            if missing := set(_ARRAYS) - set(stored.files):
                raise BadInput(path, f"has no {', '.join(sorted(missing))}")
            return {name: stored[name] for name in _ARRAYS}
    except OSError as error:
        raise BadInput(path, f"cannot be read: {error.strerror or error}", "give the folder that holds it") from None
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BadInput(path, f"is no file of grids: {str(error)[:80]}") from None


def _shapes(path: Path, arrays: dict[str, np.ndarray]) -> np.ndarray:
    bits, resolution = arrays["voxels"], arrays["res"]
    if resolution.size != 1 or resolution.dtype.kind not in "iu" or not 4 <= int(resolution) <= MAX_RESOLUTION:
        raise BadInput(path, "states no resolution that can be")
    side = int(resolution)
    if bits.dtype != np.uint8 or bits.ndim != 2 or bits.shape[1] != -(-(side**3) // 8):
        raise BadInput(path, f"its voxels are not {side}^3 grids, packed")
    return to_z_up(unpack(bits, side), UP)


def _photographs(path: Path, names: tuple[str, ...]) -> tuple[bytes, ...]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [archive.getinfo(name) for name in names]
            size = sum(member.file_size for member in members)
            if size > MAX_UNPACKED_BYTES:
                raise BadInput(path, f"unfolds to {size:,} bytes; the limit is {MAX_UNPACKED_BYTES:,}")
            return tuple(archive.read(member) for member in members)
    except KeyError as error:
        raise BadInput(path, f"a photograph is missing: {error.args[0]}") from None
    except OSError as error:
        raise BadInput(path, f"cannot be read: {error.strerror or error}", "give the folder that holds it") from None
    except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        raise BadInput(path, f"is no zip of photographs: {str(error)[:80]}") from None
