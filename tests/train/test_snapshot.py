"""What a run leaves to sample from: the card tells the truth, the sheet is a picture, looking disturbs nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small_runs import small, small_modern

import shapespace
from shapespace.train.build import build
from shapespace.train.ema import Ema
from shapespace.train.loop import train
from shapespace.train.snapshot import THRESHOLDS, Snapshot

CPU = torch.device("cpu")
sheet = Snapshot.sheet  # the fixture `undrawn` replaces it later


def test_the_space_says_how_it_came_to_be(store, recipe, tmp_path):
    settings = recipe(shapes=24)
    space = shapespace.load(train(store, settings, tmp_path / "run"))
    card = space.card
    assert (card.prior, space.generator.resolution, space.generator.latent_dim) == (settings.nets.prior, 16, 6)
    assert card.categories == ("chair",)
    assert card.licence == "MIT"
    assert card.data["source"] == "furniture"
    assert card.trained["shapes"] >= 24
    assert card.trained["seed"] == 0
    assert card.threshold in THRESHOLDS.tolist()


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_a_sheet_is_a_picture_of_the_fixed_latents(store, tmp_path, activation):
    from PIL import Image

    settings = small()
    settings = replace(settings, nets=replace(settings.nets, activation=activation))
    torch.manual_seed(0)
    own, snapshot = build(settings, store, CPU), Snapshot(store, settings, CPU)
    for name in ("a.png", "b.png"):
        sheet(snapshot, own.generator, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width > picture.height > 100


def test_looking_changes_nothing(store):
    torch.manual_seed(0)
    settings = small()
    own, snapshot = build(settings, store, CPU), Snapshot(store, settings, CPU)
    before = {name: value.clone() for name, value in own.generator.state_dict().items()}
    state = torch.get_rng_state()
    snapshot.diversity(own.generator)
    assert own.generator.training
    assert all(torch.equal(before[name], value) for name, value in own.generator.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_the_average_is_what_is_saved(store, tmp_path):
    settings = small_modern()
    torch.manual_seed(0)
    own, snapshot = build(settings, store, CPU), Snapshot(store, settings, CPU)
    average = Ema(own.generator, half_life=20.0)
    with torch.no_grad():
        for parameter in own.generator.parameters():
            parameter.add_(1.0)
    snapshot.space(own, average, tmp_path / "space.safetensors", 4)
    generator = shapespace.load(tmp_path / "space.safetensors").generator
    for name, value in average.network.state_dict().items():
        assert torch.equal(generator.state_dict()[name], value), name


def test_without_held_out_shapes_the_threshold_is_judged_on_the_training_ones(tmp_path, store):
    from shapespace.data.writer import write_store

    bare = write_store(tmp_path / "bare.shapes", store.read(range(6)), categories="chair", splits=["train"] * 6)
    snapshot = Snapshot(bare, small(), CPU)
    assert len(snapshot.held_out_occupancy) == 6
    space = shapespace.load(train(bare, small(shapes=12), tmp_path / "run"))
    assert 0 < space.threshold < 1
