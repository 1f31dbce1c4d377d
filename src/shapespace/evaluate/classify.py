"""The paper's classification: how well a linear SVM tells categories apart by D's features, beside rows to be beaten.

Features that nobody taught are no mean ones: an untrained D does better than raw voxels. So what a D has learned is
its gain over the same D with first weights, by the same recipe and the same SVM. Categories are of unequal size where
shapes are held out by cluster; `balanced` is the mean over categories, as ModelNet10's official test split nearly
counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch

from shapespace.data.store import Store
from shapespace.errors import UsageError
from shapespace.evaluate import features, svm
from shapespace.evaluate.held_out import held_out
from shapespace.evaluate.intervals import HIGH, LOW, ROUNDS, Interval, of_mean
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.init import init_he
from shapespace.space import ShapeSpace

Features = Callable[[np.ndarray], np.ndarray]
"""Of (n, r, r, r) bool shapes: (n, d) numbers."""

RAW, UNTRAINED, TRAINED = "raw voxels", "the same D, untrained", "D"
SHOTS = (1, 2, 5, 10, 25, 50, 100)
"""Training shapes a category; then all of them."""

DRAWS = 5
"""Times that few training shapes are drawn."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """Shapes with what they are.

    Args:
        voxels: (n, r, r, r) bool.
        labels: (n,) int, places in the store's list of categories.
        clusters: (n,) int, equal for shapes that are nearly one.
    """

    voxels: np.ndarray
    labels: np.ndarray
    clusters: np.ndarray


@dataclass(frozen=True, eq=False)
class Row:
    """What one kind of features reaches.

    Args:
        c: Chosen by cross-validation on the training shapes.
        accuracy: Share of held-out shapes told right.
        balanced: The same, the mean over categories.
        paper_c: Balanced accuracy with the paper's C, 0.01.
        answers: (runs, held out) the category told, a run an untrained D.
        paper_answers: The same with the paper's C.
        few: (shots or 0 for all, balanced accuracy) of each size of training set, the mean over runs.
        converged: Whether every solver came to its end.
    """

    c: float
    accuracy: Interval
    balanced: Interval
    paper_c: Interval
    answers: np.ndarray
    paper_answers: np.ndarray
    few: tuple[tuple[int, float], ...]
    converged: bool


@dataclass(frozen=True, eq=False)
class Classified:
    """All rows, and D's gain over the untrained ones, in balanced accuracy.

    Args:
        rows: By name.
        gain: Balanced accuracy of D less that of the untrained ones, over the same held-out shapes.
        held: The held-out shapes, one of each cluster.
        categories: Names.
        training: How many shapes were learned from.
        split: Which was held out.
    """

    rows: dict[str, Row]
    gain: Interval
    held: Labelled
    categories: list[str]
    training: int
    split: str


def classify(
    space: ShapeSpace, store: Store, *, split: str = "test", untrained: int = 3, seed: int = 0,
    say: Callable[[str], object] = lambda _: None,
) -> Classified:  # fmt: skip
    """Return the table of a space's discriminator.

    Args:
        space: With its discriminator.
        store: Of its resolution, with two categories or more.
        split: Held out: test, validation, or test+validation.
        untrained: How many first weights are drawn.
        seed: Of first weights, folds and draws.
        say: Told which row is being made.

    Raises:
        UsageError: If the store does not fit, or a split or a category is missing.
    """
    held = _labelled(store, held_out(store, split), one_each=True)
    train = _labelled(store, store.indices("train", once=True), one_each=False)
    _check(train, held, split)
    trained = features.discriminator_of(space)
    recipe = features.recipe_of(space)
    kinds: dict[str, list[Features]] = {
        RAW: [lambda voxels: voxels.reshape(len(voxels), -1).astype(np.float32)],
        UNTRAINED: list(_untrained(trained, recipe, train.voxels, untrained, seed)),
        TRAINED: [lambda voxels: features.extract(space, voxels)],
    }
    rows = {}
    for name, kind in kinds.items():
        say(name)
        rows[name] = _row(kind, train, held, seed)
    gain = balanced_interval(_gain_per_shape(rows, held.labels), held.labels, seed)
    return Classified(rows, gain, held, store.category_names, len(train.labels), split)


def confusion(row: Row, labels: np.ndarray, categories: int) -> np.ndarray:
    """Return how often a shape of one category (rows) is called another (columns), (categories, categories) int."""
    counts = np.zeros((categories, categories), np.int64)
    np.add.at(counts, (np.tile(labels, len(row.answers)), row.answers.reshape(-1)), 1)
    return counts


def per_category(row: Row, labels: np.ndarray, categories: int) -> np.ndarray:
    """Return the share told right of each category, (categories,), NaN where none is held out."""
    counts = confusion(row, labels, categories)
    with np.errstate(invalid="ignore"):
        return np.diag(counts) / counts.sum(axis=1)


def _row(kinds: Sequence[Features], train: Labelled, held: Labelled, seed: int) -> Row:
    """Return the row of one kind of features, or of several of the same kind, whose answers are counted together."""
    turned = [svm.turned(kind(train.voxels), kind(held.voxels)) for kind in kinds]
    choice = svm.choose(turned[0].learned, train.labels, train.clusters, seed=seed)
    fits = [svm.fit(each.learned, train.labels, each.others, choice.c, seed=seed) for each in turned]
    papers = [svm.fit(each.learned, train.labels, each.others, svm.PAPER_C, seed=seed) for each in turned]
    answers, at_paper_c = (np.stack([fit.answers for fit in found]) for found in (fits, papers))
    right = (answers == held.labels).mean(axis=0)
    return Row(
        choice.c, of_mean(right, seed=seed), balanced_interval(right, held.labels, seed),
        balanced_interval((at_paper_c == held.labels).mean(axis=0), held.labels, seed), answers, at_paper_c,
        _mean_curve([_few(each, train, held, choice.c, seed) for each in turned]),
        choice.converged and all(fit.converged for fit in fits),
    )  # fmt: skip


def _few(turned: svm.Turned, train: Labelled, held: Labelled, c: float, seed: int) -> Iterator[tuple[int, float]]:
    """Yield the balanced accuracy with few shapes a category, the mean of several draws; 0 stands for all."""
    most = int(np.bincount(train.labels).max())
    for shots in (*[each for each in SHOTS if each < most], 0):
        scores = []
        for draw in range(DRAWS if shots else 1):
            picks = _drawn(train.labels, shots or most, seed + draw)
            found = svm.fit(turned.learned[picks], train.labels[picks], turned.others, c, seed=seed)
            scores.append(balanced(found.answers == held.labels, held.labels))
        yield shots, float(np.mean(scores))


def _mean_curve(curves: Sequence[Iterable[tuple[int, float]]]) -> tuple[tuple[int, float], ...]:
    """Return the mean of curves over the same sizes of training set."""
    return tuple((points[0][0], float(np.mean([score for _, score in points]))) for points in zip(*curves, strict=True))


def _drawn(labels: np.ndarray, shots: int, seed: int) -> np.ndarray:
    order = np.random.default_rng(seed).permutation(len(labels))
    return np.sort(np.concatenate([order[labels[order] == label][:shots] for label in np.unique(labels)]))


def _untrained(
    trained: Discriminator, recipe: features.Recipe, voxels: np.ndarray, count: int, seed: int
) -> Iterator[Features]:
    """Yield features of discriminators of the same kind with first weights; what is scaled is scaled to them anew."""
    for number in range(count):
        fresh = with_first_weights(trained, seed + number)
        own = features.calibrated(fresh, voxels, recipe) if recipe.scale else recipe
        yield lambda grids, fresh=fresh, own=own: features.extract(fresh, grids, own)


def with_first_weights(like: Discriminator, seed: int) -> Discriminator:
    """Return an untrained discriminator of the same kind."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        fresh = Discriminator(**cast("dict[str, Any]", like.arguments))
        if like.norm == "none":
            init_he(fresh)  # with N(0, 0.02) and no norm signals die away from layer to layer
    return fresh


