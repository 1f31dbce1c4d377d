"""PLY: text, or binary of either byte order, with any elements and properties; of them the mesh is taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import CUT_SHORT, Contents, check_counts, check_present, fans, mesh_contents
from shapespace.shapes.formats.text import BLOCK_ROWS, Lines, columns, polygons, table, whole
from shapespace.shapes.mesh import Mesh

_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_LONGEST_HEADER = 1 << 16
_CORNERS = ("vertex_indices", "vertex_index")
_COORDINATES = ("x", "y", "z")


@dataclass(frozen=True)
class Property:
    """A number of an element, or a list of them when `counted` names the type of its length."""

    name: str
    kind: str
    counted: str = ""


@dataclass(frozen=True)
class Element:
    """Rows of properties."""

    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def fewest_bytes(self) -> int:
        """Bytes that a row takes at least, in a binary file."""
        return sum(np.dtype(each.counted or each.kind).itemsize for each in self.properties)

    def place(self, names: tuple[str, ...]) -> int | None:
        """Return the place of the first property with one of the names."""
        return next((k for k, each in enumerate(self.properties) if each.name in names), None)


Rows = tuple[np.ndarray, np.ndarray]
"""(values, counts) of an element: see `text.table`."""


def parse(data: bytes, name: str) -> Contents:
    """Return the mesh of a .ply file.

    Raises:
        BadInput: If it is no PLY file, has no faces, or is not as long as it declares.
    """
    order, elements, start = _header(data, name)
    read = _text_elements if order == "" else _binary_elements
    vertices, faces = np.empty((0, 3)), np.empty((0, 3), np.int64)
    for element, found in read(data, start, elements, order, name):
        if element.name == "vertex":
            vertices = found
        elif element.name == "face":
            faces = found
    return mesh_contents(name, vertices, faces)


def encode(mesh: Mesh) -> bytes:
    """Return the bytes of a binary .ply file, exact to the last bit of each coordinate."""
    lines = ["ply", "format binary_little_endian 1.0", f"element vertex {len(mesh.vertices)}"]
    lines += [f"property double {axis}" for axis in _COORDINATES]
    lines += [f"element face {len(mesh.faces)}", "property list uchar int vertex_indices", "end_header", ""]
    faces = np.empty(len(mesh.faces), [("count", "u1"), ("corners", "<i4", 3)])
    faces["count"], faces["corners"] = 3, mesh.faces
    return "\n".join(lines).encode() + mesh.vertices.astype("<f8").tobytes() + faces.tobytes()


def _header(data: bytes, name: str) -> tuple[str, list[Element], int]:
    """Return byte order ("" for text), elements, and where they begin."""
    end = data.find(b"end_header", 0, _LONGEST_HEADER)
    if data[:3] != b"ply" or end < 0:
        raise BadInput(name, "has no complete PLY header", "is it what its ending says?")
    order, elements = None, []
    for words in (line.split() for line in data[3:end].decode("ascii", "replace").splitlines()):
        if words[:1] == ["format"] and len(words) > 1:
            order = _ORDERS.get(words[1])
        elif words[:1] == ["element"]:
            elements.append(_element(words, name))
        elif words[:1] == ["property"]:
            elements[-1:] = [_with_property(elements, words, name)]
    if order is None:
        raise BadInput(name, "names no format that PLY has", "ascii and binary files are read")
    newline = data.find(b"\n", end) + 1
    _check(elements, len(data) - newline, order, name)
    return order, elements, newline or len(data)


def _element(words: list[str], name: str) -> Element:
    if len(words) != 3 or not (words[2].isascii() and words[2].isdigit() and len(words[2]) < 16):
        raise BadInput(name, f"has a strange line in its header: {' '.join(words)[:60]!r}")
    return Element(words[1], int(words[2]), ())


def _with_property(elements: list[Element], words: list[str], name: str) -> Element:
    kinds = [_TYPES.get(word, "") for word in words[1:-1] if word != "list"]
    is_list = words[1:2] == ["list"]
    if not elements or len(kinds) != 1 + is_list or "" in kinds or (is_list and kinds[0][0] == "f"):
        raise BadInput(name, f"has a strange line in its header: {' '.join(words)[:60]!r}")
    last = elements[-1]
    added = Property(words[-1], kinds[-1], kinds[0] if is_list else "")
    return Element(last.name, last.count, (*last.properties, added))


def _check(elements: list[Element], present: int, order: str, name: str) -> None:
    count = {element.name: element.count for element in elements}
    check_counts(name, count.get("vertex", 0), count.get("face", 0))
    if len(count) != len(elements) or any(element.count and not element.properties for element in elements):
        raise BadInput(name, "has an element twice, or one without properties")
    # In text a number takes a digit and a space or line end.
    row = [element.fewest_bytes if order else 2 * len(element.properties) for element in elements]
    needed = sum(element.count * size for element, size in zip(elements, row, strict=True)) - (not order)
    check_present(name, needed, present, "the declared elements")


def _mesh_part(element: Element, name: str) -> list[int]:
    """Return the places of what is wanted of an element: coordinates of vertices, corners of faces, else nothing."""
    if element.name == "vertex":
        places = [element.place((axis,)) for axis in _COORDINATES]
    elif element.name == "face":
        places = [element.place(_CORNERS)]
    else:
        return []
    wanted = [place for place in places if place is not None]
    is_list = [bool(element.properties[place].counted) for place in wanted]
    if len(wanted) < len(places) or any(is_list) != (element.name == "face"):
        raise BadInput(name, f"has {element.name} elements without their usual properties", "export it again")
    return wanted


def _text_elements(
    data: bytes, start: int, elements: list[Element], _order: str, name: str
) -> Iterator[tuple[Element, np.ndarray]]:
    lines = Lines(data[start:])
    for element in elements:
        wanted, parts = _mesh_part(element, name), []
        for first in range(0, element.count, BLOCK_ROWS):
            taken = lines.take(min(BLOCK_ROWS, element.count - first))
            if len(taken) < min(BLOCK_ROWS, element.count - first):
                raise BadInput(name, f"declares {element.count} {element.name}, has {first + len(taken)}", CUT_SHORT)
            parts.append(_text_part(element, wanted, taken, name))
        if parts and wanted:
            yield element, np.concatenate(parts)


def _text_part(element: Element, wanted: list[int], lines: list[bytes], name: str) -> np.ndarray:
    if not wanted:
        return np.empty(0)
    rows = table(name, lines)
    if element.name == "vertex":
        return columns(name, *rows, wanted)
    if any(each.counted for each in element.properties[: wanted[0]]):
        raise BadInput(name, "has another list before the corners of its faces", "save it as binary")
    return fans(name, *polygons(name, *rows, first=wanted[0]))


def _binary_elements(
    data: bytes, start: int, elements: list[Element], order: str, name: str
) -> Iterator[tuple[Element, np.ndarray]]:
    for element in elements:
        wanted = _mesh_part(element, name)
        if not any(each.counted for each in element.properties):
            rows, start = _fixed_rows(data, start, element, order, name)
            found = np.stack([rows[f"p{k}"].astype(np.float64) for k in wanted], axis=1) if wanted else rows
        else:
            corners, sizes, start = _listed_rows(data, start, element, (wanted or [-1])[0], order, name)
            found = fans(name, corners, sizes)
        if wanted:
            yield element, found


def _fixed_rows(data: bytes, start: int, element: Element, order: str, name: str) -> tuple[np.ndarray, int]:
    kind = np.dtype([(f"p{k}", order + each.kind) for k, each in enumerate(element.properties)])
    end = start + kind.itemsize * element.count
    check_present(name, end, len(data), f"{element.count} {element.name}")
    return np.frombuffer(data, kind, element.count, start), end


def _listed_rows(
    data: bytes, start: int, element: Element, wanted: int, order: str, name: str
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the corners of all rows, their number in each, and where the rows end.

    Most meshes have one number of corners throughout: then the rows are one table. Else each is walked.
    """
    lists = [k for k, each in enumerate(element.properties) if each.counted]
    if len(lists) == 1 and element.count:
        found = _equal_rows(data, start, element, lists[0], order)
        if found is not None:
            corners = found[f"p{lists[0]}"]
            sizes = np.full(len(corners), corners.shape[1])
            return whole(name, corners.reshape(-1)), sizes, start + found.nbytes
    begins, sizes, end = _walk(data, start, element, wanted, order, name)
    kind = np.dtype(order + element.properties[wanted].kind)
    places = np.repeat(begins - kind.itemsize * (np.cumsum(sizes) - sizes), sizes)
    places = places + kind.itemsize * np.arange(len(places))
    raw = np.frombuffer(data, np.uint8)[places[:, None] + np.arange(kind.itemsize)]
    return whole(name, raw.reshape(-1).view(kind)), sizes, end


