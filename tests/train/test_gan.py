"""One step: what it draws, what it costs in memory, and that none of the ways to save time or memory changes it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small_runs import small

from shapespace.errors import TrainingDiverged, UsageError
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.settings import Settings
from shapespace.train.gan import Gan
from shapespace.train.optimisers import named_state


def gan(settings: Settings) -> Gan:
    torch.manual_seed(0)
    return Gan(Generator(6, 16, widths=(8, 4)), Discriminator(16, widths=(4, 8)), settings)


def batch(count: int = 5) -> torch.Tensor:
    return (torch.rand(count, 1, 16, 16, 16, generator=torch.Generator().manual_seed(0)) > 0.8).float()


def after(own: Gan, steps: int = 3, *, gates: tuple[bool, ...] = (True, False, True)) -> dict[str, torch.Tensor]:
    """Return all weights, statistics and moments after a few steps."""
    for step in range(steps):
        own.step(batch(), step=step, count=5, is_open=gates[step])
    networks = {"generator": own.generator, "discriminator": own.discriminator}
    adams = {"generator_adam": own.generator_adam, "discriminator_adam": own.discriminator_adam}
    return {name: value.clone() for name, value in named_state(networks, adams).items()}


def test_making_the_fakes_again_changes_no_bit():
    kept, made_again = after(gan(small())), after(gan(small(recompute="always")))
    assert [name for name in kept if not torch.equal(kept[name], made_again[name])] == []


def test_shapes_are_kept_whole_from_their_part_of_the_run_on():
    own = gan(replace(small(), train=replace(small().train, whole=0.1, whole_from=0.8)))
    weights = []
    for fraction in (0.0, 0.79, 0.8, 1.0):
        own.set_progress(fraction)
        weights.append(own.whole)
    assert weights == [0.0, 0.0, 0.1, 0.1]


def test_large_batches_are_made_again_unless_it_is_forbidden(monkeypatch):
    own, never = gan(small()), gan(small(recompute="never"))
    assert not own._recomputes(batch(64))
    monkeypatch.setattr("shapespace.train.gan.LARGE", batch(64).numel())
    assert own._recomputes(batch(64))
    assert not own._recomputes(batch(63))
    assert not never._recomputes(batch(64))


@pytest.mark.parametrize("other", ["one_draw", "one_pass"])
def test_fakes_that_both_networks_use_cannot_be_made_again(other):
    nets = replace(small().nets, discriminator_norm="none")
    with pytest.raises(UsageError, match="two draws"):
        Settings(nets=nets, train=replace(small().train, recompute="always", **{other: True}))


def test_with_one_draw_a_step_draws_once(monkeypatch):
    from shapespace.train import gan as module

    drawn: list[torch.Tensor] = []
    real = module.sample_prior
    monkeypatch.setattr(module, "sample_prior", lambda *a, **k: drawn.append(real(*a, **k)) or drawn[-1])
    after(gan(small(one_draw=True)), 2)
    assert len(drawn) == 2
    assert not torch.equal(drawn[0], drawn[1])


def test_a_step_is_a_function_of_the_seed_and_its_number():
    first, second, other = (
        gan(replace(small(), run=replace(small().run, seed=seed))).step(batch(), step=7, count=5, is_open=True)
        for seed in (0, 0, 1)
    )
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["loss_generator"], other["loss_generator"])


def test_no_number_of_a_step_keeps_its_graph():
    for value in gan(small()).step(batch(), step=0, count=5, is_open=True).values():
        assert not value.requires_grad


def test_a_single_shape_can_be_learned():
    settings = small()
    settings = replace(settings, nets=replace(settings.nets, discriminator_norm="none"))
    torch.manual_seed(0)
    own = Gan(Generator(6, 16, widths=(8, 4)), Discriminator(16, widths=(4, 8), norm="none"), settings)
    assert torch.isfinite(own.step(batch(1), step=0, count=1, is_open=True)["loss_generator"])


@pytest.mark.parametrize("who", ["discriminator", "generator"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_bad_loss_reaches_no_weight_of_its_network(monkeypatch, who, value):
    own = gan(small())
    before = [p.detach().clone() for p in getattr(own, who).parameters()]
    loss = own.loss
    if who == "discriminator":
        monkeypatch.setattr(own, "loss", replace(loss, on_real=lambda logits: loss.on_real(logits) * value))
    else:
        monkeypatch.setattr(own, "loss", replace(loss, generator=lambda real, fake: loss.generator(real, fake) * value))
    with pytest.raises(TrainingDiverged, match=f"of the {who} is not finite"):
        own.step(batch(), step=0, count=5, is_open=True)
    assert all(torch.equal(a, b) for a, b in zip(before, getattr(own, who).parameters(), strict=True))
