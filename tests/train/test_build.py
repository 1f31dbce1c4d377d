"""What a run starts with follows from the data where a setting says so."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from small_runs import RECIPES, small
from solid_views import small_vaegan

from shapespace.data.store import Store
from shapespace.data.writer import write_store
from shapespace.errors import UsageError
from shapespace.presets import preset
from shapespace.shapes.grid import handed
from shapespace.space import load
from shapespace.train.build import batches_for, begin, build, fitted, symmetry_of
from shapespace.train.loop import train
from shapespace.train.ranks import Ranks

CPU = torch.device("cpu")
FAST = ["modern", "laptop", "tiny", "features", "vaegan"]
"""Presets that teach both networks in one pass."""


@pytest.fixture(scope="module")
def lopsided(tmp_path_factory) -> Store:
    grid = np.repeat(np.repeat(np.repeat(handed(), 2, 0), 2, 1), 2, 2)
    folder = tmp_path_factory.mktemp("lopsided") / "a.shapes"
    return write_store(folder, [grid] * 4, categories="thing", splits=["train"] * 4)


@pytest.mark.parametrize(("wish", "of_chairs", "of_lopsided"), [("none", 0, 0), ("mirror", 1, 1), ("auto", 1, 0)])
def test_the_generator_is_symmetric_as_asked_or_as_the_data_is(store, lopsided, wish, of_chairs, of_lopsided):
    settings = small()
    settings = replace(settings, nets=replace(settings.nets, symmetry=wish))
    assert build(settings, store, CPU).generator.symmetric == bool(of_chairs)
    assert build(settings, lopsided, CPU).generator.symmetric == bool(of_lopsided)


@pytest.mark.parametrize(("in_pieces", "kept"), [(0, 0.1), (1, 0.1), (3, 0.0)])
def test_shapes_that_are_in_pieces_are_not_joined(tmp_path, in_pieces, kept):
    whole, broken = np.zeros((2, 16, 16, 16), bool)
    whole[4:12, 4:12, 4:12] = True
    broken[2:6], broken[10:14] = True, True
    shapes = [whole] * (20 - in_pieces) + [broken] * in_pieces
    data = write_store(tmp_path / "a.shapes", shapes, categories="thing", splits=["train"] * 20)
    settings = small()
    settings = replace(settings, train=replace(settings.train, whole=0.1))
    assert build(settings, data, CPU).train.whole == kept


def test_symmetry_is_the_iou_with_the_mirror_image(store, lopsided):
    assert symmetry_of(store, small()) == 1.0
    grid = handed()
    assert symmetry_of(lopsided, small()) == (grid & grid[::-1]).sum() / (grid | grid[::-1]).sum()


def test_one_shape_is_too_few_to_learn_from(tmp_path):
    data = write_store(tmp_path / "a.shapes", [np.ones((16, 16, 16), bool)], categories="thing", splits=["train"])
    with pytest.raises(UsageError, match=r"a\.shapes has 1 shapes in its training split, and two are the least"):
        batches_for(data, small(), Ranks())


@pytest.mark.parametrize(("recipe", "name"), [("paper", "paper"), ("modern", "paper"), *product(["modern"], FAST)])
def test_settings_fitted_to_a_space_build_its_networks(tmp_path, store, recipe, name):
    made = load(train(store, RECIPES[recipe](shapes=4), tmp_path / "run"))
    settings = fitted(preset(name), made)
    system = build(settings, store, CPU)
    assert system.generator.arguments == made.generator.arguments
    assert system.discriminator.arguments == made.discriminator.arguments
    assert (settings.train, settings.nets.prior) == (preset(name).train, made.prior)


def test_a_deeper_discriminator_is_a_layer_longer_and_is_fitted_to(tmp_path, store):
    plain = small(shapes=4)
    deep = replace(plain, nets=replace(plain.nets, discriminator_base=2))
    made = load(train(store, deep, tmp_path / "run"))
    assert len(made.discriminator.widths) == len(build(plain, store, CPU).discriminator.widths) + 1
    assert build(fitted(preset("paper"), made), store, CPU).discriminator.arguments == made.discriminator.arguments


def test_a_base_that_is_no_power_of_two_is_refused(store):
    odd = replace(small(), nets=replace(small().nets, discriminator_base=3))
    with pytest.raises(UsageError, match="base 3 must be a power of two"):
        build(odd, store, CPU)


def test_a_space_with_batch_statistics_does_not_fit_one_pass(tmp_path, store):
    made = load(train(store, small(shapes=4), tmp_path / "run"))
    with pytest.raises(UsageError, match=r"one-pass needs a discriminator that judges each shape alone"):
        fitted(preset("modern"), made)


def test_settings_fitted_to_a_space_with_an_encoder_build_its_encoder(tmp_path, store):
    made = load(train(store, small_vaegan(shapes=4), tmp_path / "run"))
    settings = fitted(preset("vaegan-paper-literal"), made)
    assert build(settings, store, CPU).encoder.arguments == made.encoder.arguments


def test_an_encoder_does_not_start_from_a_uniform_prior(tmp_path, store):
    train(store, small(shapes=4), tmp_path / "run")
    settings = fitted(preset("vaegan-paper-literal"), load(tmp_path / "run"))
    settings = replace(settings, nets=replace(settings.nets, start_from=str(tmp_path / "run")))
    with pytest.raises(UsageError, match=r"a uniform prior, and an encoder needs a normal one; start from a space"):
        begin(build(settings, store, CPU), settings)
