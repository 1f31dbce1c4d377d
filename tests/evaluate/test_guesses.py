"""What is guessed without the picture: means, retrieved shapes, predictions dealt out again."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.evaluate import guesses
from shapespace.shapes.grid import handed, pad


def test_bringing_keeps_the_axes_and_the_mean():
    grids = np.stack([pad(handed(), 8), pad(np.ones((2, 2, 2), bool), 8)])
    halved = guesses.bring(grids, 4)
    plain = grids.reshape(2, 4, 2, 4, 2, 4, 2).mean((2, 4, 6))
    assert np.array_equal(halved, plain.astype(np.float32))
    doubled = guesses.bring(grids, 16)
    assert np.array_equal(doubled, grids.repeat(2, 1).repeat(2, 2).repeat(2, 3).astype(np.float32))


@pytest.mark.parametrize("side", [32, 64, 24, 7])
def test_bringing_to_any_side_keeps_what_is_full(side):
    rng = np.random.default_rng(0)
    grids = rng.random((guesses.BLOCK + 3, side, side, side)).astype(np.float32)
    found = guesses.bring(grids, 20)
    assert found.shape == (len(grids), 20, 20, 20)
    assert found.mean((1, 2, 3)) == pytest.approx(grids.mean((1, 2, 3)), rel=1e-4)
    one_by_one = np.concatenate([guesses.bring(grid[None], 20) for grid in grids])
    assert np.allclose(found, one_by_one, atol=1e-6)
    assert np.allclose(guesses.bring(np.ones((1, side, side, side)), 20), 1)


def test_a_voxel_over_a_border_counts_by_its_part():
    grid = np.zeros((1, 3, 3, 3), np.float32)
    grid[0, 1] = 1  # the middle third of x
    found = guesses.bring(grid, 2)[0]
    assert np.allclose(found, 1 / 3)  # half of a voxel of two thirds of the new one


def test_the_nearest_features_are_retrieved():
    rng = np.random.default_rng(1)
    train = rng.normal(size=(50, 6))
    queries = rng.normal(size=(9, 6))
    plain = [int(np.argmin(np.linalg.norm(train - query, axis=1))) for query in queries]
    assert guesses.retrieve(queries, train).tolist() == plain
    assert guesses.retrieve(train, train).tolist() == list(range(50))


def test_a_class_mean_is_cut_where_it_agrees_best_with_its_shapes():
    """Nine in ten have only the lower half: above it the mean is 0.1, and cutting below that would agree less."""
    shapes = np.zeros((10, 4, 4, 4), bool)
    shapes[:, :, :, :2] = True
    shapes[0] = True
    found = guesses.class_means(np.array(["a"]), np.zeros(3, int), shapes, np.array(["a"] * 10), 4)
    assert found.bank.shape == (1, 4, 4, 4)
    assert np.unique(found.bank[0].round(6)).tolist() == pytest.approx([0.1, 1])
    assert 0.1 <= found.levels[0] < 1
    assert np.array_equal(found.bank[0] > found.levels[0], shapes[1])
    assert found.index.tolist() == [0, 0, 0]


def test_a_category_nobody_learned_has_the_mean_of_all_and_says_so():
    shapes = np.zeros((3, 4, 4, 4), bool)
    shapes[0] = True
    names = np.array(["bed", "bookcase"])
    found = guesses.class_means(names, np.array([1, 0]), shapes, np.array(["bed", "chair", "chair"]), 4)
    assert (found.bank[0] == 1).all()
    assert np.allclose(found.bank[1], 1 / 3)
    assert "none of bookcase" in found.note


def test_retrieved_shapes_are_those_of_their_numbers():
    shapes = np.random.default_rng(2).random((6, 8, 8, 8)) > 0.5
    found = guesses.retrieved(shapes, np.array([4, 1, 4]), 8)
    assert np.array_equal(found.bank[found.index] > found.levels[0], shapes[[4, 1, 4]])
    assert len(found.bank) == 2


def dealt(objects: np.ndarray, groups: np.ndarray, seed: int = 0) -> tuple[np.ndarray, str]:
    count = len(objects)
    own = guesses.Guesses(np.zeros((count, 2, 2, 2), np.float32), np.arange(count), np.full(count, 0.5), "")
    found = guesses.dealt(own, groups, objects, seed)
    return found.index, found.note


@pytest.mark.parametrize("seed", range(5))
def test_dealing_out_is_a_permutation_within_groups_that_no_object_keeps(seed):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 3, 90)
    objects = groups * 10 + rng.integers(0, 4, 90)  # each with about a quarter of its group
    index, note = dealt(objects, groups, seed)
    assert sorted(index) == list(range(90))
    assert (groups[index] == groups).all()
    assert (objects[index] != objects).all()
    assert "same object" not in note


def test_as_few_as_can_be_keep_their_object_and_it_is_said():
    objects = np.array([0] * 7 + [1] * 3)  # seven places, and but three predictions of another object
    index, note = dealt(objects, np.zeros(10, int))
    assert (objects[index] == objects).sum() == 4
    assert "40 %" in note


def test_dealing_mixes_more_than_whole_objects():
    objects = np.repeat(np.arange(6), 20)
    index, _ = dealt(objects, np.zeros(120, int))
    pairs = {(int(a), int(b)) for a, b in zip(objects, objects[index], strict=True)}
    assert len(pairs) == 30  # every object meets every other one


def test_one_object_alone_keeps_its_own():
    index, note = dealt(np.zeros(4, int), np.zeros(4, int))
    assert sorted(index) == [0, 1, 2, 3]
    assert "100 %" in note
