"""Checkpoints are whole or absent: every damage is found, named and survived (SAFETY R5, R7)."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import random
import shutil

import pytest
import safetensors.torch
import torch

from shapespace.errors import DamagedFile, OutputError
from shapespace.train import checkpoint
from shapespace.train.checkpoint import Checkpoint, latest, read, save


def make(step: int, *, healthy: bool = True) -> Checkpoint:
    tensors = {"generator.weight": torch.arange(12.0).reshape(3, 4) + step, "count": torch.tensor(step)}
    return Checkpoint(step, tensors, {"step": step, "healthy": healthy, "last_accuracy": 0.75})


def same(a: Checkpoint, b: Checkpoint) -> bool:
    equal = all(torch.equal(a.tensors[name], b.tensors[name]) for name in a.tensors | b.tensors)
    return a.step == b.step and a.facts == b.facts and equal


def test_what_is_saved_comes_back(tmp_path):
    save(tmp_path, make(7), keep=2)
    assert same(latest(tmp_path, pytest.fail), make(7))


def test_an_empty_folder_has_none(tmp_path):
    assert latest(tmp_path, pytest.fail) is None


def test_the_last_k_are_kept(tmp_path):
    for step in range(1, 6):
        save(tmp_path, make(step), keep=2)
    assert [place.name for place in sorted(tmp_path.iterdir())] == ["step-000000004", "step-000000005"]


def test_the_newest_healthy_one_outlives_a_collapse(tmp_path):
    save(tmp_path, make(1), keep=2)
    for step in range(2, 6):
        save(tmp_path, make(step, healthy=False), keep=2)
    assert [p.name[-1] for p in sorted(tmp_path.glob("step-*"))] == ["1", "4", "5"]


def test_saving_the_same_step_again_changes_nothing(tmp_path):
    place = save(tmp_path, make(3), keep=2)
    before = (place / "manifest.json").stat().st_mtime_ns
    save(tmp_path, make(3), keep=2)
    assert (place / "manifest.json").stat().st_mtime_ns == before


def damage_cases():
    files = (*checkpoint.FILES, "manifest.json")
    yield from ((f"truncate {name} to {share}", name, share) for name in files for share in (0, 0.1, 0.5, 0.99))
    yield from ((f"remove {name}", name, None) for name in files)


@pytest.mark.parametrize(("_name", "file", "share"), list(damage_cases()), ids=lambda value: str(value))
def test_a_damaged_one_is_set_aside_out_loud_and_the_one_before_is_used(tmp_path, _name, file, share):
    save(tmp_path, make(1), keep=3)
    place = save(tmp_path, make(2), keep=3)
    if share is None:
        (place / file).unlink()
    else:
        content = (place / file).read_bytes()
        (place / file).write_bytes(content[: int(len(content) * share)])
    said: list[str] = []
    assert same(latest(tmp_path, said.append), make(1))
    assert len(said) == 1
    assert "step-000000002" in said[0]
    assert (tmp_path / "rejected" / "step-000000002").is_dir()


def test_a_thousand_flipped_bits_are_a_thousand_found(tmp_path):
    place = save(tmp_path, make(1), keep=2)
    names = (*checkpoint.FILES, "manifest.json")
    contents = {name: (place / name).read_bytes() for name in names}
    rng = random.Random(0)
    for _ in range(1_000):
        name = rng.choice(names)
        flipped = bytearray(contents[name])
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
        (place / name).write_bytes(flipped)
        with pytest.raises(DamagedFile):
            read(place)
        (place / name).write_bytes(contents[name])
    assert same(read(place), make(1))


def swapped(place, file: str, content: bytes) -> None:
    """Put other bytes in a file's place, and make the manifest say that they belong there."""
    (place / file).write_bytes(content)
    (place / "manifest.json").write_text(checkpoint._manifest(place, 2))


def spoilt(name: str, value: float) -> bytes:
    tensors = dict(make(2).tensors)
    tensors[name] = tensors[name].float()
    tensors[name].view(-1)[-1] = value
    return safetensors.torch.save(tensors)


FOREIGN = {
    "nothing": b"", "a zip": b"PK\x03\x04" + b"\0" * 60, "a pickle": b"\x80\x04K\x01.", "text": b"hello " * 20,
    "a long header": (1 << 62).to_bytes(8, "little") + b"{}", "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
    "no numbers": b"\xff" * 64,
}  # fmt: skip
VOUCHED = {
    **{f"{value} in {name}": ("state.safetensors", spoilt(name, value))
       for name in ("generator.weight", "count") for value in (float("nan"), float("inf"), float("-inf"))},
    **{f"{name} for tensors": ("state.safetensors", content) for name, content in FOREIGN.items()},
    **{f"{name} for facts": ("facts.json", content) for name, content in FOREIGN.items()},
    **{f"{text} for facts": ("facts.json", text.encode()) for text in ("null", "[]", "3", '"a"', "{", '{"a": }')},
}  # fmt: skip


@pytest.mark.parametrize(("file", "content"), VOUCHED.values(), ids=VOUCHED)
def test_what_a_right_manifest_vouches_for_is_looked_at_all_the_same(tmp_path, file, content):
    save(tmp_path, make(1), keep=3)
    swapped(save(tmp_path, make(2), keep=3), file, content)
    said: list[str] = []
    assert same(latest(tmp_path, said.append), make(1))
    assert len(said) == 1
    assert file in said[0]
    assert "\n" not in said[0]


def test_a_manifest_of_another_step_or_version_is_refused(tmp_path):
    place = save(tmp_path, make(1), keep=2)
    manifest = json.loads((place / "manifest.json").read_text())
    for change in ({"step": 2}, {"version": 99}, {"extra": 1}, {"files": {}}):
        (place / "manifest.json").write_text(json.dumps(manifest | change))
        with pytest.raises(DamagedFile):
            read(place)


def test_what_a_kill_in_a_save_leaves_is_swept_away(tmp_path):
    save(tmp_path, make(1), keep=2)
    shutil.copytree(tmp_path / "step-000000001", tmp_path / ".step-000000002.abc.tmp")
    assert latest(tmp_path, pytest.fail).step == 1
    assert [p.name for p in tmp_path.iterdir()] == ["step-000000001"]


@pytest.mark.parametrize("room", range(0, 64))
def test_a_full_disk_at_any_point_costs_only_the_new_checkpoint(tmp_path, monkeypatch, room):
    save(tmp_path, make(1), keep=2)
    calls = 0
    real_fsync = os.fsync

    def fsync_until_full(handle):
        nonlocal calls
        calls += 1
        if calls > room:
            raise OSError(errno.ENOSPC, "No space left on device")
        real_fsync(handle)

    monkeypatch.setattr(os, "fsync", fsync_until_full)
    with contextlib.suppress(OutputError):
        save(tmp_path, make(2), keep=2)
    monkeypatch.undo()
    found = latest(tmp_path, pytest.fail)
    assert same(found, make(found.step))
    assert not list(tmp_path.glob("*.tmp"))
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_is_called_one(tmp_path, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"No space left on device \(\d+ MB free on "):
        save(tmp_path, make(2), keep=2)
