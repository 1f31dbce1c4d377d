"""Differences of two reports on the same held-out items: what each item gave in both, and intervals over items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shapespace.evaluate.columns import BESIDE, METRICS
from shapespace.evaluate.intervals import HIGH, LOW, ROUNDS, Interval, of_mean

D, UNTRAINED, PREDICTED = "D", "the same D, untrained", "predictions"


def as_text(numbers: Sequence[float] | np.ndarray) -> str:
    """Return numbers as one line, five digits after the point at most: a report of many items stays readable."""
    return " ".join(f"{number:.5f}".rstrip("0").rstrip(".") for number in np.asarray(numbers, np.float64))


def same_items(first: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether both reports hold values of the same held-out items."""
    shared = ["kind", "store", "split", "categories"]
    if first["kind"] == "reconstruct":
        shared += ["drawn", "each", "seed"]
    ours, theirs = first.get("items"), other.get("items")
    if not ours or not theirs or any(first.get(key) != other.get(key) for key in shared):
        return False
    return all(ours.get(key) == theirs.get(key) for key in ("category", "weight"))


def differences(first: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Interval]:
    """Return every number of the other report less that of the first, drawn again over the items they share."""
    strata = _numbers(first["items"]["category"]).astype(int)
    weights = _numbers(first["items"]["weight"])
    ours, theirs = (_columns(report) for report in (first, other))
    gaps = {key: theirs[key] - ours[key] for key in ours if key in theirs}
    return {
        key: of_mean(gap) if key == "accuracy" else balanced(gap, strata, weights) for key, gap in gaps.items()
    }  # fmt: skip


def balanced(values: np.ndarray, strata: np.ndarray, weights: np.ndarray, seed: int = 0) -> Interval:
    """Return the mean over categories of items' weighted means, and its interval: items are drawn within a category.

    Args:
        values: (n,) one number an item.
        strata: (n,) int, its category.
        weights: (n,) pictures of it, or 1.
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    parts = [(values[strata == code], weights[strata == code]) for code in np.unique(strata)]
    value = float(np.mean([np.average(part, weights=weight) for part, weight in parts]))
    if max(len(part) for part, _ in parts) < 2:
        return Interval(value, float("nan"), float("nan"))
    drawn = np.zeros(ROUNDS)
    for part, weight in parts:
        picks = rng.integers(0, len(part), (ROUNDS, len(part)))
        drawn += (part * weight)[picks].sum(1) / weight[picks].sum(1) / len(parts)
    return Interval(value, *(float(end) for end in np.percentile(drawn, [LOW, HIGH])))


def _columns(report: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return the items' values of each column."""
    items = report["items"]
    if report["kind"] == "classify":
        right = {name: _numbers(text) for name, text in items["right"].items()}
        return {
            "accuracy": right[D], "balanced": right[D], "gain": right[D] - right[UNTRAINED],
            "balanced_at_paper_c": _numbers(items["right_at_paper_c"][D]),
        }  # fmt: skip
    values = {row: {key: _numbers(text) for key, text in each.items()} for row, each in items["values"].items()}
    own = values[PREDICTED]
    above = {f"{key} above {row}": own[key] - values[row][key] for row in BESIDE for key in METRICS}
    return own | above


def _numbers(text: str) -> np.ndarray:
    return np.array(text.split(), np.float64)
