"""Wavefront OBJ: `v` and `f` lines; materials, textures and whatever else they name are never followed."""

from __future__ import annotations

import re

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_count, fan, mesh_contents, numbers, whole

_VERTEX = re.compile(rb"^[ \t]*v[ \t]+([^\r\n#]+)", re.MULTILINE)
_FACE = re.compile(rb"^[ \t]*f[ \t]+([^\r\n#]+)", re.MULTILINE)
_REST_OF_CORNER = re.compile(rb"/\S*")
_CONTINUED = re.compile(rb"\\\r?\n")


def parse(data: bytes, name: str) -> Contents:
    """Return the mesh of an OBJ file: all groups and objects together, polygons as fans.

    Raises:
        BadInput: If it is broken or beyond the limits.
    """
    data = _CONTINUED.sub(b" ", data)
    if b"\x00" in data[:1024]:
        raise BadInput(name, "binary data in a text format")
    vertex_lines, face_lines = _VERTEX.findall(data), _FACE.findall(data)
    check_count(len(vertex_lines), limits.MAX_VERTICES, "vertices", name)
    check_count(len(face_lines), limits.MAX_FACES, "faces", name)
    if not vertex_lines or not face_lines:
        raise BadInput(name, f"{len(vertex_lines)} vertices and {len(face_lines)} faces: there is no surface in it")
    corners, counts = _polygons(face_lines, name)
    corners = _resolved(corners, counts, data, len(vertex_lines))
    return mesh_contents(_vertices(vertex_lines, name), fan(corners, counts, name), name)


def _vertices(lines: list[bytes], name: str) -> np.ndarray:
    width = len(lines[0].split())
    values = numbers(b"\n".join(lines), name)
    if width >= 3 and len(values) == width * len(lines):
        return values.reshape(-1, width)[:, :3]
    return np.array([line.split()[:3] for line in lines], dtype=np.float64)  # a weight or a colour on some lines only


def _polygons(lines: list[bytes], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return all corners in a row, `v` of `v/vt/vn` each, and the number of corners of each polygon."""
    plain = [_REST_OF_CORNER.sub(b"", line) if b"/" in line else line for line in lines]
    counts = np.array([len(line.split()) for line in plain], np.int64)
    return whole(numbers(b"\n".join(plain), name), name), counts


def _resolved(corners: np.ndarray, counts: np.ndarray, data: bytes, total: int) -> np.ndarray:
    """Return corners counted from 0: 1 is the first vertex, -1 the last one read before the face."""
    if len(corners) == 0 or corners.min() > 0:
        return corners - 1
    read_before = []
    vertices = 0
    for match in re.finditer(rb"^[ \t]*([vf])[ \t]", data, re.MULTILINE):
        if match[1] == b"v":
            vertices += 1
        else:
            read_before.append(vertices)
    before = np.repeat(np.array(read_before[: len(counts)], np.int64), counts)
    return np.where(corners < 0, before + corners, np.where(corners == 0, total, corners - 1))  # 0 names no vertex
