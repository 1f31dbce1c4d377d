"""What the paper says of 3D-GAN's networks and prior, a test a claim (PAPER.md, section 1)."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from shapespace.nets.discriminator import Discriminator
from shapespace.nets.fast import FastGenerator
from shapespace.nets.generator import Generator
from shapespace.nets.weights import SpaceCard, load_space, save_space
from shapespace.shapes.shape import Shape
from shapespace.space import ShapeSpace

CONVOLUTIONS = (nn.Conv3d, nn.ConvTranspose3d)


@pytest.fixture(scope="module")
def generator() -> Generator:
    return Generator().eval()


@pytest.fixture(scope="module")
def discriminator() -> Discriminator:
    return Discriminator().eval()


def count(parts) -> int:
    return sum(parameter.numel() for parameter in parts)


def multiplications(network: nn.Module, example: torch.Tensor) -> int:
    """Multiply-adds of the convolutions for one sample, counted as outputs (inputs, transposed) times kernel."""
    total = 0

    def add(part, inputs, output):
        nonlocal total
        sites = inputs[0] if isinstance(part, nn.ConvTranspose3d) else output
        total += sites.shape[2:].numel() * part.weight.numel()

    hooks = [part.register_forward_hook(add) for part in network.modules() if isinstance(part, CONVOLUTIONS)]
    with torch.no_grad():
        network(example)
    for hook in hooks:
        hook.remove()
    return total


def test_the_generator_has_17_569_664_parameters(generator):
    assert count(generator.parameters()) == 17_569_664


def test_the_discriminator_has_11_048_832_parameters(discriminator):
    assert count(discriminator.parameters()) == 11_048_832


def test_the_generator_takes_3_90_billion_multiplications():
    plain = Generator().eval()
    plain.fast_last = False  # the hooks count modules; on blocks the last layer is a function of its weight
    assert multiplications(plain, torch.rand(1, 200)) / 1e9 == pytest.approx(3.90, abs=0.005)


def test_the_discriminator_takes_3_89_billion_multiplications():
    plain = Discriminator().eval()
    plain.fast_first = False  # the hooks count modules; on blocks the first layer is a function of its weight
    assert multiplications(plain, torch.rand(1, 1, 64, 64, 64)) / 1e9 == pytest.approx(3.89, abs=0.005)


def test_the_generator_s_layers_are_the_table_s(generator):
    convolutions = [part for part in generator.modules() if isinstance(part, CONVOLUTIONS)]
    table = [(c.out_channels, c.kernel_size[0], c.stride[0], c.padding[0], c.weight.numel()) for c in convolutions]
    assert all(isinstance(c, nn.ConvTranspose3d) for c in convolutions)
    assert table == [
        (512, 4, 1, 0, 6_553_600),
        (256, 4, 2, 1, 8_388_608),
        (128, 4, 2, 1, 2_097_152),
        (64, 4, 2, 1, 524_288),
        (1, 4, 2, 1, 4_096),
    ]


def test_the_generator_s_grids_are_4_8_16_32_64(generator):
    with torch.no_grad():
        z = torch.rand(1, 200)
        shapes = [tuple(grid.shape[1:3]) for grid in generator.hidden(z)]
        assert shapes == [(512, 4), (256, 8), (128, 16), (64, 32)]
        assert generator(z).shape == (1, 1, 64, 64, 64)


def test_the_discriminator_s_layers_are_the_table_s(discriminator):
    convolutions = [part for part in discriminator.modules() if isinstance(part, CONVOLUTIONS)]
    table = [(c.out_channels, c.kernel_size[0], c.stride[0], c.padding[0]) for c in convolutions]
    assert all(isinstance(c, nn.Conv3d) for c in convolutions)
    assert table == [(64, 4, 2, 1), (128, 4, 2, 1), (256, 4, 2, 1), (512, 4, 2, 1), (1, 4, 1, 0)]
    assert convolutions[-1].weight.numel() == 32_768


def test_the_discriminator_s_grids_are_32_16_8_4(discriminator):
    with torch.no_grad():
        features = discriminator.features(torch.rand(1, 1, 64, 64, 64))
    assert [tuple(f.shape[1:3]) for f in features] == [(64, 32), (128, 16), (256, 8), (512, 4)]


def test_no_convolution_has_a_bias(generator, discriminator):
    for network in (generator, discriminator):
        assert all(part.bias is None for part in network.modules() if isinstance(part, CONVOLUTIONS))


def test_batch_norm_follows_every_hidden_convolution_and_never_an_output(generator, discriminator):
    def norms(network):
        return [part.num_features for part in network.modules() if isinstance(part, nn.BatchNorm3d)]

    assert norms(generator) == [512, 256, 128, 64]
    assert norms(discriminator) == [64, 128, 256, 512]
    assert isinstance(discriminator.score, nn.Conv3d)
    assert isinstance(generator.output, nn.ConvTranspose3d)


def test_the_generator_s_hidden_layers_are_rectified_and_its_output_is_a_sigmoid(generator):
    with torch.no_grad():
        z = torch.rand(2, 200)
        hidden, occupancy = generator.hidden(z), generator(z)
    assert all(grid.min() == 0 for grid in hidden)
    assert torch.equal(occupancy, torch.sigmoid(generator.logits(z)))
    assert 0 < occupancy.min() < occupancy.max() < 1


def test_the_discriminator_s_leaky_relu_has_slope_0_2(discriminator):
    slopes = [part.negative_slope for part in discriminator.modules() if isinstance(part, nn.LeakyReLU)]
    assert slopes == [0.2] * 4


def test_stride_2_in_the_generator_s_first_layer_computes_the_same():
    point, weight = torch.randn(2, 6, 1, 1, 1), torch.randn(6, 5, 4, 4, 4)
    twice = functional.conv_transpose3d(point, weight, stride=2)
    torch.testing.assert_close(functional.conv_transpose3d(point, weight, stride=1), twice)


def test_stride_2_in_the_discriminator_s_last_layer_computes_the_same():
    grid, weight = torch.randn(2, 6, 4, 4, 4), torch.randn(1, 6, 4, 4, 4)
    torch.testing.assert_close(functional.conv3d(grid, weight, stride=1), functional.conv3d(grid, weight, stride=2))


def test_the_discriminator_gives_one_logit_a_shape(discriminator):
    with torch.no_grad():
        for batch in (1, 3):
            assert discriminator(torch.rand(batch, 1, 64, 64, 64)).shape == (batch,)


def test_the_linear_projection_is_the_first_layer_without_its_norm_and_relu():
    linear = Generator(6, 16, widths=(4, 2), projection="linear").eval()
    z = torch.rand(2, 6)
    matrix, bias = linear.project[0].weight, linear.project[0].bias
    as_convolution = functional.conv_transpose3d(z[:, :, None, None, None], matrix.t().reshape(6, 4, 4, 4, 4))
    with torch.no_grad():
        expected = as_convolution + bias.view(4, 4, 4, 4)
        torch.testing.assert_close(linear.hidden(z)[0], expected)
        assert linear.hidden(z)[0].min() < 0
    assert Generator(projection="linear").project[0].weight.shape == (512 * 4**3, 200)
    assert Discriminator(projection="linear").score[1].weight.shape == (1, 512 * 4**3)


def test_the_prior_is_uniform_and_it_is_saved_with_the_space(tmp_path):
    assert SpaceCard().prior == "uniform"
    for prior in ("uniform", "normal"):
        save_space(tmp_path / prior, Generator(200, 16, widths=(4, 2)), SpaceCard(prior=prior))
        generator, _, card, _ = load_space(tmp_path / prior)
        z = ShapeSpace(generator, card).latents(50)
        assert (z.min() >= 0 and z.max() <= 1) == (prior == "uniform")
        assert z.std() == pytest.approx(0.289 if prior == "uniform" else 1.0, rel=0.05)


def test_sampling_from_another_prior_is_impossible():
    for function in (ShapeSpace.sample, ShapeSpace.latents, ShapeSpace.__init__):
        assert not {"prior", "distribution"} & set(inspect.signature(function).parameters)
    space = ShapeSpace(Generator(6, 16, widths=(4, 2)), SpaceCard())
    with pytest.raises(AttributeError):
        space.prior = "normal"  # type: ignore[misc]


def test_batch_norm_is_in_evaluation_mode_at_sampling():
    generator = Generator(6, 16, widths=(4, 2)).train()
    space = ShapeSpace(generator, SpaceCard())
    statistics = {name: value.clone() for name, value in generator.named_buffers()}
    z = space.latents(5)
    together, alone = space.decode(z), np.concatenate([space.decode(row[None]) for row in z])
    assert np.array_equal(together, alone)
    assert all(torch.equal(value, statistics[name]) for name, value in generator.named_buffers())
    with torch.no_grad():
        expected = generator.eval()(torch.from_numpy(z))[:, 0]
    np.testing.assert_allclose(together, expected.numpy(), atol=1e-5)


def test_the_paper_s_display_is_threshold_0_1_and_the_largest_component_of_reach_3():
    occupancy = np.zeros((16, 16, 16), np.float32)
    occupancy[2:6, 2:6, 2:6] = 0.2  # above 0.1, below 0.5
    occupancy[8, 2:6, 2:6] = 0.2  # three voxels on: a neighbour by the paper's rule
    occupancy[13:15, 13:15, 13:15] = 0.9  # far off, and smaller
    shape = Shape(occupancy, threshold=0.1)
    assert shape.voxels.sum() == 64 + 16 + 8
    assert shape.largest_component(reach=3).voxels.sum() == 64 + 16
    assert shape.largest_component().voxels.sum() == 64


def test_what_samples_fast_is_the_paper_s_generator(generator):
    z = torch.rand(2, 200)
    with torch.no_grad():
        torch.testing.assert_close(FastGenerator(generator)(z), generator(z), rtol=0, atol=1e-5)
