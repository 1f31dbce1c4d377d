"""MagicaVoxel's .vox: voxels one by one, in models that a scene moves and turns; z up, right-handed.

Source:
    github.com/ephtracy/voxel-model: the format and its extension for scenes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from shapespace.errors import BadInput, UsageError
from shapespace.shapes.formats.contents import CUT_SHORT, Contents, check_present, check_sides, voxel_contents

LONGEST_SIDE = 256
MOST_CELLS = 1 << 25
"""Voxels of a grid. The file names only full ones, so a few bytes may ask for a large grid."""

_MOST_PLACES, _DEEPEST = 4096, 64
_FARTHEST = 1 << 20
_HEADER_BYTES, _CHUNK_BYTES = 8, 12


@dataclass(frozen=True)
class Model:
    """(n, 3) int64 full voxels within a box of `size`."""

    size: np.ndarray
    voxels: np.ndarray


@dataclass(frozen=True)
class Node:
    """A transform (one child), a group (several) or a shape (models)."""

    rotation: np.ndarray = field(default_factory=lambda: np.eye(3, dtype=np.int64))
    shift: np.ndarray = field(default_factory=lambda: np.zeros(3, np.int64))
    children: tuple[int, ...] = ()
    models: tuple[int, ...] = ()


def parse(data: bytes, name: str) -> Contents:
    """Return the grid of a .vox file: its only model, or the box around all models of its scene.

    Raises:
        BadInput: If it is no .vox file, or larger than it may be.
    """
    if data[:4] != b"VOX " or len(data) < _HEADER_BYTES:
        raise BadInput(name, "does not begin with VOX", "is it what its ending says?")
    models, nodes = _read(data, name)
    if not models:
        raise BadInput(name, "holds no model", CUT_SHORT)
    if len(models) == 1 or 0 not in nodes:  # several models without a scene are frames of one shape
        return _filled(models[0].voxels, models[0].size, name)
    parts = list(_placed(models, nodes, name))
    if not parts:
        raise BadInput(name, "has a scene without a model", CUT_SHORT)
    voxels, low, high = zip(*parts, strict=True)
    lowest = np.min(low, axis=0)
    return _filled(np.concatenate(voxels) - lowest, np.max(high, axis=0) - lowest, name)


def encode(voxels: np.ndarray) -> bytes:
    """Return the bytes of a .vox file with one model.

    Args:
        voxels: (x, y, z) bool.

    Raises:
        UsageError: If a side is longer than a model's may be.
    """
    if max(voxels.shape) > LONGEST_SIDE:
        raise UsageError(f".vox holds at most {LONGEST_SIDE} voxels along a side, not {max(voxels.shape)}; use .binvox")
    places = np.argwhere(voxels)
    rows = np.column_stack([places, np.ones(len(places))]).astype(np.uint8)
    size = chunk(b"SIZE", struct.pack("<3i", *voxels.shape))
    return assemble(size + chunk(b"XYZI", struct.pack("<i", len(rows)) + rows.tobytes()))


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk without children."""
    return kind + struct.pack("<ii", len(content), 0) + content


def assemble(chunks: bytes) -> bytes:
    """Return a .vox file of its chunks."""
    return b"VOX " + struct.pack("<i", 150) + b"MAIN" + struct.pack("<ii", 0, len(chunks)) + chunks


def _filled(voxels: np.ndarray, size: np.ndarray, name: str) -> Contents:
    sides = tuple(size.tolist())
    check_sides(name, sides)
    if sides[0] * sides[1] * sides[2] > MOST_CELLS:
        raise BadInput(name, f"has a box of {sides}, at most {MOST_CELLS} voxels are read")
    grid = np.zeros(sides, bool)
    grid[tuple(voxels.T)] = True
    return voxel_contents(name, grid)


def _read(data: bytes, name: str) -> tuple[list[Model], dict[int, Node]]:
    """Return the models and the nodes of the scene by their numbers."""
    models: list[Model] = []
    nodes: dict[int, Node] = {}
    size = None
    for kind, content in _chunks(data, name):
        words = _Words(content, name)
        if kind == b"SIZE":
            size = np.array([words.integer() for _ in range(3)])
            check_sides(name, tuple(size.tolist()))
        elif kind == b"XYZI" and size is not None:
            models.append(_model(words, size, name))
        elif kind in _NODES and len(nodes) < _MOST_PLACES:
            number = words.integer()
            nodes[number] = _NODES[kind](words, words.dictionary())
    return models, nodes


def _chunks(data: bytes, name: str) -> Iterator[tuple[bytes, memoryview]]:
    view, start = memoryview(data), _HEADER_BYTES
    while start + _CHUNK_BYTES <= len(data):
        kind = data[start : start + 4]
        own, children = struct.unpack_from("<II", data, start + 4)
        start += _CHUNK_BYTES
        check_present(name, own + children, len(data) - start, f"the chunk {kind.decode('ascii', 'replace')!r}")
        yield kind, view[start : start + own]
        start += own  # the children of MAIN follow and are read like the rest


