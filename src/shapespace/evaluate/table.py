"""One row of the table: every number of a set of shapes, against the held-out and the training shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from shapespace.evaluate import scores
from shapespace.evaluate.anatomy import Anatomy, distinct, first_of_each
from shapespace.evaluate.distances import Prepared, among, chamfer, iou, joined, prepare
from shapespace.evaluate.intervals import Interval, bootstrapped, halved, of_mean
from shapespace.evaluate.manifold import NEIGHBOURS, euclidean, frechet, manifold_of

Features = Callable[[np.ndarray], np.ndarray]
"""Of (n, r, r, r) bool shapes: (n, d) numbers of the fixed classifier."""

FEWEST = 8
"""Shapes below which a number on nearest neighbours is left out: a single one would win."""

FEWEST_FOR_FEATURES = 4 * NEIGHBOURS
"""Shapes below which the numbers on features are left out: halves of them must have neighbours."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What every row is held against, made once.

    Args:
        test: Shapes held out from training.
        train: Training shapes.
        between: (test, test) Chamfer distances.
        to_train: (test,) distance of each test shape to its nearest training shape.
        features: Of a set of shapes, or None.
        test_features: (test, d) of the test shapes, or None.
    """

    test: Prepared
    train: Prepared
    between: np.ndarray
    to_train: np.ndarray
    features: Features | None = None
    test_features: np.ndarray | None = None

    @classmethod
    def of(cls, test: np.ndarray, train: np.ndarray, features: Features | None = None) -> Reference:
        """Return the reference of (n, r, r, r) bool test shapes and training shapes.

        Of held-out shapes that are nearly one (IoU 0.95) the first stands for all: among its copies a real shape's
        nearest other would always be real.
        """
        held_out, learned = prepare(test), prepare(train)
        held_out = held_out[first_of_each(iou(held_out, held_out))]
        of_test = None if features is None else features(held_out.voxels())
        nearest = chamfer(held_out, learned).min(axis=1)
        return cls(held_out, learned, among(held_out), nearest, features, of_test)


@dataclass(frozen=True, eq=False)
class Row:
    """A set of shapes, measured.

    Args:
        numbers: By name, each with its interval.
        nearest_train: (n,) number of the training shape nearest to each.
        nearest_test: (n,) number of the test shape nearest to each.
    """

    numbers: dict[str, Interval]
    nearest_train: np.ndarray
    nearest_test: np.ndarray


def measure(shapes: np.ndarray, reference: Reference, *, seed: int = 0) -> Row:
    """Return the row of a set of (n, r, r, r) bool shapes; see `measure_all`."""
    return measure_all({"": shapes}, reference, seed=seed)[""]


def measure_all(sets: Mapping[str, np.ndarray], reference: Reference, *, seed: int = 0) -> dict[str, Row]:
    """Return the rows of several sets of shapes.

    The real shapes' distance transforms are most of the work, and are made once for all sets.

    Args:
        sets: (n, r, r, r) bool shapes by name.
        reference: Of the same resolution.
        seed: Of the intervals, and of the subset of the larger set where a number wants equally many of both.
    """
    prepared = {name: prepare(shapes) for name, shapes in sets.items()}
    together = joined(list(prepared.values()))
    to_test, to_train = chamfer(together, reference.test), chamfer(together, reference.train)
    rows, start = {}, 0
    for name, made in prepared.items():
        part = slice(start, start + len(made))
        rows[name] = _row(made, to_test[part], to_train[part], reference, seed)
        start = part.stop
    return rows


def _row(made: Prepared, to_test: np.ndarray, to_train: np.ndarray, reference: Reference, seed: int) -> Row:
    numbers = (
        _against_test(made, to_test, reference, seed)
        | _against_train(to_train.min(axis=1), reference, seed)
        | _on_features(made, reference, seed)
        | _alone(made, reference, seed)
    )
    return Row(numbers, to_train.argmin(axis=1), to_test.argmin(axis=1))


def _against_test(made: Prepared, to_test: np.ndarray, reference: Reference, seed: int) -> dict[str, Interval]:
    """MMD, COV and 1-NNA: of equally many shapes of both sets, for each depends on how many there are."""
    n = min(to_test.shape)
    compared = {"compared": Interval(n, float("nan"), float("nan"))}
    if n < FEWEST:
        return compared
    rng = np.random.default_rng(seed)
    rows, columns = (np.sort(rng.permutation(size)[:n]) for size in to_test.shape)
    across, real = to_test[np.ix_(rows, columns)], reference.between[np.ix_(columns, columns)]
    own = among(made[rows])
    similar = iou(made[rows], reference.test[columns])

    def one_nna(g: np.ndarray, r: np.ndarray) -> float:
        return scores.one_nna(own[np.ix_(g, g)], across[np.ix_(g, r)], real[np.ix_(r, r)])

    return compared | {
        "mmd": halved(lambda g, r: scores.mmd(across[np.ix_(g, r)]), n, n, seed=seed),
        "mmd_iou": halved(lambda g, r: float(similar[np.ix_(g, r)].max(axis=0).mean()), n, n, seed=seed, highest=1),
        "cov": halved(lambda g, r: scores.coverage(across[np.ix_(g, r)]), n, n, seed=seed, highest=1),
        "one_nna": halved(one_nna, n, n, seed=seed, highest=1),
    }


def _against_train(nearest: np.ndarray, reference: Reference, seed: int) -> dict[str, Interval]:
    return {
        "z_u": bootstrapped(scores.z_u, nearest, reference.to_train, seed=seed),
        "memorised": bootstrapped(scores.memorised, nearest, reference.to_train, seed=seed),
        "to_train": of_mean(nearest, seed=seed),
    }


def _on_features(made: Prepared, reference: Reference, seed: int) -> dict[str, Interval]:
    if reference.features is None or reference.test_features is None:
        return {}
    n = min(len(made), len(reference.test))
    if n < FEWEST_FOR_FEATURES:
        return {}
    rng = np.random.default_rng(seed)
    generated = reference.features(made[np.sort(rng.permutation(len(made))[:n])].voxels())
    real = reference.test_features[np.sort(rng.permutation(len(reference.test))[:n])]

    among_real, among_made, across = euclidean(real, real), euclidean(generated, generated), euclidean(real, generated)

    def one(name: str) -> Interval:
        def value(g: np.ndarray, r: np.ndarray) -> float:
            found = manifold_of(among_real[np.ix_(r, r)], among_made[np.ix_(g, g)], across[np.ix_(r, g)])
            return float(getattr(found, name))

        return halved(value, n, n, seed=seed, highest=np.inf if name == "density" else 1)

    apart = halved(lambda g, r: frechet(generated[g], real[r]), n, n, seed=seed, rounds=60)
    return {"frechet": apart} | {name: one(name) for name in ("precision", "recall", "density", "coverage")}


def _alone(made: Prepared, reference: Reference, seed: int) -> dict[str, Interval]:
    anatomy = Anatomy.of(made.voxels())
    real = float(reference.test.sizes.mean()) / reference.test.resolution**3
    similarity = iou(made, made)
    each = {
        "one_piece": anatomy.components == 1,
        "components": anatomy.components,
        "tunnels": anatomy.tunnels,
        "cavities": anatomy.cavities,
        "occupancy": anatomy.occupancy / real,
        "symmetry": anatomy.symmetry,
    }
    whole = {name: of_mean(values, seed=seed) for name, values in each.items()}
    different = halved(
        lambda g, _: distinct(similarity[np.ix_(g, g)]), len(made), len(made), seed=seed, rounds=50, highest=1
    )
    return whole | {"distinct": different}