def _labelled(store: Store, indices: np.ndarray, *, one_each: bool) -> Labelled:
    clusters = np.asarray(store.clusters[indices], np.int64)
    if one_each:
        kept = np.sort(np.unique(clusters, return_index=True)[1])
        indices, clusters = indices[kept], clusters[kept]
    return Labelled(store.read(indices), np.asarray(store.category_codes[indices], np.int64), clusters)


def _check(train: Labelled, held: Labelled, split: str) -> None:
    if len(held.labels) < 2:
        raise UsageError(f"{split} holds {len(held.labels)} shapes; give another --split")
    if len(np.unique(train.labels)) < 2:
        raise UsageError("the training shapes are of one category; there is nothing to tell apart")
    if missing := set(held.labels.tolist()) - set(train.labels.tolist()):
        raise UsageError(f"{len(missing)} held-out categories have no training shapes")


def _gain_per_shape(rows: dict[str, Row], labels: np.ndarray) -> np.ndarray:
    ours, theirs = ((rows[name].answers == labels).mean(axis=0) for name in (TRAINED, UNTRAINED))
    return ours - theirs


def balanced(values: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over categories of the means of their shapes."""
    return float(np.mean([values[labels == label].mean() for label in np.unique(labels)]))


def balanced_interval(values: np.ndarray, labels: np.ndarray, seed: int, rounds: int = ROUNDS) -> Interval:
    """Return the mean over categories, and its interval: shapes are drawn again within their category."""
    rng = np.random.default_rng(seed)
    parts = [values[labels == label] for label in np.unique(labels)]
    means = [np.mean([part[rng.integers(0, len(part), len(part))].mean() for part in parts]) for _ in range(rounds)]
    return Interval(balanced(values, labels), *(float(end) for end in np.percentile(means, [LOW, HIGH])))
