"""What single shapes are like: pieces, holes, how full, how symmetric; and how many of a set are distinct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapespace.shapes.grid import bounding_box, components, iou, mirror

SAME = 0.95
"""IoU from which two shapes are one, as in a store's duplicates."""


@dataclass(frozen=True)
class Anatomy:
    """Numbers of each shape, arrays of (n,).

    Args:
        components: Pieces that touch by faces; 0 for an empty grid.
        tunnels: Ways through, as through a ring: the first Betti number.
        cavities: Empty rooms that nothing leads into: the second Betti number.
        occupancy: Share of full voxels.
        symmetry: IoU with the mirror image, left and right, in its bounding box; 0 for an empty grid.
    """

    components: np.ndarray
    tunnels: np.ndarray
    cavities: np.ndarray
    occupancy: np.ndarray
    symmetry: np.ndarray

    @classmethod
    def of(cls, voxels: np.ndarray) -> Anatomy:
        """Return the numbers of (n, x, y, z) bool shapes."""
        pieces = np.array([components(shape)[1] for shape in voxels])
        holes = np.array([_holes(shape, count) for shape, count in zip(voxels, pieces.tolist(), strict=True)])
        occupancy = voxels.reshape(len(voxels), -1).mean(axis=1)
        symmetry = np.array([_symmetry(shape) for shape in voxels])
        return cls(pieces, holes[:, 0], holes[:, 1], occupancy, symmetry)


def distinct(similarity: np.ndarray, same: float = SAME) -> float:
    """Return the share of shapes that are not nearly equal to one before them, in [0, 1].

    Args:
        similarity: (n, n) IoU of all pairs.
        same: IoU from which two are one.
    """
    return float(np.mean(first_of_each(similarity, same)))


def first_of_each(similarity: np.ndarray, same: float = SAME) -> np.ndarray:
    """Return which shapes are not nearly equal to one before them, (n,) bool."""
    return np.all(np.tril(similarity, -1) < same, axis=1)


def _holes(shape: np.ndarray, pieces: int) -> tuple[int, int]:
    """Return (tunnels, cavities): of pieces - tunnels + cavities = Euler characteristic all but tunnels are counted."""
    from scipy.ndimage import generate_binary_structure, label
    from skimage.measure import euler_number

    if not pieces:
        return 0, 0
    low, high = bounding_box(shape)
    inside = shape[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    around = np.pad(inside, 1)
    # Where full voxels touch by faces, empty ones touch by corners too: else a corner would be both full and empty.
    cavities = label(~around, generate_binary_structure(3, 3))[1] - 1
    return pieces + cavities - int(euler_number(around, connectivity=1)), cavities


def _symmetry(shape: np.ndarray) -> float:
    if not shape.any():
        return 0.0
    low, high = bounding_box(shape)
    inside = shape[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return iou(inside, mirror(inside))
