"""How samples change with the threshold that makes occupancy into voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapespace.evaluate.distances import iou, prepare
from shapespace.evaluate.intervals import Interval, of_mean
from shapespace.shapes.grid import components

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MOST_COMPARED = 300
"""Shapes of either kind whose similarity is measured at each threshold: enough for a line."""


@dataclass(frozen=True)
class Fullness:
    """How whole and how full shapes are.

    Args:
        one_piece: Share of shapes in one piece.
        pieces: Pieces of a shape.
        occupancy: Full voxels of a shape, against held-out shapes' mean.
    """

    one_piece: Interval
    pieces: Interval
    occupancy: Interval


@dataclass(frozen=True)
class Curve:
    """Numbers of the samples at each threshold, and of the held-out shapes.

    Args:
        thresholds: From 0 to 1.
        samples: At each threshold.
        similarity: IoU of a held-out shape with the most similar sample, at each threshold.
        real: Of the held-out shapes.
        chosen: The space's own threshold.
    """

    thresholds: tuple[float, ...]
    samples: tuple[Fullness, ...]
    similarity: tuple[float, ...]
    real: Fullness
    chosen: float


def threshold_curve(occupancy: np.ndarray, test: np.ndarray, chosen: float) -> Curve:
    """Return the curve of samples' occupancy (n, r, r, r) in [0, 1] beside (m, r, r, r) bool held-out shapes."""
    held_out, mean = prepare(test[:MOST_COMPARED]), float(test.mean())
    levels = sorted({*THRESHOLDS, chosen})
    similarity = [iou(prepare(occupancy[:MOST_COMPARED] > level), held_out).max(axis=0).mean() for level in levels]
    return Curve(
        tuple(levels),
        tuple(_fullness(occupancy > level, mean) for level in levels),
        tuple(map(float, similarity)),
        _fullness(test, mean),
        chosen,
    )


def table(curve: Curve) -> list[tuple[str, ...]]:
    """Return the curve as texts, the head first: threshold, in one piece, pieces, occupancy; the real shapes last."""
    names = [f"{level:g}" + (" (chosen)" if level == curve.chosen else "") for level in curve.thresholds]
    head = ("threshold", "in one piece, %", "pieces", "occupancy against real")
    rows = zip([*names, "real, held out"], [*curve.samples, curve.real], strict=True)
    return [head, *((name, *_texts(each)) for name, each in rows)]


def draw(curve: Curve) -> bytes:
    """Return the curve as a PNG."""
    import io

    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.6), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    whole, full = ([getattr(each, name) for each in curve.samples] for name in ("one_piece", "occupancy"))
    lines = {"in one piece": whole, "occupancy, real = 1": full}
    for (name, numbers), colour in zip(lines.items(), ("#8a5a2b", "#4a6fa5"), strict=True):
        axes.plot(curve.thresholds, [n.value for n in numbers], "o-", ms=3.5, lw=1.6, color=colour, label=name)
        low, high = [n.low for n in numbers], [n.high for n in numbers]
        axes.fill_between(curve.thresholds, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(
        curve.thresholds, curve.similarity, "o-", ms=3.5, lw=1.6, color="#5f8a5f", label="IoU of the most similar"
    )
    axes.axvline(curve.chosen, color="#999999", linewidth=1, linestyle="--", label=f"chosen: {curve.chosen:g}")
    axes.axhline(1, color="#dddddd", linewidth=0.8, zorder=0)
    # An unfinished generator may be full at low thresholds: the line leaves the picture rather than flatten the rest.
    axes.set(xlabel="threshold", xlim=(0, 1), ylim=(0, min(3.0, max(1.5, *(n.high for n in full))) * 1.02))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _fullness(shapes: np.ndarray, mean: float) -> Fullness:
    pieces = np.array([components(shape)[1] for shape in shapes])
    full = shapes.reshape(len(shapes), -1).mean(axis=1) / mean
    return Fullness(of_mean(pieces == 1), of_mean(pieces), of_mean(full))


def _texts(each: Fullness) -> tuple[str, ...]:
    forms = ((each.one_piece.scaled(100), "1f"), (each.pieces, "2f"), (each.occupancy, "3f"))
    return tuple(f"{n.value:.{form}} ({n.low:.{form}} to {n.high:.{form}})" for n, form in forms)
