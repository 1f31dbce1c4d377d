"""A store or meshes -> a folder of views, X.views: in parallel, and resumable with identical bytes.

Each shard is a pure function of its shapes, the seed and the quality, made in a process of its own and kept in
`X.views.partial/` as it is done: its pictures first, its records last, so that a shard without records is not
finished. When all are there, the folder is put together beside its place and renamed into it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shapespace.data.limited import Died, cores, limited_map
from shapespace.data.manifest import IDS_NAME, MANIFEST_NAME, SPLITS, FileFacts
from shapespace.data.sources import Refusal
from shapespace.data.view_folder import COLUMNS, ViewManifest, shard_name
from shapespace.data.view_subjects import Drawn, ShardTask, Subject, Subjects, draw_shard, find_subjects
from shapespace.errors import BadInput, DamagedFile, UsageError
from shapespace.files import atomic_dir, check_new, write_bytes, write_text

SHARD_SHAPES = 8
"""Shapes of a shard: about 3 MB."""

PLAN_NAME = "plan.json"


@dataclass(frozen=True)
class ViewReport:
    """What became of the shapes of a source."""

    shapes: int
    pictures: int
    megabytes: float
    refused: list[Refusal]


def write_views(
    source: str | os.PathLike[str],
    out: Path,
    *,
    seed: int = 0,
    quality: int = 85,
    up: str = "auto",
    workers: int | None = None,
    advance: Callable[[int, int], None] | None = None,
) -> ViewReport:
    """Return the report on the folder of views made at `out`: 72 RGBA pictures of each shape.

    Args:
        source: A store, a mesh, or a folder of meshes.
        out: The folder to make; unfinished work lies beside it, in `OUT.partial`.
        seed: Of light, material and camera.
        quality: Of WebP, 1 to 100.
        up: The axis that points up in meshes: x, y, z, or auto, which goes by layout and format.
        workers: Processes; all cores if None; 0 works in this process.
        advance: Told (shapes done, shapes in all).

    Raises:
        UsageError: If an option has no meaning, or the unfinished work beside `out` is of another job.
        BadInput: If there is nothing to draw, or no shape of it can be read.
        OutputError: If `out` exists or the disk is full.
    """
    if seed < 0 or not 1 <= quality <= 100:
        raise UsageError(f"--seed is {seed} and --quality {quality}; they must be 0 or more, and 1 to 100")
    if up not in ("auto", "x", "y", "z") or (workers is not None and workers < 0):
        raise UsageError(f"--up is {up!r} and --workers {workers}; they must be auto, x, y or z, and 0 or more")
    check_new(out)
    subjects = find_subjects(Path(source), up)
    tasks = _tasks(Path(source), subjects, seed, quality)
    partial = Partial(out.with_name(out.name + ".partial"), _fingerprint(tasks, subjects.digest))
    processes = cores() if workers is None else workers
    _draw_all(tasks, partial, min(processes, len(tasks)), advance or (lambda done, total: None))
    return _assembled(tasks, partial, out, subjects)


class Partial:
    """The shards of an unfinished job on disk."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """Open the folder, or begin it.

        Raises:
            UsageError: If the folder holds shards of another job.
        """
        self.folder = folder
        plan = folder / PLAN_NAME
        if not plan.exists():
            write_text(plan, json.dumps({"fingerprint": fingerprint}))
        with suppress(OSError, ValueError, KeyError, TypeError):
            if json.loads(plan.read_text())["fingerprint"] == fingerprint:
                return
        raise UsageError(
            f"{folder} holds the unfinished work of another job (its source, options or program version differ); "
            "remove that folder to begin anew, or choose another --out"
        )

    def done(self, shard: int) -> bool:
        """Return whether a shard is finished; its records are written last."""
        return self._records(shard).exists()

    def put(self, shard: int, drawn: Drawn) -> None:
        """Keep a finished shard."""
        write_bytes(self.pictures(shard), drawn.pictures)
        facts = {"size": len(drawn.pictures), "sha256": hashlib.sha256(drawn.pictures).hexdigest()}
        record = {key: value for key, value in asdict(drawn).items() if key != "pictures"}
        write_text(self._records(shard), json.dumps({**record, "facts": facts}))

    def get(self, shard: int) -> tuple[Drawn, FileFacts]:
        """Return a finished shard, without its pictures, and the facts of their file.

        Raises:
            DamagedFile: If the pictures are not those that were written.
        """
        record = json.loads(self._records(shard).read_text())
        facts = FileFacts(**record.pop("facts"))
        record["subjects"] = [Subject(**fields) for fields in record["subjects"]]
        record["refused"] = [Refusal(**fields) for fields in record["refused"]]
        pictures = self.pictures(shard).read_bytes()
        if hashlib.sha256(pictures).hexdigest() != facts.sha256:
            raise DamagedFile(self.pictures(shard), "is not what was written", f"remove {self.folder} and run again")
        return Drawn(pictures=b"", **record), facts

    def pictures(self, shard: int) -> Path:
        """Return the file of a shard's pictures."""
        return self.folder / shard_name(shard)

    def _records(self, shard: int) -> Path:
        return self.pictures(shard).with_suffix(".json")


