"""A source becomes a store: in parallel, resumable, and with a report of what was refused and why.

1. `plan`: the source is listed and cut into chunks. 2. Each chunk is made by `work.make_chunk` in a limited
process and kept in `X.shapes.partial/`. 3. When all chunks are there, whoever made them: duplicates are found,
splits are drawn, and the store is written beside its place and renamed into it. Nothing in it depends on the
number of workers, the order of a directory, a clock, or how often the job was killed.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from shapespace.data.assemble import assemble
from shapespace.data.limited import Died, cores, limited_map
from shapespace.data.partial import Partial
from shapespace.data.plan import Plan, make_plan
from shapespace.data.recipe import Job
from shapespace.data.report import REPORT_NAME, Report
from shapespace.data.sources import Refusal
from shapespace.data.work import Made, Task, make_chunk, name_of
from shapespace.errors import UsageError
from shapespace.files import check_new
from shapespace.limits import MAX_RESOLUTION, MIN_RESOLUTION

Advance = Callable[[int, int], None]
"""Told (chunks done, chunks in all) as the work goes on."""


def prepare(
    job: Job,
    out: Path,
    *,
    workers: int | None = None,
    shard: tuple[int, int] = (1, 1),
    advance: Advance | None = None,
) -> Report | None:
    """Return the report on the store made at `out`, or None while other shards of the job are not done.

    Args:
        job: What to prepare.
        out: The store's folder; its unfinished work lies beside it, in `OUT.partial`.
        workers: Processes; all cores if None; 0 works in this process, without limits on what files may do.
        shard: (i, n): do the i-th of n parts of the work, from 1; the last part to finish writes the store.
        advance: Told about progress.

    Raises:
        UsageError: If an option has no meaning, or `out` holds other unfinished work.
        OutputError: If `out` exists, or the disk is full.
        BadInput: If not a single shape could be made.
    """
    _check(job, shard, workers)
    processes = cores() if workers is None else workers
    partial_folder = out.with_name(out.name + ".partial")
    if not partial_folder.exists():
        check_new(out)
    plan = make_plan(job, workers=processes)
    if out.exists() and Partial.belongs_to(partial_folder, plan.fingerprint):
        return _finished_before(out, Partial(partial_folder, plan.fingerprint, job.recipe.resolution))
    check_new(out)
    partial = Partial(partial_folder, plan.fingerprint, job.recipe.resolution)
    _make_chunks(plan, partial, processes, shard, advance or (lambda done, total: None))
    if not all(partial.done(chunk) for chunk in range(len(plan.tasks))):
        return None
    with _alone(partial_folder):
        return assemble(job, plan, partial, out)


def _check(job: Job, shard: tuple[int, int], workers: int | None) -> None:
    recipe = job.recipe
    if not MIN_RESOLUTION <= recipe.resolution <= MAX_RESOLUTION:
        raise UsageError(f"--resolution is {recipe.resolution}; it must lie in {MIN_RESOLUTION} to {MAX_RESOLUTION}")
    if not 1 <= recipe.rotations <= 360:
        raise UsageError(f"--rotations is {recipe.rotations}; it must lie in 1 to 360")
    if not math.isfinite(recipe.turn):
        raise UsageError(f"--turn is {recipe.turn}; it must be a number of degrees")
    if recipe.up not in ("auto", "x", "y", "z"):
        raise UsageError(f"--up is {recipe.up!r}; it must be auto, x, y or z")
    if not 1 <= shard[0] <= shard[1]:
        raise UsageError(f"--shard is {shard[0]}/{shard[1]}; it must be i/n with i from 1 to n")
    if not 0 < recipe.seconds < float("inf"):
        raise UsageError(f"--seconds is {recipe.seconds:g}; it must be above 0")
    if workers is not None and workers < 0:
        raise UsageError(f"--workers is {workers}; it must be 0 or more")
    if min(job.fractions) < 0 or sum(job.fractions) >= 1:
        raise UsageError("the parts for validation and test must be at least 0 and together below 1")


def _make_chunks(plan: Plan, partial: Partial, workers: int, shard: tuple[int, int], advance: Advance) -> None:
    number, of = shard
    mine = range(number - 1, len(plan.tasks), of)
    todo = [chunk for chunk in mine if not partial.done(chunk)]
    done = len(mine) - len(todo)
    advance(done, len(mine))
    tasks = ((chunk, plan.tasks[chunk]) for chunk in todo)
    for chunk, made in limited_map(make_chunk, tasks, workers=workers):
        partial.put(chunk, _one_by_one(plan.tasks[chunk]) if isinstance(made, Died) else made)
        done += 1
        advance(done, len(mine))


def _one_by_one(task: Task) -> Made:
    """Return a chunk that ended its worker, made one shape at a time: only the culprit is refused."""
    singles = [
        replace(task, entries=(replace(entry, picks=(pick,)),)) for entry in task.entries for pick in entry.picks
    ]
    results = dict(limited_map(make_chunk, enumerate(singles), workers=1))
    parts: list[Made] = []
    for number, single in enumerate(singles):
        result = results[number]
        if isinstance(result, Died):
            nothing = np.empty((0, -(-(task.recipe.resolution**3) // 8)), np.uint8)
            name = name_of(single.entries[0], single.entries[0].picks[0])
            result = Made(nothing, [], [Refusal(name, Died.reason)])
        parts.append(result)
    return Made(
        np.concatenate([part.bits for part in parts]),
        [record for part in parts for record in part.records],
        [refusal for part in parts for refusal in part.refused],
        sum(part.left_out for part in parts),
    )


def _finished_before(out: Path, partial: Partial) -> Report:
    """Return the report of a store that was finished by a job which was killed before it could tidy up."""
    partial.remove()
    return Report(**json.loads((out / REPORT_NAME).read_text()))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time assemble; the lock goes with the process, however it ends."""
    with (folder / "lock").open("a") as file:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
