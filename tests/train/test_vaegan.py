"""One step of 3D-VAE-GAN, beyond what the paper claims: its forms, what each network learns from, what stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small_runs import small, small_modern
from solid_views import with_encoder

from shapespace.errors import TrainingDiverged, UsageError
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.encoder import ImageEncoder
from shapespace.nets.generator import Generator
from shapespace.settings import Settings
from shapespace.train.gan import Gan
from shapespace.train.optimisers import named_state
from shapespace.train.vaegan import VaeGan


def vaegan(settings: Settings) -> VaeGan:
    torch.manual_seed(0)
    norm = settings.nets.discriminator_norm
    gan = Gan(Generator(6, 16, widths=(8, 4)), Discriminator(16, widths=(4, 8), norm=norm), settings)
    return VaeGan(gan, ImageEncoder(6, widths=(1, 2, 4, 8)), settings)


def batch(count: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    shapes = (torch.rand(count, 1, 16, 16, 16, generator=rng) > 0.8).float()
    return shapes, torch.rand(count, 3, 256, 256, generator=rng) * 2 - 1


def plain(**vae: object) -> Settings:
    """Return the paper's form without batch norm's statistics in G's way of comparing gradients."""
    return with_encoder(small(), **vae)


def one_pass(**vae: object) -> Settings:
    return with_encoder(replace(small_modern(r1=0.0, r2=0.0), augment=small().augment), **vae)


def grads(network: torch.nn.Module) -> list[torch.Tensor]:
    return [p.grad.clone() for p in network.parameters()]


@pytest.mark.parametrize("settings", [plain, one_pass])
def test_g_learns_from_d_and_from_the_reconstruction_added(settings, monkeypatch):
    """G's gradient with both losses is the sum of its gradients with either."""
    real, images = batch()
    found = []
    for weight in (0.0, 0.01):
        own = vaegan(settings(reconstruction_weight=weight))
        monkeypatch.setattr(own.encoder_adam, "step", lambda: None)  # the same z for G, whatever E learned
        own.step(real, images, step=0, count=4, is_open=True)
        found.append(grads(own.generator))
    alone = vaegan(settings())
    for mine, gathered in zip(alone.generator.buffers(), own.generator.buffers(), strict=True):
        mine.copy_(gathered)  # batch norm's, after the prior's shapes of this step
    z = alone.encoder(images)
    z = z[0] + torch.exp(z[1] / 2) * alone._standard(0, 4)
    (0.01 * alone._distance(z, real)).backward()
    rebuilt = grads(alone.generator)
    assert all(
        torch.allclose(both, adversarial + third, rtol=1e-3, atol=1e-6)
        for adversarial, both, third in zip(*found, rebuilt, strict=True)
    )


@pytest.mark.parametrize("settings", [plain, one_pass])
def test_pictures_are_decoded_with_the_prior_s_statistics_and_leave_none(settings):
    """What G makes of a z while it learns is what it will make of it afterwards, whatever the others in its batch."""
    own, alone = vaegan(settings()), vaegan(settings()).gan
    real, images = batch()
    own.step(real, images, step=0, count=4, is_open=True)
    alone.step(real, step=0, count=4, is_open=True)
    pairs = zip(own.generator.buffers(), alone.generator.buffers(), strict=True)
    assert all(torch.equal(mine, without_pictures) for mine, without_pictures in pairs)
    z = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    learning = own._distance(z, real)
    assert all(part.training for part in own.generator.modules())
    own.generator.eval()
    assert torch.equal(own._distance(z, real), learning)


@pytest.mark.parametrize("settings", [plain, one_pass])
def test_without_weights_the_encoder_stays_what_it_is(settings):
    own = vaegan(settings(kl_weight=0.0, reconstruction_weight=0.0))
    before = [p.detach().clone() for p in own.encoder.parameters()]
    own.step(*batch(), step=0, count=4, is_open=True)
    assert all(torch.equal(a, b) for a, b in zip(before, own.encoder.parameters(), strict=True))


