"""Settings, and comparisons, of runs so small that twenty steps take a second."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from shapespace.errors import Interrupted
from shapespace.settings import NetSettings, RunSettings, Settings, TrainSettings
from shapespace.train import checkpoint
from shapespace.train.loop import train
from shapespace.train.progress import Progress

TRAIN, VALIDATION = 22, 4
"""Shapes. With batches of 4: five whole ones and a last one of 2."""

STEPS_AN_EPOCH = 6


def small(**train: object) -> Settings:
    """Return the paper's loop with tiny networks: batch norm in both, a gate, two draws, no average."""
    return Settings(
        nets=NetSettings(latent_dim=6, generator_width=4, discriminator_width=4),
        train=replace(TrainSettings(batch_size=4, shapes=66, generator_rate=1e-3, discriminator_rate=1e-3), **train),
        run=RunSettings(log_every=2, sheet_every=10_000, save_every=10_000, tensorboard=False, watchdog="off"),
    )


def small_modern(**train: object) -> Settings:
    """Return the modern loop with tiny networks: one pass, penalties now and then, an average, augmentation."""
    settings = small()
    nets = replace(settings.nets, discriminator_norm="none", bias=True, start="he", prior="normal")
    seen = replace(settings.augment, mirror=True, shift=1, cutout=0.25, soften=0.5)
    modern = {"loss": "relativistic", "r1": 1.0, "r2": 1.0, "penalty_every": 3, "one_pass": True, "balance": 1.0}
    learned = replace(settings.train, **(modern | {"ema_half_life": 20.0} | train))
    return replace(settings, nets=nets, augment=seen, train=learned)


RECIPES: dict[str, Callable[..., Settings]] = {"paper": small, "modern": small_modern}


def final_state(out: Path) -> dict[str, object]:
    """Return the last checkpoint of a run and its log, all that must be equal between two runs that are one."""
    last = checkpoint.read(sorted((out / "checkpoints").glob("step-*"))[-1])
    facts = {k: v for k, v in last.facts.items() if k not in ("seconds", "cpu_seconds", "versions")}
    clocks = ("seconds", "cpu_seconds", "shapes_per_second")
    rows = [{k: v for k, v in row.items() if k not in clocks} for row in stats_of(out)]
    return {"tensors": last.tensors, "facts": facts, "rows": rows}


def stats_of(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "stats.jsonl").read_text().splitlines()]


def assert_same(a: dict, b: dict) -> None:
    assert a["facts"] == b["facts"]
    assert a["tensors"].keys() == b["tensors"].keys()
    different = [name for name in a["tensors"] if not torch.equal(a["tensors"][name], b["tensors"][name])]
    assert different == []
    assert a["rows"] == b["rows"]


def assert_resumes(store: object, settings: Settings, folder: Path, monkeypatch: object, system: type) -> None:
    """Hold a run that was stopped in its second step and resumed against the uninterrupted one, in every tensor."""
    train(store, settings, folder / "whole")
    with monkeypatch.context() as patch:
        raise_signal_when(patch, system, "step", call=2)
        with pytest.raises(Interrupted):
            train(store, settings, folder / "broken")
    train(store, settings, folder / "broken", resume=True)
    assert_same(final_state(folder / "broken"), final_state(folder / "whole"))


def raise_signal_when(
    monkeypatch, owner: object, name: str, *, call: int = 1, number: int = signal.SIGTERM
) -> list[float]:
    """Send this process a signal in the n-th call of a function, before its work; its moment comes to the list."""
    real, calls, sent = getattr(owner, name), [0], []

    def and_signal(*arguments, **keywords):
        calls[0] += 1
        if calls[0] == call:
            sent.append(time.monotonic())
            signal.raise_signal(number)
        return real(*arguments, **keywords)

    monkeypatch.setattr(owner, name, and_signal)
    return sent


def raise_signal_within(
    monkeypatch, owner: object, name: str, *, call: int = 1, after: int, number: int = signal.SIGTERM
) -> list[float]:
    """Send this process a signal while the n-th call of a function works, when it has called `after` others.

    One that has ended before sends it as it ends. The signal's moment comes to the list that is returned.
    """
    real, calls, sent = getattr(owner, name), [0], []

    def send() -> None:
        sys.setprofile(None)
        sent.append(time.monotonic())
        signal.raise_signal(number)

    def and_signal(*arguments, **keywords):
        calls[0] += 1
        if calls[0] != call:
            return real(*arguments, **keywords)
        left = [after]

        def count(_frame: object, event: str, _: object) -> None:
            left[0] -= event in ("call", "c_call")
            if left[0] < 0:
                send()

        sys.setprofile(count)
        try:
            return real(*arguments, **keywords)
        finally:
            if not sent:
                send()

    monkeypatch.setattr(owner, name, and_signal)
    return sent


class Listener(Progress):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__(Progress.silent().console)
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)
