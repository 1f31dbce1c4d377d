"""A loss or gradient that is not finite stops the run before it reaches a weight (SAFETY R9)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_runs import small, small_modern

from shapespace.data.batches import Batches
from shapespace.errors import TrainingDiverged
from shapespace.train import loop
from shapespace.train.gan import Gan
from shapespace.train.loop import train

BAD_STEP = 5


@pytest.fixture
def gans(monkeypatch) -> list[Gan]:
    """Collect the networks that the loop builds."""
    built: list[Gan] = []
    real = loop.build
    monkeypatch.setattr(loop, "build", lambda *arguments: built.append(real(*arguments)) or built[-1])
    return built


def weights(network: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in network.parameters()]


def spoil(monkeypatch, gans, network: str) -> dict[str, list[torch.Tensor]]:
    """Make a gradient of one network infinite in the bad step; return both networks' weights before it."""
    before: dict[str, list[torch.Tensor]] = {}
    real = Gan.step

    def step(self, shapes, **keywords):
        if keywords["step"] == BAD_STEP:
            before.update(generator=weights(self.generator), discriminator=weights(self.discriminator))
            parameter = next(getattr(self, network).requires_grad_(True).parameters())
            parameter.register_hook(lambda gradient: gradient * float("inf"))
        return real(self, shapes, **keywords)

    monkeypatch.setattr(Gan, "step", step)
    return before


def expect_stop(store, settings, out) -> TrainingDiverged:
    with pytest.raises(TrainingDiverged, match=rf"not finite at step {BAD_STEP};") as raised:
        train(store, settings, out)
    assert raised.value.exit_code == 5
    return raised.value


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_a_bad_gradient_never_reaches_its_network(store, recipe, tmp_path, monkeypatch, gans, network):
    before = spoil(monkeypatch, gans, network)
    expect_stop(store, recipe(balance=1.0), tmp_path / "run")
    after = weights(getattr(gans[0], network))
    assert all(torch.equal(a, b) for a, b in zip(after, before[network], strict=True))
    assert all(torch.isfinite(p).all() for net in (gans[0].generator, gans[0].discriminator) for p in weights(net))


def test_where_both_learn_at_once_neither_takes_a_bad_step(store, tmp_path, monkeypatch, gans):
    before = spoil(monkeypatch, gans, "generator")
    expect_stop(store, small_modern(), tmp_path / "run")
    after = weights(gans[0].discriminator)
    assert all(torch.equal(a, b) for a, b in zip(after, before["discriminator"], strict=True))


def test_bad_data_stops_the_run_and_the_last_good_checkpoint_stands(store, tmp_path, monkeypatch):
    from dataclasses import replace

    from shapespace.train import checkpoint

    settings = small()
    settings = replace(settings, run=replace(settings.run, save_every=8))
    real = Batches.at

    def at(self, step):
        grids = real(self, step).astype(np.float32)
        return grids * np.nan if step == BAD_STEP else grids

    monkeypatch.setattr(Batches, "at", at)
    error = expect_stop(store, settings, tmp_path / "run")
    last = checkpoint.latest(tmp_path / "run" / "checkpoints", pytest.fail)
    assert last.step == 4
    assert f"step-{last.step:09d}" in str(error)
    assert all(torch.isfinite(t).all() for t in last.tensors.values())


def test_a_collapse_that_lasts_stops_the_run(store, tmp_path, monkeypatch):
    from dataclasses import replace

    from shapespace.train import watchdog

    monkeypatch.setattr(watchdog, "GRACE_SHAPES", 0)
    monkeypatch.setattr(watchdog, "PATIENCE_SHAPES", 20)
    settings = small(discriminator_rate=1e-9, generator_rate=1e-9)  # nothing learns: the grey block of every start
    settings = replace(settings, run=replace(settings.run, watchdog="stop"))
    with pytest.raises(TrainingDiverged, match=r"solid cube: samples fill \d+%.*Try: .*last good"):
        train(store, settings, tmp_path / "run")
