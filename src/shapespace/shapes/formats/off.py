"""OFF: ModelNet's format. A header, vertices and polygons as text; ModelNet often joins the header to the counts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import CUT_SHORT, Contents, check_counts, check_present, fans, mesh_contents
from shapespace.shapes.formats.text import BLOCK_ROWS, Lines, columns, numbers, polygons, rows_of, table, whole
from shapespace.shapes.mesh import Mesh

_HEADER = re.compile(rb"(?:ST)?C?N?OFF", re.IGNORECASE)
_SHORTEST_VERTEX, _SHORTEST_FACE = len("0 0 0\n"), len("0\n")


def parse(data: bytes, name: str) -> Contents:
    """Return the mesh of an .off file; colours, normals and texture coordinates are passed over.

    Raises:
        BadInput: If it is no text OFF file, or not as long as it declares.
    """
    lines = Lines(data)
    vertex_count, face_count = _counts(lines, name)
    check_counts(name, vertex_count, face_count)
    least = vertex_count * _SHORTEST_VERTEX + face_count * _SHORTEST_FACE - 1
    check_present(name, least, len(data), f"{vertex_count} vertices and {face_count} faces")
    vertices = [columns(name, *rows, [0, 1, 2]) for rows in _tables(lines, vertex_count, name, "vertices")]
    found = [polygons(name, *rows) for rows in _tables(lines, face_count, name, "faces")]
    corners, sizes = (np.concatenate([part[k] for part in found] or [np.empty(0, np.int64)]) for k in (0, 1))
    return mesh_contents(name, np.concatenate(vertices or [np.empty((0, 3))]), fans(name, corners, sizes))


def encode(mesh: Mesh) -> bytes:
    """Return the bytes of an .off file, exact to the last bit of each coordinate."""
    header = f"OFF\n{len(mesh.vertices)} {len(mesh.faces)} 0\n"
    return (header + rows_of("%r %r %r\n", mesh.vertices) + rows_of("3 %d %d %d\n", mesh.faces)).encode()


def _counts(lines: Lines, name: str) -> tuple[int, int]:
    first = b"".join(lines.take(1))
    header = _HEADER.match(first)
    if not header:
        raise BadInput(name, "does not begin with OFF", "is it what its ending says?")
    rest = first[header.end() :] or b"".join(lines.take(1))
    if b"BINARY" in rest.upper():
        raise BadInput(name, "is a binary OFF file", "save it as text")
    counts = whole(name, numbers(name, rest.split()))
    if len(counts) < 2:
        raise BadInput(name, "declares no numbers of vertices and faces", CUT_SHORT)
    return int(counts[0]), int(counts[1])


def _tables(lines: Lines, count: int, name: str, what: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, count, BLOCK_ROWS):
        wanted = min(BLOCK_ROWS, count - start)
        taken = lines.take(wanted)
        if len(taken) < wanted:
            raise BadInput(name, f"declares {count} {what}, has {start + len(taken)}", CUT_SHORT)
        yield table(name, taken)
