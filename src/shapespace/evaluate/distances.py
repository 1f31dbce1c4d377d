"""How far shapes are from each other: symmetric Chamfer distance and IoU of all pairs, as matrix products.

Shapes are first moved so that the centres of their bounding boxes coincide: a copy that is shifted is still a copy.
The mean distance from the voxels of A to the nearest voxel of B is A, as numbers 0 and 1, times the distance
transform of B, divided by the size of A: for all pairs at once that is one matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from shapespace.shapes.grid import centre, pack, unpack

BLOCK_BYTES = 128 << 20
"""Memory of one block of unpacked shapes, or of their distance transforms, in float32."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Shapes ready to be compared: centred, packed.

    Args:
        bits: (n, bytes) uint8, as `shapes.grid.pack` makes them.
        sizes: (n,) full voxels of each.
        resolution: Voxels along a side.
    """

    bits: np.ndarray
    sizes: np.ndarray
    resolution: int

    def __len__(self) -> int:
        """Return how many shapes there are."""
        return len(self.bits)

    def __getitem__(self, wanted: slice | np.ndarray) -> Prepared:
        """Return some of the shapes."""
        return Prepared(self.bits[wanted], self.sizes[wanted], self.resolution)

    def voxels(self) -> np.ndarray:
        """Return (n, x, y, z) bool."""
        return unpack(self.bits, self.resolution)

    @property
    def farthest(self) -> float:
        """Length of the grid's diagonal, in voxels: how far an empty shape is said to be from any other."""
        return math.sqrt(3) * self.resolution


def prepare(voxels: np.ndarray) -> Prepared:
    """Return shapes centred by their bounding boxes, ready to be compared.

    A box whose free room is odd lies half a voxel below the middle, whatever its place was: two copies of a shape
    are always centred alike.

    Args:
        voxels: (n, r, r, r) bool.
    """
    bits = pack(np.stack([_centred(shape) for shape in voxels]))
    return Prepared(bits, voxels.reshape(len(voxels), -1).sum(axis=1), voxels.shape[-1])


def joined(several: Sequence[Prepared]) -> Prepared:
    """Return sets of shapes as one, in their order."""
    bits, sizes = ([getattr(each, name) for each in several] for name in ("bits", "sizes"))
    return Prepared(np.concatenate(bits), np.concatenate(sizes), several[0].resolution)


def chamfer(a: Prepared, b: Prepared) -> np.ndarray:
    """Return the symmetric Chamfer distance of all pairs in voxels, (len(a), len(b)) float32.

    It is the mean of two means: of the distances from the voxels of one shape to the nearest of the other,
    and back. An empty shape is a grid's diagonal away from any that is not.
    """
    return (directed(a, b) + directed(b, a).T) / 2


def among(shapes: Prepared) -> np.ndarray:
    """Return the symmetric Chamfer distance of all pairs of one set, (n, n) float32."""
    one_way = directed(shapes, shapes)
    return (one_way + one_way.T) / 2


def directed(a: Prepared, b: Prepared) -> np.ndarray:
    """Return the mean distance from the voxels of each `a` to the nearest voxel of each `b`, (len(a), len(b))."""
    result = np.empty((len(a), len(b)), np.float32)
    used = _ever_full(a)
    for columns, transforms in _blocks(b, lambda some: _transforms(some, used)):
        for rows, grids in _blocks(a, lambda some: _numbers(some, used)):
            result[rows, columns] = grids @ transforms.T
    with np.errstate(invalid="ignore", divide="ignore"):
        result /= a.sizes[:, None]
    empty_a, empty_b = a.sizes == 0, b.sizes == 0
    result[empty_a] = a.farthest
    result[:, empty_b] = a.farthest
    result[np.ix_(empty_a, empty_b)] = 0
    return result


def iou(a: Prepared, b: Prepared) -> np.ndarray:
    """Return the intersection over union of all pairs, (len(a), len(b)) float32; two empty shapes are equal: 1."""
    both = np.empty((len(a), len(b)), np.float32)
    used = _ever_full(a)
    for columns, others in _blocks(b, lambda some: _numbers(some, used)):
        for rows, grids in _blocks(a, lambda some: _numbers(some, used)):
            both[rows, columns] = grids @ others.T
    either = a.sizes[:, None] + b.sizes[None] - both
    return np.divide(both, either, out=np.ones_like(both), where=either > 0)


def _centred(shape: np.ndarray) -> np.ndarray:
    return centre(shape) if shape.any() else shape


def _ever_full(shapes: Prepared) -> np.ndarray:
    """Return the numbers of the voxels that any shape fills; the others add nothing to a product."""
    together = np.bitwise_or.reduce(shapes.bits, axis=0)
    return np.flatnonzero(unpack(together[None], shapes.resolution))


def _numbers(shapes: Prepared, used: np.ndarray) -> np.ndarray:
    return shapes.voxels().reshape(len(shapes), -1)[:, used].astype(np.float32)


def _transforms(shapes: Prepared, used: np.ndarray) -> np.ndarray:
    """Return the distance from each used voxel to the nearest full one of each shape, (n, voxels) float32."""
    from scipy.ndimage import distance_transform_edt

    def one(shape: np.ndarray) -> np.ndarray:
        if not shape.any():
            return np.zeros(len(used), np.float32)
        return np.asarray(distance_transform_edt(~shape), np.float32).reshape(-1)[used]

    with ThreadPoolExecutor() as pool:  # SciPy lets go of the interpreter while it works
        return np.stack(list(pool.map(one, shapes.voxels())))


def _blocks(shapes: Prepared, make: Callable[[Prepared], np.ndarray]) -> Iterator[tuple[slice, np.ndarray]]:
    size = max(1, BLOCK_BYTES // (4 * shapes.resolution**3))
    for start in range(0, len(shapes), size):
        part = slice(start, start + size)
        yield part, make(shapes[part])
