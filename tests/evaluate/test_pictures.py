"""Pictures of held-out shapes: whose they are, that they are always the same, and how training shapes are retrieved."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shapespace.data.store import Store
from shapespace.data.views import Views
from shapespace.data.writer import write_store
from shapespace.errors import BadInput, UsageError
from shapespace.evaluate import pictures
from shapespace.nets.encoder import ImageEncoder
from shapespace.nets.generator import Generator
from shapespace.nets.weights import SpaceCard
from shapespace.shapes.furniture import make
from shapespace.space import ShapeSpace

NAMES = ["chair", "table"] * 4
SPLITS = ["train"] * 4 + ["test"] * 4


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    path = tmp_path_factory.mktemp("pictures") / "both.shapes"
    grids = (make(name, seed, 16).voxels for seed, name in enumerate(NAMES))
    write_store(path, grids, categories=NAMES, splits=SPLITS)
    return Store.open(path)


@pytest.fixture(scope="module")
def views(store) -> Views:
    return Views.open(store, seed=3)


@pytest.fixture(scope="module")
def space() -> ShapeSpace:
    torch.manual_seed(0)
    return ShapeSpace(
        Generator(6, 16, widths=(8, 4)), SpaceCard(prior="normal"), encoder=ImageEncoder(6, widths=(1, 2, 4, 8))
    )


def test_each_picture_has_the_shape_it_was_drawn_of(store, views):
    _, held_out = pictures.looked_at(store, None, None)
    shown = pictures.of_store(views, store, held_out, 3)
    assert shown.pictures.shape == (12, 3, 256, 256)
    assert shown.categories == ("chair", "table") * 6
    assert np.array_equal(shown.true, store.read(np.tile(held_out, 3)))
    assert np.array_equal(shown.pictures[4:8], views.batch(held_out, draw=1)[0])


def test_pictures_are_the_same_again_and_differ_between_draws(store, views):
    shapes = store.indices("test")
    first, again = (pictures.of_store(views, store, shapes, 2).pictures for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first[:4], first[4:])


def test_a_picture_of_a_training_shape_retrieves_that_shape(store, views, space):
    train = store.indices("train")
    z = space.encode(views.batch(train, draw=1)[0])
    assert pictures.retrieved(space, z, views, train, 2).tolist() == [0, 1, 2, 3]


def test_the_test_split_is_looked_at_unless_another_is_asked_for(store):
    assert pictures.looked_at(store, None, "table")[0] == "test"
    with pytest.raises(UsageError, match="--split train: the space learned from these shapes"):
        pictures.looked_at(store, "train", None)
    with pytest.raises(UsageError, match="no shape of validation"):
        pictures.looked_at(store, "validation", None)


def test_only_photographs_of_known_categories_are_taken(real_data):
    shown = pictures.of_ikea(real_data / "ikea", {"bed", "lamp"})
    assert set(shown.categories) == {"bed"}
    assert len(shown) == 11
    assert shown.true.shape == (11, 20, 20, 20)


def test_photographs_of_nothing_that_was_learned_are_refused(real_data):
    with pytest.raises(BadInput, match="no photograph of lamp"):
        pictures.of_ikea(real_data / "ikea", {"lamp"})
