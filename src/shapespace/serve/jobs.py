"""Work that takes long, one piece at a time on its own thread: progress, a deadline, an end when nobody waits."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from typing import TypeVar

from shapespace import limits
from shapespace.serve.metrics import Metrics
from shapespace.serve.trouble import Trouble, busy

T = TypeVar("T")
Progress = Callable[[float], None]
Work = Callable[[Progress], T]

SECONDS = 60.0
"""A job may take, waiting not counted."""


class Stopped(Exception):
    """Raised inside a job that nobody waits for any more."""


class Jobs:
    """Runs long work in turn, and no more than a few wait.

    Args:
        pool: Where; one thread.
        metrics: Where jobs are counted.
        most: Jobs that may wait or run.
        seconds: One may take.
    """

    def __init__(
        self, pool: Executor, metrics: Metrics, *, most: int = limits.MAX_WAITING_JOBS, seconds: float = SECONDS
    ) -> None:
        """Wait for work."""
        self._pool, self._metrics, self._most, self._seconds = pool, metrics, most, seconds
        self.running = 0

    async def run(self, work: Work[T]) -> T:
        """Return what the work gives.

        Raises:
            Trouble: If too many jobs wait, or it took too long.
        """
        async for event in self.stream(work):
            if not isinstance(event, float):
                return event
        raise AssertionError("a job ends with its result")

    async def stream(self, work: Work[T]) -> AsyncIterator[float | T]:
        """Yield how much is done, from 0 to 1 as floats, and at last the result.

        Leaving the iteration ends the work at its next report.

        Raises:
            Trouble: If too many jobs wait, or it took too long.
        """
        self.check()
        loop = asyncio.get_running_loop()
        steps: asyncio.Queue[float | None] = asyncio.Queue()
        gone = threading.Event()
        self.running += 1
        running = loop.run_in_executor(self._pool, self._bounded, work, gone, loop, steps)
        running.add_done_callback(lambda _: self._ended(steps))
        try:
            while (step := await steps.get()) is not None:
                yield step
            yield running.result()
        finally:
            gone.set()
            running.add_done_callback(_seen)

    def check(self) -> None:
        """Refuse a job when too many wait.

        Raises:
            Trouble: If so.
        """
        if self.running >= self._most:
            raise busy(f"{self.running} long jobs wait; the limit is {self._most}", 5)

    def _ended(self, steps: asyncio.Queue[float | None]) -> None:
        self.running -= 1
        steps.put_nowait(None)

    def _bounded(
        self, work: Work[T], gone: threading.Event, loop: asyncio.AbstractEventLoop, steps: asyncio.Queue[float | None]
    ) -> T:
        until = time.monotonic() + self._seconds

        def report(done: float) -> None:
            if gone.is_set():
                self._metrics.count("jobs_total", end="left")
                raise Stopped
            if time.monotonic() > until:
                self._metrics.count("jobs_total", end="too long")
                raise Trouble(503, "slow", f"it took more than {self._seconds:g} s", retry_after=10)
            loop.call_soon_threadsafe(steps.put_nowait, min(1.0, max(0.0, float(done))))

        report(0.0)
        result = work(report)
        self._metrics.count("jobs_total", end="done")
        return result


def _seen(running: asyncio.Future[T]) -> None:
    if not running.cancelled():
        running.exception()  # nobody waits for it; asked for, so that nobody complains of that
