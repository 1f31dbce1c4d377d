"""An image encoder taught by one of shapes: it alone learns, it comes to say the same; what cannot teach is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small_runs import assert_resumes, small, stats_of
from solid_views import SolidViews, small_vaegan_modern

from shapespace.errors import BadInput, UsageError
from shapespace.settings import Settings
from shapespace.space import load
from shapespace.train import build, checkpoint, loop
from shapespace.train.loop import train
from shapespace.train.teacher import teacher_of
from shapespace.train.vaegan import VaeGan

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def solid(monkeypatch):
    """Pictures of one colour instead of rendered ones."""
    monkeypatch.setattr(loop, "views_for", lambda _, chosen: SolidViews() if build.reads_pictures(chosen) else None)


@pytest.fixture(scope="module")
def laid(store, tmp_path_factory):
    """Return the folder of a run whose encoder read shapes."""
    settings, out = small_vaegan_modern(shapes=200), tmp_path_factory.mktemp("laid") / "run"
    train(store, replace(settings, vae=replace(settings.vae, reads="shapes")), out)
    return out


def taught_by(run, **train: object) -> Settings:
    still = {"generator_rate": 0.0, "discriminator_rate": 0.0}
    settings = small_vaegan_modern(**(still | train))
    nets = replace(settings.nets, start_from=str(run))
    return replace(settings, nets=nets, vae=replace(settings.vae, taught=True, kl_warm_up=0.0))


def test_the_teacher_is_the_encoder_of_the_last_checkpoint(store, laid):
    teacher = teacher_of(laid, 6, CPU)
    saved = checkpoint.latest(laid / "checkpoints", print).tensors
    assert all(torch.equal(value, saved[f"encoder.{name}"]) for name, value in teacher.state_dict().items())
    mean, _ = teacher(torch.from_numpy(store.read(range(3))).float()[:, None])
    assert mean.shape == (3, 6)
    assert not mean.requires_grad


def test_the_pupil_alone_learns_and_comes_nearer_to_its_teacher(store, laid, tmp_path):
    before = load(laid)
    space = load(train(store, taught_by(laid, shapes=1_500), tmp_path / "run"))
    rows = stats_of(tmp_path / "run")
    assert rows[-1]["loss_taught"] < 0.8 * rows[0]["loss_taught"]
    assert "loss_reconstruction" not in rows[-1]
    assert "iou_own" in rows[-1]
    assert space.encoder is not None
    pairs = zip(space.generator.parameters(), before.generator.parameters(), strict=True)
    assert all(torch.equal(now, then) for now, then in pairs)


def test_a_resumed_run_equals_the_uninterrupted_one(store, laid, tmp_path, monkeypatch):
    assert_resumes(store, taught_by(laid), tmp_path, monkeypatch, VaeGan)


def test_what_cannot_teach_is_refused(store, laid, tmp_path):
    with pytest.raises(BadInput, match="holds no checkpoint"):
        teacher_of(tmp_path / "nothing", 6, CPU)
    with pytest.raises(UsageError, match="answers with 6 numbers, this run's with 7"):
        teacher_of(laid, 7, CPU)
    train(store, small(shapes=8), tmp_path / "plain")
    with pytest.raises(BadInput, match="no encoder of shapes"):
        teacher_of(tmp_path / "plain", 6, CPU)
    train(store, small_vaegan_modern(shapes=8), tmp_path / "pictures")
    with pytest.raises(BadInput, match="no encoder of shapes"):
        teacher_of(tmp_path / "pictures", 6, CPU)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"train": {"generator_rate": 1e-3}}, "stay where the teacher knows them"),
        ({"vae": {"reads": "shapes"}}, "of an encoder of pictures"),
        ({"vae": {"encoder_width": 0}}, "of an encoder of pictures"),
    ],
)
def test_settings_that_leave_nothing_to_teach_are_refused(laid, change, said):
    settings = taught_by(laid)
    with pytest.raises(UsageError, match=said):
        replace(settings, **{room: replace(getattr(settings, room), **values) for room, values in change.items()})
