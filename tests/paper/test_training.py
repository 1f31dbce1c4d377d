"""What the paper says about learning, a test a claim (Wu et al. 2016, section 3.1)."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.presets import preset
from shapespace.settings import Settings
from shapespace.train import gan as gan_module
from shapespace.train.gan import Gan
from shapespace.train.losses import named

PAPER = preset("paper")


def small_gan(settings: Settings = PAPER) -> Gan:
    torch.manual_seed(0)
    nets = replace(settings.nets, latent_dim=6)
    return Gan(Generator(6, 16, widths=(8, 4)), Discriminator(16, widths=(4, 8)), replace(settings, nets=nets))


def batch(seed: int = 0) -> torch.Tensor:
    return (torch.rand(5, 1, 16, 16, 16, generator=torch.Generator().manual_seed(seed)) > 0.8).float()


def copies(network: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def equal(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_the_rates_the_batch_and_adams_first_decay_are_as_printed():
    gan = small_gan()
    assert [group["lr"] for group in gan.generator_adam.param_groups] == [0.0025]
    assert [group["lr"] for group in gan.discriminator_adam.param_groups] == [1e-5]
    assert (
        gan.generator_adam.param_groups[0]["betas"] == gan.discriminator_adam.param_groups[0]["betas"] == (0.5, 0.999)
    )
    assert PAPER.train.batch_size == 100
    assert (PAPER.nets.latent_dim, PAPER.nets.prior) == (200, "uniform")


def test_the_rates_stay_what_they_are():
    gan = small_gan()
    for fraction in (0.0, 0.3, 1.0):
        gan.set_progress(fraction)
        assert gan.generator_adam.param_groups[0]["lr"] == 0.0025


def test_d_minimises_the_binary_cross_entropy_of_real_and_fake():
    loss, real, fake = named("bce"), torch.tensor([0.3, -2.0]), torch.tensor([1.0, -0.5])
    by_hand = -(torch.sigmoid(real).log().mean() + (1 - torch.sigmoid(fake)).log().mean())
    assert loss.discriminator(real, fake) == pytest.approx(by_hand.item())


def test_a_closed_gate_leaves_d_as_it_is_and_an_open_one_does_not():
    gan = small_gan()
    before = copies(gan.discriminator)
    gan.step(batch(), step=0, count=5, is_open=False)
    assert equal(copies(gan.discriminator), before)
    gan.step(batch(), step=1, count=5, is_open=True)
    assert not equal(copies(gan.discriminator), before)


def test_a_closed_gate_computes_no_gradient_of_ds_weights():
    gan = small_gan()
    gan.step(batch(), step=0, count=5, is_open=False)
    assert all(parameter.grad is None for parameter in gan.discriminator.parameters())


@pytest.mark.parametrize("is_open", [True, False])
def test_g_learns_in_every_step(is_open):
    gan = small_gan()
    before = copies(gan.generator)
    gan.step(batch(), step=0, count=5, is_open=is_open)
    assert not equal(copies(gan.generator), before)


def test_ds_step_sends_no_gradient_into_g(monkeypatch):
    gan = small_gan()
    monkeypatch.setattr(gan, "_teach_generator", lambda *_: {})
    gan.step(batch(), step=0, count=5, is_open=True)
    assert all(parameter.grad is None for parameter in gan.generator.parameters())


def test_gs_step_leaves_no_gradient_in_d(monkeypatch):
    gan = small_gan()
    gan.step(batch(), step=0, count=5, is_open=True)
    after_d = [p.grad.clone() for p in gan.discriminator.parameters()]
    alone = small_gan()
    monkeypatch.setattr(alone, "_teach_generator", lambda *_: {})
    alone.step(batch(), step=0, count=5, is_open=True)
    assert equal(after_d, [p.grad for p in alone.discriminator.parameters()])


def test_latents_are_drawn_anew_for_gs_step(monkeypatch):
    drawn: list[torch.Tensor] = []
    real = gan_module.sample_prior
    monkeypatch.setattr(gan_module, "sample_prior", lambda *a, **k: drawn.append(real(*a, **k)) or drawn[-1])
    small_gan().step(batch(), step=0, count=5, is_open=True)
    assert len(drawn) == 2
    assert not torch.equal(drawn[0], drawn[1])
    assert all(z.min() >= 0 and z.max() <= 1 for z in drawn)


def test_accuracy_is_counted_over_both_halves_whether_the_gate_is_open_or_not():
    for is_open in (True, False):
        right, decisions = small_gan().step(batch(), step=0, count=5, is_open=is_open)["counts"].tolist()
        assert decisions == 10
        assert 0 <= right <= 10


def test_the_gate_follows_the_batch_before_not_the_present_one(tmp_path, monkeypatch):
    """Accuracies 1.0, 0.0, 0.81, 0.8 in turn: the gate of each step is that of the one before."""
    from shapespace.data.writer import write_store
    from shapespace.train.loop import train

    accuracies, gates = [1.0, 0.0, 0.81, 0.8, 0.5], []

    def step(self, real, *, step, count, is_open):
        gates.append(is_open)
        counts = torch.tensor([accuracies[step] * 100, 100.0])
        names = ("loss_discriminator", "loss_generator", "penalty", "occupancy_fake", "occupancy_real")
        return {name: torch.tensor(0.5) for name in names} | {"counts": counts}

    monkeypatch.setattr(Gan, "step", step)
    store = write_store(tmp_path / "s.shapes", batch()[:, 0].numpy())
    nets = replace(PAPER.nets, generator_width=4, discriminator_width=4)
    run = replace(PAPER.run, tensorboard=False)
    train(store, replace(PAPER, nets=nets, run=run, train=replace(PAPER.train, shapes=25)), tmp_path / "run")
    assert gates == [True, False, True, False, True]


def test_the_last_batch_of_an_epoch_is_not_dropped(tmp_path):
    from shapespace.data.batches import Batches
    from shapespace.data.writer import write_store

    store = write_store(tmp_path / "s.shapes", batch()[:, 0].numpy())
    batches = Batches(store, range(5), 3, seed=0)
    seen = [index for step in range(batches.steps_per_epoch) for index in batches.indices_at(step).tolist()]
    assert sorted(seen) == [0, 1, 2, 3, 4]
