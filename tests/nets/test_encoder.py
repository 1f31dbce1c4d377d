"""The image encoder: its layers, what it takes, what it answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from shapespace.errors import UsageError
from shapespace.nets.encoder import ImageEncoder, as_seen, reparameterised, widths_from


def tiny(latent_dim: int = 6) -> ImageEncoder:
    torch.manual_seed(0)
    return ImageEncoder(latent_dim, widths=(1, 2, 4, 8))


def picture(count: int = 2, seed: int = 0) -> torch.Tensor:
    pixels = torch.randint(0, 256, (count, 3, 256, 256), generator=torch.Generator().manual_seed(seed))
    return as_seen(pixels.to(torch.uint8))


def test_every_layer_s_maps_have_the_sizes_of_the_paper():
    encoder, grid, sides = tiny().eval(), picture(1), []
    for layer in encoder.layers:
        grid = layer(grid)
        sides.append(tuple(grid.shape))
    assert sides == [(1, 1, 64, 64), (1, 2, 32, 32), (1, 4, 16, 16), (1, 8, 8, 8)]
    assert tuple(encoder.output(grid).shape) == (1, 12, 1, 1)


def test_means_come_first_and_log_variances_second():
    encoder = tiny().eval()
    with torch.no_grad():
        encoder.output.weight.zero_()
        encoder.output.bias.copy_(torch.arange(12.0))
        mean, log_variance = encoder(picture(2))
    assert torch.equal(mean, torch.arange(6.0).expand(2, 6))
    assert torch.equal(log_variance, torch.arange(6.0, 12.0).expand(2, 6))


def test_it_begins_near_the_prior():
    torch.manual_seed(1)
    with torch.no_grad():
        mean, log_variance = ImageEncoder(64, widths=widths_from(8))(picture(4))
    assert 0.05 < mean.std() < 0.5
    assert 0.05 < log_variance.std() < 0.5


@pytest.mark.parametrize("shape", [(1, 256, 256, 3), (1, 3, 128, 128), (1, 1, 256, 256), (3, 256, 256)])
def test_pictures_of_another_shape_are_refused(shape):
    with pytest.raises(UsageError, match=r"the encoder takes \(batch, 3, 256, 256\)"):
        tiny()(torch.zeros(shape))


@pytest.mark.parametrize("widths", [(4, 8, 16), (4, 8, 16, 0), (4, 8, 16, 32, 64), (4, 8, 16, 5_000)])
def test_widths_that_cannot_be_are_refused(widths):
    with pytest.raises(UsageError, match="width"):
        ImageEncoder(6, widths=widths)


def test_more_parameters_than_are_allowed_are_refused_before_they_are_made():
    with pytest.raises(UsageError, match="the limit is 500,000,000"):
        ImageEncoder(200, widths=(4096, 4096, 4096, 4096))


def test_its_arguments_build_it_again():
    encoder = tiny()
    again = ImageEncoder(**encoder.arguments)
    again.load_state_dict(encoder.state_dict())
    with torch.no_grad():
        assert torch.equal(again.eval()(picture())[0], encoder.eval()(picture())[0])


def test_black_is_minus_one_and_white_is_one():
    pixels = torch.tensor([0, 255], dtype=torch.uint8)
    assert as_seen(pixels).tolist() == [-1.0, 1.0]
    assert as_seen(pixels).dtype == torch.float32


def test_it_expects_what_the_views_are_normalised_to():
    from shapespace.data.views import normalised

    pixels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(as_seen(torch.from_numpy(pixels)).numpy(), normalised(pixels))


def test_the_sampler_takes_the_half_of_a_log_variance_for_a_log_deviation():
    """A log-variance of 2 ln 3 is a deviation of 3."""
    mean, log_variance = torch.tensor([[1.0, -2.0]]), torch.tensor([[2 * math.log(3), 0.0]])
    z = reparameterised(mean, log_variance, torch.tensor([[2.0, 0.5]]))
    assert z[0].tolist() == pytest.approx([7.0, -1.5])


def test_every_hidden_layer_is_convolution_norm_relu_and_the_last_is_bare():
    encoder = tiny()
    for layer in encoder.layers:
        conv, norm, act = layer.children()
        assert isinstance(conv, nn.Conv2d)
        assert conv.bias is None
        assert isinstance(norm, nn.BatchNorm2d)
        assert isinstance(act, nn.ReLU)
    assert isinstance(encoder.output, nn.Conv2d)


def test_in_evaluation_a_picture_s_answer_is_its_own():
    encoder = tiny().eval()
    with torch.no_grad():
        together = encoder(picture(3))[0]
        alone = torch.cat([encoder(one[None])[0] for one in picture(3)])
    assert torch.allclose(together, alone, atol=1e-5)
