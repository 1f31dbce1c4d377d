"""How well shapes are reconstructed, beside guesses that never look at the picture.

Average precision and IoU of each predicted grid, as it lies and after the paper's alignment search, averaged over the
pictures of a category; the mean is over categories, each counted once, as in the paper's table. Beside them, always:

- the mean of the category's training shapes, told the true category: what a picture need not say;
- a training shape retrieved by the picture's features: what remembering reaches;
- predictions dealt out again to other pictures, of any category and of the same: what the picture adds.

Pictures of one object are not independent, so intervals are bootstrapped over objects: an object is drawn with all
its pictures. With one object of a category there is no interval, and with three it is too narrow.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shapespace.evaluate.alignment import Places, best
from shapespace.evaluate.guesses import Guesses, bring, brought, class_means, dealt, retrieved
from shapespace.evaluate.intervals import HIGH, LOW, ROUNDS, Interval
from shapespace.shapes.cut import best_cut

if TYPE_CHECKING:
    from shapespace.evaluate.pictures import Pictured

PREDICTED = "predictions"
CLASS_MEAN = "class mean"
RETRIEVED = "nearest-neighbour retrieval"
SHUFFLED = "shuffled pictures"
SHUFFLED_WITHIN = "shuffled within category"
METRICS = ("ap", "ap_aligned", "iou", "iou_aligned")
MEAN = "mean"
"""Over categories, each counted once."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What predictions are measured beside.

    Args:
        retrieved: (n,) int, the training shape retrieved for each picture; see `guesses.retrieve`.
        objects: (n,) int, equal for pictures of the same object; None takes equal true shapes for one object.
        threshold: Above which a predicted voxel is full; None cuts each shape where it overlaps most.
        seed: Of the dealing out and the intervals.
        rounds: Draws of the bootstrap.
    """

    retrieved: np.ndarray
    objects: np.ndarray | None = None
    threshold: float | None = None
    seed: int = 0
    rounds: int = ROUNDS


Numbers = dict[str, dict[str, Interval]]
"""By category, and for their mean: each metric."""


@dataclass(frozen=True, eq=False)
class Row:
    """What one kind of guess reaches.

    Args:
        guesses: The guesses.
        values: (n, 4) of each picture, the metrics in order.
        numbers: Means over pictures, in [0, 1].
        gap: What the predictions reach above it, over the same pictures.
    """

    guesses: Guesses
    values: np.ndarray
    numbers: Numbers
    gap: Numbers


def rows(
    predicted: np.ndarray,
    true: np.ndarray,
    categories: Sequence[str],
    train_voxels: np.ndarray,
    train_categories: Sequence[str],
    plan: Plan,
    say: Callable[[str], object] = lambda _: None,
) -> dict[str, Row]:
    """Return all rows by name, the predictions' first.

    Args:
        predicted: (n, s, s, s) float occupancy, or bool, of any resolution.
        true: (n, r, r, r) bool.
        categories: Of each picture.
        train_voxels: (m, t, t, t) bool, of any resolution.
        train_categories: Of each training shape.
        plan: What they are measured beside.
        say: Told which row is being made.

    Raises:
        ValueError: If the arguments do not belong together, or a predicted value is not a number.
    """
    _check(predicted, true, categories, train_voxels, train_categories, plan)
    shapes, truths = _distinct(true)
    objects = truths if plan.objects is None else np.asarray(plan.objects)
    names, codes = np.unique(np.asarray(categories), return_inverse=True)
    scores = _Scores(shapes, truths)
    draw = _Draws(names.tolist(), codes, objects, plan)
    side = true.shape[-1]
    made = brought(predicted.shape[-1], side) or "as predicted"
    bank = bring(predicted, side)
    levels = [best_cut(grid) if plan.threshold is None else plan.threshold for grid in bank]
    own = Guesses(bank, np.arange(len(true)), np.array(levels), made)
    guesses = {
        PREDICTED: own,
        CLASS_MEAN: class_means(names, codes, train_voxels, np.asarray(train_categories), side),
        RETRIEVED: retrieved(train_voxels, plan.retrieved, side),
        SHUFFLED: dealt(own, np.zeros_like(codes), objects, plan.seed),
        SHUFFLED_WITHIN: dealt(own, codes, objects, plan.seed),
    }
    values = {}
    for name, each in guesses.items():
        say(name)
        values[name] = scores.of(each)
    return {
        name: Row(guesses[name], found, draw.numbers(found), draw.numbers(values[PREDICTED] - found))
        for name, found in values.items()
    }


def reconstruct(
    out: Path,
    predicted: np.ndarray,
    shown: Pictured,
    train_voxels: np.ndarray,
    train_categories: Sequence[str],
    plan: Plan,
    *,
    facts: Mapping[str, Any] | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> dict[str, Any]:
    """Measure predictions, write report.json, report.html and panel.png into a folder, and return the report.

    Args:
        out: The folder; a new one appears whole.
        predicted: (n, s, s, s) float occupancy, or bool, of any resolution, for each picture.
        shown: The pictures and what they truly show.
        train_voxels: (m, t, t, t) bool.
        train_categories: Of each training shape.
        plan: What they are measured beside.
        facts: What else the report says: command, space, store and the like; `title` heads the page.
        say: Told which row is being made.

    Raises:
        ValueError: As in `rows`.
        OutputError: If the folder cannot be written.
    """
    from shapespace.evaluate import reconstruct_page, report

    began = time.process_time()
    true, categories = shown.true, shown.categories
    found = rows(predicted, true, categories, train_voxels, train_categories, plan, say)
    panel = reconstruct_page.draw(found, shown, plan.seed)
    said = report.facts() | dict(facts or {}) | reconstruct_page.record(found, true, categories, plan)
    said["cpu_seconds"] = round(time.process_time() - began, 1)
    page = reconstruct_page.html(str(said.get("title", "What a picture tells of the shape")), said, found, panel)
    report.write_folder(out, said, {"panel.png": panel, "report.html": page})
    return said


class _Scores:
    """Scores of pairs of a guess and a true shape, each pair once."""

    def __init__(self, shapes: np.ndarray, truths: np.ndarray) -> None:
        self._truths = truths
        self._still = [Places.still(shape) for shape in shapes]
        self._all = [Places.all(shape) for shape in shapes]
        self._known: dict[tuple[int, int, int], tuple[float, ...]] = {}

    def of(self, guesses: Guesses) -> np.ndarray:
        """Return (n, 4), the metrics in order."""
        return np.array([self._pair(guesses, *pair) for pair in zip(guesses.index, self._truths, strict=True)])

    def _pair(self, guesses: Guesses, guess: int, truth: int) -> tuple[float, ...]:
        key = (id(guesses.bank), int(guess), int(truth))
        if key not in self._known:
            grid, level = guesses.bank[guess], float(guesses.levels[guess])
            plain, moved = best(grid, self._still[truth], level), best(grid, self._all[truth], level)
            self._known[key] = (plain.precision, moved.precision, plain.iou, moved.iou)
        return self._known[key]


class _Draws:
    """Means over pictures and categories, and their intervals: objects are drawn again within their category."""

    def __init__(self, names: list[str], codes: np.ndarray, objects: np.ndarray, plan: Plan) -> None:
        rng = np.random.default_rng([plan.seed, 1])
        self._names = names
        self._of_category = []  # its pictures, which of its objects each shows, and the draws of its objects
        for code in range(len(names)):
            pictures = np.flatnonzero(codes == code)
            distinct, shown = np.unique(objects[pictures], return_inverse=True)
            self._of_category.append((pictures, shown, rng.integers(0, len(distinct), (plan.rounds, len(distinct)))))

    def numbers(self, values: np.ndarray) -> Numbers:
        """Return the numbers of (n, 4) values."""
        means = np.stack([values[pictures].mean(0) for pictures, _, _ in self._of_category])
        drawn = np.stack([self._drawn(values, *each) for each in self._of_category])
        numbers = {
            name: _intervals(means[code], drawn[code], self._of_category[code][2].shape[1])
            for code, name in enumerate(self._names)
        }
        most = max(draws.shape[1] for _, _, draws in self._of_category)
        return numbers | {MEAN: _intervals(means.mean(0), drawn.mean(0), most)}

    def _drawn(
        self, values: np.ndarray, pictures: np.ndarray, shown: np.ndarray, draws: np.ndarray
    ) -> np.ndarray:  # fmt: skip
        """Return (rounds, 4) means of drawn objects, each with all its pictures."""
        counts = np.bincount(shown)
        sums = np.stack([np.bincount(shown, column) for column in values[pictures].T], axis=1)
        return sums[draws].sum(1) / counts[draws].sum(1)[:, None]


def _intervals(means: np.ndarray, drawn: np.ndarray, objects: int) -> dict[str, Interval]:
    """Return each metric with its interval, none where there is one object."""
    low, high = np.percentile(drawn, [LOW, HIGH], axis=0) if objects > 1 else np.full((2, len(METRICS)), np.nan)
    return {name: Interval(*map(float, each)) for name, *each in zip(METRICS, means, low, high, strict=True)}


def _distinct(true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the true shapes that differ, and which of them each picture shows."""
    bits = np.packbits(true.reshape(len(true), -1), axis=1)
    _, first, which = np.unique(bits, axis=0, return_index=True, return_inverse=True)
    return true[first], which.reshape(-1)


def _check(
    predicted: np.ndarray, true: np.ndarray, categories: Sequence[str],
    train_voxels: np.ndarray, train_categories: Sequence[str], plan: Plan,
) -> None:  # fmt: skip
    count = len(true)
    lengths = {"predicted": len(predicted), "categories": len(categories), "retrieved": len(plan.retrieved)}
    if plan.objects is not None:
        lengths["objects"] = len(plan.objects)
    if wrong := [f"{name} {length}" for name, length in lengths.items() if length != count]:
        raise ValueError(f"{count} true shapes, but {', '.join(wrong)}")
    if not count or not len(train_voxels) or len(train_voxels) != len(train_categories):
        raise ValueError(f"{count} pictures, {len(train_voxels)} training shapes, {len(train_categories)} categories")
    if MEAN in categories:
        raise ValueError(f"no category may be called {MEAN!r}")
    if not 0 <= np.min(plan.retrieved) <= np.max(plan.retrieved) < len(train_voxels):
        raise ValueError(f"a retrieved number is not among {len(train_voxels)} training shapes")
    if any(grids.ndim != 4 or len(set(grids.shape[1:])) != 1 for grids in (predicted, true, train_voxels)):
        raise ValueError("grids must be (n, r, r, r)")
