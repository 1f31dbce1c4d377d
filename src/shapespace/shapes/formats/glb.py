"""glTF in one file (.glb): the triangles of its scene, every node where its transforms put it.

Nothing outside the file is ever read. The format is y up by its specification; `native_up` says so.

Source:
    glTF 2.0 Specification, Khronos Group.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.accessor import Accessors, number, objects
from shapespace.shapes.formats.contents import CUT_SHORT, Contents, check_counts, check_present, mesh_contents
from shapespace.shapes.mesh import Mesh

_JSON, _BINARY = 0x4E4F534A, 0x004E4942
_TRIANGLES, _STRIP, _FAN = 4, 5, 6
_UNIT = "metre"

Part = tuple[np.ndarray, np.ndarray]
"""(vertices, faces) of a primitive."""


def parse(data: bytes, name: str) -> Contents:
    """Return all triangles of the scene as one mesh, y up.

    Raises:
        BadInput: If it is no .glb file of version 2, is compressed, or points outside itself.
    """
    return scene(*_chunks(data, name), name)


def scene(document: dict[str, Any], binary: bytes | None, name: str) -> Contents:
    """Return all triangles of a document's scene as one mesh, y up.

    Args:
        document: As JSON holds it.
        binary: What it speaks of without an address, if there is something.
        name: Of the file, for messages.

    Raises:
        BadInput: If it is compressed, contradicts itself, or points outside itself.
    """
    accessors = Accessors(document, binary, name)
    meshes = objects(document, "meshes", name)
    known: dict[int, list[Part]] = {}
    vertices, faces, count, face_count = [np.empty((0, 3))], [np.empty((0, 3), np.int64)], 0, 0
    for index, matrix in _placed_meshes(document, name):
        if index >= len(meshes):
            raise BadInput(name, f"a node names mesh {index}, there are {len(meshes)}", CUT_SHORT)
        if index not in known:
            known[index] = list(_primitives(meshes[index], accessors, name))
        for points, corners in known[index]:
            check_counts(name, count + len(points), face_count + len(corners))
            vertices.append(_moved(points, matrix))
            # A mirrored node would turn its faces inside out.
            faces.append(count + (corners[:, ::-1] if np.linalg.det(matrix[:3, :3]) < 0 else corners))
            count, face_count = count + len(points), face_count + len(corners)
    return mesh_contents(name, np.concatenate(vertices), np.concatenate(faces), _UNIT)


def encode(mesh: Mesh) -> bytes:
    """Return the bytes of a .glb file: a mesh that is z up becomes y up, as the format wants; 24-bit coordinates."""
    document, binary = described(mesh)
    return assemble(json.dumps(document, separators=(",", ":")).encode(), binary)


def described(mesh: Mesh) -> tuple[dict[str, Any], bytes]:
    """Return the document of a mesh, turned y up, and the bytes of its one buffer."""
    x, y, z = mesh.vertices.T
    vertices = np.stack([x, z, -y], axis=1).astype("<f4")
    binary = vertices.tobytes() + mesh.faces.astype("<u4").tobytes()
    low, high = (np.stack([vertices.min(axis=0), vertices.max(axis=0)]) if len(vertices) else np.zeros((2, 3))).tolist()
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "shapespace"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "mode": _TRIANGLES}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": len(vertices), "type": "VEC3", "min": low, "max": high},
            {"bufferView": 1, "componentType": 5125, "count": mesh.faces.size, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": vertices.nbytes, "target": 34962},
            {"buffer": 0, "byteOffset": vertices.nbytes, "byteLength": mesh.faces.nbytes, "target": 34963},
        ],
        "buffers": [{"byteLength": len(binary)}],
    }
    return document, binary


def assemble(document: bytes, binary: bytes) -> bytes:
    """Return a .glb file of its two chunks."""
    document, binary = document + b" " * (-len(document) % 4), binary + b"\0" * (-len(binary) % 4)
    length = 12 + 8 + len(document) + 8 + len(binary)
    head = struct.pack("<4sIIII", b"glTF", 2, length, len(document), _JSON)
    return head + document + struct.pack("<II", len(binary), _BINARY) + binary


def _chunks(data: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    """Return the document and the bytes it speaks of without an address."""
    if len(data) < 20 or data[:4] != b"glTF":
        raise BadInput(name, "does not begin with glTF", "is it what its ending says?")
    version, length, json_length, kind = struct.unpack_from("<IIII", data, 4)
    if version != 2 or kind != _JSON:
        raise BadInput(name, f"is glTF of version {version}", "version 2 is read")
    check_present(name, length, len(data), "the file and its chunks")
    check_present(name, json_length, len(data) - 20, "the JSON chunk")
    start = 20 + json_length
    if len(data) - start < 8:
        return document_of(data[20:start], name), b""
    size, kind = struct.unpack_from("<II", data, start)
    check_present(name, size, len(data) - start - 8, "the binary chunk")
    return document_of(data[20:start], name), data[start + 8 : start + 8 + size] if kind == _BINARY else b""


def document_of(text: bytes, name: str) -> dict[str, Any]:
    """Return the document that JSON holds.

    Raises:
        BadInput: If it is too long, broken or no object.
    """
    if len(text) > limits.MAX_JSON_BYTES:
        hint = "a .glb keeps its bytes apart from its JSON"
        raise BadInput(name, f"has {len(text)} bytes of JSON, at most {limits.MAX_JSON_BYTES} are read", hint)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(name, f"has broken JSON: {str(error)[:80]}", CUT_SHORT) from None
    if not isinstance(document, dict):
        raise BadInput(name, "has JSON that is no object", CUT_SHORT)
    return document


def _placed_meshes(document: dict[str, Any], name: str) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (mesh number, (4, 4) matrix to the world) of each node in the scene that has a mesh."""
    nodes, scenes = objects(document, "nodes", name), objects(document, "scenes", name)
    scene = number(document, "scene", name, 0)
    roots = _numbers(scenes[scene], "nodes", name) if scene < len(scenes) else _orphans(nodes, name)
    waiting = [(root, np.eye(4)) for root in reversed(roots)]
    seen: set[int] = set()
    while waiting:
        index, above = waiting.pop()
        if index >= len(nodes) or index in seen:
            raise BadInput(name, f"node {index} is missing, or stands in two places", "nodes must form a tree")
        seen.add(index)
        matrix = above @ _matrix(nodes[index], name)
        if "mesh" in nodes[index]:
            yield number(nodes[index], "mesh", name), matrix
        waiting += [(child, matrix) for child in reversed(_numbers(nodes[index], "children", name))]


