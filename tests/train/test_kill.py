"""kill -9 at random points, half of them aimed at a save: only the steps since the last save are lost (SAFETY R1)."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import replace

import pytest
from small_runs import RECIPES, assert_same, final_state
from solid_views import small_vaegan_modern

from shapespace.data.store import Store
from shapespace.train.loop import train

KILLS, SLOW_KILLS = 20, 200
SYSTEMS = RECIPES | {"vaegan": small_vaegan_modern}
LONGEST = {"paper": 0.25, "modern": 0.25, "vaegan": 2.0}
"""Seconds a run is left alone; pictures take their time, and a run that is never left to save never ends."""


def settings(name: str):
    plain = SYSTEMS[name](shapes=160)
    return replace(plain, run=replace(plain.run, save_every=8))


def run_in_child(store: Store, name: str, out) -> int:
    """Return the process id of a fork that trains, or goes on training, in `out`."""
    child = os.fork()
    if child:
        return child
    try:
        train(Store.open(store.path), settings(name), out, resume=(out / "config.toml").exists())
        os._exit(0)
    except BaseException:  # noqa: BLE001 - the parent judges by the exit code; pytest must not go on in the child
        os._exit(99)


def wait_for_save(out, child: int, most: float) -> None:
    """Return when a save is under way in `out`, or after `most` seconds, or when the child is gone."""
    end = time.monotonic() + most
    while time.monotonic() < end and not list((out / "checkpoints").glob(".step-*.tmp")):
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.0005)


def kill_until_done(store, name, out, rng, kills: list[bool]) -> None:
    """Start, kill and start again until the run has come to its end; note of each kill whether it met a save."""
    while True:
        child = run_in_child(store, name, out)
        time.sleep(rng.uniform(0.0, LONGEST[name]))
        if len(kills) % 2:
            wait_for_save(out, child, most=2.0)
        in_save = bool(list((out / "checkpoints").glob(".step-*.tmp")))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.WEXITSTATUS(status) == 0
            return
        kills.append(in_save)


def check(store, tmp_path, name: str, wanted: int) -> None:
    train(store, settings(name), tmp_path / "whole")
    whole = final_state(tmp_path / "whole")
    rng, kills, number = random.Random(0), [], 0
    while len(kills) < wanted:
        out = tmp_path / f"killed-{number}"
        kill_until_done(store, name, out, rng, kills)
        assert_same(final_state(out), whole)
        assert not list((out / "checkpoints").glob(".*.tmp"))
        number += 1
    assert sum(kills) >= wanted // 7


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_killed_run_ends_as_the_unbroken_one(store, tmp_path, name):
    check(store, tmp_path, name, -(-KILLS // len(SYSTEMS)))


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_two_hundred_kills(store, tmp_path, name):
    check(store, tmp_path, name, SLOW_KILLS // 2)
