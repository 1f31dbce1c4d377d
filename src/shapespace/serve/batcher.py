"""Decoding for many at once: whoever waits shares the next forward pass of the generator.

Rows are taken in turn from all who wait, so that a request for 64 shapes does not hold up a slider that asks for one.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from shapespace import limits
from shapespace.serve.trouble import Trouble, busy

ROWS = 8
"""Shapes in a forward pass: as many as a space decodes together."""

SECONDS = 30.0
"""After which a request that waits is told to come again."""

Decode = Callable[[np.ndarray], np.ndarray]


@dataclass(eq=False)
class _Waiting:
    """One request: rows still to be decoded, and what they have given."""

    rows: deque[np.ndarray]
    done: asyncio.Future[np.ndarray]
    until: float
    grids: list[np.ndarray] = field(default_factory=list)


_Taken = dict[_Waiting, list[np.ndarray]]


class Batcher:
    """Decodes for all who ask, a few rows of each at a time, on one thread.

    Args:
        decode: (n, latent_dim) float32 in, (n, ...) out; called on `pool`, never twice at a time.
        pool: Where.
        counted: Told of the rows of each pass.
        rows: In a pass.
        most: Rows that may wait.
        seconds: A request may wait.
    """

    def __init__(
        self,
        decode: Decode,
        pool: Executor,
        *,
        counted: Callable[[int], None] = lambda rows: None,
        rows: int = ROWS,
        most: int = limits.MAX_WAITING_SHAPES,
        seconds: float = SECONDS,
    ) -> None:
        """Wait for requests."""
        self._decode, self._pool, self._counted = decode, pool, counted
        self._rows, self._most, self._seconds = rows, most, seconds
        self._queue: deque[_Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Rows that wait."""
        return sum(len(each.rows) for each in self._queue)

    async def decode(self, z: np.ndarray) -> np.ndarray:
        """Return what `decode` gives for each row, in order.

        Args:
            z: (n, latent_dim), n at least 1.

        Raises:
            Trouble: If too many rows wait already, or it took too long.
        """
        if self.waiting + len(z) > self._most:
            raise busy(f"{self.waiting} shapes wait to be decoded; the limit is {self._most}")
        done: asyncio.Future[np.ndarray] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(deque(z), done, time.monotonic() + self._seconds))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        return await done

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._queue:
            self._drop()
            if not (taken := self._take()):
                continue
            z = np.stack([row for rows in taken.values() for row in rows])
            decoding = loop.run_in_executor(self._pool, self._decode, z)
            await asyncio.wait([decoding])
            error = decoding.exception()
            if error is not None:
                self._fail(taken, error)
                continue
            self._counted(len(z))
            self._give(taken, decoding.result())

    def _take(self) -> _Taken:
        """Return the rows of the next pass, a fair share of each; whoever has more goes to the end of the queue."""
        taken: _Taken = {}
        room = self._rows
        share = max(1, self._rows // max(1, len(self._queue)))
        while room and self._queue:
            each = self._queue.popleft()
            rows = [each.rows.popleft() for _ in range(min(share, room, len(each.rows)))]
            taken.setdefault(each, []).extend(rows)
            room -= len(rows)
            if each.rows:
                self._queue.append(each)
        return taken

    def _give(self, taken: _Taken, grids: np.ndarray) -> None:
        start = 0
        for each, rows in taken.items():
            each.grids.append(grids[start : start + len(rows)])
            start += len(rows)
            if not each.rows and not each.done.done():
                each.done.set_result(np.concatenate(each.grids))

    def _fail(self, taken: _Taken, error: BaseException) -> None:
        for each in taken:
            if each in self._queue:
                self._queue.remove(each)
            if not each.done.done():
                each.done.set_exception(error)

    def _drop(self) -> None:
        """Forget who went away, and send away who waited too long."""
        now = time.monotonic()
        for each in [each for each in self._queue if each.done.done() or each.until < now]:
            self._queue.remove(each)
            if not each.done.done():
                each.done.set_exception(Trouble(503, "slow", "decoding takes too long now", retry_after=5))
