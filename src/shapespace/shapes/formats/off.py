"""OFF: a header, vertices, polygons; as ModelNet has it, with the header joined to the counts (`OFF123 456 0`)."""

from __future__ import annotations

import re

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_count, fan, mesh_contents, numbers, whole

_COMMENT = re.compile(rb"#[^\n]*")
_HEADER = re.compile(rb"\s*(ST)?(C)?(N)?OFF(?P<rest>.*)", re.DOTALL)


def parse(data: bytes, name: str) -> Contents:
    """Return the mesh of an OFF file; colours after a vertex or a face are skipped, polygons become fans.

    Raises:
        BadInput: If it is broken or beyond the limits.
    """
    match = _HEADER.fullmatch(_COMMENT.sub(b"", data))
    if not match:
        raise BadInput(name, "no OFF header", "the first line of an .off file reads OFF")
    lines = [line for line in match["rest"].splitlines() if line.strip()]
    vertex_count, face_count = _counts(lines, name)
    if len(lines) < 1 + vertex_count + face_count:
        raise BadInput(
            name, f"declares {vertex_count + face_count:,} lines, {len(lines) - 1:,} are there", "it is cut off"
        )
    vertices = _vertices(lines[1 : 1 + vertex_count], name)
    corners, counts = _polygons(lines[1 + vertex_count : 1 + vertex_count + face_count], name)
    return mesh_contents(vertices, fan(corners, counts, name), name)


def _counts(lines: list[bytes], name: str) -> tuple[int, int]:
    words = lines[0].split() if lines else []
    if len(words) < 2 or not all(word.isdigit() and len(word) < 12 for word in words[:2]):
        raise BadInput(name, "the header has no counts of vertices and faces")
    vertices, faces = int(words[0]), int(words[1])
    check_count(vertices, limits.MAX_VERTICES, "vertices", name)
    check_count(faces, limits.MAX_FACES, "faces", name)
    return vertices, faces


def _vertices(lines: list[bytes], name: str) -> np.ndarray:
    if not lines:
        raise BadInput(name, "no vertices")
    width = len(lines[0].split())
    values = numbers(b"\n".join(lines), name)
    if width >= 3 and len(values) == width * len(lines):
        return values.reshape(-1, width)[:, :3]
    return np.array([line.split()[:3] for line in lines], dtype=np.float64)  # colours on some lines only


def _polygons(lines: list[bytes], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return all corners in a row, and the number of corners of each polygon."""
    values = whole(numbers(b"\n".join(lines), name), name)
    if len(values) == 4 * len(lines) and (values[::4] == 3).all():  # triangles only, as nearly always
        return values.reshape(-1, 4)[:, 1:].ravel(), np.full(len(lines), 3)
    rows = [line.split() for line in lines]
    counts = np.array([int(row[0]) for row in rows], np.int64)
    for row, count in zip(rows, counts.tolist(), strict=True):
        if not 0 <= count < len(row):
            raise BadInput(name, f"a face declares {count} corners and lists {len(row) - 1}")
    corners = [word for row, count in zip(rows, counts.tolist(), strict=True) for word in row[1 : count + 1]]
    return np.array(corners, dtype=np.int64), counts
