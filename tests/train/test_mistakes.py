"""The mistakes of earlier 3D-GANs in training and in feeding it: for each, a test that would catch it in ours."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from small_runs import final_state, small
from torch import nn

from shapespace.data.batches import Batches
from shapespace.errors import BadInput, UsageError
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.settings import TrainSettings, read_toml, with_changes
from shapespace.train import gan as gan_module
from shapespace.train.balance import accuracy
from shapespace.train.gan import Gan
from shapespace.train.loop import train
from shapespace.train.losses import named, penalties


def batch(count: int = 4) -> torch.Tensor:
    return (torch.rand(count, 1, 16, 16, 16, generator=torch.Generator().manual_seed(0)) > 0.8).float()


@pytest.mark.parametrize("smoothing", [-0.1, 0.5, 1.2])
def test_labels_outside_of_0_and_1_are_refused(smoothing):
    """Above 1 the cross entropy has no minimum: D's logits grow without bound."""
    with pytest.raises(UsageError, match="no minimum"):
        TrainSettings(one_sided_smoothing=smoothing)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.4])
def test_ds_loss_on_real_shapes_is_never_negative_and_least_at_the_label(smoothing):
    logits = torch.linspace(-40, 40, 2_001)
    values = torch.stack([named("bce", one_sided_smoothing=smoothing).on_real(logit[None]) for logit in logits])
    assert values.min() >= 0
    assert torch.sigmoid(logits[values.argmin()]) == pytest.approx(1 - smoothing, abs=0.02)


def test_the_loss_is_on_logits_and_stays_finite_where_a_probability_rounds_to_0_or_1():
    sure = torch.tensor([200.0, -200.0], requires_grad=True)
    loss = named("bce").discriminator(sure, sure)
    loss.backward()
    assert torch.isfinite(loss)
    assert sure.grad.abs().max() == pytest.approx(0.5)


def test_a_gradient_penalty_takes_one_norm_for_each_shape():
    """D(x) = sum(x) / 8 has slope 1/8 at each of 64 voxels: norm 1, no penalty; a norm along one axis would be 1/4."""

    class Sum(nn.Module):
        def __init__(self, slope: float) -> None:
            super().__init__()
            self.slope = nn.Parameter(torch.tensor(slope))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.slope * x.flatten(1).sum(1)

    shapes = torch.zeros(3, 1, 4, 4, 4)
    for slope, expected in ((1 / 8, 0.0), (1 / 2, 10 * (4 - 1) ** 2)):
        terms = penalties(
            Sum(slope), shapes, shapes, r1=0.0, r2=0.0, gradient_penalty=10.0, generator=torch.Generator()
        )
        assert sum(float(term.detach()) for term in terms) == pytest.approx(expected, abs=1e-5)


def test_there_is_one_score_a_shape_and_no_norm_on_it():
    discriminator = Discriminator(16, widths=(4, 8))
    assert discriminator(batch()).shape == (4,)
    last = list(discriminator.modules())[-1]
    assert not isinstance(last, nn.BatchNorm3d)
    shifted = discriminator.eval()(batch()).detach()
    with torch.no_grad():
        discriminator.score.weight.mul_(3)
    assert torch.allclose(discriminator(batch()), 3 * shifted, rtol=1e-4)  # a norm would undo it


def test_a_batch_of_one_stays_a_batch():
    assert Discriminator(16, widths=(4, 8)).eval()(batch(1)).shape == (1,)
    assert Generator(6, 16, widths=(8, 4)).eval()(torch.rand(1, 6)).shape == (1, 1, 16, 16, 16)


def test_accuracy_is_over_all_decisions_not_over_the_real_ones():
    real, fake = torch.ones(4), torch.ones(4)  # all real right, all fake wrong
    assert accuracy(real, fake) == 0.5


