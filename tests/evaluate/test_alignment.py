"""The search undoes what it may undo, and nothing helps that should not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from shapespace.evaluate import alignment
from shapespace.shapes.grid import handed, pad


@pytest.fixture
def true() -> np.ndarray:
    return pad(handed(), 20)


def noisy(true: np.ndarray, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.round(np.clip(0.6 * true + rng.normal(0.2, 0.2, true.shape), 0, 1), 1)  # rounded: many equal values


def test_average_precision_is_scikit_learn_s_with_equal_values_too(true):
    for seed in range(3):
        predicted = noisy(true, seed)
        found = alignment.score(predicted, true, 0.5)
        assert found.precision == pytest.approx(average_precision_score(true.reshape(-1), predicted.reshape(-1)))
        full = predicted > 0.5
        assert found.iou == pytest.approx((full & true).sum() / (full | true).sum())


def every_place(true: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the shape at each order, flip and shift, one by one and as plainly as can be."""
    reach = round(0.1 * len(true))
    for order in permutations(range(3)):
        for flips in product((1, -1), repeat=3):
            turned = np.pad(true.transpose(order)[:: flips[0], :: flips[1], :: flips[2]], reach)
            for x, y, z in product(range(2 * reach + 1), repeat=3):
                yield turned[x : x + len(true), y : y + len(true), z : z + len(true)]


def test_the_handed_shape_has_as_many_places_as_there_are(true):
    """No symmetry maps it to itself, so all 48 poses differ, at 125 shifts each."""
    assert len({place.tobytes() for place in every_place(true)}) == 6 * 8 * 125
    assert len(alignment.Places.all(true)) == 6_000
    assert len(alignment.Places.still(true)) == 1


def test_equal_poses_are_tried_once():
    cube = pad(np.ones((6, 6, 6), bool), 20)
    assert len(alignment.Places.all(cube)) == 125


@pytest.mark.parametrize("kind", ["graded", "tied"])
def test_the_search_equals_scikit_learn_at_every_place(kind):
    """At 10^3, where a shape has 48 x 27 places; what is pushed out is counted as missed."""
    rng = np.random.default_rng(7)
    true = pad(handed(), 10)
    predicted = rng.random((10, 10, 10)) + 0.7 * np.roll(true.transpose(1, 2, 0), 1, 0)
    predicted = {"graded": predicted, "tied": predicted.round(1)}[kind].astype(np.float32)
    precisions, ious, full = [], [], true.sum()
    for place in every_place(true):
        kept = place.sum()  # scikit-learn knows nothing of what was pushed out: its recall is of what is left
        precisions.append(average_precision_score(place.reshape(-1), predicted.reshape(-1)) * kept / full)
        both = (place & (predicted > 0.5)).sum()
        ious.append(both / (full + (predicted > 0.5).sum() - both))
    found = alignment.aligned(predicted, true)
    assert (found.precision, found.iou) == pytest.approx((max(precisions), max(ious)), abs=1e-12)


@pytest.mark.parametrize(
    "moved",
    [
        lambda grid: grid,
        lambda grid: grid[::-1],
        lambda grid: grid.transpose(2, 0, 1)[:, ::-1],
        lambda grid: np.roll(grid, (2, -2, 1), (0, 1, 2)),
    ],
)
def test_what_the_search_may_undo_it_undoes(true, moved):
    found = alignment.aligned(moved(true).astype(float), true)
    assert (found.precision, found.iou) == (1, 1)


def test_three_voxels_are_too_far(true):
    assert alignment.aligned(np.roll(true, 3, 0).astype(float), true).iou < 1


def test_pushing_the_shape_out_of_the_grid_never_helps():
    true = np.zeros((20, 20, 20), bool)
    true[:, 10, 10] = True  # a rod through the whole grid
    half = np.zeros((20, 20, 20))
    half[:18, 10, 10] = 1
    found = alignment.aligned(half, true)
    assert found.iou == pytest.approx(18 / 20)
    assert found.precision < 1


def test_empty_grids_are_no_matter():
    nothing = np.zeros((8, 8, 8), bool)
    assert alignment.score(np.zeros((8, 8, 8)), nothing) == alignment.Score(0.0, 1.0)
    assert alignment.score(np.ones((8, 8, 8)), nothing).iou == 0


@pytest.mark.parametrize("predicted", [np.zeros((8, 8, 9)), np.full((8, 8, 8), np.nan)])
def test_what_cannot_be_compared_is_refused(predicted):
    with pytest.raises(ValueError, match="expected"):
        alignment.score(predicted, np.zeros((8, 8, 8), bool))
