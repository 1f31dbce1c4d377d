"""The paper's classifier of features: a balanced one-vs-all linear SVM with an L2 penalty, by scikit-learn.

**Scale.** What a C means depends on the scale of the features, of which the paper says nothing. Here all features are
divided by one number, their root mean square over the shapes that are learned from, so that the same C means the same
for every row of a table. Nothing else is done to them.

**Speed.** Fewer shapes than features lie in a space of as many dimensions as there are shapes. The features are
turned into it first (`Turned`): inner products, and so the SVM, stay what they were, at a fraction of the time.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

PAPER_C = 0.01
"""Wu et al. 2016, section 4.2: 0.01 for ModelNet10 (and 0.07 for ModelNet40)."""

GRID = (1e-4, 3e-4, 1e-3, 3e-3)
"""Values of C that cross-validation chooses from."""

FOLDS = 3
MOST_PASSES = 5_000
"""Over the shapes, before the solver gives up, and says so."""


@dataclass(frozen=True)
class Turned:
    """Features in fewer dimensions with the same inner products, all divided by one number.

    Args:
        learned: (n, k) of the shapes learned from.
        others: (m, k) of the others.
    """

    learned: np.ndarray
    others: np.ndarray


@dataclass(frozen=True)
class Fit:
    """What an SVM says.

    Args:
        c: The weight of errors against the penalty.
        answers: (m,) the category of each shape asked about.
        converged: Whether the solver came to its end; if not, the answers are of the point it had reached.
    """

    c: float
    answers: np.ndarray
    converged: bool


@dataclass(frozen=True)
class Choice:
    """How C was chosen.

    Args:
        c: The chosen one: of the most accurate, the smallest.
        accuracies: Of each C in the grid, on the shapes left out of its fold.
        converged: Whether every solver came to its end.
    """

    c: float
    accuracies: dict[float, float]
    converged: bool


def turned(learned: np.ndarray, others: np.ndarray) -> Turned:
    """Return features scaled and turned into the span of those that are learned from.

    Args:
        learned: (n, d) float.
        others: (m, d) float.
    """
    scale = max(float(np.sqrt(np.square(learned, dtype=np.float64).mean())), 1e-30)
    learned, others = learned.astype(np.float32) / np.float32(scale), others.astype(np.float32) / np.float32(scale)
    if len(learned) >= learned.shape[1]:
        return Turned(learned, others)
    values, vectors = np.linalg.eigh((learned @ learned.T).astype(np.float64))
    kept = values > values[-1] * 1e-9
    axes = (learned.T @ (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)).astype(np.float32)  # (d, k)
    return Turned(learned @ axes, others @ axes)


def fit(learned: np.ndarray, labels: np.ndarray, others: np.ndarray, c: float, *, seed: int = 0) -> Fit:
    """Return what the SVM learned from some shapes says of others.

    Args:
        learned: (n, d) features.
        labels: (n,) their categories; at least two.
        others: (m, d) features.
        c: The weight of errors against the penalty.
        seed: Of the order in which the solver visits shapes.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    # Any: the type checker's stubs of scikit-learn bring an ndarray of their own.
    machine: Any = LinearSVC(
        C=c, class_weight="balanced", dual=False, tol=1e-3, max_iter=MOST_PASSES, random_state=seed
    )  # the primal: with no more dimensions than shapes it is there in a few steps, the dual in thousands
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        machine.fit(learned, labels)
    stopped = [each for each in said if issubclass(each.category, ConvergenceWarning)]
    return Fit(c, machine.predict(others), not stopped)


def choose(
    rows: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, grid: Sequence[float] = GRID, seed: int = 0
) -> Choice:
    """Return the C that classifies best what is left out, fold by fold, of the shapes that are learned from.

    Args:
        rows: (n, d) features.
        labels: (n,) their categories.
        groups: (n,) shapes with the same number stay in one fold.
        grid: Values to choose from, ascending.
        seed: Of the folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    splitter: Any = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    folds = list(splitter.split(rows, labels, groups))
    right, converged = dict.fromkeys(grid, 0), True
    for inside, outside in folds:
        for c in grid:
            found = fit(rows[inside], labels[inside], rows[outside], c, seed=seed)
            right[c] += int((found.answers == labels[outside]).sum())
            converged &= found.converged
    accuracies = {c: count / len(labels) for c, count in right.items()}
    return Choice(max(accuracies, key=accuracies.__getitem__), accuracies, converged)