def test_the_encoder_s_step_leaves_no_gradient_in_the_generator_in_the_paper_s_form(monkeypatch):
    own = vaegan(plain())
    own.step(*batch(), step=0, count=4, is_open=True)
    with_both = grads(own.generator)
    again = vaegan(plain(kl_weight=0.5))  # weighs in E's loss alone
    monkeypatch.setattr(again.encoder_adam, "step", lambda: None)
    monkeypatch.setattr(own.encoder_adam, "step", lambda: None)
    again.step(*batch(), step=0, count=4, is_open=True)
    fresh = vaegan(plain())
    monkeypatch.setattr(fresh.encoder_adam, "step", lambda: None)
    fresh.step(*batch(), step=0, count=4, is_open=True)
    assert all(torch.equal(a, b) for a, b in zip(grads(again.generator), grads(fresh.generator), strict=True))
    assert not all(
        torch.equal(a, b) for a, b in zip(with_both, grads(fresh.generator), strict=True)
    )  # E's step matters


@pytest.mark.parametrize("settings", [plain, one_pass])
@pytest.mark.parametrize("is_open", [True, False])
def test_all_three_learn_whatever_the_gate_but_d(settings, is_open):
    own = vaegan(settings())
    before = {name: [p.detach().clone() for p in network.parameters()] for name, network in own.networks.items()}
    stats = own.step(*batch(), step=0, count=4, is_open=is_open)
    for name, network in own.networks.items():
        moved = any(not torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True))
        assert moved == (is_open or name != "discriminator"), name
    assert stats["loss_kl"] > 0
    assert all(not value.requires_grad for value in stats.values())
    assert all(p.requires_grad for p in own.generator.parameters())


def test_at_rates_of_0_the_encoder_alone_learns():
    """So a space that is there already learns to read pictures, and keeps every shape it makes."""
    settings = one_pass()
    own = vaegan(replace(settings, train=replace(settings.train, generator_rate=0.0, discriminator_rate=0.0)))
    before = {name: [p.detach().clone() for p in net.parameters()] for name, net in own.networks.items()}
    buffers = [b.clone() for b in (*own.generator.buffers(), *own.discriminator.buffers())]
    stats = own.step(*batch(), step=0, count=4, is_open=True)
    moved = {
        name: any(not torch.equal(a, b) for a, b in zip(before[name], net.parameters(), strict=True))
        for name, net in own.networks.items()
    }
    assert moved == {"generator": False, "discriminator": False, "encoder": True}
    after = (*own.generator.buffers(), *own.discriminator.buffers())
    assert all(torch.equal(a, b) for a, b in zip(buffers, after, strict=True))
    assert all(torch.isfinite(value).all() for value in stats.values())
    assert stats.keys() >= {"loss_discriminator", "loss_generator", "counts", "occupancy_fake", "loss_kl"}


@pytest.mark.parametrize("settings", [plain, one_pass])
def test_at_a_rate_of_0_for_d_only_g_and_e_learn_from_pictures_alone(settings):
    """What G learns then is the reconstruction's gradient, and nothing of D's."""
    rates = {"generator_rate": 1e-3, "discriminator_rate": 0.0}
    own = vaegan(replace(settings(), train=replace(settings().train, **rates)))
    before = {name: [t.clone() for t in net.state_dict().values()] for name, net in own.networks.items()}
    running = [b.clone() for name, b in own.generator.named_buffers() if name.endswith("running_mean")]
    stats = own.step(*batch(), step=0, count=4, is_open=True)
    moved = {
        name: any(not torch.equal(a, b) for a, b in zip(before[name], net.state_dict().values(), strict=True))
        for name, net in own.networks.items()
    }
    assert moved == {"generator": True, "discriminator": False, "encoder": True}
    after = [b for name, b in own.generator.named_buffers() if name.endswith("running_mean")]
    assert not any(torch.equal(a, b) for a, b in zip(running, after, strict=True)), "of the prior"
    assert all(p.grad is None for p in own.discriminator.parameters())
    assert all(torch.isfinite(value).all() for value in stats.values())
    assert stats.keys() >= {"loss_discriminator", "loss_generator", "penalty", "counts", "loss_reconstruction"}


