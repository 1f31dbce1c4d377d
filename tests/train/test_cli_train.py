"""`shapespace train`, as it is typed: each end of a run has its exit code and one line, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from small_runs import raise_signal_when, small, small_modern, stats_of

from shapespace.cli.main import main
from shapespace.data.batches import Batches
from shapespace.settings import read_toml, to_toml
from shapespace.train import checkpoint
from shapespace.train.gan import Gan
from shapespace.train.loop import train


@pytest.fixture
def words(store, tmp_path) -> list[str]:
    """Return the command, for a run of six steps."""
    config = tmp_path / "config.toml"
    settings = small(shapes=22)
    config.write_text(to_toml(replace(settings, run=replace(settings.run, threads=1))))
    return [
        "train", "--data", str(store.path), "--out", str(tmp_path / "run"), "--config", str(config), "--quiet"
    ]  # fmt: skip


def complaint(capsys) -> str:
    """Return what was said on stderr; it must be one line, and no traceback."""
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    assert said.startswith("error: ")
    return said


def test_a_run_ends_with_0_and_the_space(words, tmp_path, capsys):
    assert main(words) == 0
    space = tmp_path / "run" / "space.safetensors"
    assert capsys.readouterr().out == f"trained space: {space}\n"
    assert space.exists()
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {
        "config.toml", "run.json", "stats.jsonl", "checkpoints", "sheets", "space.safetensors"
    }  # fmt: skip
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["data"]["provenance"]["source"] == "furniture"
    assert facts["decided"] == {"symmetric": False, "whole": False}


def test_dotted_options_lie_over_the_file_over_the_preset(words, tmp_path):
    assert main([*words, "--train.batch-size", "8", "--preset", "modern"]) == 0
    written = read_toml(tmp_path / "run" / "config.toml")
    assert (written["train"]["batch_size"], written["train"]["shapes"]) == (8, 22)


def test_a_run_that_starts_from_a_space_takes_its_sizes(store, tmp_path, capsys):
    train(store, small_modern(shapes=4), tmp_path / "first")
    words = ["train", "--data", str(store.path), "--out", str(tmp_path / "run"), "--nets.start-from"]
    more = ["--nets.generator-width", "3", "--dry-run"]
    assert main([*words, str(tmp_path / "first"), *more]) == 0
    said = tomllib.loads(capsys.readouterr().out)
    assert (said["nets"]["generator_width"], said["nets"]["latent_dim"]) == (3, 6)
    assert said["nets"]["discriminator_width"] == 4
    assert main([*words, str(tmp_path / "none"), "--dry-run"]) == 3
    assert "none: is neither a file, nor a run folder" in complaint(capsys)


def test_a_run_is_not_overwritten(words, capsys):
    assert main(words) == 0
    capsys.readouterr()
    assert main(words) == 2
    assert "--resume" in complaint(capsys)


def test_a_finished_run_may_be_resumed_and_goes_further(words, tmp_path):
    assert main(words) == 0
    assert main([*words, "--resume", "--train.shapes", "44"]) == 0
    assert stats_of(tmp_path / "run")[-1]["shapes"] == 44


def test_what_is_not_there_is_named(words, tmp_path, capsys):
    assert main([*words, "--resume"]) == 2
    assert "no run to resume" in complaint(capsys)
    assert main([*words[:2], str(tmp_path / "none.shapes"), *words[3:]]) == 3
    assert "none.shapes" in complaint(capsys)
    assert main([*words, "--run.category", "teapot"]) == 2
    assert "chair" in complaint(capsys)
    assert main([*words, "--preset", "papre"]) == 2
    assert "paper, modern" in complaint(capsys)
    assert main([*words, "--run.device", "cuda:77"]) == 2
    assert "cpu" in complaint(capsys)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_ends_with_143_and_the_run_goes_on(words, tmp_path, monkeypatch, capsys, number):
    with monkeypatch.context() as patch:
        raise_signal_when(patch, Gan, "step", call=3, number=number)
        assert main(words) == 143
    said = complaint(capsys)
    assert f"{signal.Signals(number).name}: saved step 3" in said
    assert "--resume" in said
    assert main([*words, "--resume"]) == 0
    assert stats_of(tmp_path / "run")[-1]["shapes"] == 22


def test_numbers_that_are_not_finite_end_with_5(words, tmp_path, monkeypatch, capsys):
    real = Batches.at
    monkeypatch.setattr(Batches, "at", lambda self, step: real(self, step).astype(np.float32) * np.nan)
    assert main(words) == 5
    assert "not finite at step 0" in complaint(capsys)
    assert not (tmp_path / "run" / "space.safetensors").exists()


def test_a_full_disk_ends_with_4(words, monkeypatch, capsys):
    def full(*_arguments):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(checkpoint, "sha256", full)
    assert main(words) == 4
    assert "No space left on device" in complaint(capsys)


def test_a_second_trainer_is_refused(words, store, tmp_path, monkeypatch, capsys):
    """While one process trains in a folder, another is told its number."""
    assert main(words) == 0
    capsys.readouterr()
    reader, writer = os.pipe()
    held, release = os.pipe()
    child = os.fork()
    if child == 0:
        from shapespace.train.runlog import RunLog

        _holder = RunLog(tmp_path / "run", resume=True)
        os.write(writer, b".")
        os.close(release)
        os.read(held, 1)  # until the parent closes its end
        os._exit(0)
    os.read(reader, 1)
    try:
        assert main([*words, "--resume"]) == 2
        assert f"in use by pid {child} on host" in complaint(capsys)
    finally:
        os.close(release)
        os.waitpid(child, 0)
    assert main([*words, "--resume"]) == 0  # the lock went with its holder


def test_a_dry_run_prints_the_settings_and_makes_nothing(words, tmp_path, capsys):
    import tomllib

    assert main([*words, "--dry-run"]) == 0
    printed = tomllib.loads(capsys.readouterr().out)
    assert printed["train"]["shapes"] == 22
    assert not (tmp_path / "run").exists()
