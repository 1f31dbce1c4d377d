"""PLY: text, and binary of either byte order, with any list of properties."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_count, fan, mesh_contents, whole

_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
MAX_HEADER_BYTES = 65_536
MAX_PROPERTIES = 256


@dataclass(frozen=True)
class _Property:
    name: str
    kind: str
    count_kind: str = ""
    """Type of the length of a list; empty for a plain value."""


@dataclass(frozen=True)
class _Element:
    name: str
    count: int
    properties: list[_Property] = field(default_factory=list)

    @property
    def is_plain(self) -> bool:
        return not any(p.count_kind for p in self.properties)


def parse(data: bytes, name: str) -> Contents:
    """Return the mesh of a PLY file: its elements `vertex` and `face`; all others are passed over.

    Raises:
        BadInput: If it is broken or beyond the limits.
    """
    order, elements, start = _header(data, name)
    reader = _Text(data[start:], name) if order == "" else _Binary(data, start, order, name)
    vertices, corners, counts = np.empty((0, 3)), np.empty(0, np.int64), np.empty(0, np.int64)
    for element in elements:
        if element.name == "vertex":
            vertices = _positions(reader, element, name)
        elif element.name == "face":
            corners, counts = reader.polygons(element)
        else:
            reader.skip(element)
    return mesh_contents(vertices, fan(corners, counts, name), name)


def _header(data: bytes, name: str) -> tuple[str, list[_Element], int]:
    end = data.find(b"end_header", 0, MAX_HEADER_BYTES)
    if not data.startswith(b"ply") or end < 0:
        raise BadInput(name, "no PLY header")
    start = data.find(b"\n", end) + 1
    order, elements = "?", []
    for line in data[:end].decode("ascii", "replace").splitlines()[1:]:
        match line.split():
            case ["format", kind, _] if kind in _ORDERS:
                order = _ORDERS[kind]
            case ["element", what, count] if count.isdigit() and len(count) < 12:
                most = limits.MAX_VERTICES if what == "vertex" else limits.MAX_FACES
                check_count(int(count), most, f"elements of {what[:20]}", name)
                elements.append(_Element(what, int(count)))
            case ["property", "list", count_kind, kind, what] if elements:
                elements[-1].properties.append(_Property(what, _TYPES[kind], _TYPES[count_kind]))
            case ["property", kind, what] if elements:
                elements[-1].properties.append(_Property(what, _TYPES[kind]))
            case ["comment" | "obj_info", *_] | []:
                pass
            case _:
                raise BadInput(name, f"a header line that cannot be read: {line[:60]!r}")
    if order == "?" or start == 0 or sum(len(e.properties) for e in elements) > MAX_PROPERTIES:
        raise BadInput(name, "no usable PLY header")
    return order, elements, start


def _positions(reader: _Text | _Binary, element: _Element, name: str) -> np.ndarray:
    if not element.is_plain:
        raise BadInput(name, "its vertices hold lists, which no program we know writes")
    columns = reader.table(element)
    if not {"x", "y", "z"} <= columns.keys():
        raise BadInput(name, "its vertices lack x, y or z")
    return np.stack([columns[axis].astype(np.float64) for axis in "xyz"], axis=1)


class _Text:
    def __init__(self, data: bytes, name: str) -> None:
        self.lines, self.name, self.at = [line for line in data.splitlines() if line.strip()], name, 0

    def table(self, element: _Element) -> dict[str, np.ndarray]:
        width = len(element.properties)
        values = np.array(b" ".join(self._take(element)).split(), dtype=np.float64).reshape(element.count, width)
        return {p.name: values[:, i] for i, p in enumerate(element.properties)}

    def polygons(self, element: _Element) -> tuple[np.ndarray, np.ndarray]:
        corners: list[np.ndarray] = []
        for line in self._take(element):
            words = np.array(line.split(), dtype=np.float64)
            corners.append(self._corners(words, element))
        counts = np.array([len(row) for row in corners], np.int64)
        return np.concatenate(corners) if corners else np.empty(0, np.int64), counts

    def skip(self, element: _Element) -> None:
        self._take(element)

    def _corners(self, words: np.ndarray, element: _Element) -> np.ndarray:
        at, found = 0, np.empty(0, np.int64)
        for p in element.properties:
            if not p.count_kind:
                at += 1
                continue
            count = int(whole(words[at : at + 1], self.name)[0])
            row = words[at + 1 : at + 1 + count]
            if count < 0 or len(row) != count:
                raise BadInput(self.name, f"a list declares {count} values and has {len(row)}")
            at += 1 + count
            if p.name in ("vertex_indices", "vertex_index"):
                found = whole(row, self.name)
        return found

    def _take(self, element: _Element) -> list[bytes]:
        taken = self.lines[self.at : self.at + element.count]
        if len(taken) != element.count:
            raise BadInput(self.name, f"declares {element.count:,} of {element.name}, {len(taken):,} are there")
        self.at += element.count
        return taken


class _Binary:
    def __init__(self, data: bytes, start: int, order: str, name: str) -> None:
        self.data, self.at, self.order, self.name = data, start, order, name

    def table(self, element: _Element) -> dict[str, np.ndarray]:
        rows = self._rows(element, [(f"{i}", self.order + p.kind) for i, p in enumerate(element.properties)])
        return {p.name: rows[f"{i}"] for i, p in enumerate(element.properties)}

    def polygons(self, element: _Element) -> tuple[np.ndarray, np.ndarray]:
        fast = self._triangles(element)
        if fast is not None:
            return fast
        corners: list[np.ndarray] = []
        for _ in range(element.count):
            corners.append(self._face(element))
        counts = np.array([len(row) for row in corners], np.int64)
        return np.concatenate(corners).astype(np.int64) if corners else np.empty(0, np.int64), counts

    def skip(self, element: _Element) -> None:
        if element.is_plain:
            self.table(element)
        else:
            for _ in range(element.count):
                self._face(element)

    def _triangles(self, element: _Element) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the corners where every list has three values, as nearly always; None where one has not."""
        lists = [p for p in element.properties if p.count_kind]
        if len(lists) != 1 or lists[0].name not in ("vertex_indices", "vertex_index"):
            return None
        fields: list[tuple] = []
        for i, p in enumerate(element.properties):
            if p.count_kind:
                fields += [("count", self.order + p.count_kind), ("corners", self.order + p.kind, 3)]
            else:
                fields.append((f"{i}", self.order + p.kind))
        if self.at + np.dtype(fields).itemsize * element.count > len(self.data):
            return None
        rows = np.frombuffer(self.data, np.dtype(fields), element.count, self.at)
        if not (rows["count"] == 3).all():
            return None
        self.at += rows.nbytes
        return rows["corners"].astype(np.int64).ravel(), np.full(element.count, 3)

    def _face(self, element: _Element) -> np.ndarray:
        found = np.empty(0, np.int64)
        for p in element.properties:
            if not p.count_kind:
                self._values(p.kind, 1)
                continue
            count = int(self._values(p.count_kind, 1)[0])
            row = self._values(p.kind, count)
            if p.name in ("vertex_indices", "vertex_index"):
                found = row
        return found

    def _rows(self, element: _Element, fields: list[tuple[str, str]]) -> np.ndarray:
        kind = np.dtype(fields)
        if self.at + kind.itemsize * element.count > len(self.data):
            raise BadInput(
                self.name, f"declares {element.count:,} of {element.name}, more than is there", "it is cut off"
            )
        rows = np.frombuffer(self.data, kind, element.count, self.at)
        self.at += rows.nbytes
        return rows

    def _values(self, kind: str, count: int) -> np.ndarray:
        size = np.dtype(kind).itemsize
        if not 0 <= count <= limits.MAX_POLYGON_CORNERS or self.at + size * count > len(self.data):
            raise BadInput(self.name, f"a list of {count:,} values at byte {self.at:,}", "it is cut off or broken")
        values = np.frombuffer(self.data, self.order + kind, count, self.at)
        self.at += values.nbytes
        return values
