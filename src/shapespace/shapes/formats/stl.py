"""STL: triangles one by one, binary or as text. The size tells which: binary files begin with `solid` too."""

from __future__ import annotations

import numpy as np

from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import CUT_SHORT, Contents, check_counts, merge_corners, mesh_contents
from shapespace.shapes.formats.text import BLOCK_ROWS, Lines, columns, table
from shapespace.shapes.mesh import Mesh

HEADER_BYTES = 84
_RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def parse(data: bytes, name: str) -> Contents:
    """Return the mesh of an .stl file; corners at the same place become one vertex.

    Raises:
        BadInput: If it is neither kind of STL, or not as long as it declares.
    """
    declared = int.from_bytes(data[HEADER_BYTES - 4 : HEADER_BYTES], "little")
    expected = HEADER_BYTES + declared * _RECORD.itemsize
    is_text = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:5].lower() == b"solid"
    if len(data) == expected or (len(data) > expected and not is_text):  # some programs add bytes of their own
        check_counts(name, 0, declared)
        corners = np.frombuffer(data, _RECORD, declared, HEADER_BYTES)["corners"].reshape(-1, 3)
    elif is_text:
        corners = _text_corners(data, name)
    else:
        what = f"{declared} declared triangles take {expected} bytes, the file has {len(data)}"
        raise BadInput(name, f"is no STL: {what}", CUT_SHORT)
    finite = np.isfinite(corners).all(axis=1)
    if not finite.all():
        raise BadInput(name, f"triangle {int(np.argmin(finite)) // 3} is not finite", "export it again")
    return mesh_contents(name, *merge_corners(corners))


def encode(mesh: Mesh) -> bytes:
    """Return the bytes of a binary .stl file; its coordinates have 24 bits."""
    records = np.zeros(len(mesh.faces), _RECORD)
    corners = mesh.vertices[mesh.faces]
    records["corners"] = corners
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    records["normal"] = np.divide(normal, length, out=np.zeros_like(normal), where=length > 0)
    # The header must not begin with "solid": some readers take such a file for text.
    return b"shapespace".ljust(80) + len(records).to_bytes(4, "little") + records.tobytes()


def _text_corners(data: bytes, name: str) -> np.ndarray:
    """Return (3 F, 3) float64 corners."""
    found, lines, last = [np.empty((0, 3))], Lines(data), b""
    while taken := lines.take(BLOCK_ROWS):
        words = [line.lower() for line in taken]
        rows = [line[6:] for line in words if line.startswith(b"vertex")]
        found.append(columns(name, *table(name, rows), [0, 1, 2]))
        last = words[-1]
    corners = np.concatenate(found)
    if not last.startswith(b"endsolid") or len(corners) % 3:
        raise BadInput(name, f"{len(corners)} corners of triangles are not closed by endsolid", CUT_SHORT)
    check_counts(name, 0, len(corners) // 3)
    return corners
