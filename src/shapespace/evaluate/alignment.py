"""Average precision and IoU of predicted grids, as they are and at the best of the paper's alignments.

Average precision is scikit-learn's, over the voxels of one shape, equal values at once: so Girdhar et al. say that
theirs was computed, and an alignment can only be sought for each shape by itself.

The search (Wu et al. 2016, section 4.3, after Girdhar et al. 2016) tries every order of the axes, every flip, and
shifts of up to 10 % of the side along each axis: at 20^3 that is 6 x 8 x 125 = 6,000 places of the true shape. It
forgives much: an image-blind class mean gains tens of points by it, so numbers with and without it stand side by side.
The best average precision and the best IoU may be found at different places.

What a shift pushes out of the grid counts as missed, so that pushing a shape out never helps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import numba
import numpy as np

SHIFT = 0.1
"""Largest shift, as a part of the side."""

BINS = 128
"""Into which the order of the voxels is cut to find out which places cannot be the best."""


@dataclass(frozen=True)
class Score:
    """How well one prediction agrees with one true shape.

    Args:
        precision: Average precision over voxels, in [0, 1].
        iou: Intersection over union at the threshold, in [0, 1].
    """

    precision: float
    iou: float


@dataclass(frozen=True, eq=False)
class Places:
    """A true shape, and where it may lie.

    Args:
        poses: Of each order and flip that differs, (full voxels, 3) int, where its full voxels are.
        reach: Largest shift along each axis, in voxels.
        shape: Of the grid.
    """

    poses: tuple[np.ndarray, ...]
    reach: int
    shape: tuple[int, ...]

    @classmethod
    def still(cls, true: np.ndarray) -> Places:
        """Return the one place where the shape lies."""
        return cls((np.argwhere(true),), 0, true.shape)

    @classmethod
    def all(cls, true: np.ndarray) -> Places:
        """Return all places that the search tries; poses that a symmetry makes equal are one.

        Args:
            true: (r, r, r) bool.
        """
        turned = [true.transpose(order) for order in permutations(range(3))]
        flipped = [grid[::a, ::b, ::c] for grid in turned for a, b, c in product((1, -1), repeat=3)]
        poses = {grid.tobytes(): np.argwhere(grid) for grid in flipped}
        return cls(tuple(poses.values()), round(SHIFT * len(true)), true.shape)

    def __len__(self) -> int:
        """Places."""
        return len(self.poses) * (2 * self.reach + 1) ** 3


def score(predicted: np.ndarray, true: np.ndarray, threshold: float = 0.5) -> Score:
    """Return how well a prediction agrees as it lies.

    Args:
        predicted: (x, y, z) float, the higher the more surely full.
        true: (x, y, z) bool.
        threshold: Above which a voxel is predicted full, for the IoU.
    """
    return best(predicted, Places.still(true), threshold)


def aligned(predicted: np.ndarray, true: np.ndarray, threshold: float = 0.5) -> Score:
    """Return the best average precision and the best IoU over all places of the true shape; see the module.

    Args:
        predicted: (r, r, r) float.
        true: (r, r, r) bool.
        threshold: As in `score`.
    """
    return best(predicted, Places.all(true), threshold)


def best(predicted: np.ndarray, places: Places, threshold: float = 0.5) -> Score:
    """Return the best average precision and the best IoU over some places of the true shape.

    Args:
        predicted: Float, of the places' shape.
        places: Of the true shape; they can be used again for other predictions.
        threshold: As in `score`.

    Raises:
        ValueError: If the grids are of different shapes, or a value is not a number.
    """
    if predicted.shape != places.shape or np.isnan(predicted).any():
        raise ValueError(f"expected {places.shape} numbers, not {predicted.shape} or with NaN among them")
    ranks, ends, above = _ranked(np.asarray(predicted, np.float32), threshold)
    bins, edges, first_below = _binned(ends, above)
    around = np.pad(ranks, places.reach, constant_values=len(ends))  # beyond the grid: past the last rank
    strides = np.array([around.shape[1] * around.shape[2], around.shape[2], 1])
    steps = np.arange(-places.reach, places.reach + 1)
    shifts = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3) @ strides
    found = (0.0, 0.0)
    for pose in places.poses:
        where = (pose + places.reach) @ strides
        found = _search(around.reshape(-1), where, shifts, ends, bins, edges, first_below, found)
    return Score(*found)


def _ranked(values: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Return each voxel's rank, 0 the highest; how many voxels rank so or higher; the ranks above the threshold."""
    levels, rank = np.unique(-values.reshape(-1), return_inverse=True)
    ends = np.cumsum(np.bincount(rank, minlength=len(levels)))
    above = int(np.searchsorted(levels, -np.float32(threshold), side="left"))
    return rank.reshape(values.shape).astype(np.int32), ends, above


def _binned(ends: np.ndarray, above: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the bin of each rank and of what is beyond the grid, voxels before each bin, and the first bin below.

    Equal values share a bin, and no bin lies on both sides of the threshold.
    """
    starts = ends - np.diff(ends, prepend=0)
    by_size = starts * BINS // ends[-1]
    new = np.diff(by_size, prepend=-1) > 0
    if above < len(ends):
        new[above] = True
    bins = np.append(np.cumsum(new) - 1, new.sum()).astype(np.int32)
    return bins, starts[new], int(bins[above])


@numba.njit(cache=True, nogil=True)
def _search(
    ranks: np.ndarray, where: np.ndarray, shifts: np.ndarray, ends: np.ndarray,
    bins: np.ndarray, edges: np.ndarray, first_below: int, best_so_far: tuple[float, float],
) -> tuple[float, float]:  # fmt: skip
    """Return the best average precision and IoU over the shifts of one pose, no worse than the best so far.

    Of k true voxels in a bin that begins after s voxels, none has a precision above (found + k) / (s + k): the sum
    of these is a bound, and where it is no better than the best, voxels need no counting rank by rank.
    """
    precision, iou = best_so_far
    full, chosen = len(where), edges[first_below] if first_below < len(edges) else ends[-1]
    in_bin, at_rank = np.empty(len(edges) + 1, np.int64), np.empty(len(ends) + 1, np.int64)
    for shift in shifts:
        in_bin[:] = 0
        for voxel in where:
            in_bin[bins[ranks[voxel + shift]]] += 1
        found, bound, both = 0, 0.0, 0
        for b in range(len(edges)):
            k = in_bin[b]
            if k:
                found += k
                bound += k * found / (edges[b] + k)
                if b < first_below:
                    both += k
        either = chosen + full - both
        iou = max(iou, both / either if either else 1.0)
        if full and bound > precision * full * (1 - 1e-12):
            at_rank[:] = 0
            for voxel in where:
                at_rank[ranks[voxel + shift]] += 1
            precision = max(precision, _precision(at_rank, ends) / full)
    return precision, iou


@numba.njit(cache=True, nogil=True)
def _precision(at_rank: np.ndarray, ends: np.ndarray) -> float:
    """Return the sum over true voxels of the precision at their rank."""
    found, total = 0, 0.0
    for rank in range(len(ends)):
        if at_rank[rank]:
            found += at_rank[rank]
            total += at_rank[rank] * found / ends[rank]
    return total
