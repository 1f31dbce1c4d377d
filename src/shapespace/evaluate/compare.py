"""Reports side by side: differences with intervals, and in words whether they mean anything."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shapespace.errors import UsageError
from shapespace.evaluate.columns import COLUMNS, Column
from shapespace.evaluate.generate import OWN
from shapespace.evaluate.intervals import Interval
from shapespace.evaluate.report import rows_of

DRAWN = ("mmd", "cov", "one_nna", "z_u", "one_piece", "occupancy")
"""Columns of the picture."""


@dataclass(frozen=True)
class Difference:
    """One number of one report less that of the first.

    Args:
        column: Its key in `columns.COLUMNS`.
        name: Of the report.
        number: The difference and its interval.
        verdict: In words: better, worse, different, or that it means nothing.
    """

    column: str
    name: str
    number: Interval
    verdict: str

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
        for key, what in (
            ("store", "of another store"), ("split", "of another split"), ("resolution", "at another resolution"),
            ("classifier", "with another classifier"),
        ):  # fmt: skip
            if report.get(key) != first.get(key):
                raise UsageError(
                    f"{name} was made {what} than {first_name} ({report.get(key)} and {first.get(key)}); evaluate both "
                    "on one store, or say --anyway"
                )


def differences(reports: Mapping[str, Mapping[str, Any]]) -> list[Difference]:
    """Return all differences of the reports' samples to those of the first report.

    The two intervals' half-widths are added as for independent numbers, which is too wide where both stand on
    the same held-out shapes: what is called different is so.
    """
    (_, first), *others = [(name, rows_of(report)[OWN]) for name, report in reports.items()]
    found = []
    for name, row in others:
        for key, number in row.items():
            if key in first and key in COLUMNS:
                gap = _gap(first[key], number)
                found.append(Difference(key, name, gap, _verdict(COLUMNS[key], first[key], number, gap)))
    return found


def draw(reports: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Return a PNG: a few columns, each with the reports' samples and their intervals."""
    from matplotlib.figure import Figure

    rows = {name: rows_of(report)[OWN] for name, report in reports.items()}
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
