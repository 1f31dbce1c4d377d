"""NumPy .npy and .npz: one grid, or a pack of many with their labels; nothing is ever unpickled."""

from __future__ import annotations

import ast
import io
import zipfile
import zlib
from dataclasses import dataclass, field

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_count, check_sides, grid_contents

MODELNET10 = (
    "bathtub", "bed", "chair", "desk", "dresser", "monitor", "night_stand", "sofa", "table", "toilet",
)  # fmt: skip
"""What labels 0 to 9 mean where a file does not say: ModelNet10's categories in alphabetical order."""

MAX_MEMBERS = 1_000
_MAGIC = b"\x93NUMPY"


@dataclass(frozen=True)
class Pack:
    """Many shapes in one file, unpacked one at a time."""

    grids: np.ndarray
    """(n, x, y, z), or (n, ceil(r^3 / 8)) uint8 bits where `resolution` is set."""
    resolution: int = 0
    names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    source: str = field(default="", compare=False)

    def __len__(self) -> int:
        """Shapes in it."""
        return len(self.grids)

    def name(self, index: int) -> str:
        """Return a shape's name, its number where the file has none."""
        return self.names[index] if self.names else f"{index:06d}"

    def category(self, index: int) -> str | None:
        """Return a shape's category, None where the file has none."""
        return self.categories[index] if self.categories else None

    def voxels(self, index: int) -> np.ndarray:
        """Return one shape's (x, y, z) bool grid; it may be empty."""
        r = self.resolution
        if r:
            return np.unpackbits(self.grids[index], count=r**3).view(bool).reshape(r, r, r)
        grid = self.grids[index]
        return grid > 0.5 if grid.dtype.kind == "f" else grid != 0


def parse_npy(data: bytes, name: str) -> Contents:
    """Return the grid of a .npy file of three axes.

    Raises:
        BadInput: If it is broken, beyond the limits, or holds many shapes.
    """
    return grid_contents(_single(_array(data, name), name), name)


def parse_npz(data: bytes, name: str) -> Contents:
    """Return the one grid of a .npz file.

    Raises:
        BadInput: If it is broken, beyond the limits, or holds many shapes.
    """
    pack = _pack(_members(data, name), name)
    if pack is not None:
        raise BadInput(name, f"a pack of {len(pack)} shapes, not one")
    return grid_contents(_single(_grid_of(_members(data, name), name), name), name)


def parse_pack(data: bytes, name: str) -> Pack | None:
    """Return the shapes of a .npy or .npz file that holds many, None where it holds one.

    Raises:
        BadInput: If it is broken or beyond the limits.
    """
    try:
        members = {"voxels": _array(data, name)} if data.startswith(_MAGIC) else _members(data, name)
        return _pack(members, name)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise BadInput(name, f"not a readable pack of shapes ({error})"[:160]) from None


