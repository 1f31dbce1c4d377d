"""A disk that fills costs only what could not be written; no success is claimed that was none (SAFETY R5, T2)."""

from __future__ import annotations

import os
import resource
import shutil
from dataclasses import replace

import pytest
import torch
from small_runs import Listener, assert_same, final_state, raise_signal_when, small, stats_of

from shapespace.errors import Interrupted, OutputError
from shapespace.train import checkpoint, loop
from shapespace.train.loop import train
from shapespace.train.runlog import RunLog
from shapespace.train.snapshot import Snapshot

OFFSETS = 64


def in_child_with_room(room: int, function) -> str:
    """Return what `function` raised, in a fork that can write no file beyond `room` bytes; empty if it went well."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
            function()
        except OutputError as error:
            os.write(writer, str(error).encode())
        except BaseException as error:  # noqa: BLE001 - told to the parent, which fails for it
            os.write(writer, f"not an OutputError: {error!r}".encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def a_checkpoint(step: int) -> checkpoint.Checkpoint:
    tensors = {"weights": torch.arange(4_096.0) + step}
    return checkpoint.Checkpoint(step, tensors, {"step": step, "healthy": True})


@pytest.fixture
def saved(tmp_path):
    place = checkpoint.save(tmp_path / "checkpoints", a_checkpoint(1), keep=2)
    return place.parent, (place / "state.safetensors").stat().st_size


@pytest.mark.parametrize("part", range(OFFSETS))
def test_wherever_in_a_file_the_room_ends_the_old_checkpoint_stands(saved, part):
    folder, size = saved
    room = part * size // OFFSETS
    said = in_child_with_room(room, lambda: checkpoint.save(folder, a_checkpoint(2), keep=2))
    assert "File too large" in said
    assert str(folder) in said
    assert "MB free on " in said
    assert [path.name for path in folder.iterdir()] == ["step-000000001"]  # no litter, and nothing half
    found = checkpoint.latest(folder, pytest.fail)
    assert torch.equal(found.tensors["weights"], a_checkpoint(1).tensors["weights"])


def test_with_just_enough_room_the_new_one_is_written(saved):
    folder, size = saved
    assert in_child_with_room(size, lambda: checkpoint.save(folder, a_checkpoint(2), keep=2)) == ""
    assert checkpoint.latest(folder, pytest.fail).step == 2


def settings(shapes: int = 66):
    plain = small(shapes=shapes)
    return replace(plain, run=replace(plain.run, save_every=8, sheet_every=8))


def full(*_arguments, **_keywords):
    raise OutputError("x not written: No space left on device (0 MB free on y)")


def fail_calls(monkeypatch, owner, name: str, numbers: range) -> None:
    """Let some calls of a function, counted from 1, meet a full disk."""
    real, calls = getattr(owner, name), [0]

    def sometimes(*arguments, **keywords):
        calls[0] += 1
        return (full if calls[0] in numbers else real)(*arguments, **keywords)

    monkeypatch.setattr(owner, name, sometimes)


@pytest.mark.parametrize(
    ("owner", "name"), [(checkpoint, "save"), (Snapshot, "space"), (Snapshot, "sheet"), (RunLog, "draw_curves")]
)
def test_a_disk_full_for_a_while_costs_no_learning(store, tmp_path, monkeypatch, owner, name):
    listener = Listener()
    train(store, settings(), tmp_path / "whole")
    fail_calls(monkeypatch, owner, name, range(2, 4))
    train(store, settings(), tmp_path / "run", progress=listener)
    told = [line for line in listener.lines if "No space left on device" in line]
    assert len(told) == 2
    assert "training goes on, last good: " in told[0]
    assert_same(final_state(tmp_path / "run"), final_state(tmp_path / "whole"))


@pytest.mark.parametrize(("owner", "name"), [(checkpoint, "save"), (Snapshot, "space")])
def test_a_result_that_was_not_written_is_no_success(store, tmp_path, monkeypatch, owner, name):
    fail_calls(monkeypatch, owner, name, range(1, 1_000))
    plain = small(shapes=16)
    with pytest.raises(OutputError) as raised:
        train(store, plain, tmp_path / "run")
    assert raised.value.exit_code == 4
    monkeypatch.undo()
    train(store, plain, tmp_path / "run", resume=True)  # the run itself is not spoilt
    assert (tmp_path / "run" / "space.safetensors").exists()


def test_a_disk_that_stays_full_stops_the_run(store, tmp_path, monkeypatch):
    fail_calls(monkeypatch, checkpoint, "save", range(3, 1_000))  # rows and sheets still find room
    with pytest.raises(OutputError, match=rf"stopped, {loop.UNWRITTEN} in a row failed"):
        train(store, settings(10_000), tmp_path / "run")
    assert checkpoint.latest(tmp_path / "run" / "checkpoints", pytest.fail).step == 4  # two whole ones were written


def test_a_signal_on_a_full_disk_does_not_claim_to_have_saved(store, tmp_path, monkeypatch):
    raise_signal_when(monkeypatch, loop.Gan, "step", call=3)
    fail_calls(monkeypatch, checkpoint, "save", range(1, 1_000))
    with pytest.raises((OutputError, Interrupted)) as raised:
        train(store, small(), tmp_path / "run")
    assert raised.type is OutputError


def test_a_row_that_does_not_fit_leaves_those_before_whole(tmp_path):
    row = {"step": 1, "shapes": 4, "loss": 0.5}
    log = RunLog(tmp_path / "run", resume=False)
    log.append(row)
    size = (tmp_path / "run" / "stats.jsonl").stat().st_size
    said = in_child_with_room(size + 9, lambda: log.append(row | {"step": 2}))
    assert "row of step 2 not written" in said
    assert stats_of(tmp_path / "run") == [row]
    log.append(row | {"step": 2})
    assert [row["step"] for row in stats_of(tmp_path / "run")] == [1, 2]
    log.close()


def test_room_is_asked_for_before_the_first_step(store, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000))
    with pytest.raises(OutputError, match=r"needs \d\.\d\d GB for 5 checkpoints, 0\.00 GB are free; make room"):
        train(store, small(), tmp_path / "run")
    monkeypatch.undo()
    train(store, small(shapes=8), tmp_path / "run")  # nothing was begun


def test_a_folder_that_cannot_be_one_is_named(store, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="choose another --out"):
        train(store, small(), tmp_path / "file" / "run")
    with pytest.raises(OutputError, match="choose another --out"):
        train(store, small(), tmp_path / "file")
