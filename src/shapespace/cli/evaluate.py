"""`shapespace evaluate ...`: what a space is worth, as a folder with report.html, report.json and pictures."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

FEW = 400
"""Held-out shapes below which the report says how much 1-NNA moves from sampling alone."""

if TYPE_CHECKING:
    import numpy as np

    from shapespace.evaluate.compare import Difference
    from shapespace.evaluate.generate import Measured
    from shapespace.space import ShapeSpace


def generate(  # noqa: PLR0913 - a command's options
    space: str,
    *,
    data: Path,
    out: Path | None = None,
    samples: int = 1_000,
    seed: int = 0,
    split: str | None = None,
    category: str | None = None,
    peer: tuple[Path, ...] = (),
    threads: int = 0,
    json: Annotated[bool, Parameter(negative=())] = False,
    force: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Compare a space's samples with held-out shapes, beside copies, linear models and halves of the real shapes.

    Writes report.html for people, report.json for machines, panel.png and curve.png.

    Args:
        space: A shipped space's name, a .safetensors file, or the folder of a run.
        data: The store it was trained on: its training split is what may have been copied.
        out: The folder to write; tables/generate in the run if SPACE is one's folder, else tables/NAME-generate here.
        samples: Shapes to sample; nothing is left out, moved or cleaned.
        seed: Of samples, reference rows and intervals.
        split: Shapes held out: test, validation, or test+validation; test if not given, or validation without one.
        category: Only shapes of this category.
        peer: A pack of another program's grids, one more row; may be given several times.
        threads: CPU threads of torch; 0 for all cores.
        json: Print the report as one line of JSON instead of tables.
        force: Write into a folder that is not empty.
    """
    from shapespace.cli.console import note, say
    from shapespace.data.store import Store
    from shapespace.errors import UsageError
    from shapespace.evaluate import curve, generate, panel, report
    from shapespace.evaluate.classifier import fixed
    from shapespace.space import load

    if samples < 8:
        raise UsageError(f"--samples is {samples}; at least 8 are needed, 1,000 are usual")
    out = checked_out(out, space, "generate", force=force)
    _set_threads(threads)
    loaded, store = load(space), Store.open(data)
    peers = {path.stem: _peer(path, loaded.resolution) for path in peer}
    plan = generate.Plan(category, samples, seed, split, peers)
    began = time.process_time()
    measured = generate.evaluate(loaded, store, plan, features=fixed().features, say=note)
    pictures = {"panel.png": panel.draw(measured, seed), "curve.png": curve.draw(measured.curve)}
    facts = _facts(space, loaded, data, store.digest, measured, plan) | {"cpu_seconds": time.process_time() - began}
    report.write_folder(out, facts, {**pictures, "report.html": _page(facts, measured, pictures)})
    if json:
        say(report.as_line(facts))
        return
    _print_rows(facts)
    print_table("Threshold", curve.table(measured.curve))
    for line in _words(facts):
        say(line)
    say(f"{out / 'report.html'}, with report.json, panel.png and curve.png")


def _peer(path: Path, resolution: int) -> np.ndarray:
    """Return another program's shapes at the space's resolution, (n, r, r, r) bool, and say that they were fitted."""
    from shapespace.cli.console import note
    from shapespace.evaluate.generate import peer

    shapes = peer(path, resolution)
    note(f"{path.name}: {len(shapes)} shapes, brought to {resolution}^3 as `data prepare` does")
    return shapes


def _set_threads(threads: int) -> None:
    import torch

    from shapespace.errors import UsageError

    if threads < 0:
        raise UsageError(f"--threads is {threads}; it must be 0 or more")
    if threads:
        torch.set_num_threads(threads)


