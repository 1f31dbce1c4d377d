"""A resumed run is the uninterrupted one, bit for bit, or says why it cannot be (SAFETY R3, R4)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_runs import STEPS_AN_EPOCH, Listener, assert_same, final_state, raise_signal_when, small, small_modern

from shapespace.data.writer import write_store
from shapespace.errors import BadInput, Interrupted, UsageError
from shapespace.train import checkpoint
from shapespace.train.gan import Gan
from shapespace.train.loop import train

PLACES = {
    "after the first step": 1,
    "in an epoch": 3,
    "before the short last batch": STEPS_AN_EPOCH - 1,
    "after the short last batch": STEPS_AN_EPOCH,
    "in the first batch of an epoch": STEPS_AN_EPOCH + 1,
    "in the last step": 3 * STEPS_AN_EPOCH,
}


@pytest.mark.parametrize("step", PLACES.values(), ids=PLACES)
def test_a_resumed_run_equals_the_uninterrupted_one(store, recipe, tmp_path, monkeypatch, step):
    train(store, recipe(), tmp_path / "whole")
    with monkeypatch.context() as patch:
        raise_signal_when(patch, Gan, "step", call=step)
        with pytest.raises(Interrupted):
            train(store, recipe(), tmp_path / "broken")
    train(store, recipe(), tmp_path / "broken", resume=True)
    assert_same(final_state(tmp_path / "broken"), final_state(tmp_path / "whole"))


@pytest.mark.parametrize("balance", [0.2, 0.5])
def test_the_gate_of_the_next_step_survives(store, tmp_path, monkeypatch, balance):
    """The last batch's accuracy decides the next gate; a checkpoint without it resumes as another run."""
    settings = small(balance=balance, shapes=40)
    train(store, settings, tmp_path / "whole")
    rows = final_state(tmp_path / "whole")["rows"]
    assert 0 < sum(row["gate_open"] for row in rows) < len(rows)  # both states were met
    for step in range(1, 9):
        out = tmp_path / f"broken-{step}"
        with monkeypatch.context() as patch:
            raise_signal_when(patch, Gan, "step", call=step)
            with pytest.raises(Interrupted):
                train(store, settings, out)
        train(store, settings, out, resume=True)
        assert_same(final_state(out), final_state(tmp_path / "whole"))


def interrupted(store, out, monkeypatch, settings):
    with monkeypatch.context() as patch:
        raise_signal_when(patch, Gan, "step", call=4)
        with pytest.raises(Interrupted):
            train(store, settings, out)
    return checkpoint.read(sorted((out / "checkpoints").glob("step-*"))[-1])


def resave(out, saved: checkpoint.Checkpoint) -> None:
    import shutil

    shutil.rmtree(out / "checkpoints")
    (out / "checkpoints").mkdir()
    checkpoint.save(out / "checkpoints", saved, keep=2)


def test_each_number_and_each_tensor_is_needed(store, tmp_path, monkeypatch):
    settings = small_modern()
    out = tmp_path / "run"
    saved = interrupted(store, out, monkeypatch, settings)
    for key in saved.facts:
        resave(out, replace(saved, facts={k: v for k, v in saved.facts.items() if k != key}))
        with pytest.raises(BadInput, match=f"lacks '{key}'"):
            train(store, settings, out, resume=True)
    for outer, key in [(k, inner) for k, v in saved.facts.items() if isinstance(v, dict) for inner in v]:
        fewer = {k: v for k, v in saved.facts[outer].items() if k != key}
        resave(out, replace(saved, facts=saved.facts | {outer: fewer}))
        with pytest.raises(BadInput, match=rf"lacks '{outer}\.{key}'"):
            train(store, settings, out, resume=True)
    for key in saved.tensors:
        resave(out, replace(saved, tensors={k: v for k, v in saved.tensors.items() if k != key}))
        with pytest.raises(BadInput, match=key.replace(".", r"\.")):
            train(store, settings, out, resume=True)


