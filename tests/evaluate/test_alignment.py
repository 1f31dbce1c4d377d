"""The search undoes what it may undo, and nothing helps that should not."""

from __future__ import annotations

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


def test_the_handed_shape_has_as_many_places_as_there_are(true):
    """No symmetry maps it to itself, so all 48 poses differ, at 125 shifts each."""
    found = alignment.places(true)
    assert found.shape == (6 * 8 * 125, 20, 20, 20)
    assert len({place.tobytes() for place in found}) == 6_000


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
