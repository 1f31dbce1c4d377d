"""The map: like shapes lie together, a shape's place is that shape, and nothing jumps on the way."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shapespace import limits
from shapespace.errors import UsageError
from shapespace.explore.map import ShapeMap, blur, laid_out, shape_map
from shapespace.nets.card import SpaceCard
from shapespace.nets.generator import Generator
from shapespace.space import ShapeSpace


def made(prior: str = "normal") -> ShapeSpace:
    torch.manual_seed(3)
    return ShapeSpace(Generator(12, 16, widths=(8, 4)), SpaceCard(prior=prior))


@pytest.fixture(scope="module")
def chart() -> ShapeMap:
    return shape_map(made(), 40, seed=1)


def test_a_map_is_samples_of_the_prior_spread_evenly(chart):
    assert np.array_equal(chart.z, made().latents(40, 1))
    assert chart.xy.dtype == np.float32
    for axis in chart.xy.T:
        assert np.sort(axis) == pytest.approx(np.linspace(-1, 1, 40), abs=1e-6)


def test_it_is_the_same_each_time(chart):
    assert np.array_equal(shape_map(made(), 40, seed=1).xy, chart.xy)


def test_where_a_shape_lies_it_is_that_shape_bit_for_bit(chart):
    assert np.array_equal(chart.at(chart.xy), chart.z)
    assert np.array_equal(chart.at(chart.xy[7]), chart.z[7])
    assert chart.at(np.zeros((0, 2))).shape == (0, 12)


def test_the_order_of_a_family_with_one_parameter_is_its_parameter():
    at = np.random.default_rng(0).permutation(30)
    rows = np.outer(at, np.ones(9)) + np.outer(at % 2, np.arange(9)) * 0.1
    assert laid_out(rows)[:, 0] == pytest.approx(2 * at / 29 - 1, abs=1e-6)  # fuller is further right


def test_like_shapes_lie_together():
    grids = np.zeros((20, 16, 16, 16), np.float32)
    for i, grid in enumerate(grids):
        low = 1 + i // 2 % 10
        grid[2:14, 2:14, low : low + 4] = 1 - 0.01 * (i % 2)
    xy = laid_out(np.stack([blur(grid).ravel() for grid in grids]))
    apart = np.linalg.norm(xy[:, None] - xy, axis=-1)
    twins, others = apart[np.arange(20), np.arange(20) ^ 1], apart[np.triu_indices(20, 2)]
    assert twins.mean() < others.mean() / 4


def test_blur_keeps_the_mass_of_what_is_inside_and_halves_by_blocks():
    grid = np.zeros((64, 64, 64), np.float32)
    grid[20:40, 20:44, 24:32] = 1
    assert blur(grid).shape == (16, 16, 16)
    assert blur(grid).sum() * 64 == pytest.approx(grid.sum())
    assert np.array_equal(blur(grid.swapaxes(0, 2)), blur(grid).swapaxes(0, 2))


def test_nothing_jumps_on_a_way_across_the_map(chart):
    def largest_step(steps: int) -> float:
        way = np.stack([np.linspace(-0.9, 0.9, steps), np.linspace(-0.7, 0.8, steps)], axis=1)
        return float(np.abs(np.diff(chart.at(way), axis=0)).max())

    assert largest_step(20_001) < largest_step(2_001) / 5 < largest_step(201) / 5


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_a_mixture_stays_where_the_prior_is(prior):
    chart = shape_map(made(prior), 30, seed=2)
    places = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    mixed, middle = chart.at(places), 0.5 if prior == "uniform" else 0.0
    lengths = np.linalg.norm(chart.z - middle, axis=1)
    found = np.linalg.norm(mixed - middle, axis=1)
    assert found.max() <= lengths.max() + 1e-4
    if prior == "normal":
        assert found.min() >= lengths.min() - 1e-4
    else:
        assert mixed.min() >= 0
        assert mixed.max() <= 1


def test_beyond_the_border_the_border_counts(chart):
    assert np.array_equal(chart.at(np.array([5.0, 0.2])), chart.at(np.array([1.0, 0.2])))


def test_equally_far_shapes_are_mixed_alike():
    corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], np.float32)
    chart = ShapeMap(np.eye(4, dtype=np.float32), corners)
    assert np.isfinite(chart.at(np.zeros(2))).all()
    assert np.linalg.norm(chart.at(np.zeros(2))) == pytest.approx(1)


@pytest.mark.parametrize("xy", [[0.0], [[0.0, 1.0, 2.0]], [np.nan, 0.0], [[[0.0, 0.0]]]])
def test_a_place_that_is_none_is_refused(chart, xy):
    with pytest.raises(UsageError, match="two finite numbers"):
        chart.at(np.array(xy))


@pytest.mark.parametrize("count", [2, limits.MAX_MAP_SHAPES + 1])
def test_a_count_out_of_bounds_is_refused_before_anything_is_made(count):
    with pytest.raises(UsageError, match=f"count is {count}"):
        shape_map(made(), count)
