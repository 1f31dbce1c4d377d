"""Accessors of glTF: typed tables within the binary chunk, checked against the bytes that are there."""

from __future__ import annotations

from typing import Any

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import CUT_SHORT, check_present

_COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_INDEX_COMPONENTS = (5121, 5123, 5125)
_WIDTHS = {"SCALAR": 1, "VEC3": 3}
_WIDEST_STRIDE = 4096


def number(holder: dict[str, Any], key: str, name: str, default: int | None = None) -> int:
    """Return a number from 0 on.

    Raises:
        BadInput: If something else stands there.
    """
    found = holder.get(key, default)
    if type(found) is not int or not 0 <= found < 1 << 40:
        raise BadInput(name, f"{key!r} is {str(found)[:30]!r}, not a number from 0 on", CUT_SHORT)
    return found


def objects(holder: dict[str, Any], key: str, name: str) -> list[dict[str, Any]]:
    """Return a list of objects, empty if it is missing.

    Raises:
        BadInput: If something else stands there.
    """
    found = holder.get(key, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise BadInput(name, f"{key!r} is no list of objects", CUT_SHORT)
    return found


class Accessors:
    """The tables that a document describes, by their numbers."""

    def __init__(self, document: dict[str, Any], binary: bytes, name: str) -> None:
        """Keep the descriptions; nothing is read yet."""
        self._tables, self._views = (objects(document, key, name) for key in ("accessors", "bufferViews"))
        self._buffers = objects(document, "buffers", name)
        self._binary, self._name = binary, name

    def positions(self, index: int) -> np.ndarray:
        """Return (V, 3) float64.

        Raises:
            BadInput: If there is no such table, or not all of it.
        """
        description = self._description(index)
        found = self._read(description, "VEC3", limits.MAX_VERTICES)
        if description.get("normalized") is True and found.dtype.kind in "iu":
            return np.maximum(found / np.iinfo(found.dtype).max, -1.0)
        return found.astype(np.float64)

    def indices(self, index: int) -> np.ndarray:
        """Return (n,) int64.

        Raises:
            BadInput: If there is no such table, or not all of it.
        """
        description = self._description(index)
        if number(description, "componentType", self._name) not in _INDEX_COMPONENTS:
            raise BadInput(self._name, "has indices that are no plain integers", CUT_SHORT)
        return self._read(description, "SCALAR", 3 * limits.MAX_FACES)[:, 0].astype(np.int64)

    def _description(self, index: int) -> dict[str, Any]:
        if index >= len(self._tables):
            raise BadInput(self._name, f"names accessor {index}, there are {len(self._tables)}", CUT_SHORT)
        return self._tables[index]

    def _read(self, description: dict[str, Any], kind: str, most: int) -> np.ndarray:
        """Return (count, width) of the stored type, a view of the bytes."""
        component = number(description, "componentType", self._name)
        if description.get("type") != kind or component not in _COMPONENTS:
            raise BadInput(self._name, f"has an accessor that is not {kind} of a known type", CUT_SHORT)
        item = np.dtype(_COMPONENTS[component])
        count, width = number(description, "count", self._name), _WIDTHS[kind]
        if count > most:
            raise BadInput(self._name, f"declares {count} values in an accessor, at most {most} are read")
        start, end, stride = self._span(description, item.itemsize * width)
        needed = stride * (count - 1) + item.itemsize * width if count else 0
        check_present(self._name, start + needed, end, f"{count} values of an accessor")
        strides = (stride, item.itemsize)
        return np.ndarray((count, width), item, self._binary, start if count else 0, strides if count else None)

    def _span(self, description: dict[str, Any], item_bytes: int) -> tuple[int, int, int]:
        """Return where in the binary chunk an accessor begins, where its view ends, and its stride in bytes."""
        views = self._views
        if "bufferView" not in description or "sparse" in description:
            raise BadInput(self._name, "is compressed or sparse", "export it without mesh compression")
        index = number(description, "bufferView", self._name)
        view = views[index] if index < len(views) else {}
        compressed = "EXT_meshopt_compression" in str(view.get("extensions", ""))[:1000]
        buffer = number(view, "buffer", self._name)
        if compressed or buffer != 0 or not self._buffers or "uri" in self._buffers[0]:
            raise BadInput(self._name, "keeps its bytes outside or compressed", "export one plain .glb file")
        first, length = number(view, "byteOffset", self._name, 0), number(view, "byteLength", self._name)
        check_present(self._name, first + length, len(self._binary), "a buffer view")
        stride = number(view, "byteStride", self._name, item_bytes)
        if not item_bytes <= stride <= _WIDEST_STRIDE:
            raise BadInput(self._name, f"has values {stride} bytes apart that take {item_bytes}", CUT_SHORT)
        return first + number(description, "byteOffset", self._name, 0), first + length, stride
