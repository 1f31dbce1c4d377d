"""Many shapes in one .npy or .npz: packed bits, a 4-D array or boxes, with labels and names where the file has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.archive import Archive, pack
from shapespace.shapes.formats.boxes import BoxPack, box_pack
from shapespace.shapes.formats.contents import Contents, check_sides, voxel_contents
from shapespace.shapes.formats.npy import encode_array, is_text, read_array, texts

MODELNET10 = (
    "bathtub", "bed", "chair", "desk", "dresser", "monitor", "night_stand", "sofa", "table", "toilet",
)  # fmt: skip
"""ModelNet10's categories in the order of their labels, for packs of it that do not spell them out."""

_VOXELS = ("voxels", "instance", "grid", "arr_0", "data")
_LABELS = ("label", "labels", "category", "categories", "model_class")
_CLASSES = ("classes", "class_names")
_NAMES = ("names", "name", "ids", "id", "model_path")


@dataclass(frozen=True, eq=False)
class Pack:
    """Shapes of one file in its order.

    Args:
        rows: (n, bytes) uint8 of packed bits, or (n, x, y, z) of numbers; above 0, or 0.5 for floats, is full.
        resolution: Voxels along a side if `rows` are packed, else 0.
        categories: Name of each shape's category, or empty.
        names: Of each shape, or empty.
    """

    rows: np.ndarray
    resolution: int = 0
    categories: Sequence[str] = field(default=(), repr=False)
    names: Sequence[str] = field(default=(), repr=False)

    def __len__(self) -> int:
        """Return how many shapes there are."""
        return len(self.rows)

    def category(self, i: int) -> str | None:
        """Return the name of the category of shape `i`, or None if the file does not say."""
        return self.categories[i] if len(self.categories) else None

    def name(self, i: int) -> str:
        """Return the name of shape `i`: the file's own, or its number."""
        return self.names[i] if len(self.names) else str(i)

    def voxels(self, i: int) -> np.ndarray:
        """Return shape `i` as (x, y, z) bool."""
        row = self.rows[i]
        if self.resolution:
            return np.unpackbits(row, count=self.resolution**3).view(bool).reshape((self.resolution,) * 3)
        return np.ascontiguousarray(row > (0.5 if row.dtype.kind == "f" else 0))


AnyPack = TypeVar("AnyPack", Pack, BoxPack)


def parse_npy(data: bytes, name: str) -> Contents:
    """Return the one shape of an .npy file.

    Raises:
        BadInput: If it holds several, none, or no numbers.
    """
    found = parse_npy_pack(data, name)
    return voxel_contents(name, _numbers(data, name)) if found is None else _only(found, name)


def parse_npz(data: bytes, name: str) -> Contents:
    """Return the one shape of an .npz file.

    Raises:
        BadInput: If it holds several, none, or no numbers.
    """
    found = parse_npz_pack(data, name)
    return voxel_contents(name, _Members(data, name).voxels()) if found is None else _only(found, name)


def parse_npy_pack(data: bytes, name: str) -> Pack | None:
    """Return the shapes of a 4-D .npy file, or None if it holds a single one.

    Raises:
        BadInput: If it holds no shape.
    """
    return _stack(_numbers(data, name), name)


def parse_npz_pack(data: bytes, name: str) -> Pack | BoxPack | None:
    """Return the shapes of an .npz file of many, or None if it holds a single one.

    Raises:
        BadInput: If it holds no shape.
    """
    members = _Members(data, name)
    boxes, start = members.first(("box", "boxes")), members.first(("start",))
    if isinstance(boxes, np.ndarray) and isinstance(start, np.ndarray):
        return _labelled(box_pack(boxes, start, name), members, name)
    rows = members.voxels()
    if rows.ndim == 2:
        return _labelled(_packed(rows, members.resolution(), name), members, name)
    found = _stack(rows, name)
    return _labelled(found, members, name) if found is not None else None


def encode_npz(voxels: np.ndarray) -> bytes:
    """Return the bytes of an .npz file with one array, `voxels`."""
    return pack({"voxels.npy": encode_array(voxels)})


