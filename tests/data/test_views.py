"""Picture-shape pairs: pure functions of their numbers, splits kept apart."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.data.store import Store
from shapespace.data.views import Views, normalised
from shapespace.data.writer import write_store
from shapespace.shapes import furniture


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    grids = [furniture.make("chair", seed, 16).voxels for seed in range(6)]
    splits = ["train", "train", "validation", "test", "train", "test"]
    return write_store(tmp_path_factory.mktemp("views") / "a.shapes", grids, splits=splits)


def test_a_batch_is_a_pure_function_of_seed_indices_and_draw(store: Store) -> None:
    pictures, numbers = Views.open(store, seed=3).batch([4, 0, 4], draw=7)
    assert pictures.shape == (3, 3, 256, 256)
    assert pictures.dtype == np.uint8
    again, numbers_again = Views.open(store.path, seed=3, workers=2).batch([4, 0, 4], draw=7)
    assert np.array_equal(pictures, again)
    assert np.array_equal(numbers, numbers_again)
    for other in (
        Views.open(store, seed=4).batch([4, 0, 4], draw=7),
        Views.open(store, seed=3).batch([4, 0, 4], draw=8),
    ):
        assert not np.array_equal(other[0], pictures)
    assert not np.array_equal(pictures[0], pictures[2])


def test_indices_are_the_stores(store: Store) -> None:
    views = Views.open(store, seed=0)
    assert views.indices("test").tolist() == [3, 5]
    assert len(views) == 6


def test_normalised_reaches_both_ends() -> None:
    assert normalised(np.array([0, 255], np.uint8)).tolist() == [-1.0, 1.0]