def _model(words: _Words, size: np.ndarray, name: str) -> Model:
    count = words.integer()
    voxels = np.frombuffer(words.take(4 * count), np.uint8).reshape(-1, 4)[:, :3].astype(np.int64)
    if (voxels >= size).any():
        raise BadInput(name, "has a voxel outside of its model", CUT_SHORT)
    return Model(size, voxels)


class _Words:
    """The values in a chunk, one after the other."""

    def __init__(self, content: memoryview, name: str) -> None:
        self._content, self._start, self.name = content, 0, name

    def take(self, count: int) -> memoryview:
        check_present(self.name, count, len(self._content) - self._start, "the values of a chunk")
        self._start += count
        return self._content[self._start - count : self._start]

    def integer(self) -> int:
        """Return a number from 0 on; nothing in a .vox file that is read here may be below."""
        value = int.from_bytes(self.take(4), "little", signed=True)
        if value < 0:
            raise BadInput(self.name, f"has the number {value} where none below 0 can be", CUT_SHORT)
        return value

    def signed(self) -> int:
        return int.from_bytes(self.take(4), "little", signed=True)

    def dictionary(self) -> dict[bytes, bytes]:
        return {bytes(self.take(self.integer())): bytes(self.take(self.integer())) for _ in self.repeat()}

    def repeat(self) -> range:
        """Return a range of the number that stands next, of values with four bytes at least."""
        count = self.integer()
        check_present(self.name, 4 * count, len(self._content) - self._start, "the values of a chunk")
        return range(count)


def _transform(words: _Words, attributes: dict[bytes, bytes]) -> Node:
    child = words.integer()
    _reserved, _layer, frames = words.signed(), words.signed(), words.integer()
    frame = words.dictionary() if frames else {}  # of an animation, the first frame
    children = () if attributes.get(b"_hidden") == b"1" else (child,)
    return Node(_rotation(frame.get(b"_r", b"4"), words), _shift(frame.get(b"_t", b"0 0 0"), words), children)


def _group(words: _Words, _attributes: dict[bytes, bytes]) -> Node:
    return Node(children=tuple(words.integer() for _ in words.repeat()))


def _shape(words: _Words, _attributes: dict[bytes, bytes]) -> Node:
    return Node(models=tuple(_model_number(words) for _ in list(words.repeat())[:1]))  # the first frame


_NODES = {b"nTRN": _transform, b"nGRP": _group, b"nSHP": _shape}


def _model_number(words: _Words) -> int:
    number = words.integer()
    words.dictionary()
    return number


def _rotation(text: bytes, words: _Words) -> np.ndarray:
    """Return a signed permutation: two bits each for the columns of rows 0 and 1, then three bits of signs."""
    bits = int(text) if text.isdigit() and len(text) < 4 else 0
    first, second = bits & 3, bits >> 2 & 3
    if first == second or 3 in (first, second):
        raise BadInput(words.name, f"has a rotation {text[:20].decode('ascii', 'replace')!r} that is none", CUT_SHORT)
    matrix = np.zeros((3, 3), np.int64)
    for row, column in enumerate((first, second, 3 - first - second)):
        matrix[row, column] = -1 if bits >> (4 + row) & 1 else 1
    return matrix


def _shift(text: bytes, words: _Words) -> np.ndarray:
    parts = text.split()
    if len(parts) != 3 or not all(part.removeprefix(b"-").isdigit() and len(part) < 8 for part in parts):
        shown = text[:40].decode("ascii", "replace")
        raise BadInput(words.name, f"has a translation {shown!r} that is not three whole numbers", CUT_SHORT)
    return np.array([int(part) for part in parts], np.int64)


def _placed(
    models: list[Model], nodes: dict[int, Node], name: str
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield voxels, low and high corner of each model where the scene puts it."""
    waiting = [(0, np.eye(3, dtype=np.int64), np.zeros(3, np.int64), 0)]
    for _ in range(_MOST_PLACES):
        if not waiting:
            return
        number, rotation, shift, depth = waiting.pop()
        node = nodes.get(number)
        if node is None or depth > _DEEPEST or np.abs(shift).max() > _FARTHEST:
            raise BadInput(name, f"has a scene whose node {number} is missing, too deep or too far away", CUT_SHORT)
        shift, rotation = shift + rotation @ node.shift, rotation @ node.rotation
        waiting += [(child, rotation, shift, depth + 1) for child in reversed(node.children[:_MOST_PLACES])]
        for index in node.models:
            if index >= len(models):
                raise BadInput(name, f"its scene names model {index}, there are {len(models)}", CUT_SHORT)
            yield _moved(models[index], rotation, shift)
    raise BadInput(name, f"its scene has more than {_MOST_PLACES} places")


def _moved(model: Model, rotation: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return voxels, low and high corner after a turn about the model's middle voxel corner and a shift."""
    pivot = model.size // 2
    # Twice the centres of voxels are odd integers, so that a turn never needs to round.
    voxels = ((2 * (model.voxels - pivot) + 1) @ rotation.T - 1) // 2 + shift
    corners = np.stack([-pivot, model.size - pivot]) @ rotation.T + shift
    return voxels, corners.min(axis=0), corners.max(axis=0)
