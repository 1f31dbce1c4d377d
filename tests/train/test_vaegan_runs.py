"""3D-VAE-GAN on the loop of 3D-GAN: pictures arrive, rows are complete, a resumed run is the same bit for bit."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small_runs import Listener, assert_same, final_state, raise_signal_when, small, stats_of
from solid_views import FORMS, SolidViews, small_vaegan, with_encoder

from shapespace.errors import BadInput, Interrupted, UsageError
from shapespace.space import load
from shapespace.train import build, loop
from shapespace.train.loop import train
from shapespace.train.vaegan import VaeGan


@pytest.fixture(autouse=True)
def solid(monkeypatch):
    """Pictures of one colour instead of rendered ones."""
    monkeypatch.setattr(loop, "views_for", lambda _, settings: SolidViews() if settings.vae.encoder_width else None)


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.mark.parametrize("step", [1, 3])
def test_a_resumed_run_equals_the_uninterrupted_one(store, form, tmp_path, monkeypatch, step):
    train(store, form(), tmp_path / "whole")
    with monkeypatch.context() as patch:
        raise_signal_when(patch, VaeGan, "step", call=step)
        with pytest.raises(Interrupted):
            train(store, form(), tmp_path / "broken")
    train(store, form(), tmp_path / "broken", resume=True)
    assert_same(final_state(tmp_path / "broken"), final_state(tmp_path / "whole"))
    assert (tmp_path / "broken" / "space.safetensors").read_bytes() == (
        tmp_path / "whole" / "space.safetensors"
    ).read_bytes()


def test_a_checkpoint_without_the_encoder_s_state_is_refused(store, tmp_path, monkeypatch):
    import shutil

    from shapespace.train import checkpoint

    out = tmp_path / "run"
    with monkeypatch.context() as patch:
        raise_signal_when(patch, VaeGan, "step", call=2)
        with pytest.raises(Interrupted):
            train(store, small_vaegan(), out)
    saved = checkpoint.read(sorted((out / "checkpoints").glob("step-*"))[-1])
    for key in [name for name in saved.tensors if name.startswith(("encoder.output", "encoder_adam.0."))]:
        shutil.rmtree(out / "checkpoints")
        fewer = replace(saved, tensors={k: v for k, v in saved.tensors.items() if k != key})
        checkpoint.save(out / "checkpoints", fewer, keep=2)
        with pytest.raises(BadInput, match=key.replace(".", r"\.")):
            train(store, small_vaegan(), out, resume=True)


def test_a_solid_colour_picture_reaches_the_encoder_as_three_constant_planes(store, tmp_path, monkeypatch):
    """Not 0 to 255, not channels last taken for channels first: each shape's own colour, in [-1, 1]."""
    seen: list[torch.Tensor] = []
    step = VaeGan.step

    def spied(self, real, images, **keywords):
        seen.append(images.clone())
        return step(self, real, images, **keywords)

    monkeypatch.setattr(VaeGan, "step", spied)
    train(store, small_vaegan(shapes=8), tmp_path / "run")
    batches = build.batches_for(store, small_vaegan(), loop.ranks.Ranks())
    for number, images in enumerate(seen):
        assert images.shape == (4, 3, 256, 256)
        colours = images.flatten(2)
        assert torch.equal(colours.min(2).values, colours.max(2).values)
        red = (batches.indices_at(number) * 9).tolist()
        assert colours[:, 0, 0].tolist() == pytest.approx([value / 127.5 - 1 for value in red], abs=1e-6)
        assert colours[:, 1, 0].tolist() == pytest.approx([(255 - value) / 127.5 - 1 for value in red], abs=1e-6)
        assert colours[:, 2, 0].tolist() == pytest.approx([number / 127.5 - 1] * 4, abs=1e-6)


def test_every_row_has_the_check_and_the_two_losses(store, tmp_path):
    train(store, small_vaegan(), tmp_path / "run")
    for row in stats_of(tmp_path / "run"):
        assert {"loss_kl", "loss_reconstruction", "iou_own", "iou_shuffled", "iou_gap", "active_dimensions"} <= set(row)
        assert len(row["kl_dimensions"]) == 6
        assert row["iou_gap"] == pytest.approx(row["iou_own"] - row["iou_shuffled"])