def compare(
    *reports: Path,
    out: Path | None = None,
    kind: Literal["generate", "classify", "reconstruct"] | None = None,
    anyway: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Put runs or reports side by side, and say which differences mean something.

    Args:
        reports: Folders of runs, folders of reports or report.json files, at least two; the others are compared with
            the first.
        out: A folder for compare.png and compare.html, if wanted; a picture each where runs share several kinds.
        kind: Only reports of this kind; all that the runs share if not given.
        anyway: Compare also what was made with other shapes or another classifier.
        json: Print the differences as one line of JSON.
    """
    from shapespace.cli.console import note, say
    from shapespace.cli.sample import check_folder
    from shapespace.errors import UsageError
    from shapespace.evaluate import compare as comparison
    from shapespace.evaluate.report import as_line

    if len(reports) < 2:
        raise UsageError("at least two reports are needed")
    if out is not None:
        check_folder(out, force=True)
    names = comparison.named(reports)
    of_kind = {key: dict(zip(names, each, strict=True)) for key, each in comparison.find(reports, kind).items()}
    if not anyway:
        for found in of_kind.values():
            comparison.check_alike(found)
    gaps = {key: comparison.differences(found) for key, found in of_kind.items()}
    if out is not None:
        _write_compared(out, names, of_kind, gaps)
        note(f"{out / 'compare.html'}, with its pictures")
    if json:
        say(as_line({"first": names[0], "differences": {key: comparison.records(each) for key, each in gaps.items()}}))
        return
    for key, each in gaps.items():
        for title, name, value, interval, verdict in comparison.lines(each):
            print(f"{name}  {title}: {value} ({interval}), {verdict}")
        meaningful = sum(gap.means_something for gap in each)
        say(comparison.rule(each))
        say(f"evaluate {key}: {meaningful} of {len(each)} differences to {names[0]} mean something")


def _write_compared(
    out: Path,
    names: Sequence[str],
    of_kind: Mapping[str, Mapping[str, Mapping[str, Any]]],
    gaps: Mapping[str, Sequence[Difference]],
) -> None:
    """Write a picture for each kind of report, and a page with all of them."""
    from shapespace.evaluate import compare as comparison
    from shapespace.evaluate.report import page
    from shapespace.files import write_bytes

    sections: list[str] = []
    for key, found in of_kind.items():
        png = comparison.draw(found)
        sections += comparison.sections(key, found, gaps[key], png)
        write_bytes(out / ("compare.png" if len(of_kind) == 1 else f"compare-{key}.png"), png)
    write_bytes(out / "compare.html", page("Side by side", ", ".join(names), sections))


def checked_out(out: Path | None, space: str, kind: str, *, force: bool) -> Path:
    """Return the folder to write, by default the run's own; refuse one that holds something before the work.

    Raises:
        OutputError: If it holds something and is not to be written into, or is a file.
    """
    from shapespace.errors import OutputError

    if out is None:
        out = Path(space) / "tables" / kind if Path(space).is_dir() else Path("tables") / f"{Path(space).stem}-{kind}"
    if out.is_file():
        raise OutputError(f"{out} is a file; give a folder with --out")
    if not force and out.is_dir() and any(out.iterdir()):
        raise OutputError(f"{out} is not empty; give another folder with --out, or --force to write into it")
    return out


def _facts(name: str, space: ShapeSpace, data: Path, digest: str, measured: Measured, plan: Any) -> dict[str, Any]:
    from dataclasses import asdict

    from shapespace.evaluate import report
    from shapespace.evaluate.classifier import fixed

    held = {row: each.numbers for row, each in measured.rows.items()}
    return {
        "kind": "generate", "space": name, "resolution": space.resolution, "threshold": space.threshold,
        "trained": dict(space.card.trained), "store": digest, "data": data.name, "category": plan.category,
        "split": measured.split, "held_out": len(measured.reference.test), "training": len(measured.reference.train),
        "samples": plan.samples, "seed": plan.seed, "classifier": fixed().entry, "rows": report.rows_as_json(held),
        "curve": asdict(measured.curve), "command": " ".join(sys.argv[1:]),
    } | report.facts()  # fmt: skip


_READING = (
    "Below each number stands where it would lie 95 times in 100 with other shapes. A difference between two rows "
    "means nothing while one row's number lies inside the other's interval.",
    "Read a space's row between the others: real shapes, half against half, are what can be reached; copies of the "
    "training set win everything but Z_U and show what cheating scores; a linear model (PCA) is what must be beaten.",
)


def _words(facts: Mapping[str, Any]) -> list[str]:
    """Return what was compared, and what keeps the numbers from meaning more than they do, a sentence or two each."""
    held, classifier = facts["held_out"], facts["classifier"]
    words = [
        f"{facts['samples']} samples at threshold {facts['threshold']:g}, nothing left out; {held} held-out shapes "
        f"(split: {facts['split']}; one of near copies), {facts['training']} training shapes."
    ]
    words += _of_few(facts) if held < FEW else []
    words.append(
        f"Features are those of the fixed classifier {classifier['name']} ({100 * classifier['accuracy']:.1f} % right "
        f"on clusters it never saw; sha256 {classifier['sha256'][:12]})."
    )
    return words


def _of_few(facts: Mapping[str, Any]) -> list[str]:
    """Return in words what few held-out shapes leave to chance."""
    from shapespace.evaluate.generate import HALVES
    from shapespace.evaluate.report import rows_of

    found = rows_of(facts)[HALVES].get("one_nna")
    if found is None:
        return [f"Held-out shapes are few: halves of {facts['held_out']} say nothing of what real shapes reach."]
    chance = found.scaled(100)
    if not chance.low <= chance.high:
        return []
    return [
        f"Held-out shapes are few: 1-NNA of real shapes against real ones is {chance.value:.0f} here, and "
        f"moves from {chance.low:.0f} to {chance.high:.0f} from sampling alone."
    ]


def _page(facts: Mapping[str, Any], measured: Measured, pictures: Mapping[str, bytes]) -> bytes:
    import html

    from shapespace.evaluate import curve, report
    from shapespace.evaluate.generate import LARGEST, OWN

    rows, shown_curve = {name: row.numbers for name, row in measured.rows.items()}, curve.table(measured.curve)
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    made_by = html.escape(
        f"shapespace {facts['command']}\nstore {facts['store']}\nseed {facts['seed']}; {versions}; "
        f"{facts['cpu_seconds']:.0f} CPU seconds"
    )
    sections = [
        report.section("What was compared", *_words(facts), *_READING),
        report.figure(pictures["panel.png"], "Samples drawn at random, each over the nearest shapes of the real sets."),
        report.tables(rows, own=(OWN, LARGEST)),
        report.section("Threshold"),
        report.figure(pictures["curve.png"], "How samples change with the threshold that makes occupancy into voxels."),
        report.plain_table(shown_curve[0], shown_curve[1:]),
        report.section("Made by"),
        f"<pre>{made_by}</pre>",
    ]
    return report.page(f"What {Path(facts['space']).stem} is worth", f"beside {facts['data']}", sections)


def print_table(title: str, lines: Sequence[Sequence[str]]) -> None:
    """Print a table of texts, its head first, that folds in a narrow terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for number, name in enumerate(lines[0]):
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    for line in lines[1:]:
        table.add_row(*line)
    Console().print(table)


def _print_rows(facts: Mapping[str, Any]) -> None:
    from shapespace.evaluate.columns import COLUMNS, GROUPS
    from shapespace.evaluate.report import rows_of, shown

    rows = rows_of(facts)
    for title, names in GROUPS.items():
        present = [name for name in names if any(name in row for row in rows.values())]
        lines = [
            [name, *(shown(row[key], COLUMNS[key])[0] if key in row else "" for key in present)]
            for name, row in rows.items()
        ]
        if present:
            print_table(title, [["", *(COLUMNS[name].title for name in present)], *lines])