def encode_npy(voxels: np.ndarray) -> bytes:
    """Return a grid as the bytes of a .npy file."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(voxels), allow_pickle=False)
    return buffer.getvalue()


def encode_npz(voxels: np.ndarray) -> bytes:
    """Return a grid as the bytes of a compressed .npz file, under the name `voxels`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        # A fixed date, so that the same shape gives the same bytes.
        archive.writestr(zipfile.ZipInfo("voxels.npy", (1980, 1, 1, 0, 0, 0)), encode_npy(voxels), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _pack(members: dict[str, np.ndarray], name: str) -> Pack | None:
    grids = _grid_of(members, name)
    if "res" in members and grids.ndim == 2 and grids.dtype == np.uint8:
        return _bit_pack(members, grids, name)
    if grids.ndim != 4:
        return None
    check_sides(grids.shape[1:], name)
    return _labelled(grids, 0, members, name)


def _bit_pack(members: dict[str, np.ndarray], grids: np.ndarray, name: str) -> Pack:
    r = int(members["res"])
    check_sides((r, r, r), name)
    if grids.shape[1] != -(-(r**3) // 8):
        raise BadInput(name, f"{grids.shape[1]} bytes a shape do not hold {r}^3 bits")
    return _labelled(grids, r, members, name)


def _labelled(grids: np.ndarray, resolution: int, members: dict[str, np.ndarray], name: str) -> Pack:
    check_count(len(grids), limits.MAX_PACK_SHAPES, "shapes", name)
    names = next((members[key] for key in ("ids", "names", "id", "name") if key in members), None)
    labels = next((members[key] for key in ("label", "labels", "categories", "category") if key in members), None)
    classes = members.get("classes")
    return Pack(
        grids,
        resolution,
        () if names is None else _texts(names, len(grids), name),
        () if labels is None else _categories(labels, classes, len(grids), name),
        name,
    )


def _texts(values: np.ndarray, count: int, name: str) -> tuple[str, ...]:
    if values.shape != (count,) or values.dtype.kind not in "USiu":
        raise BadInput(name, f"{values.shape} names of type {values.dtype} for {count} shapes")
    if values.dtype.kind == "S":
        return tuple(value.decode("utf-8", "replace") for value in values.tolist())
    return tuple(map(str, values.tolist()))


def _categories(labels: np.ndarray, classes: np.ndarray | None, count: int, name: str) -> tuple[str, ...]:
    texts = _texts(labels, count, name)
    if labels.dtype.kind not in "iu":
        return texts
    known = MODELNET10 if classes is None and labels.max(initial=0) < len(MODELNET10) else ()
    if classes is not None:
        known = _texts(classes, len(classes), name)
    inside = labels.min(initial=0) >= 0 and labels.max(initial=0) < len(known)
    return tuple(known[label] for label in labels.tolist()) if inside else texts


def _grid_of(members: dict[str, np.ndarray], name: str) -> np.ndarray:
    for key in ("voxels", "occupancy", "grid", "arr_0"):
        if key in members:
            return members[key]
    found = [value for value in members.values() if value.ndim >= 3]
    if len(found) != 1:
        raise BadInput(name, f"arrays {', '.join(members)[:80]}: none is called `voxels`")
    return found[0]


def _single(grid: np.ndarray, name: str) -> np.ndarray:
    if grid.ndim == 4 and len(grid) == 1:
        return grid[0]
    return grid


def _members(data: bytes, name: str) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {}
    room = limits.MAX_UNPACKED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if len(archive.infolist()) > MAX_MEMBERS:
                raise BadInput(name, f"{len(archive.infolist())} arrays; the limit is {MAX_MEMBERS}")
            for member in archive.infolist():
                with archive.open(member) as file:
                    content = file.read(room + 1)  # the declared size may lie
                room -= len(content)
                if room < 0:
                    raise BadInput(name, f"unfolds beyond {limits.MAX_UNPACKED_BYTES >> 20} MB", "split it")
                if member.filename.endswith(".npy"):
                    arrays[member.filename.removesuffix(".npy")] = _array(content, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise BadInput(name, f"not a readable .npz ({error})"[:160]) from None
    return arrays


def _array(data: bytes, name: str) -> np.ndarray:
    """Return the array of .npy bytes, whose header is checked before anything is allocated."""
    if not data.startswith(_MAGIC) or len(data) < 12:
        raise BadInput(name, "no NumPy header")
    wide = 4 if data[6] >= 2 else 2
    length = int.from_bytes(data[8 : 8 + wide], "little")
    start = 8 + wide + length
    if start > min(len(data), 65_536):
        raise BadInput(name, "a NumPy header beyond the file")
    header = _header(data[8 + wide : start], name)
    kind, shape = np.dtype(header["descr"]), header["shape"]
    if kind.kind not in "biufSU" or kind.itemsize > 4 * limits.MAX_NAME_BYTES:
        raise BadInput(name, f"an array of {str(kind)[:40]}; only plain numbers and short texts are read")
    if len(shape) > 8 or not all(type(side) is int and 0 <= side <= limits.MAX_FILE_BYTES for side in shape):
        raise BadInput(name, f"an array of shape {str(shape)[:60]}")
    count = int(np.prod([float(side) for side in shape])) if shape else 1
    if count * kind.itemsize != len(data) - start:
        raise BadInput(name, f"declares {count * kind.itemsize:,} bytes of values, {len(data) - start:,} are there")
    order = "F" if header["fortran_order"] else "C"
    return np.frombuffer(data, kind, count, start).reshape(shape, order=order)


def _header(text: bytes, name: str) -> dict:
    try:
        header = ast.literal_eval(text.decode("latin-1").strip())
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise BadInput(name, "a NumPy header that cannot be read") from None
    good = isinstance(header, dict) and set(header) == {"descr", "fortran_order", "shape"}
    if not good or not isinstance(header["descr"], str) or not isinstance(header["shape"], tuple):
        raise BadInput(name, "a NumPy header that cannot be read")
    return header
