"""NRRD: a text header and one array, raw or gzip-compressed; data in other files is never opened."""

from __future__ import annotations

import gzip
import zlib

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_sides, grid_contents

MAX_HEADER_BYTES = 65_536
_TYPES = {
    "int8": "i1", "signed char": "i1", "int8_t": "i1", "uint8": "u1", "uchar": "u1", "unsigned char": "u1",
    "uint8_t": "u1", "short": "i2", "int16": "i2", "int16_t": "i2", "ushort": "u2", "unsigned short": "u2",
    "uint16": "u2", "uint16_t": "u2", "int": "i4", "int32": "i4", "int32_t": "i4", "uint": "u4", "uint32": "u4",
    "unsigned int": "u4", "uint32_t": "u4", "float": "f4", "double": "f8",
}  # fmt: skip


def parse(data: bytes, name: str) -> Contents:
    """Return the (x, y, z) grid of a .nrrd file; its first axis, the fastest, is x.

    Raises:
        BadInput: If it is broken, beyond the limits, or detached from its data.
    """
    end = min((at for at in (data.find(b"\n\n"), data.find(b"\r\n\r\n")) if at >= 0), default=-1)
    if not data.startswith(b"NRRD000") or not 0 <= end <= MAX_HEADER_BYTES:
        raise BadInput(name, "no NRRD header with data behind it")
    fields = _fields(data[:end])
    if "data file" in fields or "datafile" in fields:
        raise BadInput(name, "keeps its data in another file", "save it as one attached .nrrd")
    sides = tuple(int(side) for side in fields["sizes"].split()[:9])
    if len(sides) != 3 or fields.get("dimension") != "3":
        raise BadInput(name, f"an array of {len(sides)} axes; a shape has three")
    check_sides(sides, name)
    if fields["type"] not in _TYPES:
        raise BadInput(name, f"values of type {fields['type'][:30]}")
    kind = np.dtype((">" if fields.get("endian") == "big" else "<") + _TYPES[fields["type"]])
    body = data[end + (2 if data[end : end + 2] == b"\n\n" else 4) :]
    return grid_contents(_values(body, fields.get("encoding", ""), kind, sides, name), name)


def encode(voxels: np.ndarray) -> bytes:
    """Return a grid as the bytes of a gzip-compressed .nrrd file, uint8, x fastest."""
    voxels = np.asarray(voxels) > 0.5
    sides = " ".join(map(str, voxels.shape))
    header = f"NRRD0004\ntype: uint8\ndimension: 3\nsizes: {sides}\nencoding: gzip\n\n"
    return header.encode() + gzip.compress(voxels.astype(np.uint8).tobytes(order="F"), mtime=0)


def _fields(header: bytes) -> dict[str, str]:
    lines = [line for line in header.decode("ascii", "replace").splitlines()[1:] if not line.startswith("#")]
    pairs = [line.partition(":") for line in lines if ":" in line]
    return {key.strip().lower(): value.strip().lower() for key, _, value in pairs}


def _values(body: bytes, encoding: str, kind: np.dtype, sides: tuple[int, ...], name: str) -> np.ndarray:
    wanted = sides[0] * sides[1] * sides[2] * kind.itemsize
    if wanted > limits.MAX_UNPACKED_BYTES:
        raise BadInput(name, f"{wanted:,} bytes of values; the limit is {limits.MAX_UNPACKED_BYTES:,}")
    if encoding in ("gzip", "gz"):
        try:
            body = zlib.decompressobj(wbits=31).decompress(body, wanted + 1)
        except zlib.error as error:
            raise BadInput(name, f"its compressed data is broken ({error})") from None
    elif encoding != "raw":
        raise BadInput(name, f"encoding {encoding[:20] or 'none'}; we read raw and gzip")
    if len(body) != wanted:
        raise BadInput(name, f"declares {wanted:,} bytes of values, {len(body):,} are there")
    return np.frombuffer(body, kind).reshape(sides, order="F")
