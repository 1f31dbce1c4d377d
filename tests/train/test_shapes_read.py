"""Runs whose encoder reads shapes: no picture is drawn, G learns to rebuild, a run with pictures goes on from it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small_runs import Listener, assert_resumes, stats_of
from solid_views import FORMS, SolidViews, small_vaegan_modern

from shapespace.nets.shape_encoder import ShapeEncoder
from shapespace.settings import Settings
from shapespace.space import load
from shapespace.train import build, loop
from shapespace.train.loop import train
from shapespace.train.vaegan import VaeGan


def of_shapes(settings: Settings) -> Settings:
    return replace(settings, vae=replace(settings.vae, reads="shapes"))


@pytest.fixture(params=FORMS)
def settings(request) -> Settings:
    return of_shapes(FORMS[request.param]())


def test_no_picture_is_drawn_and_the_space_has_no_encoder(store, settings, tmp_path, monkeypatch):
    from shapespace.data.views import Views

    monkeypatch.setattr(Views, "open", lambda *_, **__: pytest.fail("pictures are drawn"))
    space = load(train(store, settings, tmp_path / "run", progress=Listener()))
    assert space.encoder is None
    assert space.prior == "normal"
    row = stats_of(tmp_path / "run")[-1]
    assert row["loss_kl"] > 0
    assert row["loss_reconstruction"] > 0
    assert "iou_own" not in row


def test_a_resumed_run_equals_the_uninterrupted_one(store, settings, tmp_path, monkeypatch):
    assert_resumes(store, settings, tmp_path, monkeypatch, VaeGan)


def test_it_learns_to_rebuild_shapes_and_a_run_with_pictures_begins_from_it(store, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "views_for", lambda _, chosen: SolidViews() if build.reads_pictures(chosen) else None)
    settings = of_shapes(small_vaegan_modern(shapes=2_000))
    settings = replace(settings, vae=replace(settings.vae, kl="sum", kl_warm_up=0.0, free_bits=0.0))
    path = train(store, settings, tmp_path / "laid")
    rows = stats_of(tmp_path / "laid")
    assert rows[-1]["loss_reconstruction"] < 0.6 * rows[0]["loss_reconstruction"]
    then = small_vaegan_modern(shapes=20)
    then = replace(then, nets=replace(then.nets, start_from=str(path)))
    assert load(train(store, then, tmp_path / "reads")).encoder is not None


def test_a_step_teaches_all_three(store):
    settings = of_shapes(small_vaegan_modern())
    torch.manual_seed(0)
    system = build.build(settings, store, torch.device("cpu"))
    assert isinstance(system, VaeGan)
    assert isinstance(system.encoder, ShapeEncoder)
    before = {name: [p.detach().clone() for p in network.parameters()] for name, network in system.networks.items()}
    real = torch.from_numpy(store.read(range(4))).float()[:, None]
    system.step(real, step=0, count=4, is_open=True)
    for name, network in system.networks.items():
        assert any(not torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True)), name
