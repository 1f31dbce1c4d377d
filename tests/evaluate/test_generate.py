"""What is held out, what is sampled, and how another program's shapes get into the table."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shapespace.data.store import Store
from shapespace.data.writer import write_store
from shapespace.errors import BadInput, UsageError
from shapespace.evaluate.generate import HALVES, LARGEST, OWN, Plan, evaluate, peer
from shapespace.nets.generator import Generator
from shapespace.nets.weights import SpaceCard, save_space
from shapespace.shapes.furniture import make
from shapespace.shapes.grid import components
from shapespace.space import load


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("space") / "tiny.safetensors"
    save_space(path, Generator(6, 16, widths=(8, 4)).eval(), SpaceCard(prior="normal", threshold=0.5))
    return load(str(path))


def store(folder, **counts):
    splits = [name for name, count in counts.items() for _ in range(count)]
    voxels = (make("chair", i, 16).voxels for i in range(len(splits)))
    write_store(folder / "a.shapes", voxels, categories="chair", splits=splits)
    return Store.open(folder / "a.shapes")


@pytest.fixture(scope="module")
def measured(space, tmp_path_factory):
    held = store(tmp_path_factory.mktemp("store"), train=30, validation=16)
    others = {"peer": held.read(held.indices("train"))[:9]}
    return evaluate(space, held, Plan(samples=20, peers=others))


def test_samples_are_the_spaces_raw_ones_at_its_threshold(measured, space):
    assert np.array_equal(measured.voxels, space.decode(space.latents(20, seed=0)) > space.threshold)


@pytest.mark.parametrize("split", ["train", "train+validation"])
def test_training_shapes_are_no_test(tmp_path, space, split):
    """Held against them, copies would look like new shapes."""
    held = store(tmp_path, train=10, validation=10)
    with pytest.raises(UsageError, match="the space learned from these shapes"):
        evaluate(space, held, Plan(split=split))


def test_without_a_test_split_validation_is_held_out_and_said(measured):
    assert measured.split == "validation"


def test_the_rows_are_there_in_order(measured):
    assert list(measured.rows)[:3] == [OWN, LARGEST, "peer"]
    assert list(measured.rows)[-1] == HALVES
    assert measured.rows["copies of the training set"].numbers["to_train"].value == pytest.approx(0, abs=1e-6)
    assert measured.rows["peer"].numbers["to_train"].value == pytest.approx(0, abs=1e-6)


def test_the_largest_piece_is_one_piece(measured):
    whole = np.mean([components(shape)[1] > 0 for shape in measured.voxels])
    assert measured.rows[LARGEST].numbers["one_piece"].value == pytest.approx(whole)


def test_the_table_agrees_with_the_curve_at_the_chosen_threshold(measured):
    curve = measured.curve
    there = curve.samples[curve.thresholds.index(curve.chosen)]
    assert measured.rows[OWN].numbers["one_piece"].value == pytest.approx(there.one_piece.value)
    assert measured.rows[OWN].numbers["components"].value == pytest.approx(there.pieces.value)


def test_too_few_held_out_shapes_are_refused(space, tmp_path):
    with pytest.raises(UsageError, match="0 in test, 3 in validation"):
        evaluate(space, store(tmp_path, train=20, validation=3), Plan(samples=8))


def test_a_peer_of_another_resolution_is_brought_to_the_spaces(tmp_path):
    chairs = np.stack([make("chair", i, 32).voxels for i in range(3)])
    np.savez_compressed(tmp_path / "peer.npz", chairs)
    shapes = peer(tmp_path / "peer.npz", 16)
    assert shapes.shape == (3, 16, 16, 16)
    assert shapes.dtype == bool
    assert shapes.any(axis=(1, 2, 3)).all()


def test_a_peer_that_is_no_pack_is_one_line(tmp_path):
    (tmp_path / "peer.npz").write_bytes(b"no zip")
    with pytest.raises(BadInput, match=r"peer\.npz"):
        peer(tmp_path / "peer.npz", 16)
