"""How samples change with the threshold that makes occupancy into voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapespace.evaluate.distances import iou, prepare
from shapespace.shapes.grid import components

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MOST_SHAPES = 300
"""Samples the curve is drawn of: enough for a line."""


@dataclass(frozen=True)
class Curve:
    """One number a threshold.

    Args:
        thresholds: From 0 to 1.
        one_piece: Share of samples in one piece.
        occupancy: Against held-out shapes.
        similarity: IoU of a held-out shape with the most similar sample.
        chosen: The space's own threshold.
    """

    thresholds: tuple[float, ...]
    one_piece: tuple[float, ...]
    occupancy: tuple[float, ...]
    similarity: tuple[float, ...]
    chosen: float


def threshold_curve(occupancy: np.ndarray, test: np.ndarray, chosen: float) -> Curve:
    """Return the curve of samples' occupancy (n, r, r, r) in [0, 1] beside (m, r, r, r) bool held-out shapes."""
    occupancy, real = occupancy[:MOST_SHAPES], float(test.mean())
    held_out = prepare(test[:MOST_SHAPES])
    levels = sorted({*THRESHOLDS, chosen})
    numbers = []
    for level in levels:
        shapes = occupancy > level
        whole = np.mean([components(shape)[1] == 1 for shape in shapes])
        similar = iou(prepare(shapes), held_out).max(axis=0).mean()
        numbers.append((float(whole), float(shapes.mean()) / real, float(similar)))
    one_piece, full, similarity = zip(*numbers, strict=True)
    return Curve(tuple(levels), one_piece, full, similarity, chosen)


def draw(curve: Curve) -> bytes:
    """Return the curve as a PNG."""
    import io

    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 3.6), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    lines = {
        "in one piece": curve.one_piece,
        "occupancy, real = 1": curve.occupancy,
        "IoU of the most similar": curve.similarity,
    }
    for (name, values), colour in zip(lines.items(), ("#8a5a2b", "#4a6fa5", "#5f8a5f"), strict=True):
        axes.plot(curve.thresholds, values, marker="o", markersize=3.5, linewidth=1.6, color=colour, label=name)
    axes.axvline(curve.chosen, color="#999999", linewidth=1, linestyle="--", label=f"chosen: {curve.chosen:g}")
    axes.axhline(1, color="#dddddd", linewidth=0.8, zorder=0)
    axes.set(xlabel="threshold", xlim=(0, 1), ylim=(0, max(1.5, max(curve.occupancy)) * 1.02))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()
