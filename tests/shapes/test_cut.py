"""The cut of a hedging shape: what is sure is kept, what is likely as far as it pays, and nothing comes out empty."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from shapespace.shapes.cut import LEAST, MOST, best_cut


def field(*values: float) -> np.ndarray:
    grid = np.zeros((4, 4, 4))
    grid.ravel()[: len(values)] = values
    return grid


def test_a_sure_shape_is_cut_between_full_and_empty():
    assert best_cut(field(1, 1, 1)) == 0.5


def test_two_places_for_one_leg_are_both_kept():
    """Nine sure voxels, and four that are full with a chance of 0.45: with them 10.8 of 13, without 9 of 10.8."""
    assert (field(*[1] * 9, *[0.45] * 4) > best_cut(field(*[1] * 9, *[0.45] * 4))).sum() == 9
    assert (field(*[1] * 9, *[0.6] * 4) > best_cut(field(*[1] * 9, *[0.6] * 4))).sum() == 13


def test_it_is_the_best_of_all_cuts_of_a_few_voxels():
    """By the IoU itself, averaged over every shape there could be, each with its chance."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        chances = rng.random(8)
        shapes = np.array(list(product([0, 1], repeat=8)))
        odds = np.prod(np.where(shapes == 1, chances, 1 - chances), axis=1)

        def expected(kept, shapes=shapes, odds=odds):
            both, either = (shapes & kept).sum(1), (shapes | kept).sum(1)
            return (odds * both / np.maximum(either, 1)).sum()

        reached = expected((chances > best_cut(chances.reshape(2, 2, 2))).astype(int))
        best = max(expected((chances > level).astype(int)) for level in [0.0, *chances])
        assert reached > best - 0.02


@pytest.mark.parametrize("value", [0.0, 1e-4, 1.0])
def test_one_value_everywhere_has_a_cut_that_a_mesh_can_have(value):
    assert LEAST <= best_cut(np.full((3, 3, 3), value)) <= MOST


def test_an_unsure_shape_is_not_empty():
    grid = field(0.12, 0.11, 0.1)
    assert (grid > best_cut(grid)).sum() >= 1
