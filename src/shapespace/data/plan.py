"""What `prepare` will do, decided before it begins: chunks of equal work, the same whoever does them.

The plan is a pure function of the source and the recipe. Its fingerprint guards a half-finished job: the work
goes on only if the same files are there and the same shapes are asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from shapespace.data.limited import Died, limited_map
from shapespace.data.recipe import Job, Recipe
from shapespace.data.sources import PACK_EXTENSIONS, Origin, Refusal, printable, scan
from shapespace.data.store import spaced
from shapespace.data.work import Entry, Task, count_shapes
from shapespace.errors import BadInput, UsageError
from shapespace.shapes import formats, furniture

CHUNK_SHAPES = 64
CHUNK_BYTES = 8 << 20
"""A chunk ends at so many source shapes, or at so many bytes of packed shapes."""

FURNITURE = "furniture"
MOST_FURNITURE = 10_000_000


@dataclass(frozen=True)
class Plan:
    """The chunks of a job.

    Attributes:
        name: Of the source, for its provenance.
        tasks: One a chunk.
        refused: Files that were refused unread.
        ignored: Files of other kinds, by ending.
        fingerprint: Equal for equal work.
    """

    name: str
    tasks: list[Task]
    refused: list[Refusal] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    fingerprint: str = ""

    @property
    def is_furniture(self) -> bool:
        """Whether the shapes are those that come with the program."""
        return any(entry.is_furniture for task in self.tasks for entry in task.entries)

    @property
    def shapes(self) -> int:
        """Source shapes that will be tried."""
        return sum(len(entry.picks) for task in self.tasks for entry in task.entries)


def make_plan(job: Job, *, workers: int) -> Plan:
    """Return the plan for a job.

    Args:
        job: What to prepare.
        workers: Processes that look into packs to count their shapes.

    Raises:
        BadInput: If there is nothing at `source`, or nothing in it that could be a shape.
        UsageError: If a category, a resolution or a count has no meaning.
    """
    source, recipe, limit = job.source, job.recipe, job.limit
    kind, _, category = str(source).partition(":")
    if kind == FURNITURE and not Path(source).exists():
        entries = _furniture_entries(category, job)
        name = f"{source}, {job.count:,} from seed {job.first}"
        plan = Plan(name, list(_chunks(Path(), recipe, _thinned(entries, limit))))
        return replace(plan, fingerprint=_fingerprint(plan, []))
    found = scan(Path(source), (*formats.MESH_EXTENSIONS, *formats.VOXEL_EXTENSIONS))
    entries = list(_entries(found.root, found.files, recipe, workers))
    if not entries and not found.refused:
        known = " ".join(sorted({*formats.MESH_EXTENSIONS, *formats.VOXEL_EXTENSIONS}))
        raise BadInput(source, "holds no file that could be a shape", f"known are {known}")
    tasks = list(_chunks(found.root, recipe, _thinned(entries, limit)))
    plan = Plan(printable(Path(source).resolve().name), tasks, found.refused, found.ignored)
    return replace(plan, fingerprint=_fingerprint(plan, [found.root / origin.path for origin in found.files]))


def _furniture_entries(category: str, job: Job) -> list[Entry]:
    wanted = (category,) if category else job.recipe.categories or furniture.CATEGORIES
    if unknown := [name for name in wanted if name not in furniture.CATEGORIES]:
        raise UsageError(f"no furniture of category {unknown[0]!r}; there are: {', '.join(furniture.CATEGORIES)}")
    if not 1 <= job.count <= MOST_FURNITURE:
        raise UsageError(f"--count is {job.count}; it must lie between 1 and {MOST_FURNITURE}")
    if not 0 <= job.first <= MOST_FURNITURE:
        raise UsageError(f"--first is {job.first}; it must lie between 0 and {MOST_FURNITURE}")
    entries = []
    for place, name in enumerate(wanted):
        share = job.count // len(wanted) + (place < job.count % len(wanted))
        entries.append(Entry(Origin("", name), tuple(range(job.first, job.first + share)), is_furniture=True))
    return entries


def _entries(root: Path, files: Sequence[Origin], recipe: Recipe, workers: int) -> Iterator[Entry]:
    packs = [origin for origin in files if origin.path.lower().endswith(PACK_EXTENSIONS)]
    sizes = dict(zip((origin.path for origin in packs), _count_all(root, packs, workers), strict=True))
    for origin in files:
        size = sizes.get(origin.path, 0)
        # The category of a file is known before it is read, unless it is a pack, which may hold its own.
        if size or not recipe.categories or (recipe.label or origin.category) in recipe.categories:
            yield Entry(origin, tuple(range(size or 1)), is_pack=size > 0)


def _count_all(root: Path, packs: Sequence[Origin], workers: int) -> list[int]:
    tasks = ((number, root / origin.path) for number, origin in enumerate(packs))
    if not packs:
        return []
    sizes = dict(limited_map(count_shapes, tasks, workers=min(workers, len(packs))))
    return [0 if isinstance(size := sizes[number], Died) else size for number in range(len(packs))]


def _thinned(entries: Sequence[Entry], limit: int | None) -> Iterable[Entry]:
    """Return entries with `limit` picks in all, evenly spaced over the source."""
    total = sum(len(entry.picks) for entry in entries)
    if limit is None or limit >= total:
        return entries
    if limit < 1:
        raise UsageError(f"--limit is {limit}; it must be at least 1")
    chosen = set(spaced(np.arange(total), limit).tolist())
    thinned, start = [], 0
    for entry in entries:
        picks = tuple(pick for place, pick in enumerate(entry.picks, start) if place in chosen)
        start += len(entry.picks)
        if picks:
            thinned.append(replace(entry, picks=picks))
    return thinned


def _chunks(root: Path, recipe: Recipe, entries: Iterable[Entry]) -> Iterator[Task]:
    copies = recipe.rotations * (1 + recipe.mirror)
    most = max(1, min(CHUNK_SHAPES, CHUNK_BYTES // (-(-(recipe.resolution**3) // 8) * copies)))
    chunk: list[Entry] = []
    held = 0
    for piece in _pieces(entries, most):
        if held + len(piece.picks) > most:
            yield Task(root, recipe, tuple(chunk))
            chunk, held = [], 0
        chunk.append(piece)
        held += len(piece.picks)
    if chunk:
        yield Task(root, recipe, tuple(chunk))


def _pieces(entries: Iterable[Entry], most: int) -> Iterator[Entry]:
    for entry in entries:
        for start in range(0, len(entry.picks), most):
            yield replace(entry, picks=entry.picks[start : start + most])


def _fingerprint(plan: Plan, files: Sequence[Path]) -> str:
    from shapespace import __version__

    digest = hashlib.sha256(__version__.encode())
    add = partial(json.dumps, sort_keys=True)
    for task in plan.tasks[:1]:
        digest.update(add(asdict(task.recipe)).encode())
    for task in plan.tasks:
        digest.update(add([[asdict(entry.origin), entry.picks] for entry in task.entries]).encode())
    for path in files:
        facts = path.stat()
        digest.update(f"{facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
