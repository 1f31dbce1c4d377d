"""MagicaVoxel .vox: all models of the scene, placed by its nodes; z is up there, too."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput, UsageError
from shapespace.shapes.formats.contents import Contents, check_count, check_sides, grid_contents, slice_of

MAX_CHUNKS = 100_000
MAX_NODES = 10_000
MAX_SIDE = 256
"""Voxels along a side of one model; the format keeps a position in a byte."""


def parse(data: bytes, name: str) -> Contents:
    """Return the (x, y, z) bool grid of a .vox file, colours dropped.

    Raises:
        BadInput: If it is broken or beyond the limits.
    """
    if data[:4] != b"VOX " or len(data) < 20:
        raise BadInput(name, "no VOX header")
    models: list[tuple[tuple[int, ...], np.ndarray]] = []
    nodes: dict[int, _Node] = {}
    sides: tuple[int, ...] = ()
    for chunk, content in _chunks(data, name):
        if chunk == b"SIZE":
            sides = struct.unpack_from("<3i", content)
            check_sides(sides, name)
        elif chunk == b"XYZI":
            models.append((sides, _points(content, sides, name)))
        elif chunk in (b"nTRN", b"nGRP", b"nSHP"):
            node = _Node(chunk, content)
            nodes[node.number] = node
    if not models:
        raise BadInput(name, "no model in it")
    if len(models) == 1 and 0 not in nodes:
        return grid_contents(_filled(models[0][1], models[0][0]), name)
    points = _placed(models, nodes, name)
    if not len(points):
        raise BadInput(name, "no voxel is filled: the shape is empty")
    points = points - points.min(axis=0)
    sides = tuple((points.max(axis=0) + 1).tolist())
    check_sides(sides, name)
    return grid_contents(_filled(points, sides), name)


def encode(voxels: np.ndarray) -> bytes:
    """Return a grid as the bytes of a .vox file.

    Args:
        voxels: (x, y, z), full where nonzero or above 0.5, at most 256 along a side.

    Raises:
        UsageError: If a side is longer; the format has one byte for a position.
    """
    voxels = np.asarray(voxels) > 0.5
    if max(voxels.shape) > MAX_SIDE:
        raise UsageError(f".vox holds at most {MAX_SIDE} voxels along a side, not {max(voxels.shape)}")
    points = np.argwhere(voxels).astype(np.uint8)
    colour = np.full((len(points), 1), 121, np.uint8)  # a warm grey of the default palette
    size = _chunk(b"SIZE", struct.pack("<3i", *voxels.shape))
    content = size + _chunk(b"XYZI", struct.pack("<i", len(points)) + np.hstack([points, colour]).tobytes())
    return b"VOX " + struct.pack("<i", 150) + b"MAIN" + struct.pack("<2i", 0, len(content)) + content


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<2i", len(content), 0) + content


def _chunks(data: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    at = 20 + int.from_bytes(data[12:16], "little")  # past the header and MAIN's own content
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            return
        size, inner = struct.unpack_from("<2I", data, at + 4)
        yield data[at : at + 4], slice_of(data, at + 12, size, name)
        at += 12 + size + inner
    raise BadInput(name, f"more than {MAX_CHUNKS:,} chunks")


def _points(content: bytes, sides: tuple[int, ...], name: str) -> np.ndarray:
    if not sides:
        raise BadInput(name, "voxels before the size of their model")
    count = int.from_bytes(content[:4], "little")
    if 4 + 4 * count > len(content):
        raise BadInput(name, f"declares {count:,} voxels, {(len(content) - 4) // 4:,} are there", "it is cut off")
    points = np.frombuffer(content, np.uint8, 4 * count, 4).reshape(-1, 4)[:, :3].astype(np.int64)
    if (points >= sides).any():
        raise BadInput(name, "a voxel outside its model")
    return points


class _Node:
    """A transform, a group or a shape of the scene graph."""

    def __init__(self, kind: bytes, content: bytes) -> None:
        self.kind, self.data, self.at = kind, content, 0
        self.number = self._int()
        self._dict()
        self.children: list[int] = []
        self.models: list[int] = []
        self.turn, self.move = np.eye(3, dtype=np.int64), np.zeros(3, np.int64)
        if kind == b"nTRN":
            self.children = [self._int()]
            self.at += 12  # reserved, layer, frames
            self._place(self._dict())
        else:
            numbers = [self._int_and(kind == b"nSHP") for _ in range(min(self._int(), MAX_NODES))]
            self.children, self.models = (numbers, []) if kind == b"nGRP" else ([], numbers)

    def _place(self, frame: dict[bytes, bytes]) -> None:
        if b"_t" in frame:
            self.move = np.array(frame[b"_t"].split(), np.int64)
            if self.move.shape != (3,) or np.abs(self.move).max() > 1_000_000:
                raise ValueError("a transform that is none")
        if b"_r" in frame:
            self.turn = _turn(int(frame[b"_r"]))

    def _int(self) -> int:
        if self.at + 4 > len(self.data):
            raise ValueError("a node that is cut off")
        self.at += 4
        return int.from_bytes(self.data[self.at - 4 : self.at], "little", signed=True)

    def _int_and(self, with_attributes: bool) -> int:
        number = self._int()
        if with_attributes:
            self._dict()
        return number

    def _text(self) -> bytes:
        length = self._int()
        if not 0 <= length <= len(self.data) - self.at:
            raise ValueError("a text that is cut off")
        self.at += length
        return self.data[self.at - length : self.at]

    def _dict(self) -> dict[bytes, bytes]:
        count = self._int()
        if not 0 <= count <= 1_000:
            raise ValueError(f"{count} attributes")
        return {self._text(): self._text() for _ in range(count)}


def _turn(code: int) -> np.ndarray:
    """Return the rotation that a byte of the format stands for: bits 0-1 and 2-3 place the ones, 4-6 the signs."""
    first, second = code & 3, code >> 2 & 3
    if first == second or max(first, second) > 2:
        raise ValueError(f"rotation {code} is none")
    turn = np.zeros((3, 3), np.int64)
    for row, column in enumerate((first, second, 3 - first - second)):
        turn[row, column] = -1 if code >> (4 + row) & 1 else 1
    return turn


def _placed(models: list, nodes: dict[int, _Node], name: str) -> np.ndarray:
    """Return all voxels' positions in the scene, (n, 3)."""
    if 0 not in nodes:
        return np.concatenate([points for _, points in models])
    parts, todo, visits = [], [(0, np.eye(3, dtype=np.int64), np.zeros(3, np.int64))], 0
    while todo:
        number, turn, move = todo.pop()
        visits += 1
        if visits > MAX_NODES:
            raise BadInput(name, f"nodes that contain each other, or more than {MAX_NODES:,} of them")
        node = nodes[number]
        turn, move = turn @ node.turn, turn @ node.move + move
        for model in node.models:
            sides, points = models[model]
            # A model turns about its middle; doubled, so that even and odd sides stay whole numbers.
            doubled = 2 * points + 1 - 2 * (np.array(sides) // 2)
            parts.append((doubled @ turn.T - 1) // 2 + move)
        todo += [(child, turn, move) for child in node.children]
        check_count(sum(map(len, parts)), limits.MAX_VERTICES * 8, "voxels", name)
    return np.concatenate(parts) if parts else np.empty((0, 3), np.int64)


def _filled(points: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    voxels = np.zeros(sides, bool)
    voxels[tuple(points.T)] = True
    return voxels
