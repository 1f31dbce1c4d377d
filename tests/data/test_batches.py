"""Batches: a pure function of (seed, step) that shows each shape once an epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shapespace.data.batches import Batches
from shapespace.data.store import Store
from shapespace.data.writer import write_store
from shapespace.errors import DamagedFile


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    grids = np.random.default_rng(0).random((60, 6, 6, 6)) < 0.4
    return write_store(tmp_path_factory.mktemp("batches") / "a.shapes", grids)


@given(
    count=st.integers(2, 60),
    size=st.integers(2, 30),
    world=st.integers(1, 4),
    seed=st.integers(0, 2**40),
    epoch=st.integers(0, 5),
)
def test_an_epoch_shows_each_shape_once(store: Store, count: int, size: int, world: int, seed: int, epoch: int) -> None:
    world = min(world, size, count)
    shapes = np.arange(60)[60 - count :]
    ranks = [Batches(store, shapes, size, seed=seed, rank=rank, world=world) for rank in range(world)]
    steps = range(epoch * ranks[0].steps_per_epoch, (epoch + 1) * ranks[0].steps_per_epoch)
    parts = [[each.indices_at(step) for each in ranks] for step in steps]
    assert sorted(np.concatenate([part for step in parts for part in step]).tolist()) == shapes.tolist()
    assert all(len(part) > 0 for step in parts for part in step)
    assert [sum(map(len, step)) for step in parts] == [ranks[0].count_at(step) for step in steps]
    assert all(ranks[0].count_at(step) >= 2 for step in steps)
    assert {ranks[0].epoch(step) for step in steps} == {epoch}


def test_the_ranks_together_see_what_one_alone_sees(store: Store) -> None:
    alone = Batches(store, np.arange(50), 16, seed=3)
    pair = [Batches(store, np.arange(50), 16, seed=3, rank=rank, world=2) for rank in (0, 1)]
    for step in range(10):
        assert (np.concatenate([each.at(step) for each in pair]) == alone.at(step)).all()


def test_batches_hold_the_shapes(store: Store) -> None:
    batches = Batches(store, store.indices("train"), 8, seed=1)
    got = batches.at(4)
    assert got.shape == (8, 1, 6, 6, 6)
    assert got.dtype == np.uint8
    assert (got[:, 0] == store.read(batches.indices_at(4))).all()
    floats = Batches(store, store.indices("train"), 8, seed=1, dtype=np.float32).at(4)
    assert floats.dtype == np.float32
    assert (floats == got).all()


def test_memory_can_be_used_again(store: Store) -> None:
    batches = Batches(store, np.arange(20), 8, seed=1, dtype=np.float32)
    memory = np.full((9, 1, 6, 6, 6), 7, np.float32)
    for step in range(6):
        got = batches.at(step, memory)
        assert np.shares_memory(got, memory)
        assert (got == batches.at(step)).all()


def test_a_step_is_the_same_whatever_came_before(store: Store) -> None:
    walked = Batches(store, np.arange(60), 7, seed=9)
    in_order = [walked.indices_at(step).tolist() for step in range(40)]
    for step in reversed(range(40)):
        assert Batches(store, np.arange(60), 7, seed=9).indices_at(step).tolist() == in_order[step]


def test_epochs_and_seeds_differ(store: Store) -> None:
    batches = Batches(store, np.arange(60), 60, seed=0)
    orders = {tuple(batches.indices_at(step).tolist()) for step in range(20)}
    orders |= {tuple(Batches(store, np.arange(60), 60, seed=seed).indices_at(0).tolist()) for seed in range(1, 20)}
    assert len(orders) == 39


@pytest.mark.parametrize(("count", "sizes"), [(20, [8, 8, 4]), (17, [8, 9]), (18, [8, 8, 2]), (8, [8]), (5, [5])])
def test_the_last_batch(store: Store, count: int, sizes: list[int]) -> None:
    batches = Batches(store, np.arange(count), 8, seed=0)
    assert [batches.count_at(step) for step in range(batches.steps_per_epoch)] == sizes


@pytest.mark.parametrize(
    ("count", "size", "rank", "world"), [(1, 8, 0, 1), (0, 8, 0, 1), (10, 1, 0, 1), (10, 4, 2, 2), (10, 2, 0, 3)]
)
def test_what_makes_no_batch_is_refused(store: Store, count: int, size: int, rank: int, world: int) -> None:
    with pytest.raises(ValueError, match="batch"):
        Batches(store, np.arange(count), size, seed=0, rank=rank, world=world)


def test_damage_is_not_trained_on(tmp_path: Path) -> None:
    store = write_store(tmp_path / "b.shapes", np.ones((4, 8, 8, 8), bool))
    shard = store.path / "shard-00000.bits"
    shard.write_bytes(shard.read_bytes()[:-1] + b"\x00")
    with pytest.raises(DamagedFile, match="000003"):
        Batches(store, np.arange(4), 4, seed=0).at(0)
