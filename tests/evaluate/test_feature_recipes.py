"""Recipes of features that are not the paper's: roots, and mean 0 and deviation 1 over the training split."""

from __future__ import annotations

import json

import numpy as np
import pytest

from shapespace.errors import UsageError
from shapespace.evaluate.features import Recipe, calibrated, extract
from shapespace.nets.discriminator import Discriminator


@pytest.fixture(scope="module")
def network() -> Discriminator:
    return Discriminator(16, widths=(4, 8), norm="none", bias=True)


@pytest.fixture(scope="module")
def shapes() -> np.ndarray:
    return np.random.default_rng(0).random((30, 16, 16, 16)) < np.linspace(0.1, 0.9, 30)[:, None, None, None]


def test_the_root_squares_back_to_the_paper_s_numbers(network, shapes):
    plain, rooted = extract(network, shapes), extract(network, shapes, Recipe(root=True))
    assert np.allclose(np.sign(rooted) * rooted**2, plain, rtol=1e-5, atol=1e-8)


def test_calibrated_features_have_mean_0_and_deviation_1(network, shapes):
    rows = extract(network, shapes, calibrated(network, shapes, Recipe(sides=(2, 2), root=True)))
    assert np.abs(rows.mean(0)).max() < 1e-4
    assert np.abs(rows.std(0) - 1).max() < 0.05
    assert rows.std(0).max() <= 1 + 1e-5


def test_what_never_varies_stays_0(network, shapes):
    same = np.repeat(shapes[:1], 5, axis=0)
    assert np.abs(extract(network, same, calibrated(network, same, Recipe()))).max() < 1e-3


def test_a_card_holds_the_recipe(network, shapes):
    recipe = calibrated(network, shapes, Recipe(root=True))
    assert Recipe.parse(json.loads(json.dumps(recipe.entry()))) == recipe


@pytest.mark.parametrize(
    "entry",
    [
        {"root": 1}, {"centre": [0.0]}, {"centre": [0.0], "scale": [0.0]}, {"centre": [0.0], "scale": [float("inf")]},
        {"centre": ["0"], "scale": [1.0]}, {"centre": 0, "scale": 1}, {"whiten": True},
    ],
)  # fmt: skip
def test_what_is_no_recipe_is_refused(entry):
    with pytest.raises(UsageError, match="no recipe of features"):
        Recipe.parse(entry)


def test_a_scale_for_another_discriminator_is_refused(network, shapes):
    with pytest.raises(UsageError, match="the recipe scales 3 numbers"):
        extract(network, shapes, Recipe(centre=(0.0,) * 3, scale=(1.0,) * 3))
