"""The shape encoder: its layers, what it answers at first, what it refuses."""

from __future__ import annotations

import pytest
import torch

from shapespace.errors import UsageError
from shapespace.nets.shape_encoder import ShapeEncoder


def shapes(count: int, side: int) -> torch.Tensor:
    return (torch.rand(count, 1, side, side, side, generator=torch.Generator().manual_seed(0)) > 0.9).float()


def test_every_layer_has_twice_the_channels_and_half_the_side():
    encoder, grid, sides = ShapeEncoder(6, 32, widths=(2, 4, 8)).eval(), shapes(1, 32), []
    for layer in encoder.layers:
        grid = layer(grid)
        sides.append(tuple(grid.shape))
    assert sides == [(1, 2, 16, 16, 16), (1, 4, 8, 8, 8), (1, 8, 4, 4, 4)]
    assert tuple(encoder.output(grid).shape) == (1, 12, 1, 1, 1)


def test_means_come_first_and_log_variances_second():
    encoder = ShapeEncoder(3, 16, widths=(2, 4)).eval()
    with torch.no_grad():
        encoder.output.weight.zero_()
        encoder.output.bias.copy_(torch.arange(6.0))
        mean, log_variance = encoder(shapes(2, 16))
    assert mean.tolist() == [[0, 1, 2]] * 2
    assert log_variance.tolist() == [[3, 4, 5]] * 2


def test_it_begins_near_the_prior():
    torch.manual_seed(0)
    mean, log_variance = ShapeEncoder(64, 16, widths=(8, 16))(shapes(16, 16))
    assert 0 < mean.std() < 1
    assert mean.abs().mean() < 1
    assert log_variance.abs().mean() < 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"latent_dim": 0}, "latent_dim"),
        ({"resolution": 33}, "resolution 33"),
        ({"widths": (1, 2, 4)}, "has 3 numbers"),
        ({"widths": (10**6, 2)}, "a width"),
        ({"latent_dim": 8192, "widths": (2048, 4096)}, "parameters"),
    ],
)
def test_what_cannot_be_built_is_refused(options, said):
    chosen = {"latent_dim": 6, "resolution": 16, "widths": (2, 4)} | options
    with pytest.raises(UsageError, match=said):
        ShapeEncoder(chosen.pop("latent_dim"), chosen.pop("resolution"), **chosen)
