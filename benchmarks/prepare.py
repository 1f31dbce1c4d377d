"""Preparing: source shapes a second from meshes, packs and furniture, for one worker and for all cores.

The plain reference does the same without limits, resumption, duplicates or splits: read, fit, pack, in one loop.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil

from common import Row, arguments, report
from shapespace.data.plan import make_plan
from shapespace.data.prepare import prepare
from shapespace.data.recipe import Job, Recipe
from shapespace.data.work import make_chunk
from shapespace.shapes import formats, furniture
from shapespace.shapes.surface import to_mesh


def make_sources(folder: Path, count: int) -> dict[str, Job]:
    """Write a folder of meshes and a pack, and return what to prepare."""
    (folder / "meshes").mkdir()
    grids = []
    for i in range(count):
        piece = furniture.make(furniture.CATEGORIES[i % len(furniture.CATEGORIES)], i, 64)
        formats.write(folder / "meshes" / f"{i:04d}.off", to_mesh(piece.voxels, faces=2_000))
        grids.append(np.packbits(piece.voxels))
    np.savez_compressed(folder / "pack.npz", voxels=np.stack(grids), res=64)
    return {
        "meshes of 2,000 faces -> 64^3": Job(folder / "meshes", Recipe(64)),
        "pack 64^3 -> 64^3": Job(folder / "pack.npz", Recipe(64)),
        "pack 64^3 -> 32^3": Job(folder / "pack.npz", Recipe(32)),
        "furniture 64^3": Job("furniture", Recipe(64), count=count),
    }


def timed(job: Job, out: Path, workers: int) -> float:
    """Return the seconds of a whole preparation."""
    started = time.perf_counter()
    prepare(job, out, workers=workers)
    shutil.rmtree(out)
    return time.perf_counter() - started


def largest_process(job: Job, out: Path) -> float:
    """Return the peak memory of the largest of a preparation's processes, in MB, seen every few milliseconds."""
    peaks, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            for worker in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):  # it has just ended
                    peaks.append(worker.memory_info().rss / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    timed(job, out, 1)
    done.set()
    watcher.join()
    return max(peaks)


def plain(job: Job) -> float:
    """Return the seconds of the bare work."""
    started = time.perf_counter()
    for task in make_plan(job, workers=0).tasks:
        make_chunk(task)
    return time.perf_counter() - started


def row(name: str, job: Job, folder: Path, count: int) -> Row:
    """Time one source."""
    cores = len(os.sched_getaffinity(0))
    plain(job)  # compile
    bare = plain(job)
    one, all_cores = timed(job, folder / "a.shapes", 1), timed(job, folder / "a.shapes", cores)
    return {
        "case": name,
        "shapes/s bare": count / bare,
        "shapes/s 1 worker": count / one,
        f"shapes/s {cores} workers": count / all_cores,
        "times bare": bare / all_cores,
        "MB a worker": largest_process(job, folder / "a.shapes"),
    }


def main() -> None:
    """Print the table."""
    options = arguments(__doc__)
    count = 60 if options.quick else 300
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [row(name, job, folder, count) for name, job in make_sources(folder, count).items()]
    report("Preparing", rows, json_wanted=options.json, notes=[f"{count} shapes; workers' start is counted"])


if __name__ == "__main__":
    main()