def _orphans(nodes: list[dict[str, Any]], name: str) -> list[int]:
    children = {child for node in nodes for child in _numbers(node, "children", name)}
    return [index for index in range(len(nodes)) if index not in children]


def _numbers(node: dict[str, Any], key: str, name: str) -> list[int]:
    found = node.get(key, [])
    if not isinstance(found, list) or not all(type(index) is int and index >= 0 for index in found):
        raise BadInput(name, f"{key!r} is no list of numbers", CUT_SHORT)
    return found


def _matrix(node: dict[str, Any], name: str) -> np.ndarray:
    """Return the (4, 4) matrix of a node: given, or made of translation, rotation and scale."""
    if "matrix" in node:
        return _reals(node, "matrix", np.eye(4).ravel(), name).reshape(4, 4).T
    x, y, z, w = _reals(node, "rotation", np.array([0.0, 0, 0, 1]), name)
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, :3] *= _reals(node, "scale", np.ones(3), name)
    matrix[:3, 3] = _reals(node, "translation", np.zeros(3), name)
    return matrix


def _reals(node: dict[str, Any], key: str, default: np.ndarray, name: str) -> np.ndarray:
    found = node.get(key)
    if found is None:
        return default
    if not isinstance(found, list) or len(found) != default.size or not all(type(v) in (int, float) for v in found):
        raise BadInput(name, f"{key!r} of a node is not {default.size} numbers", CUT_SHORT)
    if not all(-1e30 < v < 1e30 for v in found):
        raise BadInput(name, f"{key!r} of a node is not finite or absurd", "export it again")
    return np.array(found, np.float64)


def _moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused as not finite
        return points @ matrix[:3, :3].T + matrix[:3, 3]


def _primitives(mesh: dict[str, Any], accessors: Accessors, name: str) -> Iterator[Part]:
    """Yield the parts of a mesh that are triangles; points and lines are passed over."""
    count, face_count = 0, 0  # counted here too: thousands of parts may share one table, and each gets a copy
    for primitive in objects(mesh, "primitives", name):
        mode = number(primitive, "mode", name, _TRIANGLES)
        attributes = primitive.get("attributes")
        if mode not in (_TRIANGLES, _STRIP, _FAN) or not isinstance(attributes, dict):
            continue
        vertices = accessors.positions(number(attributes, "POSITION", name))
        if "indices" in primitive:
            corners = accessors.indices(number(primitive, "indices", name))
        else:
            corners = np.arange(len(vertices))
        faces = _triangles(corners, mode)
        count, face_count = count + len(vertices), face_count + len(faces)
        check_counts(name, count, face_count)
        yield vertices, faces


def _triangles(corners: np.ndarray, mode: int) -> np.ndarray:
    """Return (F, 3) of a list, a strip (every other triangle turned) or a fan."""
    if mode == _TRIANGLES:
        return corners[: len(corners) // 3 * 3].reshape(-1, 3)
    step = np.arange(max(len(corners) - 2, 0))
    if mode == _FAN:
        return corners[np.stack([step + 1, step + 2, np.zeros_like(step)], axis=1)]
    return corners[np.stack([step, step + 1 + step % 2, step + 2 - step % 2], axis=1)]
