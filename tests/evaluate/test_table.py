"""Rows whose place in the table is known: copies win everything but Z_U, halves cannot be told apart."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.evaluate import baselines
from shapespace.evaluate.distances import Prepared, prepare
from shapespace.evaluate.table import Reference, measure
from shapespace.shapes.furniture import make


@pytest.fixture(scope="module")
def chairs() -> np.ndarray:
    return np.pad(np.stack([make("chair", seed, 16).voxels for seed in range(240)]), [(0, 0)] + [(2, 2)] * 3)


@pytest.fixture(scope="module")
def reference(chairs) -> Reference:
    return Reference.of(chairs[:60], chairs[60:180], lambda voxels: voxels.reshape(len(voxels), -1, 50).sum(axis=1))


@pytest.fixture(scope="module")
def rows(chairs, reference) -> dict:
    copies = baselines.copies(reference.train, 60, seed=0)
    sets = {
        "real": chairs[180:],
        "copies": copies,
        "shifted copies": np.roll(copies, (2, -1), axis=(1, 3)),
        "pca": baselines.pca_gaussian(reference.train, 10, 60, seed=0),
        "mean": baselines.mean_shape(reference.train, 60),
        "nothing": np.zeros_like(chairs[:60]),
    }
    return {name: measure(shapes, reference) for name, shapes in sets.items()}


def value(rows, row, name) -> float:
    return rows[row].numbers[name].value


def test_real_shapes_cannot_be_told_apart(rows):
    assert rows["real"].numbers["one_nna"].low <= 0.5 <= rows["real"].numbers["one_nna"].high
    assert abs(value(rows, "real", "z_u")) < 3


@pytest.mark.parametrize("copied", ["copies", "shifted copies"])
def test_copies_score_as_real_shapes_do_and_only_z_u_gives_them_away(rows, copied):
    """As good as real shapes, within the interval, and better than any row that learned."""
    for name in ("mmd", "cov", "one_nna"):
        real = rows["real"].numbers[name]
        assert real.low - 0.02 * abs(real.value) <= value(rows, copied, name) <= real.high + 0.02 * abs(real.value)
    for other in ("pca", "mean", "nothing"):
        assert value(rows, copied, "mmd") < value(rows, other, "mmd")
        assert value(rows, copied, "cov") > value(rows, other, "cov")
        assert value(rows, copied, "one_nna") < value(rows, other, "one_nna")
    assert value(rows, copied, "z_u") < -6
    assert value(rows, copied, "memorised") == 1


def test_a_shift_changes_no_distance(rows):
    for name in ("mmd", "cov", "one_nna", "z_u", "memorised", "to_train"):
        assert rows["copies"].numbers[name] == rows["shifted copies"].numbers[name]
    assert np.array_equal(rows["copies"].nearest_train, rows["shifted copies"].nearest_train)


def test_one_shape_repeated_covers_one_and_is_one(rows, reference):
    assert value(rows, "mean", "cov") == 1 / len(reference.test)
    assert value(rows, "mean", "distinct") == 1 / 60


def test_nothing_wins_nothing(rows):
    numbers = rows["nothing"].numbers
    assert numbers["one_nna"].value == 1
    assert numbers["mmd"].value > 20
    assert numbers["one_piece"].value == numbers["symmetry"].value == 0
    assert numbers["z_u"].value > 6


def test_the_row_of_the_known_facts(rows, chairs):
    numbers = rows["real"].numbers
    assert numbers["occupancy"].value == pytest.approx(chairs[180:].mean() / chairs[:60].mean())
    assert numbers["one_piece"].value == 1
    assert numbers["symmetry"].value == 1
    assert {"frechet", "precision", "recall", "density", "coverage"} <= numbers.keys()
    assert all(n.low <= n.value <= n.high for name, n in numbers.items() if name != "compared")


def test_a_larger_set_is_cut_to_the_smaller_where_numbers_depend_on_it(chairs, reference):
    assert isinstance(reference.test, Prepared)
    many = measure(chairs[60:], reference, seed=1)
    assert len(many.nearest_test) == 180
    assert 0.3 < many.numbers["cov"].value < 0.9  # of 60 of them, not of all


def test_without_features_the_columns_are_absent(chairs):
    bare = Reference.of(chairs[:20], chairs[20:40])
    assert "frechet" not in measure(chairs[40:60], bare).numbers
    assert prepare(chairs[:2]).voxels().shape == (2, 20, 20, 20)


def test_too_few_shapes_win_nothing(chairs, reference):
    numbers = measure(chairs[:2], reference).numbers
    assert numbers["compared"].value == 2
    assert not {"mmd", "cov", "one_nna"} & numbers.keys()