def _tasks(source: Path, subjects: Subjects, seed: int, quality: int) -> list[ShardTask]:
    starts = range(0, len(subjects.shapes), SHARD_SHAPES)
    return [ShardTask(source, tuple(subjects.shapes[i : i + SHARD_SHAPES]), seed, quality) for i in starts]


def _fingerprint(tasks: list[ShardTask], digest: str) -> str:
    from shapespace import __version__

    record = [__version__, digest, [[task.seed, task.quality, [(s.id, s.up) for s in task.subjects]] for task in tasks]]
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()


def _draw_all(tasks: list[ShardTask], partial: Partial, workers: int, advance: Callable[[int, int], None]) -> None:
    total = sum(len(task.subjects) for task in tasks)
    todo = [shard for shard in range(len(tasks)) if not partial.done(shard)]
    done = total - sum(len(tasks[shard].subjects) for shard in todo)
    advance(done, total)
    for shard, drawn in limited_map(draw_shard, ((shard, tasks[shard]) for shard in todo), workers=workers):
        partial.put(shard, _one_by_one(tasks[shard]) if isinstance(drawn, Died) else drawn)
        done += len(tasks[shard].subjects)
        advance(done, total)


def _one_by_one(task: ShardTask) -> Drawn:
    """Return a shard that ended its worker, drawn one shape at a time: only the culprit is refused."""
    singles = [ShardTask(task.source, (subject,), task.seed, task.quality) for subject in task.subjects]
    results = dict(limited_map(draw_shard, enumerate(singles), workers=1))
    whole = Drawn(b"", [], [], [], [], [])
    pictures = b""
    for number, subject in enumerate(task.subjects):
        result = results[number]
        if isinstance(result, Died):
            whole.refused.append(Refusal(subject.id, Died.reason))
            continue
        whole.ends.extend(len(pictures) + end for end in result.ends)
        pictures += result.pictures
        for name in ("crcs", "angles", "subjects", "refused"):
            getattr(whole, name).extend(getattr(result, name))
    return Drawn(pictures, whole.ends, whole.crcs, whole.angles, whole.subjects, whole.refused)


def _assembled(tasks: list[ShardTask], partial: Partial, out: Path, subjects: Subjects) -> ViewReport:
    """Return the report on the finished folder; the shards' files move into it without being copied."""
    parts = [partial.get(shard) for shard in range(len(tasks))]
    drawn = [part for part, _ in parts]
    shapes = [subject for part in drawn for subject in part.subjects]
    refused = [refusal for part in drawn for refusal in part.refused]
    if not shapes:
        raise BadInput(subjects.provenance.get("source", "source"), f"no shape can be drawn: {refused[0].reason}")
    categories = sorted({subject.category for subject in shapes})
    files = {shard_name(shard): facts for shard, (_, facts) in enumerate(parts)}
    with atomic_dir(out) as folder:
        for shard in range(len(tasks)):
            _link(partial.pictures(shard), folder / shard_name(shard))
        for name, content in _columns(drawn, shapes, categories):
            write_bytes(folder / name, content)
            files[name] = FileFacts(len(content), hashlib.sha256(content).hexdigest())
        manifest = ViewManifest(
            count=len(shapes),
            shard_shapes=tuple(len(part.subjects) for part in drawn),
            seed=tasks[0].seed,
            quality=tasks[0].quality,
            shapes_digest=subjects.digest,
            categories=tuple(categories),
            files=files,
            provenance=subjects.provenance,
        )
        write_bytes(folder / MANIFEST_NAME, manifest.to_json())
    shutil.rmtree(partial.folder)
    megabytes = sum(facts.size for facts in files.values()) / 1e6
    return ViewReport(len(shapes), sum(len(part.ends) for part in drawn), megabytes, refused)


def _columns(drawn: list[Drawn], shapes: list[Subject], categories: list[str]) -> Iterator[tuple[str, bytes]]:
    ids = [subject.id.encode() for subject in shapes]
    values: dict[str, Any] = {
        "ends.u32": [end for part in drawn for end in part.ends],
        "crc32.u32": [crc for part in drawn for crc in part.crcs],
        "angles.f32": [angle for part in drawn for pair in part.angles for angle in pair],
        "categories.u16": [categories.index(subject.category) for subject in shapes],
        "splits.u8": [SPLITS.index(subject.split) for subject in shapes],
        "id_ends.u64": np.cumsum([len(name) for name in ids]),
    }
    for name, column in values.items():
        yield name, np.asarray(column, COLUMNS[name].kind).tobytes()
    yield IDS_NAME, b"".join(ids)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copyfile(source, target)
