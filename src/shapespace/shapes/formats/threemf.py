"""3MF: a zip with one XML model; components and build items are placed, units are left as they are."""

from __future__ import annotations

import io
import zipfile
import zlib
from xml.etree import ElementTree

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_count, mesh_contents

MAX_MEMBERS = 1_000
MAX_PLACED = 10_000
MAX_DEPTH = 16


def parse(data: bytes, name: str) -> Contents:
    """Return all triangles that a .3mf file builds, in its own unit (z up).

    Raises:
        BadInput: If it is broken or beyond the limits.
    """
    objects, items = _model(_document(data, name), name)
    vertices, faces, total = [], [], 0
    for points, triangles in _placed(objects, items, name):
        vertices.append(points)
        faces.append(triangles + total)
        total += len(points)
        check_count(total, limits.MAX_VERTICES, "vertices", name)
        check_count(sum(map(len, faces)), limits.MAX_FACES, "faces", name)
    if not faces:
        raise BadInput(name, "its model builds nothing")
    return mesh_contents(np.concatenate(vertices), np.concatenate(faces), name)


def _document(data: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [m for m in archive.infolist() if m.filename.lower().endswith(".model")]
            if not members or len(archive.infolist()) > MAX_MEMBERS:
                raise BadInput(name, "no 3D model in the archive, or too many files")
            member = min(members, key=lambda m: len(m.filename))
            with archive.open(member) as file:
                # The declared size may lie; reading stops at the limit whatever it says.
                content = file.read(min(limits.MAX_UNPACKED_BYTES, 64 * len(data) + limits.MEGABYTE) + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise BadInput(name, f"not a readable zip archive ({error})"[:160]) from None
    if len(content) > min(limits.MAX_UNPACKED_BYTES, 64 * len(data) + limits.MEGABYTE):
        raise BadInput(name, "its model unfolds beyond the limit", "a zip bomb, or repack it")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise BadInput(name, "its XML declares entities, which no 3MF needs")
    return content


Item = tuple[str, np.ndarray]
"""(id of an object, (4, 3) place)"""


class _Object:
    def __init__(self) -> None:
        self.vertices: list[tuple[float, float, float]] = []
        self.triangles: list[tuple[int, int, int]] = []
        self.components: list[Item] = []


def _model(document: bytes, name: str) -> tuple[dict[str, _Object], list[Item]]:
    objects: dict[str, _Object] = {}
    items: list[Item] = []
    current = _Object()
    try:
        for event, element in ElementTree.iterparse(io.BytesIO(document), events=("start", "end")):
            tag = element.tag.rpartition("}")[2]
            if event == "start" and tag == "object":
                current = objects.setdefault(element.attrib["id"], _Object())
            elif event == "end":
                _take(tag, element.attrib, current, items)
                element.clear()
    except ElementTree.ParseError as error:
        raise BadInput(name, f"its XML is broken: {error}") from None
    return objects, items or [(key, np.eye(4, 3)) for key in objects]


def _take(tag: str, attributes: dict[str, str], current: _Object, items: list[Item]) -> None:
    if tag == "vertex":
        current.vertices.append((float(attributes["x"]), float(attributes["y"]), float(attributes["z"])))
    elif tag == "triangle":
        current.triangles.append((int(attributes["v1"]), int(attributes["v2"]), int(attributes["v3"])))
    elif tag == "component":
        current.components.append((attributes["objectid"], _place(attributes)))
    elif tag == "item":
        items.append((attributes["objectid"], _place(attributes)))


def _place(attributes: dict[str, str]) -> np.ndarray:
    """Return the (4, 3) matrix that row vectors [x y z 1] are multiplied with."""
    if "transform" not in attributes:
        return np.eye(4, 3)
    return np.array(attributes["transform"].split(), np.float64).reshape(4, 3)


def _placed(objects: dict[str, _Object], items: list[Item], name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    placed = []
    todo = [(key, place, 0) for key, place in items]
    visits = 0
    while todo:
        key, place, depth = todo.pop()
        visits += 1
        if visits > MAX_PLACED or depth > MAX_DEPTH or key not in objects:
            raise BadInput(name, "objects that contain each other, are missing, or are too many")
        found = objects[key]
        if found.triangles:
            points = np.array(found.vertices, np.float64).reshape(-1, 3)
            placed.append((points @ place[:3] + place[3], np.array(found.triangles, np.int64)))
        for inner, inner_place in found.components:
            both = inner_place @ place[:3]
            both[3] += place[3]
            todo.append((inner, both, depth + 1))
    return placed
