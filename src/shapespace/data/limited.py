"""Processes that may read hostile files: bounded in memory, file size and time, and mourned by nobody.

A worker that crashes, takes too much memory or computes too long ends; its tasks are tried again one at a time,
and the one that ends a worker alone is named. A worker whose parent was killed ends as well.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_all_start_methods, get_context, parent_process
from types import FrameType
from typing import TypeVar

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

WARM_MODULE = "shapespace.data.warm"

WORKER_BYTES = 768 << 20
"""Memory a worker may take beyond what it needs to start."""

WORKER_FILE_BYTES = 16 << 20
"""Largest file a worker may write; it only needs numba's cache."""

WALL = 6
"""Times its deadline that a block may take by the clock: that a machine is busy is no fault of a file's."""

AGAIN = 0.1
"""Seconds until the bell rings once more: one that rings inside a foreign callback is not heard."""

HARD_SECONDS = 0.5
"""Processor time past a deadline at which a worker that cannot be interrupted is ended."""


class Died:
    """Stands for the result of a task that ended its process."""

    reason = "its reader crashed, or could not be stopped in time; the worker was ended"


_is_worker = False
_is_bounded = False


def limited_map(
    function: Callable[[TaskT], ResultT], tasks: Iterable[tuple[int, TaskT]], *, workers: int
) -> Iterator[tuple[int, ResultT | Died]]:
    """Yield (number, result) of each numbered task as it is finished, from limited processes.

    Args:
        function: A module's function; it must be pure, because a task may be run twice.
        tasks: (number, argument) pairs, taken only as workers get free, so that memory stays flat.
        workers: Processes; 0 runs everything here, without limits.
    """
    if workers == 0:
        yield from ((number, function(task)) for number, task in tasks)
        return
    queue = iter(tasks)
    while (unfinished := (yield from _run_until_broken(function, queue, workers))) is not None:
        yield from _run_one_by_one(function, unfinished)


def _run_until_broken(
    function: Callable[[TaskT], ResultT], queue: Iterator[tuple[int, TaskT]], workers: int
) -> Generator[tuple[int, ResultT], None, dict[int, TaskT] | None]:
    """Yield results; return None at the end of the queue, or the tasks that were in hand when a worker died."""
    in_hand: dict[int, TaskT] = {}
    numbers: dict[Future[ResultT], int] = {}
    pool = limited_pool(workers)
    try:
        while True:
            while len(in_hand) < 2 * workers and (entry := next(queue, None)) is not None:
                in_hand[entry[0]] = entry[1]  # before it is submitted: a broken pool refuses it
                numbers[pool.submit(function, entry[1])] = entry[0]
            if not in_hand:
                return None
            for future in wait(numbers, return_when=FIRST_COMPLETED).done:
                result, number = future.result(), numbers[future]
                del in_hand[number], numbers[future]
                yield number, result
    except BrokenProcessPool:
        return in_hand
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _run_one_by_one(
    function: Callable[[TaskT], ResultT], tasks: dict[int, TaskT]
) -> Iterator[tuple[int, ResultT | Died]]:
    """Yield each task's result; the one in hand when the only worker dies ended it."""
    pool = _proven_pool()
    try:
        for number, task in sorted(tasks.items()):
            try:
                result = pool.submit(function, task).result()
            except BrokenProcessPool:
                result = Died()
                pool.shutdown(wait=True)
                pool = _proven_pool()
            yield number, result
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _proven_pool() -> ProcessPoolExecutor:
    pool = limited_pool(1)
    pool.submit(os.getpid).result()  # if workers cannot even start, no task is to blame: let that error out
    return pool


def cores() -> int:
    """Return the processor cores this process may use."""
    # macOS does not say which cores are a process's own
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limited_pool(workers: int) -> ProcessPoolExecutor:
    """Return processes that may take hostile bytes; whoever asks for them ends them."""
    method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([WARM_MODULE])
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_become_worker)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound the block in a worker: TimeoutError after `seconds` of processor time, or `WALL` times that by the clock.

    The process ends if it cannot be interrupted. Elsewhere, where signals belong to someone else, nothing is bounded.
    """
    global _is_bounded
    if not _is_worker:
        yield
        return
    _is_bounded = True
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds + HARD_SECONDS)  # its signal ends the process
    signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN)
    signal.setitimer(signal.ITIMER_REAL, WALL * seconds, AGAIN)
    try:
        try:
            yield
        finally:
            _stop_timers()
    except _Overtime:  # outside, because the bell may ring just before the timers are stopped
        _stop_timers()
        raise TimeoutError from None


def _stop_timers() -> None:
    global _is_bounded
    _is_bounded = False
    for timer in (signal.ITIMER_REAL, signal.ITIMER_PROF, signal.ITIMER_VIRTUAL):
        signal.setitimer(timer, 0)


class _Overtime(BaseException):
    """Passes through every `except Exception` on its way to the deadline's end."""


def _become_worker() -> None:
    global _is_worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_die_with_parent, daemon=True).start()
    import_module(WARM_MODULE)
    _limit_resources()
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _ring)
        signal.signal(signal.SIGPROF, _ring)
        _is_worker = True


def _limit_resources() -> None:
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WORKER_FILE_BYTES, WORKER_FILE_BYTES))
    if sys.platform == "linux":  # elsewhere address space is no measure of memory
        limit = _address_space() + WORKER_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file of a user's
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _ring(_signal: int, _frame: FrameType | None) -> None:
    if _is_bounded:
        raise _Overtime


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()  # returns when it is gone, however it went
        os._exit(1)