def _equal_rows(data: bytes, start: int, element: Element, listed: int, order: str) -> np.ndarray | None:
    """Return the rows as one table if every list is as long as the first, else None."""
    before = sum(np.dtype(each.kind).itemsize for each in element.properties[:listed])
    length = _number(data, start + before, element.properties[listed].counted, order)
    if length is None or length * element.count > len(data):
        return None
    fields: list[tuple[str, str] | tuple[str, str, tuple[int]]] = []
    for k, each in enumerate(element.properties):
        if each.counted:
            fields += [("count", order + each.counted), (f"p{k}", order + each.kind, (length,))]
        else:
            fields.append((f"p{k}", order + each.kind))
    kind = np.dtype(fields)
    if start + kind.itemsize * element.count > len(data):
        return None
    rows = np.frombuffer(data, kind, element.count, start)
    return rows if (rows["count"] == length).all() else None


def _number(data: bytes, start: int, kind: str, order: str) -> int | None:
    """Return an integer at a place of the data, None where it ends or for a number below 0."""
    end = start + int(kind[1])
    if end > len(data):
        return None
    number = int.from_bytes(data[start:end], "big" if order == ">" else "little", signed=kind[0] == "i")
    return number if number >= 0 else None


def _walk(
    data: bytes, start: int, element: Element, wanted: int, order: str, name: str
) -> tuple[np.ndarray, np.ndarray, int]:
    """Return where the wanted list of each row begins, its length, and where the rows end."""
    begins, sizes = np.zeros(element.count, np.int64), np.zeros(element.count, np.int64)
    layout = [(k == wanted, each.counted, int(each.kind[1])) for k, each in enumerate(element.properties)]
    for row in range(element.count):
        for is_wanted, counted, size in layout:
            if not counted:
                start += size
                continue
            length = _number(data, start, counted, order)
            if length is None:
                raise BadInput(name, f"list {row} of {element.name} has no length", CUT_SHORT)
            start += int(counted[1])
            if is_wanted:
                begins[row], sizes[row] = start, length
            start += length * size
        if start > len(data):
            raise BadInput(name, f"declares {element.count} {element.name}, has {row}", CUT_SHORT)
    return begins, sizes, start