def test_a_checkpoint_of_other_networks_is_refused(store, tmp_path, monkeypatch):
    out = tmp_path / "run"
    interrupted(store, out, monkeypatch, small())
    wider = small()
    with pytest.raises(BadInput, match="expected"):
        train(store, replace(wider, nets=replace(wider.nets, generator_width=5)), out, resume=True)


def test_other_data_is_refused(store, tmp_path, monkeypatch):
    out = tmp_path / "run"
    interrupted(store, out, monkeypatch, small())
    other = write_store(tmp_path / "other.shapes", store.read(range(12)), categories="chair")
    with pytest.raises(UsageError, match="other data"):
        train(other, small(), out, resume=True)


def test_a_run_is_never_overwritten_and_never_resumed_from_nothing(store, tmp_path):
    with pytest.raises(UsageError, match="no run to resume"):
        train(store, small(shapes=8), tmp_path / "run", resume=True)
    train(store, small(shapes=8), tmp_path / "run")
    with pytest.raises(UsageError, match="--resume"):
        train(store, small(shapes=8), tmp_path / "run")


def test_changed_settings_are_named_and_noted(store, tmp_path, monkeypatch):
    from shapespace.settings import read_toml

    out, listener = tmp_path / "run", Listener()
    interrupted(store, out, monkeypatch, small())
    train(store, small(shapes=70, discriminator_rate=2e-3), out, resume=True, progress=listener)
    assert any("other settings than before: train.shapes, train.discriminator-rate;" in line for line in listener.lines)
    assert read_toml(out / "config.toml")["train"]["shapes"] == 70
    again = Listener()
    train(store, small(shapes=70, discriminator_rate=2e-3), out, resume=True, progress=again)
    assert not any("other settings" in line for line in again.lines)


def test_other_libraries_are_named(store, tmp_path, monkeypatch):
    from shapespace.train import loop

    out, listener = tmp_path / "run", Listener()
    interrupted(store, out, monkeypatch, small(shapes=40))
    monkeypatch.setattr(loop, "versions", lambda: {"shapespace": "9", "torch": "9", "numpy": "9"})
    train(store, small(shapes=40), out, resume=True, progress=listener)
    assert any("not bit-exact" in line and "'torch': '9'" in line for line in listener.lines)


def test_a_damaged_checkpoint_is_named_and_the_one_before_gives_the_same_run(store, tmp_path, monkeypatch):
    settings = replace(small(shapes=40), run=replace(small().run, save_every=8))
    train(store, settings, tmp_path / "whole")
    out, listener = tmp_path / "run", Listener()
    with monkeypatch.context() as patch:
        raise_signal_when(patch, Gan, "step", call=5)
        with pytest.raises(Interrupted):
            train(store, settings, out)
    newest = sorted((out / "checkpoints").glob("step-*"))[-1]
    content = (newest / "state.safetensors").read_bytes()
    (newest / "state.safetensors").write_bytes(content[:-100])
    train(store, settings, out, resume=True, progress=listener)
    assert f"{newest.name}" in listener.lines[0]
    assert "trying the checkpoint before" in listener.lines[0]
    assert "resumed from step 4" in listener.lines[1]
    assert_same(final_state(out), final_state(tmp_path / "whole"))


def test_two_trainers_in_one_folder_are_one_too_many(store, tmp_path):
    from shapespace.train.runlog import RunLog

    first = RunLog(tmp_path / "run", resume=False)
    with pytest.raises(UsageError, match=r"in use by pid \d+ on host"):
        RunLog(tmp_path / "run", resume=False)
    first.close()
    RunLog(tmp_path / "run", resume=False).close()


def test_the_same_seed_gives_the_same_run_and_another_one_another(store, tmp_path):
    settings = small_modern(shapes=24)
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(store, replace(settings, run=replace(settings.run, seed=seed)), tmp_path / name)
    assert_same(final_state(tmp_path / "a"), final_state(tmp_path / "b"))
    assert final_state(tmp_path / "a")["rows"] != final_state(tmp_path / "c")["rows"]