def test_d_sees_the_fakes_of_this_step_without_a_way_back_to_g(monkeypatch):
    own = Gan(Generator(6, 16, widths=(8, 4)), Discriminator(16, widths=(4, 8)), small())
    seen: list[torch.Tensor] = []
    monkeypatch.setattr(own, "_teach_discriminator", lambda real, fake, step: seen.append(fake) or {})
    own.step(batch(), step=0, count=4, is_open=True)
    assert not seen[0].requires_grad


def test_samples_come_from_the_prior_that_was_trained_on_and_in_evaluation_mode(store, tmp_path, monkeypatch):
    import shapespace

    drawn: set[str] = set()
    real = gan_module.sample_prior
    monkeypatch.setattr(gan_module, "sample_prior", lambda name, *a, **k: drawn.add(name) or real(name, *a, **k))
    for prior in ("uniform", "normal"):
        settings = small(shapes=16)
        train(store, replace(settings, nets=replace(settings.nets, prior=prior)), tmp_path / prior)
        space = shapespace.load(tmp_path / prior)
        assert drawn == {prior} == {space.card.prior}
        drawn.clear()
        assert (space.latents(64, seed=0).min() < 0) == (prior == "normal")
        alone, together = space.decode(space.latents(1, seed=0)), space.decode(space.latents(5, seed=0))
        assert np.array_equal(alone[0], together[0])  # statistics of the batch would mix them


def test_the_last_batch_is_neither_dropped_nor_a_crash(store):
    indices = store.indices("train")
    batches = Batches(store, indices, 4, seed=0)
    sizes = [len(batches.at(step)) for step in range(batches.steps_per_epoch)]
    assert sizes == [4, 4, 4, 4, 4, 2]
    seen = np.concatenate([batches.indices_at(step) for step in range(batches.steps_per_epoch)])
    assert sorted(seen) == sorted(indices)


def test_the_order_of_shapes_follows_from_the_seed_and_changes_with_the_epoch(store):
    indices = store.indices("train")
    first, again, other = (Batches(store, indices, 4, seed=seed) for seed in (0, 0, 1))
    a_pass = range(first.steps_per_epoch)
    orders = [[b.indices_at(step).tolist() for step in a_pass] for b in (first, again, other)]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] != [first.indices_at(step + len(a_pass)).tolist() for step in a_pass]


def test_a_checkpoint_has_the_optimisers_the_gate_and_the_position(store, tmp_path):
    train(store, small(shapes=16), tmp_path / "run")
    state = final_state(tmp_path / "run")
    kinds = {name.split(".")[0] for name in state["tensors"]}
    assert kinds == {"generator", "discriminator", "average", "generator_adam", "discriminator_adam"}
    assert {"step", "shapes", "last_accuracy", "window", "watchdog", "data"} <= set(state["facts"])
    assert 0 <= state["facts"]["last_accuracy"] <= 1


def test_training_knows_grids_only_as_0_and_1(store):
    values = np.unique(Batches(store, store.indices("train"), 4, seed=0).at(0))
    assert set(values.tolist()) == {0, 1}


def test_importing_any_module_of_training_runs_nothing():
    code = (
        "import os, signal, threading, torch;"
        "files, state = set(os.listdir('.')), torch.get_rng_state();"
        "import shapespace.train.loop, shapespace.train.gan, shapespace.cli.train;"
        "assert set(os.listdir('.')) == files and torch.equal(torch.get_rng_state(), state);"
        "assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL and threading.active_count() == 1"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == done.stderr == ""


def test_settings_that_do_not_exist_are_not_ignored(tmp_path):
    (tmp_path / "c.toml").write_text("[train]\nbatch_sise = 3\n")
    with pytest.raises(UsageError, match=r"did you mean train\.batch-size"):
        with_changes(small(), read_toml(tmp_path / "c.toml"), "c.toml")
    (tmp_path / "c.toml").write_text("[train\n")
    with pytest.raises(BadInput, match="not readable as TOML"):
        read_toml(tmp_path / "c.toml")
