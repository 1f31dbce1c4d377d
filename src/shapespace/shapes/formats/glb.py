"""GLB, binary glTF 2.0: every mesh of the scene, placed by its nodes; nothing outside the file is ever opened."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_count, mesh_contents, slice_of

_KINDS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_TRIANGLES, _STRIP, _FAN = 4, 5, 6
MAX_NODES = 10_000
MAX_DEPTH = 64


def parse(data: bytes, name: str) -> Contents:
    """Return all triangles of a .glb file's scene, in scene coordinates (metres, y up).

    Raises:
        BadInput: If it is broken, beyond the limits, or keeps its data in other files.
    """
    document, binary = _chunks(data, name)
    file = _File(document, binary, name)
    vertices, faces, total = [], [], 0
    for mesh, matrix in file.placed_meshes():
        for points, triangles in file.primitives(mesh):
            vertices.append(points @ matrix[:3, :3].T + matrix[:3, 3])
            faces.append(triangles + total)
            total += len(points)
            check_count(total, limits.MAX_VERTICES, "vertices", name)
            check_count(sum(map(len, faces)), limits.MAX_FACES, "faces", name)
    if not faces:
        raise BadInput(name, "no triangles in its scene")
    return mesh_contents(np.concatenate(vertices), np.concatenate(faces), name)


def _chunks(data: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    if data[:4] != b"glTF" or int.from_bytes(data[4:8], "little") != 2:
        raise BadInput(name, "no header of binary glTF 2")
    length = int.from_bytes(data[12:16], "little")
    if data[16:20] != b"JSON" or length > limits.MAX_JSON_BYTES:
        raise BadInput(name, "its first chunk is no JSON within the limit")
    document = json.loads(slice_of(data, 20, length, name))
    if not isinstance(document, dict):
        raise BadInput(name, "its JSON is no object")
    start = 20 + length
    if len(data) < start + 8 or data[start + 4 : start + 7] != b"BIN":
        return document, b""
    return document, slice_of(data, start + 8, int.from_bytes(data[start : start + 4], "little"), name)


class _File:
    def __init__(self, document: dict[str, Any], binary: bytes, name: str) -> None:
        self.document, self.binary, self.name = document, binary, name

    def placed_meshes(self) -> list[tuple[dict[str, Any], np.ndarray]]:
        """Return each mesh of the scene with its (4, 4) place; a file without nodes shows its meshes as they are."""
        nodes = self._list("nodes")
        check_count(len(nodes), MAX_NODES, "nodes", self.name)
        if not nodes:
            return [(mesh, np.eye(4)) for mesh in self._list("meshes")]
        scenes = self._list("scenes")
        roots = scenes[int(self.document.get("scene", 0))].get("nodes", []) if scenes else range(len(nodes))
        placed: list[tuple[dict[str, Any], np.ndarray]] = []
        todo = [(int(root), np.eye(4), 0) for root in roots]
        visits = 0
        while todo:
            index, above, depth = todo.pop()
            visits += 1
            if visits > MAX_NODES or depth > MAX_DEPTH:
                raise BadInput(self.name, f"nodes that contain each other, or more than {MAX_NODES:,} of them")
            node = _item(nodes, index)
            here = above @ _matrix(node)
            if "mesh" in node:
                placed.append((_item(self._list("meshes"), node["mesh"]), here))
            todo += [(int(child), here, depth + 1) for child in reversed(node.get("children", []))]
        return placed

    def primitives(self, mesh: dict[str, Any]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return (points, triangles) of each part of a mesh that has triangles."""
        parts = []
        for part in mesh.get("primitives", []):
            mode = part.get("mode", _TRIANGLES)
            if mode not in (_TRIANGLES, _STRIP, _FAN):
                continue
            if "KHR_draco_mesh_compression" in part.get("extensions", {}):
                raise BadInput(self.name, "Draco-compressed", "export it without compression")
            points = self._accessor(part["attributes"]["POSITION"], 3).astype(np.float64)
            if "indices" in part:
                order = self._accessor(part["indices"], 1).ravel().astype(np.int64)
            else:
                order = np.arange(len(points))
            parts.append((points, _triangles(order, mode)))
        return parts

    def _accessor(self, index: Any, width: int) -> np.ndarray:
        """Return (count, width) values, every byte of which is in the file."""
        accessor = _item(self._list("accessors"), index)
        if "sparse" in accessor or "bufferView" not in accessor:
            raise BadInput(self.name, "a sparse or empty accessor, which we do not read", "export it as plain arrays")
        if _WIDTHS.get(accessor["type"]) != width:
            raise BadInput(
                self.name, f"an accessor of type {str(accessor['type'])[:20]} where {width} values are needed"
            )
        kind, count = np.dtype(_KINDS[accessor["componentType"]]), _size(accessor["count"], self.name)
        view = _item(self._list("bufferViews"), accessor["bufferView"])
        buffer = _item(self._list("buffers"), view["buffer"])
        if "uri" in buffer or view["buffer"] != 0:
            raise BadInput(self.name, "keeps its data in another file", "export it as one self-contained .glb")
        row = kind.itemsize * width
        stride = _size(view.get("byteStride", row), self.name) or row
        start = _size(view.get("byteOffset", 0), self.name) + _size(accessor.get("byteOffset", 0), self.name)
        if count == 0 or stride < row:
            raise BadInput(self.name, f"an accessor of {count} values, {stride} bytes apart")
        content = slice_of(self.binary, start, stride * (count - 1) + row, self.name)
        return np.ndarray((count, width), kind, content, strides=(stride, kind.itemsize))

    def _list(self, key: str) -> list[dict[str, Any]]:
        found = self.document.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise BadInput(self.name, f"its {key} are no list of objects")
        return found


def _item(items: list[dict[str, Any]], index: Any) -> dict[str, Any]:
    if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(items):
        raise ValueError(f"item {str(index)[:20]} of {len(items)}")
    return items[index]


def _size(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limits.MAX_FILE_BYTES:
        raise BadInput(name, f"a size of {str(value)[:30]}; the limit is {limits.MAX_FILE_BYTES:,}")
    return value


def _matrix(node: dict[str, Any]) -> np.ndarray:
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T  # stored column by column
    matrix = np.eye(4)
    x, y, z, w = np.array(node.get("rotation", (0, 0, 0, 1)), np.float64)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, :3] *= np.array(node.get("scale", (1, 1, 1)), np.float64)
    matrix[:3, 3] = np.array(node.get("translation", (0, 0, 0)), np.float64)
    return matrix


def _triangles(order: np.ndarray, mode: int) -> np.ndarray:
    if mode == _TRIANGLES:
        return order[: len(order) // 3 * 3].reshape(-1, 3)
    if mode == _FAN:
        return np.stack([np.broadcast_to(order[:1], len(order) - 2), order[1:-1], order[2:]], axis=1)
    strip = np.stack([order[:-2], order[1:-1], order[2:]], axis=1)
    strip[1::2] = strip[1::2, [1, 0, 2]]  # every second triangle of a strip winds the other way
    return strip
