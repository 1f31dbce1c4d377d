"""`shapespace evaluate ...`: what a space is worth, as a folder with report.html, report.json and pictures."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapespace.evaluate.generate import Measured
    from shapespace.space import ShapeSpace


def generate(  # noqa: PLR0913 - a command's options
    space: str,
    *,
    data: Path,
    out: Path,
    samples: int = 1_000,
    seed: int = 0,
    split: str | None = None,
    category: str | None = None,
    peer: tuple[Path, ...] = (),
    force: bool = False,
) -> None:
    """Compare a space's samples with held-out shapes, beside copies, linear models and halves of the real shapes.

    Writes report.html for people, report.json for machines, panel.png and curve.png.

    Args:
        space: A shipped space's name, a .safetensors file, or the folder of a run.
        data: The store it was trained on: its training split is what may have been copied.
        out: The folder to write.
        samples: Shapes to sample; nothing is left out, moved or cleaned.
        seed: Of samples, reference rows and intervals.
        split: Shapes held out: test, validation, or test+validation; test if not given, or validation without one.
        category: Only shapes of this category.
        peer: A pack of another program's grids, one more row; may be given several times.
        force: Write into a folder that is not empty.
    """
    from shapespace.cli.console import note, say
    from shapespace.data.store import Store
    from shapespace.errors import UsageError
    from shapespace.evaluate import curve, generate, panel, report
    from shapespace.files import write_bytes
    from shapespace.space import load

    if samples < 8:
        raise UsageError(f"--samples is {samples}; at least 8 are needed, 1,000 are usual")
    _check_out(out, force)
    loaded, store = load(space), Store.open(data)
    peers = {path.stem: generate_peer(path, loaded) for path in peer}
    plan = generate.Plan(category, samples, seed, split, peers)
    began = time.process_time()
    measured = generate.evaluate(loaded, store, plan, features=_classifier_features(), say=note)
    pictures = {"panel.png": panel.draw(measured, seed), "curve.png": curve.draw(measured.curve)}
    facts = _facts(space, loaded, data, store.digest, measured, plan) | {"cpu_seconds": time.process_time() - began}
    out.mkdir(parents=True, exist_ok=True)
    for name, png in pictures.items():
        write_bytes(out / name, png)
    write_bytes(out / "report.html", _page(facts, measured, pictures))
    report.write_json(out, facts)
    _print_rows(facts)
    say(f"{out / 'report.html'}, with report.json, panel.png and curve.png")


def generate_peer(path: Path, space: ShapeSpace) -> Any:
    """Return another program's shapes at the space's resolution, (n, r, r, r) bool."""
    from shapespace.evaluate.generate import peer

    return peer(path, space.resolution)


def compare(*reports: Path, out: Path | None = None, anyway: bool = False) -> None:
    """Put the reports of `evaluate generate` side by side, and say which differences mean something.

    Args:
        reports: Folders or report.json files, at least two; the others are compared with the first.
        out: A folder for compare.png and compare.html, if wanted.
        anyway: Compare also what was made with other shapes or another classifier.
    """
    from shapespace.cli.console import note, say
    from shapespace.errors import UsageError
    from shapespace.evaluate import compare as comparison
    from shapespace.evaluate.columns import COLUMNS
    from shapespace.evaluate.generate import OWN
    from shapespace.evaluate.report import figure, page, plain_table, read_json, rows_of, section, shown, tables
    from shapespace.files import write_bytes

    if len(reports) < 2:
        raise UsageError("at least two reports are needed")
    found = dict(zip(comparison.named(reports), (read_json(path, "generate") for path in reports), strict=True))
    if not anyway:
        comparison.check_alike(found)
    gaps = comparison.differences(found)
    lines = [(COLUMNS[g.column].title, g.name, *shown(g.number, COLUMNS[g.column]), g.verdict) for g in gaps]
    for title, name, value, interval, verdict in lines:
        print(f"{name}  {title}: {value} ({interval}), {verdict}")
    if out is not None:
        png = comparison.draw(found)
        first = next(iter(found))
        head = ("", "report", f"less {first}", "95 % interval", "verdict")
        sections = [figure(png, "Each report's samples, with 95 % intervals."), section("Differences")]
        sections += [plain_table(head, lines), tables({name: rows_of(each)[OWN] for name, each in found.items()})]
        out.mkdir(parents=True, exist_ok=True)
        write_bytes(out / "compare.png", png)
        write_bytes(out / "compare.html", page("Spaces side by side", ", ".join(found), sections))
        note(f"{out / 'compare.html'}, with compare.png")
    meaningful = sum("nothing" not in g.verdict and "few" not in g.verdict for g in gaps)
    say(f"{meaningful} of {len(gaps)} differences to {next(iter(found))} mean something")


def _check_out(out: Path, force: bool) -> None:
    from shapespace.errors import OutputError

    if out.is_file():
        raise OutputError(f"{out} is a file; give a folder")
    if not force and out.is_dir() and any(out.iterdir()):
        raise OutputError(f"{out} is not empty; give another folder, or --force to write into it")


def _classifier_features() -> Any:
    return None


def _facts(name: str, space: ShapeSpace, data: Path, digest: str, measured: Measured, plan: Any) -> dict[str, Any]:
    from dataclasses import asdict

    from shapespace.evaluate import report

    held = {row: each.numbers for row, each in measured.rows.items()}
    return {
        "kind": "generate", "space": name, "resolution": space.resolution, "threshold": space.threshold,
        "trained": dict(space.card.trained), "store": digest, "data": data.name, "category": plan.category,
        "split": measured.split, "held_out": len(measured.reference.test), "training": len(measured.reference.train),
        "samples": plan.samples, "seed": plan.seed, "classifier": None, "rows": report.rows_as_json(held),
        "curve": asdict(measured.curve), "command": " ".join(sys.argv[1:]),
    } | report.facts()  # fmt: skip


def _page(facts: Mapping[str, Any], measured: Measured, pictures: Mapping[str, bytes]) -> bytes:
    from shapespace.evaluate import report
    from shapespace.evaluate.generate import LARGEST, OWN

    held, few = facts["held_out"], facts["held_out"] < 400
    spread = 100 * 0.98 / held**0.5 * 0.71
    words = [
        f"{facts['samples']} samples, threshold {facts['threshold']:g}, nothing left out; {held} held-out shapes "
        f"({facts['split']}; of near copies one), {facts['training']} training shapes. Below a number: where it "
        "would lie 95 times in 100 with other shapes. Two numbers whose intervals overlap widely are not different.",
    ]
    if few:
        words.append(f"With {held} held-out shapes 1-NNA moves by about {spread:.0f} points from sampling alone.")
    rows = {name: row.numbers for name, row in measured.rows.items()}
    sections = [
        report.section("What was compared", *words),
        report.figure(pictures["panel.png"], "Samples drawn at random, each over the nearest shapes of the real sets."),
        report.tables(rows, own=(OWN, LARGEST)),
        report.section("Threshold"),
        report.figure(pictures["curve.png"], "How samples change with the threshold that makes occupancy into voxels."),
        report.section("Made by"),
        f"<pre>shapespace {facts['command']}\n{facts['versions']}, {facts['cpu_seconds']:.0f} CPU seconds</pre>",
    ]
    return report.page(f"What {facts['space']} is worth", f"beside {facts['data']}", sections)


def _print_rows(facts: Mapping[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    from shapespace.evaluate.columns import COLUMNS, GROUPS
    from shapespace.evaluate.report import rows_of, shown

    rows, console = rows_of(facts), Console()
    for title, names in GROUPS.items():
        present = [name for name in names if any(name in row for row in rows.values())]
        if not present:
            continue
        table = Table(title=title, title_justify="left", box=None, pad_edge=False)
        table.add_column("", overflow="fold")
        for name in present:
            table.add_column(COLUMNS[name].title, justify="right")
        for name, row in rows.items():
            cells = [shown(row[key], COLUMNS[key])[0] if key in row else "" for key in present]
            table.add_row(name, *cells)
        console.print(table)
