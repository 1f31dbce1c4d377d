"""Loose parts of a field: a gap is closed at its saddle, a speck is taken away, a whole field is left alone."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.shapes.furniture import make
from shapespace.shapes.parts import FLOOR, brokenness_slope


def two_cubes(gap: float) -> np.ndarray:
    """Return a field of two cubes, of 27 and 18 voxels, with one voxel of the height `gap` between them."""
    field = np.zeros((9, 6, 6))
    field[1:4, 1:4, 1:4], field[5:7, 1:4, 1:4], field[4, 2, 2] = 1.0, 0.9, gap
    return field


def places(field: np.ndarray, **options: float) -> dict[tuple[int, ...], float]:
    """Return the voxels that are moved, and by how much."""
    slope = brokenness_slope(field, **options)
    return {tuple(place): float(slope[tuple(place)]) for place in np.argwhere(slope).tolist()}


def test_a_whole_shape_and_an_empty_one_have_no_slope():
    assert not places(make("chair", 0, 32).voxels.astype(np.float32))
    assert not places(np.zeros((5, 5, 5)))


def test_the_saddle_of_a_gap_is_raised():
    assert places(two_cubes(0.3)) == {(4, 2, 2): -1.0}


def test_a_gap_that_is_not_deep_is_none_unless_asked_for():
    assert not places(two_cubes(0.85))
    assert places(two_cubes(0.85), least=0.01) == {(4, 2, 2): -1.0}


def test_what_no_way_leads_to_is_lowered_at_its_peak():
    field = two_cubes(FLOOR / 2)
    field[6, 2, 2] = 0.95
    assert places(field) == {(6, 2, 2): 1.0}


def test_a_speck_is_lowered_and_not_joined():
    field = two_cubes(0.9)
    field[1, 5, 5], field[1, 4, 5] = 0.7, 0.1
    field[1, 4, 4], field[1, 3, 4] = 0.1, 0.1
    assert places(field) == {(1, 5, 5): 1.0}


@pytest.mark.parametrize("turn", [lambda f: f[::-1], lambda f: f[:, ::-1, ::-1], lambda f: f.transpose(2, 0, 1)])
def test_no_axis_is_special(turn):
    field = np.random.default_rng(0).random((7, 8, 9)).astype(np.float32) ** 4
    assert brokenness_slope(field).any()
    assert np.array_equal(brokenness_slope(turn(field).copy()), turn(brokenness_slope(field)))
