"""Limited workers: whatever a task does to its process costs that task only."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shapespace.data.limited import Died, cores, deadline, limited_map

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")


def work(task: str) -> str:
    """Do what the task says; runs in a worker."""
    if task == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if task == "eat memory":
        return _refusal(lambda: bytearray(4 << 30))
    if task == "sleep":
        return _refusal(lambda: _within(0.3, lambda: time.sleep(60)))
    if task == "spin":
        return _refusal(lambda: _within(0.3, _spin))
    if task == "spin, deaf at first":
        return _refusal(lambda: _within(0.3, _spin_deaf))
    if task == "wait a little":
        return _refusal(lambda: _within(0.3, lambda: time.sleep(0.6) or "WAITED"))
    if task == "compute in C":  # no Python code runs until it is done, so no handler is called
        return _refusal(lambda: _within(0.1, lambda: hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)))
    return task.upper()


def _within(seconds: float, action: object) -> object:
    with deadline(max(seconds, 0.3)):
        return action()  # type: ignore[operator]


def _spin() -> None:
    while True:
        try:
            while True:
                pass
        except Exception:  # noqa: BLE001 - a reader that swallows everything must not outlive its deadline
            continue


def _spin_deaf() -> None:
    with contextlib.suppress(BaseException):
        _spin()
    _spin()


def _refusal(action: object) -> str:
    try:
        return str(action())  # type: ignore[operator]
    except (MemoryError, TimeoutError) as error:
        return type(error).__name__


def run(tasks: list[str], workers: int) -> list[str]:
    results = dict(limited_map(work, enumerate(tasks), workers=workers))
    assert sorted(results) == list(range(len(tasks)))
    return ["died" if isinstance(results[i], Died) else str(results[i]) for i in range(len(tasks))]


def test_results_are_those_of_a_plain_map() -> None:
    tasks = [f"task {i}" for i in range(30)]
    assert run(tasks, 2) == run(tasks, 0) == [task.upper() for task in tasks]


def test_a_crash_costs_only_its_task() -> None:
    tasks = ["a", "b", "crash", "c", "d", "e", "f", "compute in C", "g"]
    assert run(tasks, 2) == ["A", "B", "died", "C", "D", "E", "F", "died", "G"]


def test_memory_and_time_are_bounded() -> None:
    tasks = ["eat memory", "sleep", "spin", "a"]
    assert run(tasks, 1) == ["MemoryError", "TimeoutError", "TimeoutError", "A"]


def test_a_bell_that_is_not_heard_rings_again() -> None:
    """As inside a callback of a compiler, which prints what it catches and goes on."""
    assert run(["spin, deaf at first"], 1) == ["TimeoutError"]


def test_a_busy_machine_is_no_fault_of_a_file_s() -> None:
    """Waiting longer than its deadline by the clock, not by the processor, is forgiven up to `WALL` times."""
    assert run(["wait a little", "a"], 1) == ["WAITED", "A"]


def test_outside_a_worker_nothing_is_bounded() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with deadline(0.01):
        time.sleep(0.05)
    assert signal.getsignal(signal.SIGALRM) == before


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, sys, time\n"
        "from shapespace.data.limited import limited_map\n"
        "def work(task):\n"
        "    open(sys.argv[1] + f'/{os.getpid()}', 'w').close()\n"
        "    time.sleep(60)\n"
        "if __name__ == '__main__':\n"
        "    list(limited_map(work, enumerate(range(2)), workers=2))\n"
    )
    pids = tmp_path / "pids"
    pids.mkdir()
    parent = subprocess.Popen([sys.executable, str(script), str(pids)])
    _wait_for(lambda: len(list(pids.iterdir())) == 2)
    parent.kill()
    parent.wait()
    _wait_for(lambda: not any(Path("/proc", pid.name).exists() for pid in pids.iterdir()))


def _wait_for(happened: object, seconds: float = 60.0) -> None:
    stop = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < stop
        time.sleep(0.05)


def test_cores_are_counted_where_the_system_does_not_say_whose_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cores() >= 1
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)  # as on macOS
    assert cores() == os.cpu_count()
