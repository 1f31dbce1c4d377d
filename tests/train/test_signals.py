"""Whatever the loop is doing, a stop signal is answered by a saved run and exit code 143 (SAFETY R8)."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import replace

import pytest
from small_runs import assert_same, final_state, raise_signal_when, raise_signal_within, small_modern

from shapespace.errors import Interrupted
from shapespace.train import checkpoint, loop
from shapespace.train.gan import Gan
from shapespace.train.loop import train
from shapespace.train.runlog import RunLog
from shapespace.train.snapshot import Snapshot

PHASES = {
    "load": (loop, "build", 1),
    "first step": (Gan, "step", 1),
    "step": (Gan, "step", 5),
    "log": (RunLog, "append", 2),
    "sheet": (Snapshot, "sheet", 1),
    "save": (checkpoint, "save", 1),
    "space": (Snapshot, "space", 1),
    "epoch end": (Gan, "step", 6),
    "finish": (checkpoint, "save", 3),
}


def settings():
    plain = small_modern()
    return replace(plain, run=replace(plain.run, save_every=30, sheet_every=20))


@pytest.fixture(scope="module")
def whole(store, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "run"
    train(store, settings(), out)
    return final_state(out)


NUMBERS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
CASES = [
    # each phase with SIGTERM and each signal in a step; the rest of the table is slow
    pytest.param(phase, number, marks=() if number == signal.SIGTERM or phase == "step" else pytest.mark.slow)
    for phase in PHASES
    for number in NUMBERS
]
MOMENTS = [(phase, moment) for phase in PHASES for moment in range(10)]


def assert_saved_and_goes_on(store, out, sent: list[float], number: int, whole) -> None:
    with pytest.raises(Interrupted, match=signal.Signals(number).name) as raised:
        train(store, settings(), out)
    assert raised.value.exit_code == 143
    assert time.monotonic() - sent[0] < 5
    assert (out / "space.safetensors").exists()
    train(store, settings(), out, resume=True)
    assert_same(final_state(out), whole)


@pytest.mark.parametrize(("phase", "number"), CASES)
def test_it_saves_leaves_with_143_and_goes_on_as_if_nothing_was(store, tmp_path, monkeypatch, whole, phase, number):
    owner, name, call = PHASES[phase]
    with monkeypatch.context() as patch:
        sent = raise_signal_when(patch, owner, name, call=call, number=number)
        assert_saved_and_goes_on(store, tmp_path / "run", sent, number, whole)


@pytest.mark.slow
@pytest.mark.parametrize(("phase", "moment"), MOMENTS)
def test_so_at_ten_moments_within_each_phase(store, tmp_path, monkeypatch, whole, phase, moment):
    owner, name, call = PHASES[phase]
    # from the first call that a phase makes to thousands on: each a place where Python may take a signal
    after = random.Random(f"{phase} {moment}").randrange(4**moment // 50 + 1)
    with monkeypatch.context() as patch:
        number = NUMBERS[moment % 3]
        sent = raise_signal_within(patch, owner, name, call=call, after=after, number=number)
        assert_saved_and_goes_on(store, tmp_path / "run", sent, number, whole)


def test_a_second_signal_quits_at_once_and_nothing_is_half_afterwards(store, tmp_path, monkeypatch, whole):
    child = os.fork()
    if child == 0:
        raise_signal_when(monkeypatch, Gan, "step", call=2)
        raise_signal_when(monkeypatch, checkpoint, "write_bytes", call=2)  # in the middle of the save
        try:
            train(store, settings(), tmp_path / "run")
        finally:
            os._exit(99)
    _, status = os.waitpid(child, 0)
    assert os.WEXITSTATUS(status) == 143
    assert not list((tmp_path / "run" / "checkpoints").glob("step-*"))
    train(store, settings(), tmp_path / "run", resume=True)
    assert_same(final_state(tmp_path / "run"), whole)
    assert not list((tmp_path / "run" / "checkpoints").glob(".*"))


def test_the_handlers_that_were_there_are_back_afterwards(store, tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    train(store, small_modern(shapes=8), tmp_path / "run")
    assert signal.getsignal(signal.SIGTERM) is before
