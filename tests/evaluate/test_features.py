"""Features are the layers and pools of the paper, at every resolution, and leave the discriminator as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from shapespace.errors import UsageError
from shapespace.evaluate.features import PAPER, Recipe, extract
from shapespace.nets.discriminator import Discriminator
from shapespace.shapes.grid import handed, pad


def shapes(resolution: int, count: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.random((count, resolution, resolution, resolution)) < 0.2


def test_the_papers_numbers_at_64():
    network = Discriminator(64).eval()
    voxels = pad(handed(), 64)[None]
    with torch.no_grad():
        layers = network.features(torch.from_numpy(voxels)[:, None].float())
    assert [grid.shape[-1] for grid in layers[1:]] == [16, 8, 4]  # the paper's 2nd, 3rd and 4th convolution
    pooled = zip(layers[1:], (8, 4, 2), strict=True)
    expected = torch.cat([functional.max_pool3d(grid, side).flatten(1) for grid, side in pooled], 1).numpy()
    found = extract(network, voxels)
    assert found.shape == (1, 7168)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("resolution", "widths"), [(16, (4, 6)), (32, (4, 6, 8)), (64, (2, 4, 6, 8))])
def test_each_of_the_last_three_layers_gives_eight_numbers_a_channel(resolution, widths):
    found = extract(Discriminator(resolution, widths=widths), shapes(resolution))
    assert found.shape == (3, 8 * sum(widths[-3:]))
    assert found.dtype == np.float32


def test_batch_is_one_by_one_and_training_mode_is_kept():
    network = Discriminator(16, widths=(4, 6)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    voxels = shapes(16, 70)  # more than one block
    together = extract(network, voxels)
    np.testing.assert_allclose(together, np.concatenate([extract(network, v[None]) for v in voxels]), atol=1e-5)
    assert network.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_mirrored_recipe_cannot_tell_left_from_right():
    network, voxels = Discriminator(16, widths=(4, 6)), pad(handed(), 16)[None]
    recipe = Recipe((0, 4), mirror=True)
    found = extract(network, voxels, recipe)
    assert found.shape == (1, 6 * 64)
    np.testing.assert_allclose(found, extract(network, voxels[:, ::-1], recipe), atol=1e-6)
    assert not np.allclose(extract(network, voxels), extract(network, voxels[:, ::-1]))


def test_recipe_goes_through_a_card():
    recipe = Recipe((0, 0, 4), mirror=True)
    assert Recipe.parse(recipe.entry()) == recipe
    assert Recipe.parse(None) == PAPER


@pytest.mark.parametrize("entry", [7, {"side": [2]}, {"sides": 2}, {"sides": [0, 0]}, {"sides": [-1]}, {"mirror": 1}])
def test_no_recipe_is_refused(entry):
    with pytest.raises(UsageError, match="no recipe"):
        Recipe.parse(entry)


def test_other_resolution_is_refused():
    with pytest.raises(UsageError, match="sees 16"):
        extract(Discriminator(16, widths=(4, 6)), shapes(32))
