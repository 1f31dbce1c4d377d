"""Neighbours: the nearest by D's features, by voxels and by latent, and an index that is kept where it fits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from shapespace import limits
from shapespace.data.store import Store
from shapespace.data.writer import write_store
from shapespace.errors import DamagedFile, UsageError
from shapespace.explore import neighbours as module
from shapespace.explore.index import Index, facts_of
from shapespace.explore.neighbours import Neighbours, beside, mixed, neighbours, of_latents, of_store
from shapespace.explore.responses import features
from shapespace.nets.card import SpaceCard
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.shapes.grid import iou
from shapespace.space import ShapeSpace

COUNT = 40


def made(prior: str = "normal", seed: int = 3, **arguments) -> ShapeSpace:
    torch.manual_seed(seed)
    generator = Generator(12, 32, widths=(8, 6, 4), **arguments)
    generator.output.weight.data.mul_(40)
    return ShapeSpace(generator, SpaceCard(prior=prior), discriminator=Discriminator(32, widths=(4, 6, 8)))


@pytest.fixture(scope="module")
def space() -> ShapeSpace:
    return made()


@pytest.fixture
def voxels() -> np.ndarray:
    rng = np.random.default_rng(0)
    grids = np.zeros((COUNT, 32, 32, 32), bool)
    for grid in grids:
        for low, high in zip(rng.integers(0, 16, (3, 3)), rng.integers(17, 33, (3, 3)), strict=True):
            grid[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return grids


@pytest.fixture
def store(tmp_path, voxels) -> Store:
    write_store(tmp_path / "boxes.shapes", voxels)
    return Store.open(tmp_path / "boxes.shapes")


def test_features_are_the_last_layer_pooled_by_two(space, voxels):
    assert space.discriminator is not None
    with torch.no_grad():
        last = space.discriminator.eval().features(torch.from_numpy(voxels[:3, None]).float())[-1]
    assert last.shape == (3, 8, 4, 4, 4)
    expected = functional.max_pool3d(last, 2).flatten(1).numpy()
    assert features(space, voxels[:3]) == pytest.approx(expected, abs=1e-6)
    assert features(space, voxels[:0]).shape == (0, 64)


def test_beside_a_tanh_generator_empty_is_minus_one(voxels):
    space = made(activation="tanh")
    assert space.discriminator is not None
    with torch.no_grad():
        last = space.discriminator.eval().features(torch.from_numpy(voxels[:2, None]).float() * 2 - 1)[-1]
    assert features(space, voxels[:2]) == pytest.approx(functional.max_pool3d(last, 2).flatten(1).numpy(), abs=1e-6)


def test_by_features_it_is_the_least_angle_about_the_mean(space, store, voxels):
    numbers, distances = neighbours(space, store).search(voxels[:5], 4)
    middle = features(space, space.decode(space.latents(64)) > space.threshold).mean(0)
    rows = features(space, voxels) - middle
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    true = 1 - rows[:5] @ rows.T
    assert numbers[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert distances == pytest.approx(np.sort(true, axis=1)[:, :4], abs=0.03)


def test_by_voxels_distances_are_one_less_the_true_iou(space, store, voxels):
    query = voxels[7] ^ (np.random.default_rng(1).random((32, 32, 32)) < 0.01)
    numbers, distances = neighbours(space, store, "voxels").search(query[None], 5)
    true = np.array([1 - iou(query, grid) for grid in voxels])
    assert numbers[0, 0] == 7
    assert distances[0] == pytest.approx(np.sort(true)[:5], abs=1e-6)
    assert distances[0] == pytest.approx(true[numbers[0]], abs=1e-6)


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_by_latent_it_is_the_least_angle_about_the_prior_s_middle(prior):
    space = made(prior)
    z = space.latents(50)
    found = Neighbours(space, of_latents(space, z), "latent")
    numbers, distances = found.search(z[:6], 3)
    rows = z - (0.5 if prior == "uniform" else 0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert numbers[:, 0].tolist() == list(range(6))
    assert distances == pytest.approx(np.sort(1 - rows[:6] @ rows.T, axis=1)[:, :3], abs=0.03)


def test_two_empty_shapes_are_alike(space, voxels):
    voxels[3] = False
    held = module.Collection(COUNT, lambda ids: voxels[ids], "", 32)
    numbers, distances = Neighbours(space, held, "voxels").search(voxels[3:4], 2)
    assert numbers[0, 0] == 3
    assert distances.tolist() == [[0, 1]]


def test_samples_of_a_space_can_be_searched_too(space):
    z = space.latents(20)
    decoded = space.decode(z) > space.threshold
    for by in ("features", "voxels"):
        assert Neighbours(space, of_latents(space, z), by).search(decoded[4:5], 1)[0].tolist() == [[4]]


@pytest.mark.parametrize("by", ["features", "voxels"])
def test_the_index_is_kept_beside_the_store_and_used_again(space, store, voxels, monkeypatch, by):
    first = neighbours(space, store, by).search(voxels[:3], 6)
    path = beside(store.path, by)
    assert path.parent == store.path.parent
    assert facts_of(path)["count"] == COUNT
    monkeypatch.setattr(Index, "build", None)
    again = neighbours(space, store, by).search(voxels[:3], 6)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_the_index_is_built_anew_for_another_store_or_another_space(space, store, voxels, tmp_path):
    neighbours(space, store)
    path = beside(store.path, "features")
    written = path.read_bytes()
    write_store(tmp_path / "other.shapes", voxels[::-1])
    other = Store.open(tmp_path / "other.shapes")
    assert neighbours(space, other, path=path).search(voxels[:1], 1)[0].tolist() == [[COUNT - 1]]
    assert path.read_bytes() != written
    neighbours(space, store)
    assert path.read_bytes() == written
    neighbours(made(seed=4), store)
    assert path.read_bytes() != written


def test_by_voxels_the_space_does_not_matter(space, store, monkeypatch):
    neighbours(space, store, "voxels")
    monkeypatch.setattr(Index, "build", None)
    neighbours(made(seed=4), store, "voxels")


def test_a_damaged_index_is_refused(space, store):
    neighbours(space, store)
    path = beside(store.path, "features")
    path.write_bytes(path.read_bytes()[:-1] + b"\0\0")
    with pytest.raises(DamagedFile, match="delete it"):
        neighbours(space, store)


def test_random_signs_keep_distances_and_never_change(monkeypatch):
    rows = np.random.default_rng(0).standard_normal((30, 2048)).astype(np.float32)
    less = mixed(rows)
    assert less.shape == (30, module.NUMBERS)
    apart, apart_less = (np.linalg.norm(x[:, None] - x, axis=-1)[np.triu_indices(30, 1)] for x in (rows, less))
    assert np.abs(apart_less / apart - 1).max() < 0.25
    assert np.abs(apart_less / apart - 1).mean() < 0.06
    few = rows[:, :100]
    assert mixed(few) is few
    ones = mixed(np.eye(300, dtype=np.float32)[:2]) * module.NUMBERS**0.5
    assert set(np.unique(ones.round(4))) == {-1.0, 1.0}
    monkeypatch.setattr(module, "NUMBERS", 64)
    assert (mixed(np.eye(128, dtype=np.float32)[:1]) > 0).sum() == 25  # as written when indices were first kept


def test_what_cannot_be_had_is_refused(space, store, voxels, tmp_path):
    with pytest.raises(UsageError, match="use features, voxels, latent"):
        neighbours(space, store, "colour")
    with pytest.raises(UsageError, match="latent vectors of these shapes are not known"):
        neighbours(space, store, "latent")
    bare = ShapeSpace(space.generator, space.card)
    with pytest.raises(UsageError, match="without its discriminator"):
        neighbours(bare, store)
    write_store(tmp_path / "small.shapes", voxels[:, ::2, ::2, ::2])
    with pytest.raises(UsageError, match="prepare them at 32"):
        neighbours(space, Store.open(tmp_path / "small.shapes"))
    for by in ("features", "voxels"):
        found = neighbours(space, store, by)
        with pytest.raises(UsageError, match="32"):
            found.search(voxels[:1, ::2, ::2, ::2], 1)
        for k in (0, limits.MAX_NEIGHBOURS + 1):
            with pytest.raises(UsageError, match=f"k is {k}"):
                found.search(voxels[:1], k)
    assert Neighbours(space, of_store(store), "voxels").search(voxels[:1], COUNT + 5)[0].shape == (1, COUNT)


@pytest.mark.parametrize("by", ["features", "voxels", "latent"])
def test_what_is_left_out_leaves_the_others_as_they_are(space, by):
    z = space.latents(20)
    found = Neighbours(space, of_latents(space, z), by)
    queries = z[:3] if by == "latent" else space.decode(z[:3]) > space.threshold
    own = found.shapes.numbers(np.stack([z[0], np.full_like(z[0], np.nan), z[2]]))
    assert own.tolist() == [0, -1, 2]
    whole, far = found.search(queries, 6)
    ids, distances = found.search(queries, 5, without=own)
    for row, gap, all_ids, all_far, left_out in zip(ids, distances, whole, far, own, strict=True):
        kept = all_ids != left_out
        assert row.tolist() == all_ids[kept][:5].tolist()
        assert gap.tolist() == all_far[kept][:5].tolist()
    assert found.search(queries, limits.MAX_NEIGHBOURS, without=own)[0].shape == (3, 19)


def test_a_store_s_shapes_have_no_latent_vectors_to_be_known_by(space, store):
    assert of_store(store).numbers(space.latents(2)).tolist() == [-1, -1]
