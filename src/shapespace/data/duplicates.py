"""Which shapes are the same shape: copies, bit-equal grids, and grids with IoU >= 0.95, as clusters.

For two grids with `s` filled voxels together and `x` voxels that differ, IoU = (s - x) / (s + x); so IoU >= 0.95
is `s >= 39 x`, in whole numbers. `x` is at least the difference of the two counts, and at least the summed
difference of the counts in 64 cells: almost every pair is decided by these few numbers, and only the rest
are read. Memory: about 400 bytes a shape and one block of bits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

READ_BLOCK = 64
"""Shapes whose bits are held at a time."""

Bits = Callable[[np.ndarray], np.ndarray]
"""From shape numbers to their packed bits, (n, bytes) uint8."""


@dataclass(frozen=True)
class Clusters:
    """Shapes that belong together.

    Attributes:
        numbers: (n,) uint32, the cluster of each shape, numbered by first member.
        exact: Source shapes that are bit-equal to an earlier one.
        near: Source shapes that are near, but not equal, to an earlier one.
    """

    numbers: np.ndarray
    exact: int
    near: int

    @property
    def count(self) -> int:
        """Number of clusters."""
        return int(self.numbers.max()) + 1 if len(self.numbers) else 0


def find_clusters(bits: Bits, signatures: np.ndarray, digests: np.ndarray, groups: np.ndarray) -> Clusters:
    """Return the clusters of n shapes.

    Args:
        bits: Reads packed shapes by number.
        signatures: (n, cells) uint32, from `signature`.
        digests: (n,) bytes, equal only for equal grids.
        groups: (n,) integers, equal for mirrored and turned copies of one shape.
    """
    forest = _Forest(len(digests))
    _join_equal(forest, groups)
    shapes = forest.trees
    _join_equal(forest, digests)
    distinct = forest.trees
    _join_near(forest, bits, signatures, np.sort(np.unique(digests, return_index=True)[1]))
    return Clusters(forest.numbers(), exact=shapes - distinct, near=distinct - forest.trees)


def digest(row: np.ndarray) -> str:
    """Return 32 hexadecimal digits, equal only for equal grids; text, for numpy cuts zero bytes off the end of bytes.

    Args:
        row: (bytes,) uint8, packed.
    """
    return hashlib.blake2b(row.tobytes(), digest_size=16).hexdigest()


def signature(bits: np.ndarray, resolution: int) -> np.ndarray:
    """Return (n, cells) uint32, the filled voxels in each of at most 64 cells that cover the grid.

    Args:
        bits: (n, bytes) uint8, packed.
        resolution: Voxels along a side.
    """
    counts = np.bitwise_count(bits)
    if resolution % 8 == 0:
        layers = resolution // 8  # bytes of one row along z
        parts = next(parts for parts in (4, 3, 2, 1) if layers % parts == 0)
        cells = counts.reshape(len(bits), 4, resolution // 4, 4, resolution // 4, parts, layers // parts)
        return cells.sum(axis=(2, 4, 6), dtype=np.uint32).reshape(len(bits), 16 * parts)
    run = -(-counts.shape[1] // 64)
    padded = np.pad(counts, [(0, 0), (0, run * 64 - counts.shape[1])])
    return padded.reshape(len(bits), 64, run).sum(axis=2, dtype=np.uint32)


class _Forest:
    """Union-find over the numbers 0 to n - 1; a tree's root is its smallest member."""

    def __init__(self, count: int) -> None:
        self.parent = np.arange(count)
        self.trees = count

    def root(self, i: int) -> int:
        while self.parent[i] != i:
            self.parent[i] = i = int(self.parent[self.parent[i]])
        return i

    def join(self, i: int, j: int) -> None:
        low, high = sorted((self.root(i), self.root(j)))
        self.parent[high] = low
        self.trees -= low != high

    def roots(self) -> np.ndarray:
        while (self.parent != self.parent[self.parent]).any():
            self.parent = self.parent[self.parent]
        return self.parent

    def numbers(self) -> np.ndarray:
        return np.unique(self.roots(), return_inverse=True)[1].astype(np.uint32)


def _join_equal(forest: _Forest, keys: np.ndarray) -> None:
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    for i, j in zip(order[same].tolist(), order[same + 1].tolist(), strict=True):
        forest.join(i, j)


def _join_near(forest: _Forest, bits: Bits, signatures: np.ndarray, distinct: np.ndarray) -> None:
    from shapespace.data.pairs import candidates  # numba loads only when it is needed

    totals = signatures[distinct].sum(axis=1, dtype=np.int64)
    order = np.argsort(totals, kind="stable")
    shapes, totals, cells = distinct[order], totals[order], signatures[distinct[order]].astype(np.int32)
    for row in range(len(shapes)):
        others = candidates(cells, totals, row)
        if len(others):
            _join_row(forest, bits, int(shapes[row]), shapes[others])


def _join_row(forest: _Forest, bits: Bits, shape: int, others: np.ndarray) -> None:
    own = bits(np.array([shape]))
    for start in range(0, len(others), READ_BLOCK):
        block = np.array(
            [j for j in others[start : start + READ_BLOCK].tolist() if forest.root(j) != forest.root(shape)]
        )
        if not len(block):
            continue
        theirs = bits(block)
        differ = np.bitwise_count(own ^ theirs).sum(axis=1, dtype=np.int64)
        together = np.bitwise_count(own).sum(dtype=np.int64) + np.bitwise_count(theirs).sum(axis=1, dtype=np.int64)
        for j in block[together >= 39 * differ].tolist():
            forest.join(shape, j)
