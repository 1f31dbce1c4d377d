"""Accessors of glTF: typed tables within its buffers, checked against the bytes that are there.

A buffer is the binary chunk of a .glb file, or stands as base64 in the document. One that lies elsewhere is refused.
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import CUT_SHORT, check_present

_COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_INDEX_COMPONENTS = (5121, 5123, 5125)
_WIDTHS = {"SCALAR": 1, "VEC3": 3}
_WIDEST_STRIDE = 4096
_ONE_FILE = "export one .glb file, or a .gltf with its buffers embedded"


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


def embedded(buffer: dict[str, Any], name: str) -> bytes:
    """Return the bytes of a buffer that stands in the document, as base64 in a `data:` address.

    Raises:
        BadInput: If it lies elsewhere, is no base64, or has fewer bytes than it declares.
    """
    uri = buffer.get("uri")
    if uri is None:
        raise BadInput(name, "names a buffer that has no bytes", _ONE_FILE)
    if not isinstance(uri, str) or not uri.startswith("data:"):
        raise BadInput(name, f"keeps its bytes outside, in {str(uri)[:60]!r}, which is never read", _ONE_FILE)
    head, comma, body = uri.partition(",")
    if not comma or not head.endswith(";base64"):
        raise BadInput(name, f"has a buffer that is no base64: {head[:60]!r}", _ONE_FILE)
    try:
        data = base64.b64decode(body, validate=True)
    except ValueError as error:
        raise BadInput(name, f"has a buffer of broken base64: {str(error)[:80]}", CUT_SHORT) from None
    check_present(name, number(buffer, "byteLength", name), len(data), "a buffer")
    return data


class Accessors:
    """The tables that a document describes, by their numbers."""

    def __init__(self, document: dict[str, Any], binary: bytes | None, name: str) -> None:
        """Keep the descriptions; nothing is read yet.

        Args:
            document: What describes them.
            binary: The first buffer's bytes, where the document has no address for it; None if there are none.
            name: Of the file, for messages.
        """
        self._tables, self._views = (objects(document, key, name) for key in ("accessors", "bufferViews"))
        self._buffers = objects(document, "buffers", name)
        self._binary, self._name = binary, name
        self._decoded: dict[int, bytes] = {}

    def positions(self, index: int) -> np.ndarray:
        """Return (V, 3) float64.

        Raises:
            BadInput: If there is no such table, or not all of it.
        """
        description = self._description(index)
        found = self._read(description, "VEC3", limits.MAX_VERTICES)
        if description.get("normalized") is True and found.dtype.kind in "iu":
            return np.maximum(found / np.iinfo(found.dtype).max, -1.0)
        with np.errstate(invalid="ignore"):  # a NaN may be of the kind that warns; it is refused as not finite
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
        data, start, end, stride = self._span(description, item.itemsize * width)
        needed = stride * (count - 1) + item.itemsize * width if count else 0
        check_present(self._name, start + needed, end, f"{count} values of an accessor")
        strides = (stride, item.itemsize)
        return np.ndarray((count, width), item, data, start if count else 0, strides if count else None)

    def _span(self, description: dict[str, Any], item_bytes: int) -> tuple[bytes, int, int, int]:
        """Return a buffer, where in it an accessor begins, where its view ends, and its stride in bytes."""
        views = self._views
        if "bufferView" not in description or "sparse" in description:
            raise BadInput(self._name, "is compressed or sparse", "export it without mesh compression")
        index = number(description, "bufferView", self._name)
        view = views[index] if index < len(views) else {}
        if "EXT_meshopt_compression" in str(view.get("extensions", ""))[:1000]:
            raise BadInput(self._name, "is compressed", "export it without mesh compression")
        data = self._buffer(number(view, "buffer", self._name))
        first, length = number(view, "byteOffset", self._name, 0), number(view, "byteLength", self._name)
        check_present(self._name, first + length, len(data), "a buffer view")
        stride = number(view, "byteStride", self._name, item_bytes)
        if not item_bytes <= stride <= _WIDEST_STRIDE:
            raise BadInput(self._name, f"has values {stride} bytes apart that take {item_bytes}", CUT_SHORT)
        return data, first + number(description, "byteOffset", self._name, 0), first + length, stride

    def _buffer(self, index: int) -> bytes:
        if index >= len(self._buffers):
            raise BadInput(self._name, f"names buffer {index}, there are {len(self._buffers)}", CUT_SHORT)
        if "uri" not in self._buffers[index] and index == 0 and self._binary is not None:
            return self._binary
        if index not in self._decoded:
            self._decoded[index] = embedded(self._buffers[index], self._name)
        return self._decoded[index]
