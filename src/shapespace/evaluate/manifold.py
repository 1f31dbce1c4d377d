"""How two sets of feature vectors lie to each other: Frechet distance, precision, recall, density, coverage.

Sources: Heusel et al. 2017 (Frechet distance), Kynkaanniemi et al. 2019 (precision and recall), Naeem et al. 2020
(density and coverage, whose reference program `prdc` these numbers equal).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 5
"""The k of the nearest neighbours whose distance is a point's radius; Naeem et al. use 5."""


@dataclass(frozen=True)
class Manifold:
    """Four numbers of generated against real features; see the module for their sources.

    Args:
        precision: Share of generated points within the radius of some real point.
        recall: Share of real points within the radius of some generated point.
        density: Real points in whose radius a generated one lies, over k; above 1 where real ones are dense.
        coverage: Share of real points with a generated one within their radius.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Return the Frechet distance, squared as usual, of the normal distributions with the sets' means and covariances.

    It is biased upwards where a set has few points for its dimensions: compare only sets of equal size.

    Args:
        a: (n, d) features.
        b: (m, d) features.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    apart = np.square(a.mean(axis=0) - b.mean(axis=0)).sum()
    left, right = (np.atleast_2d(np.cov(x, rowvar=False)) for x in (a, b))
    # tr sqrt(A B) is the sum of the singular values of sqrt(A) sqrt(B), all of them real and not negative.
    shared = np.linalg.svd(_root(left) @ _root(right), compute_uv=False).sum()
    return float(max(apart + np.trace(left) + np.trace(right) - 2 * shared, 0.0))


def manifold(real: np.ndarray, generated: np.ndarray, neighbours: int = NEIGHBOURS) -> Manifold:
    """Return precision, recall, density and coverage.

    Args:
        real: (n, d) features, more than `neighbours` of them.
        generated: (m, d) features, more than `neighbours` of them.
        neighbours: Whose distance is a point's radius, not counting itself.
    """
    return manifold_of(euclidean(real, real), euclidean(generated, generated), euclidean(real, generated), neighbours)


def manifold_of(real: np.ndarray, generated: np.ndarray, across: np.ndarray, neighbours: int = NEIGHBOURS) -> Manifold:
    """Return the same from distances: (n, n) of real points, (m, m) of generated ones, (n, m) between them."""
    real_radius, generated_radius = _radius(real, neighbours), _radius(generated, neighbours)
    within_real = across < real_radius[:, None]
    return Manifold(
        precision=float(within_real.any(axis=0).mean()),
        recall=float((across < generated_radius[None]).any(axis=1).mean()),
        density=float(within_real.sum(axis=0).mean() / neighbours),
        coverage=float((across.min(axis=1) < real_radius).mean()),
    )


def _radius(distances: np.ndarray, neighbours: int) -> np.ndarray:
    return np.partition(distances, neighbours, axis=1)[:, neighbours]  # the nearest is the point itself


def euclidean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the distances of all pairs of (n, d) and (m, d) vectors, (n, m)."""
    from scipy.spatial.distance import cdist

    return cdist(np.asarray(a, np.float64), np.asarray(b, np.float64))


def _root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
