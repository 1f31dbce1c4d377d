"""Wavefront OBJ: vertices and polygons as text. No material file is ever followed."""

from __future__ import annotations

import re

import numpy as np

from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_counts, fans, mesh_contents
from shapespace.shapes.formats.text import blocks, columns, rows_of, table, whole
from shapespace.shapes.mesh import Mesh

_TEXTURE_AND_NORMAL = re.compile(rb"/\S*")
_COMMENT = re.compile(rb"#[^\r\n]*")
_CONTINUED = re.compile(rb"\\\r?\n")


def parse(data: bytes, name: str) -> Contents:
    """Return the mesh of an .obj file: all groups and objects of it together.

    Raises:
        BadInput: If a line is not as it should be, or there is no face.
    """
    vertices, corners, sizes, count = [np.empty((0, 3))], [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for block in blocks(_CONTINUED.sub(b" ", data) if b"\\" in data else data):
        vertex_lines, face_lines, seen = _sort(block, count)
        vertices.append(columns(name, *table(name, vertex_lines), [0, 1, 2]))
        count += len(vertex_lines)
        found, counts = table(name, face_lines)
        corners.append(_absolute(name, whole(name, found), np.repeat(seen, counts)))
        sizes.append(counts)
        check_counts(name, count, sum(map(len, sizes)))
    if count == 0:
        raise BadInput(name, "has no vertex", "is it what its ending says?")
    return mesh_contents(name, np.concatenate(vertices), fans(name, np.concatenate(corners), np.concatenate(sizes)))


def encode(mesh: Mesh) -> bytes:
    """Return the bytes of an .obj file, exact to the last bit of each coordinate."""
    return (rows_of("v %r %r %r\n", mesh.vertices) + rows_of("f %d %d %d\n", mesh.faces + 1)).encode()


def _sort(block: bytes, count: int) -> tuple[list[bytes], list[bytes], np.ndarray]:
    """Return the vertices and the faces of a block without their first letter, and the vertices seen at each face."""
    clean = _TEXTURE_AND_NORMAL.sub(b"", _COMMENT.sub(b"", block).replace(b"\t", b" "))
    vertices: list[bytes] = []
    faces: list[bytes] = []
    seen: list[int] = []
    for line in map(bytes.strip, clean.splitlines()):
        if line.startswith(b"v "):
            vertices.append(line[2:])
        elif line.startswith(b"f "):
            faces.append(line[2:])
            seen.append(count + len(vertices))
    return vertices, faces, np.array(seen, np.int64)


def _absolute(name: str, corners: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return vertex numbers from 0; the file counts from 1, or backwards from the vertices seen so far."""
    if not corners.all():
        raise BadInput(name, "a face names vertex 0, but .obj counts from 1", "export it again")
    return np.where(corners < 0, seen + corners, corners - 1)
