"""Generator and discriminator: every resolution, both projections, a batch of one, what is refused."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from shapespace.errors import UsageError
from shapespace.nets.blocks import double_by_blocks, halve_by_blocks
from shapespace.nets.discriminator import NORMS, Discriminator
from shapespace.nets.generator import Generator
from shapespace.nets.init import init_dcgan, init_he
from shapespace.nets.layout import RESOLUTIONS, widths_for
from shapespace.nets.norm import BatchNorm3d


def narrow(resolution: int) -> tuple[int, ...]:
    """A few channels a layer, narrowest first."""
    return tuple(range(2, 2 + len(widths_for(resolution))))


@pytest.mark.parametrize("projection", ["conv", "linear"])
@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_every_resolution_is_what_it_says(resolution, projection):
    generator = Generator(5, resolution, widths=narrow(resolution)[::-1], projection=projection).eval()
    discriminator = Discriminator(resolution, widths=narrow(resolution), projection=projection).eval()
    with torch.no_grad():
        shapes = generator(torch.rand(1, 5))
        assert shapes.shape == (1, 1, resolution, resolution, resolution)
        assert discriminator(shapes).shape == (1,)


def test_widths_follow_the_rule_and_stop_at_512():
    assert [widths_for(r) for r in RESOLUTIONS] == [
        (64, 128),
        (64, 128, 256),
        (64, 128, 256, 512),
        (64, 128, 256, 512, 512),
        (64, 128, 256, 512, 512, 512),
    ]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("minibatch_std", [False, True])
def test_a_batch_of_one_trains(norm, minibatch_std):
    generator = Generator(5, 16, widths=(4, 2))
    discriminator = Discriminator(16, widths=(2, 4), norm=norm, minibatch_std=minibatch_std)
    discriminator(generator(torch.rand(1, 5))).sum().backward()
    for parameter in [*generator.parameters(), *discriminator.parameters()]:
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()


def test_activations_are_two_views_of_the_same_logits():
    z = torch.rand(3, 5)
    sigmoid = Generator(5, 16, widths=(4, 2)).eval()
    tanh = Generator(5, 16, widths=(4, 2), activation="tanh").eval()
    tanh.load_state_dict(sigmoid.state_dict())
    with torch.no_grad():
        assert torch.equal(sigmoid(z), sigmoid.logits(z).sigmoid())
        assert torch.equal(tanh(z), sigmoid.logits(z).tanh())


@pytest.mark.parametrize("projection", ["conv", "linear"])
def test_arguments_build_the_same_network_again(projection):
    generator = Generator(5, 16, widths=(4, 2), projection=projection, activation="tanh", bias=True)
    again = Generator(**generator.arguments)
    assert again.arguments == generator.arguments
    assert [p.shape for p in again.state_dict().values()] == [p.shape for p in generator.state_dict().values()]
    discriminator = Discriminator(16, widths=(2, 3, 4), norm="none", projection=projection, minibatch_std=True, base=2)
    assert Discriminator(**discriminator.arguments).arguments == discriminator.arguments


def test_minibatch_std_tells_a_collapsed_batch_from_a_varied_one():
    discriminator = init_he(Discriminator(16, widths=(2, 4), norm="none", minibatch_std=True))
    torch.nn.init.zeros_(discriminator.score.weight)
    discriminator.score.weight.data[:, -1] = 1.0
    shapes = torch.rand(4, 1, 16, 16, 16)
    with torch.no_grad():
        one_shape_for_all = shapes[:1].expand(4, -1, -1, -1, -1)
        assert discriminator(shapes).mean() > 10 * discriminator(one_shape_for_all).mean()


def test_without_minibatch_std_or_batch_norm_a_score_is_the_shape_s_own():
    discriminator = Discriminator(16, widths=(2, 4), norm="none")
    shapes = torch.rand(5, 1, 16, 16, 16)
    with torch.no_grad():
        alone = torch.cat([discriminator(shape[None]) for shape in shapes])
        assert torch.allclose(discriminator(shapes), alone, atol=1e-6)


def test_features_are_each_hidden_layer():
    features = Discriminator(32, widths=(2, 3, 4)).features(torch.rand(2, 1, 32, 32, 32))
    assert [tuple(f.shape) for f in features] == [(2, 2, 16, 16, 16), (2, 3, 8, 8, 8), (2, 4, 4, 4, 4)]


@pytest.mark.parametrize("with_bias", [False, True])
def test_first_layer_on_blocks_is_the_convolution(with_bias):
    grid = torch.rand(2, 1, 8, 12, 16, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 1, 4, 4, 4, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(3, dtype=torch.float64) if with_bias else None
    ours = halve_by_blocks(grid, weight, bias)
    plain = functional.conv3d(grid, weight, bias, stride=2, padding=1)
    torch.testing.assert_close(ours, plain)
    slope = torch.randn_like(plain)
    torch.testing.assert_close(
        torch.autograd.grad(ours, (grid, weight), slope), torch.autograd.grad(plain, (grid, weight), slope)
    )


@pytest.mark.parametrize("with_bias", [False, True])
def test_last_layer_on_blocks_is_the_transposed_convolution(with_bias):
    grid = torch.rand(2, 3, 4, 5, 6, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, 1, 4, 4, 4, dtype=torch.float64, requires_grad=True)
    bias = torch.randn(1, dtype=torch.float64) if with_bias else None
    ours = double_by_blocks(grid, weight, bias)
    plain = functional.conv_transpose3d(grid, weight, bias, stride=2, padding=1)
    torch.testing.assert_close(ours, plain)
    slope = torch.randn_like(plain)
    torch.testing.assert_close(
        torch.autograd.grad(ours, (grid, weight), slope), torch.autograd.grad(plain, (grid, weight), slope)
    )


def test_fast_first_changes_no_name_and_allows_a_second_derivative():
    discriminator = Discriminator(16, widths=(2, 4), norm="none").double()
    shapes = torch.rand(2, 1, 16, 16, 16, dtype=torch.float64, requires_grad=True)
    grads = {}
    for fast in (False, True):
        discriminator.fast_first = fast
        (slope,) = torch.autograd.grad(discriminator(shapes).sum(), shapes, create_graph=True)
        discriminator.zero_grad()
        slope.square().sum().backward()
        grads[fast] = discriminator.layers[0][0].weight.grad.clone()
    torch.testing.assert_close(grads[True], grads[False])
    assert discriminator.layers[0][0].weight.shape == (2, 1, 4, 4, 4)


def test_fast_last_computes_the_same_with_the_same_gradients():
    generator, z, found = Generator(5, 32, widths=(6, 4, 2)).double(), torch.rand(2, 5).double(), {}
    for fast in (False, True):
        generator.fast_last = fast
        generator.zero_grad()
        logits = generator.logits(z)
        logits.pow(2).sum().backward()
        found[fast] = [logits.detach(), *(p.grad.clone() for p in generator.parameters())]
    torch.testing.assert_close(found[True], found[False])


def test_a_seed_gives_the_same_first_weights():
    first, second = Generator(5, 16, widths=(4, 2)), Generator(5, 16, widths=(4, 2))
    for network in (first, second):
        init_dcgan(network, torch.Generator().manual_seed(7))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_first_weights_have_the_spread_they_should():
    generator = init_dcgan(Generator(100, 16, widths=(64, 32)), torch.Generator().manual_seed(0))
    assert generator.project[1].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert generator.project[2].weight.mean().item() == pytest.approx(1.0, abs=0.01)
    assert not generator.project[2].bias.any()
    discriminator = init_he(Discriminator(16, widths=(32, 64)), torch.Generator().manual_seed(0))
    assert discriminator.layers[1][0].weight.std().item() == pytest.approx((2 / (32 * 64)) ** 0.5, rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"resolution": 48}, "resolution 48"),
        ({"resolution": "64"}, "resolution '64'"),
        ({"widths": (8, 4)}, "2 numbers"),
        ({"resolution": 16, "widths": (8, 0)}, "a width is 0"),
        ({"resolution": 16, "widths": (8, 10**9)}, "a width is 1000000000"),
        ({"resolution": 16, "widths": (4096, 4096)}, "parameters"),
        ({"projection": "dense"}, "projection 'dense'"),
        ({"base": 3}, "base 3"),
        ({"bias": 1}, "bias is 1"),
    ],
)
def test_what_cannot_be_meant_is_named(arguments, named):
    with pytest.raises(UsageError, match=named):
        Generator(**({"latent_dim": 8192} | arguments))
    if arguments.get("widths") != (4096, 4096):
        with pytest.raises(UsageError, match=named):
            Discriminator(**arguments)


@pytest.mark.parametrize("latent_dim", [0, -1, 10**9, 2.0, True])
def test_latent_dim_is_bounded(latent_dim):
    with pytest.raises(UsageError, match="latent_dim"):
        Generator(latent_dim)


def test_our_batch_norm_alone_is_torch_s():
    ours, plain = BatchNorm3d(3), torch.nn.BatchNorm3d(3)
    x = torch.randn(4, 3, 2, 2, 2)
    assert torch.equal(ours(x), plain(x))
    assert all(torch.equal(a, b) for a, b in zip(ours.state_dict().values(), plain.state_dict().values(), strict=True))


def test_a_symmetric_generator_s_shapes_are_their_own_mirror_images_and_no_others():
    generator = Generator(5, 16, widths=(8, 4), symmetric=True).eval()
    occupancy = generator(torch.rand(3, 5))
    assert torch.equal(occupancy, occupancy.flip(2))
    assert not torch.allclose(occupancy, occupancy.flip(3))
    assert not torch.allclose(occupancy, occupancy.flip(4))
