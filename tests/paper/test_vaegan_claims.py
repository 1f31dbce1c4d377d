"""What the paper says about 3D-VAE-GAN, a test a claim (Wu et al. 2016, section 3.2), and what follows from it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from shapespace.nets.discriminator import Discriminator
from shapespace.nets.encoder import ImageEncoder, reparameterised
from shapespace.nets.generator import Generator
from shapespace.presets import preset
from shapespace.shapes.furniture import make
from shapespace.train import variational
from shapespace.train.gan import Gan
from shapespace.train.vaegan import VaeGan

PAPER = preset("vaegan-paper-literal")


@pytest.fixture(scope="module")
def encoder() -> ImageEncoder:
    return ImageEncoder().eval()


def small_vaegan() -> VaeGan:
    torch.manual_seed(0)
    settings = replace(PAPER, nets=replace(PAPER.nets, latent_dim=6))
    gan = Gan(Generator(6, 16, widths=(8, 4)), Discriminator(16, widths=(4, 8)), settings)
    return VaeGan(gan, ImageEncoder(6, widths=(1, 2, 4, 8)), settings)


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    return (torch.rand(3, 1, 16, 16, 16, generator=rng) > 0.8).float(), torch.rand(3, 3, 256, 256, generator=rng)


def test_the_encoder_s_layers_are_those_printed(encoder):
    convs = [layer[0] for layer in encoder.layers] + [encoder.output]
    assert [conv.kernel_size for conv in convs] == [(k, k) for k in (11, 5, 5, 5, 8)]
    assert [conv.stride for conv in convs] == [(s, s) for s in (4, 2, 2, 2, 1)]
    assert [(conv.in_channels, conv.out_channels) for conv in convs] == list(pairwise((3, 64, 128, 256, 512, 400)))


def test_the_encoder_has_17_4_million_parameters(encoder):
    by_hand = 3 * 64 * 121 + 25 * (64 * 128 + 128 * 256 + 256 * 512) + 64 * 512 * 400 + 400 + 2 * (64 + 128 + 256 + 512)
    assert sum(p.numel() for p in encoder.parameters()) == by_hand == 17_433_552


def test_it_gives_200_means_and_200_log_variances_of_256_by_256_pixels(encoder):
    with torch.no_grad():
        mean, log_variance = encoder(torch.zeros(1, 3, 256, 256))
    assert mean.shape == log_variance.shape == (1, 200)


def test_alpha_1_is_5_and_alpha_2_is_a_ten_thousandth():
    assert (PAPER.vae.kl_weight, PAPER.vae.reconstruction_weight) == (5.0, 1e-4)
    assert (PAPER.vae.kl, PAPER.vae.reconstruction) == ("sum", "norm")
    assert (PAPER.vae.kl_warm_up, PAPER.vae.free_bits) == (0.0, 0.0)


def test_the_prior_of_3d_vae_gan_is_standard_normal():
    assert PAPER.nets.prior == "normal"


def test_all_else_is_3d_gan_s():
    assert replace(PAPER, vae=preset("paper").vae, nets=replace(PAPER.nets, prior="uniform")) == preset("paper")


def test_the_divergence_is_that_of_a_normal_from_the_standard_one():
    """Against torch's own, which is written independently."""
    from torch.distributions import Normal, kl_divergence

    rng = torch.Generator().manual_seed(0)
    mean, log_variance = torch.randn(4, 5, generator=rng), torch.randn(4, 5, generator=rng)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0.0, 1.0))
    assert torch.allclose(variational.divergences(mean, log_variance), expected, atol=1e-6)


def test_the_reconstruction_loss_is_the_2_norm_over_a_shape():
    logits = torch.logit(torch.tensor([[0.5, 0.5], [0.9, 0.2]])).view(2, 1, 2, 1, 1)
    target = torch.tensor([[1.0, 0.0], [0.9, 0.2]]).view(2, 1, 2, 1, 1)
    assert variational.norm(logits, target).item() == pytest.approx(np.sqrt(0.5) / 2, abs=1e-6)


def test_d_learns_as_in_3d_gan_and_is_never_shown_a_reconstruction():
    real, images = batch()
    own = small_vaegan()
    alone = small_vaegan().gan
    seen: list[torch.Tensor] = []
    own.discriminator.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach().clone()))
    own.step(real, images, step=0, count=3, is_open=True)
    alone.step(real, step=0, count=3, is_open=True)
    pairs = zip(own.discriminator.state_dict().values(), alone.discriminator.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert len(seen) == 3  # real, the prior's, and the prior's again for G
    assert torch.equal(seen[0], real)


def test_the_encoder_learns_from_divergence_and_reconstruction_and_no_adversarial_gradient_reaches_it():
    real, images = batch()
    grads = []
    for seed in (1, 2):  # another D, another adversarial gradient
        own = small_vaegan()
        torch.manual_seed(seed)
        own.discriminator.load_state_dict(Discriminator(16, widths=(4, 8)).state_dict())
        own.step(real, images, step=0, count=3, is_open=True)
        grads.append([p.grad.clone() for p in own.encoder.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))

    own = small_vaegan()
    mean, log_variance = own.encoder(images)
    z = reparameterised(mean, log_variance, own._standard(0, 3))
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()
    distance = (own.generator(z) - real).flatten(1).norm(dim=1).mean()
    by_hand = torch.autograd.grad(5 * kl + 1e-4 * distance, list(own.encoder.parameters()))
    assert all(torch.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in zip(grads[0], by_hand, strict=True))


def test_the_encoder_learns_before_the_generator_which_answers_to_the_new_one(monkeypatch):
    real, images = batch()
    own, events = small_vaegan(), []
    monkeypatch.setattr(own.gan.discriminator_adam, "step", lambda: events.append("D"))
    monkeypatch.setattr(own.encoder_adam, "step", lambda: events.append("E"))
    monkeypatch.setattr(own.gan.generator_adam, "step", lambda: events.append("G"))
    distance = own._distance
    monkeypatch.setattr(own, "_distance", lambda z, x: events.append("reconstruct") or distance(z, x))
    own.step(real, images, step=0, count=3, is_open=True)
    assert events == ["D", "reconstruct", "E", "reconstruct", "G"]


def test_the_printed_weights_cannot_work_because_a_nat_costs_more_than_any_picture_can_save():
    """Five for a nat; for a perfect reconstruction, against the best answer that ignores the picture, a hundredth."""
    shapes = np.stack([make("chair", seed, 64).voxels for seed in range(6)]).astype(np.float32)
    target = torch.from_numpy(shapes)[:, None]
    blind = torch.logit(target.mean(0, keepdim=True).clamp(1e-4, 1 - 1e-4)).expand_as(target)
    saved = {name: 1e-4 * float(loss(blind, target)) for name, loss in variational.RECONSTRUCTION.items()}
    assert saved["norm"] < 0.02 < PAPER.vae.kl_weight / 100
    assert saved["squares"] < 1.5 < PAPER.vae.kl_weight
    assert saved["mean_square"] < 1e-5
