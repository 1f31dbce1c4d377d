"""Average precision and IoU of predicted grids, as they are and at the best of the paper's alignments.

The search (Wu et al. 2016, section 4.3, after Girdhar et al. 2016) tries every order of the axes, every flip, and
shifts of up to 10 % of the side along each axis: at 20^3 that is 6 x 8 x 125 = 6,000 places of the true shape. It
forgives much: an image-blind class mean gains tens of points by it, so numbers with and without it stand side by side.

What a shift pushes out of the grid counts as missed, so that pushing a shape out never helps.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import numba
import numpy as np

SHIFT = 0.1
"""Largest shift, as a part of the side."""


@dataclass(frozen=True)
class Score:
    """How well one prediction agrees with one true shape.

    Args:
        precision: Average precision over voxels, in [0, 1].
        iou: Intersection over union at the threshold, in [0, 1].
    """

    precision: float
    iou: float


def score(predicted: np.ndarray, true: np.ndarray, threshold: float = 0.5) -> Score:
    """Return how well a prediction agrees as it lies.

    Args:
        predicted: (x, y, z) float, the higher the more surely full.
        true: (x, y, z) bool.
        threshold: Above which a voxel is predicted full, for the IoU.
    """
    return _best(predicted, true[None], int(true.sum()), threshold)


def aligned(predicted: np.ndarray, true: np.ndarray, threshold: float = 0.5) -> Score:
    """Return the best average precision and the best IoU over all places of the true shape; see the module.

    Args:
        predicted: (r, r, r) float.
        true: (r, r, r) bool.
        threshold: As in `score`.
    """
    return _best(predicted, places(true), int(true.sum()), threshold)


def places(true: np.ndarray) -> np.ndarray:
    """Return the true shape at every place that the search tries, (places, r, r, r) bool; equal ones once.

    Args:
        true: (r, r, r) bool.
    """
    poses = {pose.tobytes(): pose for pose in _poses(true)}
    steps = range(-round(SHIFT * len(true)), round(SHIFT * len(true)) + 1)
    return np.stack([_shifted(pose, by) for pose in poses.values() for by in product(steps, repeat=3)])


def _poses(true: np.ndarray) -> list[np.ndarray]:
    turned = [true.transpose(order) for order in permutations(range(3))]
    return [np.ascontiguousarray(grid[::a, ::b, ::c]) for grid in turned for a, b, c in product((1, -1), repeat=3)]


def _shifted(grid: np.ndarray, by: tuple[int, ...]) -> np.ndarray:
    moved = np.zeros_like(grid)
    sides = zip(by, grid.shape, strict=True)
    to, of = zip(*[(slice(max(s, 0), n + min(s, 0)), slice(max(-s, 0), n + min(-s, 0))) for s, n in sides], strict=True)
    moved[to] = grid[of]
    return moved


def _best(predicted: np.ndarray, trues: np.ndarray, full: int, threshold: float) -> Score:
    values = np.asarray(predicted, np.float32).reshape(-1)
    order = np.argsort(-values, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(values[order])), values.size - 1)  # the last of each run of equal values
    chosen = int(np.count_nonzero(values > threshold))
    flat = trues.reshape(len(trues), -1)
    return Score(*_scan(flat, order, ends, chosen, full))


@numba.njit(cache=True, nogil=True)
def _scan(trues: np.ndarray, order: np.ndarray, ends: np.ndarray, chosen: int, full: int) -> tuple[float, float]:
    """Return the best average precision and IoU: voxels in the order of their values, equal values at once."""
    best_precision, best_iou = 0.0, 0.0
    for place in range(len(trues)):
        true = trues[place]
        found, before, start, total, both = 0, 0, 0, 0.0, 0
        for end in ends:
            for rank in range(start, end + 1):
                if true[order[rank]]:
                    found += 1
                    if rank < chosen:
                        both += 1
            start = end + 1
            total += (found - before) * found / start
            before = found
        either = chosen + full - both
        best_precision = max(best_precision, total / full if full else 0.0)
        best_iou = max(best_iou, both / either if either else 1.0)
    return best_precision, best_iou
