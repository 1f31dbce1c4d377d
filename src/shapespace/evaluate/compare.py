"""Reports side by side: differences with intervals, and in words whether they mean anything."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shapespace.errors import BadInput, UsageError
from shapespace.evaluate import paired
from shapespace.evaluate.columns import COLUMNS, METRICS, Column
from shapespace.evaluate.generate import OWN
from shapespace.evaluate.intervals import Interval
from shapespace.evaluate.report import (
    NAME,
    figure,
    interval,
    kind_of,
    plain_table,
    read_json,
    rows_of,
    section,
    shown,
    tables,
)

DRAWN = (
    "mmd", "cov", "one_nna", "z_u", "one_piece", "occupancy", "accuracy", "balanced", "balanced_at_paper_c", "gain",
    *METRICS,
)  # fmt: skip
"""Columns of the picture."""

ALIKE = {
    "generate": ("store", "split", "category", "resolution", "classifier"),
    "classify": ("store", "split", "categories"),
    "reconstruct": ("store", "split", "resolution", "categories", "drawn"),
}
"""What reports of each kind must share."""

_OTHER = {
    "store": "of another store", "split": "of another split", "category": "of another category",
    "categories": "of other categories", "drawn": "of other views or backgrounds",
    "resolution": "at another resolution", "classifier": "with another classifier",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One number of one report less that of the first.

    Args:
        column: Its key in `columns.COLUMNS`.
        name: Of the report.
        number: The difference and its interval.
        verdict: In words: better, worse, different, or that it means nothing.
        paired: Whether the interval is of the difference over items that both reports hold.
    """

    column: str
    name: str
    number: Interval
    verdict: str
    paired: bool = False

    @property
    def means_something(self) -> bool:
        """Whether there is an interval and it leaves 0 out."""
        return self.number.low > 0 or self.number.high < 0


