"""`shapespace data ...`: prepare a store of shapes, look into it, take shapes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from shapespace.data.recipe import Job
    from shapespace.data.report import Report
    from shapespace.data.store import Store


MOST_SHOWN = 400
"""Shapes on a contact sheet."""


@dataclass(frozen=True)
class What:
    """Which shapes, and how they are made."""

    resolution: int = 64
    """Voxels along a side."""
    up: Literal["auto", "x", "y", "z"] = "auto"
    """The axis that points up in the files; auto goes by layout and format."""
    turn: float = 0.0
    """Turn every shape by so many degrees about the vertical first, +x towards +y; grids take quarter turns."""
    mirror: Annotated[bool, Parameter(negative=())] = False
    """Also keep the mirror image of each shape."""
    rotations: int = 1
    """Keep so many equal turns about the vertical of each shape; grids take 1, 2 or 4."""
    category: tuple[str, ...] = ()
    """Keep this category only; may be given several times."""
    label: str = ""
    """Category for every shape, whatever the source says."""
    limit: int | None = None
    """Take at most so many shapes, evenly spaced over the source."""
    count: int = 1_000
    """Pieces of furniture to make."""
    first: int = 0
    """Seed of the first piece; others give other pieces, never seen before."""
    licence: str = ""
    """Licence of the shapes, kept in the store; if not given MIT for the embedded data, else `not stated`."""
    seconds: float = 10.0
    """Time for one shape."""

    def job(self, source: str) -> Job:
        """Return what is asked of the preparation."""
        from shapespace.data.recipe import Job, Recipe

        recipe = Recipe(
            self.resolution,
            self.up,
            self.mirror,
            self.rotations,
            self.category,
            self.label,
            self.seconds,
            self.turn,
        )
        return Job(source, recipe, limit=self.limit, count=self.count, first=self.first, licence=self.licence)


def prepare(
    source: str,
    *,
    out: Path,
    what: Annotated[What, Parameter(name="*")] | None = None,
    max_refused: float = 0.01,
    workers: int | None = None,
    shard: str = "1/1",
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Turn meshes or voxel files into a store, with a report of what was refused and why.

    A killed job goes on where it was when the same command is given again. Leaves with 3 if more than
    --max-refused of the source shapes were refused; the store of the others is written all the same.

    Args:
        source: A file, a folder (ModelNet, ShapeNetCore, or any with a folder a category), a pack, or `furniture`
            or `furniture:chair` for the embedded data.
        out: The store to make, named X.shapes.
        what: Which shapes, and how they are made.
        max_refused: Part of the source shapes that may be refused without complaint.
        workers: Processes; all cores if not given.
        shard: Do part i/n of the work; the part that finishes last writes the store.
        json: Print the report as JSON.
    """
    from shapespace.cli.console import progress, say
    from shapespace.data.prepare import prepare as prepare_store

    with progress(unit="chunks") as bar:
        task = bar.add_task("preparing", total=None)
        report = prepare_store(
            (what or What()).job(source),
            out,
            workers=workers,
            shard=_shard(shard),
            advance=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if report is None:
        say(f"part {shard} is done; {out} is written when the other parts are")
        return 0
    return _tell(report, out, max_refused=max_refused, as_json=json)


def info(
    store: Path,
    *,
    verify: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Print what a store holds.

    Args:
        store: The store's folder.
        verify: Also compare every byte with its checksum.
        json: Print one line of JSON.
    """
    from shapespace.cli.console import counted, note, say, say_json
    from shapespace.data.store import Store

    opened = Store.open(store)
    if verify:
        opened.verify()
    facts = facts_of(opened)
    if json:
        say_json({**facts, "verified": verify})
        return
    for line in lines_of(facts):
        note(line)
    note(f"  licence: {facts['provenance'].get('licence', 'not stated')}")
    note(f"  digest {facts['digest']}")
    checked = ", every byte as it was written" if verify else ""
    megabytes = facts["megabytes"]
    size = f"{megabytes:.1f} MB" if megabytes >= 0.1 else f"{ceil(megabytes * 1e3)} kB"
    say(f"{store}: {counted(len(opened), 'shape')} at {opened.resolution}^3, {size}{checked}")


def show(
    store: Path,
    *,
    out: Path = Path("sheet.png"),
    n: Annotated[int, Parameter(name=["-n", "--n"])] = 64,
    category: str | None = None,
    split: Literal["train", "validation", "test"] | None = None,
    seed: int | None = None,
    captions: Annotated[bool, Parameter(negative=())] = False,
    force: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Draw a contact sheet of a store.

    Args:
        store: The store's folder.
        out: The picture to write, a PNG.
        n: How many shapes, 1 to 400.
        category: Only of this category.
        split: Only of this split.
        seed: Draw the shapes at random; evenly spaced if not given.
        captions: Write each shape's id under it.
        force: Write over a picture that is there.
    """
    from shapespace.cli.console import say
    from shapespace.cli.sample import check_picture
    from shapespace.data.store import Store
    from shapespace.errors import UsageError
    from shapespace.shapes.render import save_sheet

    if not 1 <= n <= MOST_SHOWN:
        raise UsageError(f"-n is {n}; it must be from 1 to {MOST_SHOWN}")
    check_picture(out, force)
    opened = Store.open(store)
    chosen = _choose(opened.indices(split, category, once=True), n, seed)
    names = [opened.id(i) for i in chosen] if captions else None
    save_sheet(out, [opened.read([i])[0] for i in chosen], captions=names)
    say(f"{out}: {len(chosen)} of {len(opened)} shapes")


def export(
    store: Path,
    *,
    out: Path,
    format: str = "stl",
    n: Annotated[int | None, Parameter(name=["-n", "--n"])] = None,
    category: str | None = None,
    split: Literal["train", "validation", "test"] | None = None,
    style: Literal["smooth", "blocks"] = "smooth",
) -> None:
    """Write shapes of a store as files.

    Args:
        store: The store's folder.
        out: The folder to write to; it must be new.
        format: Ending of the files: a mesh format gives the surface, a voxel format the grid.
        n: At most so many, evenly spaced; all if not given.
        category: Only of this category.
        split: Only of this split.
        style: Of surfaces.
    """
    from shapespace.cli.console import say
    from shapespace.data.store import Store
    from shapespace.errors import UsageError
    from shapespace.files import atomic_dir
    from shapespace.shapes import formats
    from shapespace.shapes.surface import to_mesh

    opened = Store.open(store)
    extension = "." + format.lower().lstrip(".")
    if extension not in formats.WRITE_EXTENSIONS:
        raise UsageError(f"--format {format!r} cannot be written; use {' '.join(sorted(formats.WRITE_EXTENSIONS))}")
    if n is not None and n < 1:
        raise UsageError(f"-n is {n}; it must be at least 1")
    indices = opened.indices(split, category, once=True)
    chosen = _choose(indices, len(indices) if n is None else n, None)
    with atomic_dir(out) as folder:
        for i in chosen:
            voxels = opened.read([i])[0]
            is_mesh = extension in formats.MESH_EXTENSIONS
            formats.write(
                folder / _file_name(opened, i, extension), to_mesh(voxels, style=style) if is_mesh else voxels
            )
    say(f"{out}: {len(chosen)} files of {len(opened)} shapes")


def _shard(text: str) -> tuple[int, int]:
    from shapespace.errors import UsageError

    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal()):
        raise UsageError(f"--shard is {text!r}; it must be i/n, such as 1/4")
    return int(number), int(of)


def _tell(report: Report, out: Path, *, max_refused: float, as_json: bool) -> int:
    from dataclasses import asdict

    from shapespace.cli.console import complain, note, say, say_json

    if as_json:
        say_json(asdict(report))
    else:
        for line in report.lines():
            note(line)
        say(f"{out}: {report.shapes} shapes; {report.refused} of {report.tried} source shapes refused")
    if report.refused_part > max_refused:
        part = f"{report.refused_part:.1%} of the source shapes were refused, more than {max_refused:.1%}"
        return complain(f"{part}; see {out / 'refused.csv'}; the store of the others is written", code=3)
    return 0


def lines_of(facts: dict[str, Any]) -> list[str]:
    """Return the facts that a person reads first: its shapes by category and split."""
    lines = [
        f"  {name}: " + ", ".join(f"{count} {split}" for split, count in splits.items())
        for name, splits in facts["categories"].items()
    ]
    if facts["repeats"]:
        lines.append(f"  {facts['repeats']} of train are others once more, so that these weigh more")
    return lines


def facts_of(store: Store) -> dict[str, Any]:
    """Return what there is to say of a store, plain values."""
    from shapespace.data.manifest import SPLITS

    return {
        "path": str(store.path),
        "shapes": len(store),
        "repeats": store.manifest.repeats,
        "resolution": store.resolution,
        "megabytes": sum(facts.size for facts in store.manifest.files.values()) / 1e6,
        "categories": {
            name: {split: len(store.indices(split, name)) for split in SPLITS} for name in store.category_names
        },
        "clusters": int(store.clusters.max()) + 1 if len(store) else 0,
        "attributes": list(store.attribute_names),
        "digest": store.digest,
        "provenance": dict(store.provenance),
    }


def _choose(indices: Any, count: int, seed: int | None) -> list[int]:
    import numpy as np

    from shapespace.data.store import spaced

    if seed is None:
        return spaced(indices, count).tolist()
    return sorted(np.random.default_rng(seed).choice(indices, min(count, len(indices)), replace=False).tolist())


def _file_name(store: Store, index: int, extension: str) -> str:
    # The number keeps names apart; only plain characters of the id reach the disk.
    plain = "".join(c if (c.isalnum() and c.isascii()) or c in "-_" else "_" for c in store.id(index))
    return f"{index:06d}_{plain[-60:]}{extension}"