def test_shapes_are_kept_whole_without_d_too(monkeypatch):
    """The push is G's own: it is there whether or not D judges."""
    monkeypatch.setattr("shapespace.train.gan.push", torch.ones_like)
    found = []
    for whole in (0.0, 1.0):
        settings = one_pass()
        rates = {"generator_rate": 1e-3, "discriminator_rate": 0.0, "whole": whole, "whole_from": 0.0}
        own = vaegan(replace(settings, train=replace(settings.train, **rates)))
        own.set_progress(0.5)
        own.step(*batch(), step=0, count=4, is_open=True)
        found.append(grads(own.generator))
    assert not all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("settings", [plain, one_pass])
def test_the_encoder_alone_learns_what_it_learns_beside_the_others(settings):
    """Its gradient is of the pictures' shapes alone, whether or not G and D are taught in the same step."""
    found = []
    for rate in (0.0, 1e-9):
        chosen = settings()
        chosen = replace(chosen, train=replace(chosen.train, generator_rate=rate, discriminator_rate=rate))
        own = vaegan(chosen)
        own.generator.eval()  # else the prior's shapes of the step would move the statistics
        own.step(*batch(), step=0, count=4, is_open=True)
        found.append(grads(own.encoder))
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-7) for a, b in zip(*found, strict=True))


def test_a_step_is_a_function_of_the_seed_and_its_number():
    first, second, later = (
        vaegan(plain()).step(*batch(), step=step, count=4, is_open=True)["loss_reconstruction"] for step in (7, 7, 8)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, later)


def test_the_divergence_s_weight_grows_from_nothing_and_the_rates_fall():
    own = vaegan(with_encoder(small(final_rate=0.1), kl_warm_up=0.5, encoder_rate=1e-3))
    seen = []
    for fraction in (0.0, 0.25, 0.5, 1.0):
        own.set_progress(fraction)
        seen.append((own.warmth, own.encoder_adam.param_groups[0]["lr"]))
    assert [warmth for warmth, _ in seen] == [0.0, 0.5, 1.0, 1.0]
    assert [rate for _, rate in seen] == pytest.approx([1e-3, 8.68198e-4, 5.5e-4, 1e-4], rel=1e-4)


@pytest.mark.parametrize("settings", [plain, one_pass])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_bad_picture_reaches_no_weight_of_encoder_or_generator(settings, value):
    own = vaegan(settings())
    kept = {"encoder": own.encoder, "generator": own.generator}
    before = {name: [p.detach().clone() for p in network.parameters()] for name, network in kept.items()}
    real, images = batch()
    images[1, 0, 5, 5] = value
    with pytest.raises(TrainingDiverged, match="of the encoder is not finite"):
        own.step(real, images, step=0, count=4, is_open=True)
    for name, network in kept.items():
        assert all(torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True))


def test_an_encoder_s_tensors_are_part_of_the_state():
    own = vaegan(plain())
    names = set(named_state(own.networks, own.adams))
    assert {"encoder.output.bias", "encoder.layers.0.1.running_mean", "encoder_adam.0.exp_avg"} <= names


def test_an_encoder_needs_the_normal_prior():
    with pytest.raises(UsageError, match=r"--nets\.prior normal"):
        Settings(vae=replace(Settings().vae, encoder_width=4))


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"encoder_rate": 0.0}, "vae.encoder-rate"), ({"kl_warm_up": 1.5}, "vae.kl-warm-up"),
     ({"kl_weight": -1.0}, "vae.kl-weight"), ({"reconstruction_weight": float("nan")}, "vae.reconstruction-weight"),
     ({"free_bits": -0.1}, "vae.free-bits"), ({"encoder_width": -1}, "vae.encoder-width")],
)  # fmt: skip
def test_weights_that_cannot_be_are_refused(changes, named):
    with pytest.raises(UsageError, match=named):
        replace(Settings().vae, **changes)
