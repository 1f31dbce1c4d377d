"""The classification table as people and machines read it: pictures, a page, a record."""

from __future__ import annotations

import io
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from shapespace.evaluate.classify import TRAINED, UNTRAINED, Classified, confusion, per_category
from shapespace.evaluate.intervals import Interval
from shapespace.evaluate.paired import as_text
from shapespace.evaluate.report import figure, page, plain_table, section
from shapespace.evaluate.svm import PAPER_C

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def record(found: Classified) -> dict[str, Any]:
    """Return every number of the table as JSON holds it."""
    count = len(found.categories)
    rows = {
        name: {
            "c": row.c, "accuracy": asdict(row.accuracy), "balanced": asdict(row.balanced),
            "balanced_at_paper_c": asdict(row.paper_c), "converged": row.converged,
            "per_category": per_category(row, found.held.labels, count).tolist(),
            "few_shot": [list(each) for each in row.few],
        }
        for name, row in found.rows.items()
    }  # fmt: skip
    held = np.bincount(found.held.labels, minlength=count).tolist()
    return {
        "kind": "classify", "split": found.split, "training": found.training, "held_out": len(found.held.labels),
        "categories": found.categories, "held_out_per_category": held, "rows": rows, "gain": asdict(found.gain),
        "items": items(found), "confusion": confusion(found.rows[TRAINED], found.held.labels, count).tolist(),
    }  # fmt: skip


def items(found: Classified) -> dict[str, Any]:
    """Return what became of each held-out shape: its category, and the share of runs that told it right."""
    labels = found.held.labels
    right = {name: as_text((row.answers == labels).mean(axis=0)) for name, row in found.rows.items()}
    paper = {name: as_text((row.paper_answers == labels).mean(axis=0)) for name, row in found.rows.items()}
    return {
        "category": as_text(labels), "weight": as_text(np.ones(len(labels))), "right": right, "right_at_paper_c": paper
    }  # fmt: skip


def table(found: Classified) -> list[list[str]]:
    """Return the rows as texts, the head first."""
    lines = [["", "balanced, %", "all shapes, %", "C", f"balanced at C {PAPER_C:g}, %"]]
    for name, row in found.rows.items():
        c = f"{row.c:g}" + ("" if row.converged else ", not converged")
        lines.append([name, percent(row.balanced), percent(row.accuracy), c, percent(row.paper_c)])
    return [*lines, ["gain of D over itself untrained", percent(found.gain), "", "", ""]]


def percent(number: Interval) -> str:
    """Return a share as `92.3 (90.1 to 94.0)`."""
    value, low, high = (100 * part for part in (number.value, number.low, number.high))
    return f"{value:.1f} ({low:.1f} to {high:.1f})"


def html(found: Classified, title: str, command: str, pictures: dict[str, bytes]) -> bytes:
    """Return the page."""
    head, *rows = table(found)
    names = list(found.rows)
    shares = [per_category(row, found.held.labels, len(found.categories)) for row in found.rows.values()]
    held = np.bincount(found.held.labels, minlength=len(found.categories))
    each = [
        [name, str(held[code]), *(f"{100 * share[code]:.1f}" for share in shares)]
        for code, name in enumerate(found.categories)
        if held[code]
    ]
    words = (
        f"{len(found.held.labels)} held-out shapes ({found.split}), one of each cluster of near copies; "
        f"{found.training} training shapes. A balanced linear SVM, one against all; C by cross-validation on the "
        "training shapes, whole clusters left out at a time. In brackets: where a number would lie 95 times in 100 "
        "with other held-out shapes."
    )
    sections = [
        section("Rows", words), plain_table(head, rows),
        section("By category, % told right"), plain_table(["", "held out", *names], each),
        section("Confusion"), figure(pictures["confusion.png"], "Rows: what it is. Columns: what D's features say."),
        section("With few training shapes"), figure(pictures["fewshot.png"], "Balanced accuracy, mean of five draws."),
        section("Made by", f"shapespace {command}"),
    ]  # fmt: skip
    return page(title, "Classification by D's features", sections)


def draw_confusion(found: Classified) -> bytes:
    """Return the confusion matrix of D's features as a PNG."""
    counts = confusion(found.rows[TRAINED], found.held.labels, len(found.categories))
    present = counts.sum(axis=1) > 0
    shares = counts[present] / counts[present].sum(axis=1, keepdims=True)
    figure_, axes = _axes(6.4, 5.6)
    axes.imshow(shares, cmap="YlOrBr", vmin=0, vmax=1)
    names = np.array(found.categories)
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
    axes.set_yticks(range(int(present.sum())), names[present])
    for (i, j), share in np.ndenumerate(shares):
        if share >= 0.005:
            axes.text(j, i, f"{100 * share:.0f}", ha="center", va="center", color="white" if share > 0.6 else "#333333")
    axes.set(xlabel="told, %", ylabel="is")
    return _png(figure_)


def draw_few(found: Classified) -> bytes:
    """Return the few-shot curves as a PNG."""
    figure_, axes = _axes(6.4, 3.8)
    sizes = [shots for shots, _ in found.rows[TRAINED].few]
    places = np.arange(len(sizes))
    for (name, row), colour in zip(found.rows.items(), ("#999999", "#4a6fa5", "#8a5a2b"), strict=True):
        dash = "--" if name == UNTRAINED else "-"
        axes.plot(
            places, [100 * score for _, score in row.few], dash, marker="o", markersize=4, color=colour, label=name
        )
    axes.set_xticks(places, [str(shots) if shots else "all" for shots in sizes])
    axes.set(xlabel="training shapes a category", ylabel="balanced accuracy, %")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e5e5", linewidth=0.7)
    axes.legend(frameon=False)
    return _png(figure_)


def _axes(width: float, height: float) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), dpi=120, layout="constrained")
    return drawn, drawn.add_subplot()


def _png(drawn: Figure) -> bytes:
    out = io.BytesIO()
    drawn.savefig(out, format="png")
    return out.getvalue()
