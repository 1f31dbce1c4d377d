"""NumPy's .npy: one array of numbers. The header is read by its pattern; nothing in it is evaluated or unpickled."""

from __future__ import annotations

import math
import re

import numpy as np

from shapespace.errors import BadInput
from shapespace.limits import MAX_NAME_BYTES
from shapespace.shapes.formats.contents import CUT_SHORT, check_present

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 1 << 14
_MOST_AXES = 8
_TYPE = re.compile(rb"'descr'\s*:\s*'([<>|=]?)([biufU])(\d{1,4})'")
_ORDER = re.compile(rb"'fortran_order'\s*:\s*(True|False)")
_SHAPE = re.compile(rb"'shape'\s*:\s*\(([\d\s,L]*)\)")
_SIZES = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8), "U": range(MAX_NAME_BYTES + 1)}


def read_array(data: bytes, name: str) -> np.ndarray:
    """Return the array, without a copy; for texts (..., bytes) uint8 of UTF-32, little-endian: see `texts`.

    Raises:
        BadInput: If it is no .npy file, holds anything but numbers and texts, or is not as long as it declares.
    """
    kind, shape, is_fortran, start = _header(data, name)
    count = math.prod(shape)
    size, present = count * kind.itemsize, len(data) - start
    check_present(name, size, present, f"{count} values of {kind.itemsize} bytes")
    if present > size:
        raise BadInput(name, f"goes on for {present - size} bytes after its array", "save one array in a file")
    if kind.kind == "U":
        raw = np.frombuffer(data, np.uint8, count * kind.itemsize, start).reshape(*shape, kind.itemsize)
        return raw if kind.byteorder != ">" else _swapped(raw)
    values = np.frombuffer(data, kind, count, start) if count else np.empty(0, kind)
    return values.reshape(shape, order="F" if is_fortran else "C")


def is_text(data: bytes, name: str) -> bool:
    """Return whether the array holds texts."""
    return _header(data, name)[0].kind == "U"


def texts(raw: np.ndarray) -> list[str]:
    """Return the texts of (n, bytes) uint8 UTF-32; what is no letter is replaced."""
    return [row.tobytes().decode("utf-32-le", "replace").rstrip("\0") for row in raw]


def encode_array(array: np.ndarray) -> bytes:
    """Return the bytes of a .npy file."""
    array = np.asarray(array, order="C")
    described = f"{{'descr': {array.dtype.str!r}, 'fortran_order': False, 'shape': {array.shape!r}, }}"
    header = described.encode().ljust(-(-(len(described) + 11) // 64) * 64 - 11) + b"\n"
    return _MAGIC + b"\x01\x00" + len(header).to_bytes(2, "little") + header + array.tobytes()


def _swapped(raw: np.ndarray) -> np.ndarray:
    return raw.reshape(*raw.shape[:-1], -1, 4)[..., ::-1].reshape(raw.shape)


def _header(data: bytes, name: str) -> tuple[np.dtype, tuple[int, ...], bool, int]:
    """Return type, shape, whether the first axis runs fastest, and where the values begin."""
    width = {1: 2, 2: 4, 3: 4}.get(data[6] if len(data) > 6 else 0)
    if not data.startswith(_MAGIC) or width is None:
        raise BadInput(name, "is no .npy file", "is it what its ending says?")
    length = int.from_bytes(data[8 : 8 + width], "little")
    start = 8 + width + length
    if length > _LONGEST_HEADER or start > len(data):
        raise BadInput(name, f"declares a header of {length} bytes", CUT_SHORT)
    header = data[8 + width : start]
    kind, order, shape = _TYPE.search(header), _ORDER.search(header), _SHAPE.search(header)
    if not kind:
        raise BadInput(name, "holds no plain array of numbers", "objects and records are never read; save numbers")
    if not order or not shape:
        raise BadInput(name, "has a header without order or shape", CUT_SHORT)
    return _kind(kind, name), _sides(shape[1], name), order[1] == b"True", start


def _kind(found: re.Match[bytes], name: str) -> np.dtype:
    order, letter, size = (part.decode() for part in found.groups())
    if int(size) not in _SIZES[letter]:
        raise BadInput(name, f"holds values of type {letter}{size}", "save numbers of 1 to 8 bytes")
    return np.dtype(f"{order}{letter}{size}")


def _sides(text: bytes, name: str) -> tuple[int, ...]:
    words = text.replace(b"L", b"").replace(b",", b" ").split()
    if len(words) > _MOST_AXES or any(len(word) > 15 for word in words):
        raise BadInput(name, "declares a shape that no array has", CUT_SHORT)
    return tuple(map(int, words))