class _Members:
    """The arrays of an .npz file; only those that are asked for are unfolded."""

    def __init__(self, data: bytes, name: str) -> None:
        self._archive, self._name = Archive(data, name), name
        self._names = [member.removesuffix(".npy") for member in self._archive.names() if member.endswith(".npy")]

    def first(self, wanted: Sequence[str]) -> np.ndarray | list[str] | None:
        """Return the first of the wanted arrays that is there; texts as a list."""
        for key in wanted:
            if key in self._names:
                data = self._archive.read(f"{key}.npy")
                array = read_array(data, self._name)
                if not is_text(data, self._name):
                    return array
                return texts(array) if array.ndim == 2 else None
        return None

    def voxels(self) -> np.ndarray:
        found = self.first(_VOXELS if set(_VOXELS) & set(self._names) else self._names[:1])
        if not isinstance(found, np.ndarray):
            arrays = ", ".join(self._names[:8]) or "none"
            raise BadInput(self._name, f"holds no array of voxels; its arrays: {arrays[:200]}", "name it voxels")
        return found

    def resolution(self) -> int:
        found = self.first(("res", "resolution"))
        if not isinstance(found, np.ndarray) or found.size != 1 or found.dtype.kind not in "iu":
            raise BadInput(self._name, "has packed voxels but no resolution", "add an integer array named res")
        return int(found.reshape(-1)[0])


def _numbers(data: bytes, name: str) -> np.ndarray:
    if is_text(data, name):
        raise BadInput(name, "holds texts, not numbers")
    return read_array(data, name)


def _packed(rows: np.ndarray, resolution: int, name: str) -> Pack:
    check_sides(name, (resolution,) * 3)
    wide = -(-(resolution**3) // 8)
    if rows.dtype != np.uint8 or rows.shape[1] != wide:
        raise BadInput(name, f"has rows of {rows.shape[1]} {rows.dtype}, but {resolution}^3 voxels take {wide} uint8")
    _check_count(len(rows), name)
    return Pack(rows, resolution)


def _stack(array: np.ndarray, name: str) -> Pack | None:
    """Return a pack of a 4-D array, also with an axis of length 1 for channels; None for a 3-D one."""
    if array.ndim == 3:
        return None
    if array.ndim == 5 and 1 in (array.shape[1], array.shape[4]):
        array = array[:, 0] if array.shape[1] == 1 else array[..., 0]
    if array.ndim != 4:
        raise BadInput(name, f"holds an array of {array.shape}", "(x, y, z) is one shape, (n, x, y, z) are many")
    check_sides(name, array.shape[1:])
    _check_count(len(array), name)
    return Pack(array)


def _check_count(count: int, name: str) -> None:
    if not 1 <= count <= limits.MAX_PACK_SHAPES:
        raise BadInput(name, f"holds {count} shapes, 1 to {limits.MAX_PACK_SHAPES} are read")


def _labelled(found: AnyPack, members: _Members, name: str) -> AnyPack:
    classes = members.first(_CLASSES)
    if not isinstance(classes, list):
        classes = list(MODELNET10) if "modelnet10" in name.lower() else []
    labels, names = (_listed(members.first(wanted), len(found), name) for wanted in (_LABELS, _NAMES))
    return replace(found, categories=[_category(label, classes) for label in labels], names=[*map(str, names)])


def _listed(found: np.ndarray | list[str] | None, count: int, name: str) -> list[int] | list[str]:
    """Return one label or name a shape, or none at all where the file holds something else under that name."""
    listed = found.tolist() if isinstance(found, np.ndarray) and found.ndim == 1 and found.dtype.kind in "iu" else found
    if not isinstance(listed, list):
        return []
    if len(listed) != count:
        raise BadInput(name, f"has {len(listed)} labels or names for {count} shapes")
    return [text[: limits.MAX_NAME_BYTES] if isinstance(text, str) else text for text in listed]


def _category(label: int | str, classes: list[str]) -> str:
    if isinstance(label, int) and 0 <= label < len(classes):
        return classes[label]
    return str(label)


def _only(found: Pack | BoxPack, name: str) -> Contents:
    if len(found) != 1:
        raise BadInput(name, f"holds {len(found)} shapes, one is read here", "prepare it as a source of many shapes")
    return Contents(mesh=found.mesh(0)) if isinstance(found, BoxPack) else voxel_contents(name, found.voxels(0))