def check_alike(reports: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse reports whose numbers cannot stand side by side.

    Raises:
        UsageError: If they were made with other shapes, another resolution or another classifier.
    """
    first_name, first = next(iter(reports.items()))
    for name, report in reports.items():
        for key in ALIKE[first["kind"]]:
            if report.get(key) != first.get(key):
                raise UsageError(
                    f"{name} was made {_OTHER[key]} than {first_name} ({report.get(key)} and {first.get(key)}); "
                    "evaluate both on one store, or say --anyway"
                )


def numbers_of(report: Mapping[str, Any]) -> dict[str, Interval]:
    """Return the numbers of a report that are compared, by their keys in `columns.COLUMNS`."""
    rows = report["rows"]
    if report["kind"] == "classify":
        keys = ("accuracy", "balanced", "balanced_at_paper_c")
        return {key: interval(rows[paired.D][key]) for key in keys} | {"gain": interval(report["gain"])}
    if report["kind"] == "reconstruct":
        above = {f"{key} above {row}": each[key] for row, each in report["above"].items() for key in METRICS}
        return {key: interval(each) for key, each in ({k: rows[paired.PREDICTED][k] for k in METRICS} | above).items()}
    return {key: number for key, number in rows_of(report)[OWN].items() if key in COLUMNS}


def differences(reports: Mapping[str, Mapping[str, Any]]) -> list[Difference]:
    """Return all differences of the reports' numbers to those of the first report.

    Where both hold values of the same items, the differences are drawn again over these. Else the two intervals'
    half-widths are added as for independent numbers, which is too wide where both stand on the same shapes.
    """
    (_, first), *others = reports.items()
    ours, found = numbers_of(first), []
    for name, report in others:
        pairs = paired.differences(first, report) if paired.same_items(first, report) else {}
        for key, number in numbers_of(report).items():
            if key in ours:
                gap = pairs.get(key) or _gap(ours[key], number)
                found.append(Difference(key, name, gap, _verdict(COLUMNS[key], ours[key], number, gap), key in pairs))
    return found


def rule(gaps: Sequence[Difference]) -> str:
    """Return by which rule the intervals were made, in words."""
    kinds: dict[bool, list[str]] = {True: [], False: []}
    for gap in gaps:
        if gap.name not in kinds[gap.paired]:
            kinds[gap.paired].append(gap.name)
    words = {
        True: "paired, by what both reports say of the same held-out items",
        False: "as of independent sets, wider than they need be where both stand on the same shapes",
    }
    return " ".join(f"Intervals of {', '.join(names)}: {words[kind]}." for kind, names in kinds.items() if names)


def lines(gaps: Sequence[Difference]) -> list[tuple[str, ...]]:
    """Return the differences as texts: column, report, difference, interval, verdict."""
    return [(COLUMNS[g.column].title, g.name, *shown(g.number, COLUMNS[g.column]), g.verdict) for g in gaps]


def records(gaps: Sequence[Difference]) -> list[dict[str, Any]]:
    """Return the differences as JSON holds them."""
    return [
        {"column": g.column, "report": g.name, "difference": asdict(g.number), "verdict": g.verdict, "paired": g.paired}
        for g in gaps
    ]


def sections(
    kind: str, reports: Mapping[str, Mapping[str, Any]], gaps: Sequence[Difference], png: bytes
) -> list[str]:  # fmt: skip
    """Return the parts of the page about one kind: picture, differences, numbers."""
    head = ("", "report", f"less {next(iter(reports))}", "95 % interval", "verdict")
    numbers = {name: numbers_of(report) for name, report in reports.items()}
    top = figure(png, f"Each report of evaluate {kind}, with 95 % intervals.")
    return [top, section("Differences", rule(gaps)), plain_table(head, lines(gaps)), tables(numbers)]


def find(paths: Sequence[Path], kind: str | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return the reports of each kind that all paths hold: report files, their folders, or folders of runs.

    Raises:
        BadInput: If one holds no report.
        UsageError: If they share no kind.
    """
    found = [_reports(path, kind) for path in paths]
    shared = [each for each in ALIKE if all(each in reports for reports in found)]
    if not shared:
        held = "; ".join(f"{path}: {', '.join(reports)}" for path, reports in zip(paths, found, strict=True))
        raise UsageError(f"the reports are of different kinds ({held}); give reports of one kind")
    return {each: [reports[each] for reports in found] for each in shared}


def _reports(path: Path, kind: str | None) -> dict[str, dict[str, Any]]:
    kinds = [kind] if kind else list(ALIKE)
    if path.is_dir() and not (path / NAME).is_file():
        held = {each: path / "tables" / each for each in kinds if (path / "tables" / each / NAME).is_file()}
        if not held:
            raise BadInput(
                path, f"holds no {NAME} and no tables/{kind or 'KIND'}/{NAME}", "make one with shapespace evaluate"
            )
        return {each: _sound(place, each) for each, place in held.items()}
    own = kind_of(path) or ""
    kind = own if own in kinds else kinds[0]
    return {kind: _sound(path, kind)}


def _sound(path: Path, kind: str) -> dict[str, Any]:
    """Return a report whose numbers can be read, so that a damaged one is named before anything is compared."""
    report = read_json(path, kind)
    try:
        numbers_of(report)
        if report.get("items"):
            paired.differences(report, report)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = f"is damaged: {type(error).__name__}: {error}"
        raise BadInput(path, what, f"make it anew with shapespace evaluate {kind}") from None
    return report


def draw(reports: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return a PNG: a few columns, each with the reports' samples and their intervals."""
    from matplotlib.figure import Figure

    rows = {name: numbers_of(report) for name, report in reports.items()}
    present = [key for key in DRAWN if all(key in row for row in rows.values())]
    figure = Figure(figsize=(2.6 * len(present), 0.42 * len(rows) + 1.5), dpi=120, layout="constrained")
    panels = figure.subplots(1, len(present), sharey=True, squeeze=False)[0]
    for panel, key in zip(panels, present, strict=True):
        column = COLUMNS[key]
        for place, row in enumerate(rows.values()):
            number = row[key].scaled(column.factor)
            panel.plot([number.low, number.high], [place, place], color="#c9a77f", linewidth=5, solid_capstyle="round")
            panel.plot(number.value, place, "o", color="#6b4320", markersize=6)
        panel.set_title(column.title, fontsize=10)
        panel.set_yticks(range(len(rows)), list(rows))
        panel.set_ylim(len(rows) - 0.5, -0.5)
        panel.margins(x=0.15)
        panel.spines[["top", "right", "left"]].set_visible(False)
        panel.tick_params(left=False)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def named(paths: Sequence[Any]) -> list[str]:
    """Return short names of folders or files that differ: the last words of their paths that tell them apart."""
    parts = [[part for part in path.resolve().parts if part != "report.json"] for path in paths]
    for words in range(1, max(map(len, parts)) + 1):
        names = ["/".join(each[-words:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    raise UsageError("the same report is given twice")


def _gap(first: Interval, other: Interval) -> Interval:
    down = math.hypot(other.value - other.low, first.high - first.value)
    up = math.hypot(other.high - other.value, first.value - first.low)
    value = other.value - first.value
    return Interval(value, value - down, value + up)


def _verdict(column: Column, first: Interval, other: Interval, gap: Interval) -> str:
    if not gap.low <= gap.high:
        return "too few shapes to say"
    if gap.low <= 0 <= gap.high:
        return "means nothing: the interval holds 0"
    if column.better == "real":
        return "different"
    target = {"low": -math.inf, "high": math.inf, "half": 0.5, "zero": 0.0}[column.better]
    nearer = gap.value > 0 if target == math.inf else gap.value < 0
    if math.isfinite(target):
        nearer = abs(other.value - target) < abs(first.value - target)
    return "better" if nearer else "worse"