def test_the_watchdog_says_that_the_picture_is_ignored(store, tmp_path, monkeypatch):
    from shapespace.train import watchdog

    monkeypatch.setattr(watchdog, "GRACE_SHAPES", 0)
    monkeypatch.setattr(watchdog, "GRACE_SHAPES_OF_PICTURES", 0)
    monkeypatch.setattr(watchdog, "diagnose", lambda _: None)
    settings, listener = with_encoder(small(shapes=16), kl_weight=5.0, reconstruction_weight=1e-4), Listener()
    train(store, replace(settings, run=replace(settings.run, watchdog="warn")), tmp_path / "run", progress=listener)
    assert any(line.startswith("watchdog: picture ignored:") for line in listener.lines)


def test_the_space_reads_pictures_and_answers_with_means(store, tmp_path):
    space = load(train(store, small_vaegan(), tmp_path / "run"))
    pictures = SolidViews().batch([0, 5, 9], draw=0)[0]
    z = space.encode(pictures)
    with torch.no_grad():
        mean, _ = space.encoder.eval()(torch.from_numpy(pictures) / 127.5 - 1)
    assert z.shape == (3, 6)
    assert torch.equal(torch.from_numpy(z), mean)
    assert (space.encode(pictures) == z).all()  # nothing is drawn


def start(store, tmp_path) -> str:
    settings = small(shapes=16)
    train(store, replace(settings, nets=replace(settings.nets, prior="normal")), tmp_path / "gan")
    return str(tmp_path / "gan")


def begun_with(space: str, **nets: object):
    settings = small_vaegan(shapes=16)
    return replace(settings, nets=replace(settings.nets, start_from=space, **nets))


def test_g_and_d_begin_as_those_of_a_trained_space(store, tmp_path, monkeypatch):
    path, states = start(store, tmp_path), []
    space = load(path)

    def spied(self, *_, **__):
        states.append({name: network.state_dict() for name, network in self.networks.items()})
        raise KeyboardInterrupt

    monkeypatch.setattr(VaeGan, "step", spied)
    with pytest.raises(KeyboardInterrupt):
        train(store, begun_with(path), tmp_path / "run")
    for name, network in (("generator", space.generator), ("discriminator", space.discriminator)):
        assert all(torch.equal(states[0][name][key], value) for key, value in network.state_dict().items())


def test_e_begins_as_that_of_a_space_that_has_one(store, tmp_path):
    first = load(train(store, small_vaegan(shapes=16), tmp_path / "first"))
    settings = begun_with(str(tmp_path / "first"))
    system = build.build(settings, store, torch.device("cpu"))
    build.begin(system, settings)
    for key, value in first.encoder.state_dict().items():
        assert torch.equal(system.encoder.state_dict()[key], value)


def test_the_average_begins_there_too_and_a_resumed_run_needs_the_space_no_more(store, tmp_path, monkeypatch):
    import shutil

    path = start(store, tmp_path)
    train(store, begun_with(path), tmp_path / "whole")
    with monkeypatch.context() as patch:
        raise_signal_when(patch, VaeGan, "step", call=2)
        with pytest.raises(Interrupted):
            train(store, begun_with(path), tmp_path / "broken")
    shutil.rmtree(path)
    train(store, begun_with(path), tmp_path / "broken", resume=True)
    assert_same(final_state(tmp_path / "broken"), final_state(tmp_path / "whole"))


def test_a_space_of_other_networks_or_another_prior_is_refused_before_the_run_is_made(store, tmp_path):
    path = start(store, tmp_path)
    for changes, message in [
        ({"generator_width": 5}, r"its generator's widths is \[8, 4\], these settings make it \[10, 5\]"),
        ({"discriminator_norm": "none"}, "its discriminator's norm is batch, these settings make it none"),
    ]:
        with pytest.raises(UsageError, match=message):
            train(store, begun_with(path, **changes), tmp_path / "run")
    train(store, small(shapes=8), tmp_path / "uniform")
    with pytest.raises(UsageError, match="has a uniform prior"):
        train(store, begun_with(str(tmp_path / "uniform")), tmp_path / "run")
    space = load(path)
    space.discriminator = None
    space.save(tmp_path / "alone.safetensors")
    with pytest.raises(BadInput, match="no discriminator"):
        train(store, begun_with(str(tmp_path / "alone.safetensors")), tmp_path / "run")
    assert not (tmp_path / "run" / "config.toml").exists()


def test_views_of_other_shapes_are_refused(store, tmp_path):
    from shapespace.data.writer import write_store

    other = write_store(tmp_path / "other.shapes", store.read(range(3)), categories="chair")
    settings = small_vaegan()
    settings = replace(settings, vae=replace(settings.vae, views=str(other.path)))
    with pytest.raises(UsageError, match="views of 3 shapes"):
        build.views_for(store, settings)


def test_without_an_encoder_there_are_no_views(store):
    assert build.views_for(store, small()) is None
