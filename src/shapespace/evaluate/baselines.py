"""The reference rows: what copying, averaging and a linear model score, without which no number means anything."""

from __future__ import annotations

import numpy as np

from shapespace.evaluate.distances import Prepared

MOST_FITTED = 2_000
"""Training shapes that a linear model is fitted to at most: its Gram matrix is the square of them."""

BLOCK = 200
"""Shapes that are held as numbers at a time."""


def copies(train: Prepared, count: int, seed: int) -> np.ndarray:
    """Return training shapes, none of them twice unless there are too few, (count, r, r, r) bool."""
    rng = np.random.default_rng(seed)
    return train[rng.permutation(len(train))[np.arange(count) % len(train)]].voxels()


def mean_shape(train: Prepared, count: int) -> np.ndarray:
    """Return the mean of the training shapes, cut so that it is as full as they are, `count` times over."""
    mean = _mean(train)
    return np.repeat(_cut(mean[None], _fullness(train)).reshape(1, *[train.resolution] * 3), count, axis=0)


def pca_gaussian(train: Prepared, components: int, count: int, seed: int) -> np.ndarray:
    """Return draws from a normal distribution along the principal components of the training shapes, cut to bool.

    One level cuts them all, so that together they are as full as the training shapes.

    Args:
        train: Shapes to fit, of which the first `MOST_FITTED` of a seeded order are taken.
        components: Principal components kept.
        count: Shapes to draw.
        seed: Of order and draws.
    """
    rng = np.random.default_rng(seed)
    fitted = train[np.sort(rng.permutation(len(train))[:MOST_FITTED])]
    values, vectors = np.linalg.eigh(_centred_gram(fitted))
    kept = min(components, len(fitted) - 1)
    vectors = vectors[:, np.argsort(values)[::-1][:kept]]
    # With X the centred shapes and X X^T = V diag(w) V^T, the vector X^T V g / sqrt(n - 1), g normal, has their
    # covariance within the components kept: principal directions are never formed.
    weights = rng.standard_normal((count, kept)) @ vectors.T / np.sqrt(len(fitted) - 1)
    weights -= weights.mean(axis=1, keepdims=True)  # what centring takes from X, taken from the weights
    return _cut(_mean(fitted) + _mixed(fitted, weights), _fullness(train)).reshape(count, *[train.resolution] * 3)


def halves(real: Prepared, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of two random halves of the real shapes, equally many."""
    order = np.random.default_rng(seed).permutation(len(real))
    half = len(real) // 2
    return np.sort(order[:half]), np.sort(order[half : 2 * half])


def _mean(shapes: Prepared) -> np.ndarray:
    """Return the mean shape, (voxels,) float32."""
    return _mixed(shapes, np.full((1, len(shapes)), 1 / len(shapes)))[0]


def _centred_gram(shapes: Prepared) -> np.ndarray:
    """Return the products of all pairs of shapes, less their mean, (n, n)."""
    both = np.empty((len(shapes), len(shapes)), np.float64)
    parts = [slice(start, start + BLOCK) for start in range(0, len(shapes), BLOCK)]
    for rows in parts:
        left = _numbers(shapes[rows])
        for columns in parts:
            both[rows, columns] = left @ _numbers(shapes[columns]).T
    return both - both.mean(axis=0) - both.mean(axis=1, keepdims=True) + both.mean()


def _mixed(shapes: Prepared, weights: np.ndarray) -> np.ndarray:
    """Return `weights` (n, shapes) times the shapes, (n, voxels) float32."""
    result = np.zeros((len(weights), shapes.resolution**3), np.float32)
    for start in range(0, len(shapes), BLOCK):
        part = slice(start, start + BLOCK)
        result += weights[:, part].astype(np.float32) @ _numbers(shapes[part])
    return result


def _cut(values: np.ndarray, fullness: float) -> np.ndarray:
    """Return where `values` are among the highest, a share of `fullness` of all; the first shapes set the level."""
    return values > max(float(np.quantile(values[:BLOCK], 1 - fullness)), 0.0)  # below 0 is what no shape ever fills


def _fullness(shapes: Prepared) -> float:
    return float(shapes.sizes.mean()) / shapes.resolution**3


def _numbers(shapes: Prepared) -> np.ndarray:
    return shapes.voxels().reshape(len(shapes), -1).astype(np.float32)
