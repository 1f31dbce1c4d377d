"""Paths: exact at their way-points, even between them, and on the shell where arcs are wanted."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapespace.errors import UsageError
from shapespace.explore.interpolate import centre_of, interpolate, stops


def drawn(k: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((k, d)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(
    k=st.integers(2, 6),
    extra=st.integers(0, 40),
    d=st.integers(1, 9),
    how=st.sampled_from(["linear", "spherical"]),
    centre=st.sampled_from([0.0, 0.5]),
    seed=st.integers(0, 1000),
)
def test_every_way_point_is_a_row_bit_for_bit(k, extra, d, how, centre, seed):
    ends = drawn(k, d, seed)
    path = interpolate(ends, k + extra, how=how, centre=centre)
    rows = stops(k, k + extra)
    assert path.shape == (k + extra, d)
    assert path.dtype == np.float32
    assert (rows[0], rows[-1]) == (0, k + extra - 1)
    assert np.array_equal(path[rows], ends)
    assert np.isfinite(path).all()


def test_a_line_by_hand():
    path = interpolate(np.array([[0, 0], [4, 8]], np.float32), 5, how="linear")
    assert path.tolist() == [[0, 0], [1, 2], [2, 4], [3, 6], [4, 8]]


def test_an_arc_by_hand_a_quarter_turn_and_a_length_from_one_to_two():
    path = interpolate(np.array([[1, 0], [0, 2]], np.float32), 3, how="spherical")
    assert path[1] == pytest.approx([1.5 * math.sqrt(0.5)] * 2, abs=1e-6)


def test_an_arc_about_the_centre_of_a_uniform_prior():
    ends = np.array([[1.0, 0.5], [0.5, 1.0]], np.float32)
    middle = interpolate(ends, 3, how="spherical", centre=centre_of("uniform"))[1]
    assert middle == pytest.approx([0.5 + 0.5 * math.sqrt(0.5)] * 2, abs=1e-6)
    assert centre_of("normal") == 0


def test_an_arc_keeps_the_length_that_a_line_loses():
    ends = drawn(2, 200)
    ends *= 14 / np.linalg.norm(ends, axis=1, keepdims=True)
    arc, line = (np.linalg.norm(interpolate(ends, 21, how=how), axis=1) for how in ("spherical", "linear"))
    assert arc == pytest.approx(14, rel=1e-5)
    assert line.min() < 11


def test_an_arc_turns_by_even_angles():
    path = interpolate(drawn(2, 16, seed=3), 9, how="spherical").astype(np.float64)
    units = path / np.linalg.norm(path, axis=1, keepdims=True)
    turned = np.degrees(np.arccos(np.clip((units[1:] * units[:-1]).sum(1), -1, 1)))
    assert turned == pytest.approx(turned.mean(), rel=1e-4)


@pytest.mark.parametrize("ends", [[[1, 2], [1, 2]], [[1, 2], [2, 4]], [[1, 2], [-1, -2]], [[0, 0], [3, 4]]])
def test_where_there_is_no_arc_it_is_a_line(ends):
    ends = np.array(ends, np.float32)
    assert interpolate(ends, 7, how="spherical") == pytest.approx(interpolate(ends, 7, how="linear"), abs=1e-6)


def test_way_points_share_the_steps_evenly():
    assert stops(3, 9).tolist() == [0, 4, 8]
    assert stops(4, 10).tolist() == [0, 3, 6, 9]
    assert np.diff(stops(4, 12)).tolist() == [4, 3, 4]


@pytest.mark.parametrize(
    ("ends", "steps", "how", "said"),
    [
        (np.zeros((1, 4)), 3, "linear", "at least two"),
        (np.zeros(4), 3, "linear", "at least two"),
        (np.zeros((3, 4)), 2, "linear", "from 3"),
        (np.zeros((2, 4)), 10**9, "linear", "100,000"),
        (np.full((2, 4), np.nan), 3, "linear", "not finite"),
        (np.zeros((2, 4)), 3, "round", "'round'"),
    ],
)
def test_what_makes_no_path_is_refused(ends, steps, how, said):
    with pytest.raises(UsageError, match=said):
        interpolate(ends, steps, how=how)
