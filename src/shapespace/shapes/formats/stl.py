"""STL, binary and text, told apart by size: many binary files begin with `solid` too."""

from __future__ import annotations

import re

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_count, mesh_contents, numbers

_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_CORNER = re.compile(rb"vertex\s+(\S+\s+\S+\s+\S+)", re.IGNORECASE)
HEADER = 84


def parse(data: bytes, name: str) -> Contents:
    """Return the mesh of an STL file, equal corners merged to one vertex.

    Raises:
        BadInput: If it is broken or beyond the limits.
    """
    corners = _binary(data, name) if _is_binary(data) else _text(data, name)
    if not len(corners):
        raise BadInput(name, "no triangles in it")
    vertices, faces = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    return mesh_contents(vertices, faces.reshape(-1, 3), name)


def _is_binary(data: bytes) -> bool:
    if len(data) >= HEADER and len(data) == HEADER + 50 * int.from_bytes(data[80:84], "little"):
        return True
    return not data.lstrip()[:5].lower().startswith(b"solid")


def _binary(data: bytes, name: str) -> np.ndarray:
    if len(data) < HEADER:
        raise BadInput(name, f"{len(data)} bytes; a binary STL has at least {HEADER}")
    declared, present = int.from_bytes(data[80:84], "little"), (len(data) - HEADER) // 50
    if declared > present:
        raise BadInput(name, f"declares {declared:,} triangles, {present:,} are there", "it is cut off or is no STL")
    check_count(declared, limits.MAX_FACES, "triangles", name)
    return np.frombuffer(data, _RECORD, declared, HEADER)["corners"].astype(np.float64)


def _text(data: bytes, name: str) -> np.ndarray:
    found = _CORNER.findall(data)
    check_count(len(found) // 3, limits.MAX_FACES, "triangles", name)
    if len(found) % 3 or b"endsolid" not in data[-4096:].lower():
        raise BadInput(name, f"{len(found)} corners and no end", "it is cut off")
    return numbers(b" ".join(found), name).reshape(-1, 3, 3)
