"""The work of one process: a chunk of a source in, packed shapes and refusals out. A pure function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from shapespace.data.duplicates import digest
from shapespace.data.fit import Copy, copies, each_copy, occupied
from shapespace.data.limited import deadline
from shapespace.data.recipe import Recipe
from shapespace.data.sources import PACK_EXTENSIONS, Origin, Refusal, printable
from shapespace.errors import BadInput, ShapeSpaceError
from shapespace.limits import MAX_FILE_BYTES
from shapespace.shapes import formats, furniture
from shapespace.shapes.formats import BoxPack, Pack
from shapespace.shapes.mesh import Mesh


@dataclass(frozen=True)
class Entry:
    """Shapes to make: `picks` are their numbers within the file at `origin`, or the seeds of furniture."""

    origin: Origin
    picks: tuple[int, ...] = (0,)
    is_pack: bool = False
    is_furniture: bool = False


@dataclass(frozen=True)
class Task:
    """A chunk of the work."""

    root: Path
    recipe: Recipe
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Record:
    """What is known of one shape besides its voxels; `group` is equal for copies of one shape."""

    id: str
    category: str
    split: str | None
    group: str
    digest: str
    rule: str
    attributes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """What became of a chunk: (n, bytes) uint8 of packed shapes, their records, what was refused or left out."""

    bits: np.ndarray
    records: list[Record]
    refused: list[Refusal]
    left_out: int = 0


@dataclass(frozen=True)
class _Source:
    """One source shape: a mesh that is z up or a bool grid, and its labels."""

    id: str
    category: str
    shape: Mesh | np.ndarray
    attributes: Mapping[str, float] = field(default_factory=dict)


def count_shapes(path: Path) -> int:
    """Return how many shapes a file holds: 0 for a single one, which is no pack, or a file that cannot be read."""
    if path.suffix.lower() not in PACK_EXTENSIONS:
        return 0
    try:
        with deadline(10.0):
            pack = _pack(path)
    except (ShapeSpaceError, TimeoutError, MemoryError):
        return 0  # the same error is met and reported when its shapes are made
    return len(pack) if pack is not None else 0


def make_chunk(task: Task) -> Made:
    """Return the shapes of a chunk in the order of its entries; whatever is wrong with one costs only that one."""
    wanted = copies(task.recipe.rotations, task.recipe.mirror, task.recipe.turn)
    rows: list[np.ndarray] = []
    records: list[Record] = []
    refused: list[Refusal] = []
    left_out = 0
    for entry, pick in ((each, number) for each in task.entries for number in each.picks):
        try:
            # What the program makes itself takes what it takes: the first piece, on a cold cache, is compiled for.
            with nullcontext() if entry.is_furniture else deadline(task.recipe.seconds):
                source = _load(task, entry, pick)
                made = None if source is None else list(_copies(source, entry.origin, wanted, task.recipe.resolution))
        except ShapeSpaceError as error:
            refused.append(Refusal(name_of(entry, pick), _reason(error)))
        except TimeoutError:
            refused.append(Refusal(name_of(entry, pick), f"took more than {task.recipe.seconds:g} s"))
        except MemoryError:
            refused.append(Refusal(name_of(entry, pick), "needs more memory than a worker may take"))
        except Exception as error:  # noqa: BLE001 - the boundary: one file never costs another
            what = " ".join(str(error).split())[:200]
            refused.append(Refusal(name_of(entry, pick), f"our reader failed: {type(error).__name__}: {what}"))
        else:
            left_out += made is None
            for record, row in made or ():
                records.append(record)
                rows.append(row)
    empty = np.empty((0, -(-(task.recipe.resolution**3) // 8)), np.uint8)
    return Made(np.stack(rows) if rows else empty, records, refused, left_out)


def name_of(entry: Entry, pick: int) -> str:
    """Return the name a shape has in reports, and its id unless its pack names it."""
    if entry.is_furniture:
        return f"{entry.origin.category}-{pick:06d}"
    path = printable(entry.origin.path)
    return f"{path}#{pick:06d}" if entry.is_pack else path


def _copies(
    source: _Source, origin: Origin, wanted: list[Copy], resolution: int
) -> Iterator[tuple[Record, np.ndarray]]:
    group = origin.group if source.id == printable(origin.path) else source.id
    for copy, voxels, rule in each_copy(source.shape, wanted, resolution):
        row = np.packbits(voxels)
        name = source.id + copy.suffix
        yield Record(name, source.category, origin.split, printable(group), digest(row), rule, source.attributes), row


def _load(task: Task, entry: Entry, pick: int) -> _Source | None:
    """Return one source shape, or None if its category is not wanted."""
    recipe, name = task.recipe, name_of(entry, pick)
    pack = _pack(task.root / entry.origin.path) if entry.is_pack else None
    category = recipe.label or (pack.category(pick) if pack is not None else None) or entry.origin.category
    if recipe.categories and category not in recipe.categories:
        return None
    if entry.is_furniture:
        piece = furniture.make(category, pick, recipe.resolution)
        known = {key: float(value) for key, value in piece.attributes.items()}
        return _Source(name, category, piece.voxels, known)
    if pack is not None:
        return _Source(name, category, _of_pack(pack, pick, recipe.up))
    return _Source(name, category, _read_file(task.root / entry.origin.path, entry.origin.up, recipe.up))


def _read_file(path: Path, layout_up: str | None, up: str) -> Mesh | np.ndarray:
    _check_size(path)
    contents = formats.read(path)
    if contents.mesh is not None:
        # auto: what the layout settles, else what the format says
        return contents.mesh.to_z_up((layout_up or formats.native_up(path)) if up == "auto" else up)
    if contents.voxels is None:
        raise BadInput(path, "holds neither a mesh nor voxels")
    return _z_up_grid(occupied(contents.voxels), up)


def _of_pack(pack: Pack | BoxPack, pick: int, up: str) -> Mesh | np.ndarray:
    if isinstance(pack, BoxPack):
        return pack.mesh(pick).to_z_up("y" if up == "auto" else up)
    return _z_up_grid(occupied(pack.voxels(pick)), up)


def _z_up_grid(voxels: np.ndarray, up: str) -> np.ndarray:
    from shapespace.shapes.grid import to_z_up

    return voxels if up == "auto" else to_z_up(voxels, up)


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise BadInput(path, f"has {size} bytes, at most {MAX_FILE_BYTES} are read")


@lru_cache(maxsize=1)
def _pack(path: Path) -> Pack | BoxPack | None:
    _check_size(path)
    return formats.read_pack(path)


def _reason(error: ShapeSpaceError) -> str:
    # The path stands in a column of its own.
    text = (
        f"{error.what}; {error.hint}" if isinstance(error, BadInput) and error.hint else getattr(error, "what", error)
    )
    return printable(" ".join(str(text).split()))[:500]
