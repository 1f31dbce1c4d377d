"""NRRD: a grid with a header in text; the values plain or in gzip, in the same file.

Source:
    Definition of NRRD File Format, teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import gzip
import math
import re

import numpy as np

from shapespace.errors import BadInput
from shapespace.limits import MAX_UNPACKED_BYTES
from shapespace.shapes.formats.archive import inflate
from shapespace.shapes.formats.contents import CUT_SHORT, Contents, check_sides, voxel_contents

_LONGEST_HEADER = 1 << 16
_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_TYPE_OF = {word: kind for kind, words in _TYPES.items() for word in words}
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


def parse(data: bytes, name: str) -> Contents:
    """Return the grid of an .nrrd file; its axes are x, y and z in the order they are stored.

    Raises:
        BadInput: If it is no NRRD file, points to another file, or is not as long as it declares.
    """
    fields, start = _header(data, name)
    kind, sides = _kind(fields, name), _sides(fields, name)
    size = math.prod(sides) * kind.itemsize
    if size > MAX_UNPACKED_BYTES:
        raise BadInput(name, f"its grid takes {size} bytes, at most {MAX_UNPACKED_BYTES} are read")
    values = _values(memoryview(data)[start:], fields.get("encoding", ""), size, name)
    grid = np.frombuffer(values, kind).reshape(sides, order="F")
    return voxel_contents(name, grid[::-1] if _is_left_handed(fields) else grid)


def encode(voxels: np.ndarray) -> bytes:
    """Return the bytes of an .nrrd file in gzip: uint8 for bool grids, float for others."""
    kind, values = ("uint8", voxels.astype("u1")) if voxels.dtype == bool else ("float", voxels.astype("<f4"))
    lines = ["NRRD0004", f"type: {kind}", "dimension: 3", "sizes: {} {} {}".format(*voxels.shape)]
    lines += ["endian: little", "encoding: gzip", "", ""]
    return "\n".join(lines).encode() + gzip.compress(values.tobytes(order="F"), mtime=0)


def _header(data: bytes, name: str) -> tuple[dict[str, str], int]:
    """Return the fields by their names in lower case, and where the values begin."""
    end = _BLANK_LINE.search(data, 0, _LONGEST_HEADER)
    if not data.startswith(b"NRRD000") or not end:
        raise BadInput(name, "has no complete NRRD header", "is it what its ending says?")
    lines = data[: end.start()].decode("utf-8", "replace").splitlines()[1:]
    pairs = (line.partition(":") for line in lines if not line.startswith("#"))
    fields = {key.strip().lower(): value.strip() for key, _, value in pairs}
    if {"data file", "datafile"} & set(fields):
        raise BadInput(name, "keeps its values in another file", "save header and values in one file")
    skips = [fields.get(key, "0") for key in ("line skip", "lineskip", "byte skip", "byteskip")]
    if any(skip != "0" for skip in skips):
        raise BadInput(name, "skips bytes before its values", "save header and values in one plain file")
    return fields, end.end()


def _kind(fields: dict[str, str], name: str) -> np.dtype:
    kind, endian = _TYPE_OF.get(fields.get("type", "").lower()), fields.get("endian", "little").lower()
    if kind is None or endian not in ("little", "big"):
        raise BadInput(name, f"has values of type {fields.get('type', '')[:40]!r}", "integers and floats are read")
    return np.dtype(f"{'<' if endian == 'little' else '>'}{kind}")


def _sides(fields: dict[str, str], name: str) -> tuple[int, ...]:
    words = fields.get("sizes", "").split()
    if len(words) > 8 or not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
        raise BadInput(name, f"declares sizes {fields.get('sizes', '')[:40]!r}", "three whole numbers are needed")
    sides = tuple(map(int, words))
    check_sides(name, sides)
    return sides


def _values(payload: memoryview, encoding: str, size: int, name: str) -> bytes | memoryview:
    if encoding in ("gzip", "gz"):
        payload_or_bytes: bytes | memoryview = inflate(payload, name, most=size, is_gzip=True)
    elif encoding == "raw":
        payload_or_bytes = payload
    else:
        raise BadInput(name, f"has its values in encoding {encoding[:40]!r}", "raw and gzip are read")
    if len(payload_or_bytes) != size:
        raise BadInput(name, f"its grid takes {size} bytes, {len(payload_or_bytes)} are there", CUT_SHORT)
    return payload_or_bytes


def _is_left_handed(fields: dict[str, str]) -> bool:
    """Return whether the axes, as they are stored, are a left-handed system, which a mirror image undoes."""
    is_left = fields.get("space", "").lower() in ("left-anterior-superior", "las")
    words = re.findall(r"[-+.\deE]+", fields.get("space directions", ""))
    try:
        matrix = np.array(words, np.float64)
    except ValueError:
        return is_left
    if matrix.size != 9 or not np.isfinite(matrix).all() or np.abs(matrix).max() > 1e60:
        return is_left
    return is_left != bool(np.linalg.det(matrix.reshape(3, 3)) < 0)
