"""MATLAB .mat, version 5: the one numeric 3-D array in it, as 3D ShapeNets' volumetric data has it.

Our own, because the usual reader ends the interpreter on a 200-byte file. Only what voxel files need is read: plain
and compressed elements of either byte order, real, full, numeric.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_count, check_sides, grid_contents, slice_of

_NUMERIC = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED = 14, 15
_ARRAY_CLASSES = range(6, 16)
"""mxDOUBLE to mxUINT64; cells, structures, objects, text and sparse arrays are passed over."""

HEADER = 128
MAX_ELEMENTS = 1_000
MAX_AXES = 8


def parse(data: bytes, name: str) -> Contents:
    """Return the (x, y, z) grid of a .mat file: its array `instance`, or its only array of three axes.

    Raises:
        BadInput: If it is broken, holds none or several, or is of version 7.3 (which is HDF5).
    """
    if data[:8] == b"\x89HDF\r\n\x1a\n" or b"MATLAB 7.3" in data[:HEADER]:
        raise BadInput(name, "a .mat of version 7.3", "save it with -v7 in MATLAB")
    if len(data) < HEADER or data[126:128] not in (b"IM", b"MI"):
        raise BadInput(name, "no header of a .mat of version 5")
    order = "<" if data[126:128] == b"IM" else ">"
    found: dict[str, np.ndarray] = {}
    for kind, content in _elements(data[HEADER:], order, name):
        if kind == _COMPRESSED:
            content = _inflated(content, name)
            inner = list(_elements(content, order, name))
            kind, content = inner[0] if inner else (0, b"")
        if kind == _MATRIX:
            found |= _array(content, order, name)
    if len(found) != 1 and "instance" not in found:
        raise BadInput(name, f"{len(found)} arrays of three axes in it", "save one shape a file, as `instance`")
    return grid_contents(found.get("instance", next(iter(found.values()))), name)


def _elements(data: bytes, order: str, name: str) -> Iterator[tuple[int, bytes]]:
    """Yield (type, content) of each data element."""
    at = 0
    for _ in range(MAX_ELEMENTS):
        if len(data) - at < 8:
            return
        word = int.from_bytes(data[at : at + 4], _byte_order(order))
        if word >> 16:  # a small element: size and type share four bytes, the content is in the next four
            kind, size, start, step = word & 0xFFFF, word >> 16, at + 4, 8
            if size > 4:
                raise BadInput(name, "a small element of more than four bytes")
        else:
            kind, size = word, int.from_bytes(data[at + 4 : at + 8], _byte_order(order))
            start, step = at + 8, 8 + (size if kind == _COMPRESSED else -(-size // 8) * 8)
        yield kind, slice_of(data, start, size, name)
        at += step
    raise BadInput(name, f"more than {MAX_ELEMENTS} elements")


def _inflated(content: bytes, name: str) -> bytes:
    engine = zlib.decompressobj()
    try:
        unfolded = engine.decompress(content, limits.MAX_UNPACKED_BYTES // 8)
    except zlib.error as error:
        raise BadInput(name, f"its compressed data is broken ({error})") from None
    if engine.unconsumed_tail:
        raise BadInput(
            name, f"unfolds beyond {limits.MAX_UNPACKED_BYTES // 8 >> 20} MB", "a zip bomb, or no voxel file"
        )
    return unfolded


def _array(content: bytes, order: str, name: str) -> dict[str, np.ndarray]:
    """Return the matrix by its name if it is a numeric one of three axes, else nothing."""
    parts = list(_elements(content, order, name))
    if len(parts) < 4 or parts[0][0] != 6 or len(parts[0][1]) < 8:
        return {}
    flags = int.from_bytes(parts[0][1][:4], _byte_order(order))
    is_complex = flags & 0x0800
    if flags & 0xFF not in _ARRAY_CLASSES or is_complex or parts[1][0] != 5:
        return {}
    check_count(len(parts[1][1]) // 4, MAX_AXES, "axes", name)
    sides = tuple(np.frombuffer(parts[1][1], order + "i4").tolist())
    if len(sides) != 3:
        return {}
    check_sides(sides, name)
    kind, values = parts[3]
    if kind not in _NUMERIC:
        raise BadInput(name, f"numbers of an unknown type {kind}")
    numeric = np.dtype(order + _NUMERIC[kind])
    wanted = sides[0] * sides[1] * sides[2]
    if len(values) != wanted * numeric.itemsize:
        raise BadInput(name, f"declares {sides} values and has {len(values) // numeric.itemsize:,}")
    grid = np.frombuffer(values, numeric).reshape(sides, order="F")  # MATLAB stores the first axis fastest
    return {parts[2][1].decode("ascii", "replace"): grid}


def _byte_order(order: str) -> str:
    return "little" if order == "<" else "big"
