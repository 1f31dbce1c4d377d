"""Files that clients send, read where they can do no harm: a process bounded in memory, time and what it may write.

A file's name gives its ending and nothing else.
"""

from __future__ import annotations

import asyncio
import functools
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

import numpy as np

from shapespace import limits
from shapespace.data.limited import deadline, limited_pool
from shapespace.data.photos import Photo, parse_photo
from shapespace.errors import BadInput
from shapespace.explore.placing import WHOLE, Placing
from shapespace.serve.metrics import Metrics
from shapespace.serve.trouble import Trouble, busy

T = TypeVar("T")

ENDINGS = (
    ".off", ".obj", ".stl", ".ply", ".glb", ".gltf", ".3mf", ".binvox", ".mat", ".npy", ".npz", ".vox", ".nrrd",
)  # fmt: skip
"""Of files that hold one shape."""

SECONDS = 8.0
"""For one file."""

WARM_AFTER = 5.0
"""Seconds after which the process that reads is started, if no file came before."""

MOST_PIXELS = 4_096 * 4_096
"""Of a picture."""

Task = tuple[bytes, str, int, Placing]
"""A file's bytes, a name of ours for messages, the resolution that is wanted, how the shape lies in the file."""


def ending(name: str) -> str:
    """Return the ending of a file that a client named, if shapes are read from such files.

    Raises:
        Trouble: If not.
    """
    found = re.search(r"\.[a-z0-9]{2,6}$", name[-80:].lower())
    if found is None or found[0] not in ENDINGS:
        raise Trouble(415, "wrong_type", f"name a file that ends with one of {' '.join(ENDINGS)}")
    return found[0]


class Uploads:
    """Reads files, one at a time, in a process that is replaced when a file ends it."""

    def __init__(self, metrics: Metrics, *, most: int = limits.MAX_WAITING_JOBS) -> None:
        """Start nothing yet."""
        self._metrics, self._most = metrics, most
        self._pool: ProcessPoolExecutor | None = None
        self._turn = asyncio.Lock()
        self._starting = threading.Lock()
        self._warming: threading.Timer | None = None
        self.waiting = 0

    async def voxels(self, data: bytes, name: str, resolution: int, placing: Placing = WHOLE) -> np.ndarray:
        """Return the shape in a file as it lies in a space's grid, (r, r, r) bool.

        Args:
            data: The file.
            name: As the client has it; only its ending counts.
            resolution: That is wanted.
            placing: How the shape lies in the file.

        Raises:
            Trouble: If the ending is of no format that is read, or too many files wait.
            BadInput: If the file cannot be used.
        """
        return await self._read(read_voxels, (data, f"file{ending(name)}", resolution, placing))

    async def picture(self, data: bytes) -> Photo:
        """Return a photograph as an image encoder takes it, and how its object was found.

        Raises:
            Trouble: If too many files wait.
            BadInput: If it cannot be used.
        """
        return await self._read(read_picture, (data, "picture", 0, WHOLE))

    def warm(self) -> None:
        """Start the process soon, before it is needed, and after what a page asks for first."""
        self._warming = threading.Timer(WARM_AFTER, self._submit, [_nothing])
        self._warming.daemon = True
        self._warming.start()

    def close(self) -> None:
        """End the process and wait for its end.

        One that is just starting would complain to find nobody there; one that is just ending shares a pipe with the
        interpreter's own end, which would find it closed.
        """
        if self._warming is not None:
            self._warming.cancel()
            self._warming.join()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    async def _read(self, function: Callable[[Task], T], task: Task) -> T:
        if not task[0]:
            raise Trouble(400, "no_file", "the body is empty; send the file as the body")
        if self.waiting >= self._most:
            raise busy(f"{self.waiting} files wait to be read; the limit is {self._most}", 2)
        self.waiting += 1
        try:
            async with self._turn:  # one at a time: who ends the process is who is in it
                # submitting may start a process, which takes seconds
                running = await asyncio.to_thread(self._submit, functools.partial(function, task))
                result = await asyncio.wrap_future(running)
        except BrokenProcessPool:
            await asyncio.to_thread(self.close)
            self._metrics.count("jobs_total", end="file ended its reader")
            raise BadInput(task[1], "its reader crashed, or could not be stopped in time") from None
        finally:
            self.waiting -= 1
        self._metrics.count("jobs_total", end="file read")
        return result

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        with self._starting:
            if self._pool is None:
                self._pool = limited_pool(1)
            return self._pool.submit(work)


def _nothing() -> None:
    return None


def read_voxels(task: Task) -> np.ndarray:
    """Return the shape in a file as a grid, (r, r, r) bool; runs in the bounded process.

    Raises:
        BadInput: If it cannot be used.
    """
    from shapespace.explore.target import placed
    from shapespace.shapes import formats

    data, name, resolution, placing = task
    return _bounded(name, lambda: placed(formats.parse(data, name), name, resolution, placing))


def read_picture(task: Task) -> Photo:
    """Return a photograph framed about its object; runs in the bounded process.

    Raises:
        BadInput: If it cannot be used.
    """
    data, name, *_ = task
    return _bounded(name, lambda: parse_photo(data, name, most_pixels=MOST_PIXELS))


def _bounded(name: str, read: Callable[[], T]) -> T:
    try:
        with deadline(SECONDS):
            return read()
    except BadInput as error:
        error.__context__ = None  # what it was made from holds the file, for as long as the process keeps the refusal
        raise
    except TimeoutError:
        raise BadInput(name, f"takes more than {SECONDS:g} s to read", "simplify it first") from None
    except MemoryError:
        raise BadInput(name, "needs more memory to read than it may take", "simplify it first") from None
