"""What is said of generated shapes from their distances: MMD, COV, 1-NNA, Z_U, and the share that is memorised.

Matrices are distances with one row a generated shape; `reference` stands for shapes held out from training.

Sources: MMD and COV, Achlioptas et al. 2018; 1-NNA, Lopez-Paz and Oquab 2017, Yang et al. 2019; Z_U, the data-copying
test of Meehan et al. 2020 as arXiv 2512.23628 uses it for shapes.
"""

from __future__ import annotations

import numpy as np


def mmd(generated_reference: np.ndarray) -> float:
    """Return the minimum matching distance: from a reference shape to its nearest generated one, the mean; low is good.

    Args:
        generated_reference: (generated, reference) distances.
    """
    return float(generated_reference.min(axis=0).mean())


def coverage(generated_reference: np.ndarray) -> float:
    """Return the share of reference shapes that are the nearest one of some generated shape, in [0, 1].

    Even real shapes reach little more than a half of as many others: compare with a row of them.
    """
    return len(np.unique(generated_reference.argmin(axis=1))) / generated_reference.shape[1]


def one_nna(generated: np.ndarray, generated_reference: np.ndarray, reference: np.ndarray) -> float:
    """Return how often the nearest other shape is of the same set, in [0, 1]; 0.5 where the sets cannot be told apart.

    Shapes equally near from both sets count half: an exact copy in the other set is no evidence.

    Args:
        generated: (n, n) distances between generated shapes.
        generated_reference: (n, m).
        reference: (m, m).

    Raises:
        ValueError: If they do not belong together, which numpy would stretch to fit.
    """
    n, m = len(generated), len(reference)
    if (generated.shape, generated_reference.shape, reference.shape) != ((n, n), (n, m), (m, m)):
        raise ValueError(
            f"{generated.shape}, {generated_reference.shape}, {reference.shape} are no three matrices of n and m"
        )
    own = _nearest_other(generated), _nearest_other(reference)
    across = generated_reference.min(axis=1), generated_reference.min(axis=0)
    right = [np.mean((mine < theirs) + 0.5 * (mine == theirs)) for mine, theirs in zip(own, across, strict=True)]
    return float(np.mean(right))


def z_u(generated_to_train: np.ndarray, reference_to_train: np.ndarray) -> float:
    """Return the Mann-Whitney z-score of generated shapes' distances to the training set against held-out ones'.

    About 0 where generated shapes are as far from the training set as held-out real ones are; far below it they are
    copies, far above it they are elsewhere. Within -2 to 2 there is no evidence of either.

    Args:
        generated_to_train: (n,) distance of each generated shape to its nearest training shape.
        reference_to_train: (m,) the same of each reference shape.
    """
    from scipy.stats import rankdata

    n, m = len(generated_to_train), len(reference_to_train)
    together = np.concatenate([generated_to_train, reference_to_train])
    ranks = rankdata(together)
    u = ranks[:n].sum() - n * (n + 1) / 2
    _, ties = np.unique(together, return_counts=True)
    spread = n * m / 12 * ((n + m + 1) - (ties**3 - ties).sum() / ((n + m) * (n + m - 1)))
    return float((u - n * m / 2) / np.sqrt(spread)) if spread > 0 else 0.0


def memorised(generated_to_train: np.ndarray, reference_to_train: np.ndarray, percent: float = 1.0) -> float:
    """Return the share of generated shapes nearer to a training shape than that percentile of reference shapes is."""
    return float(np.mean(generated_to_train < np.percentile(reference_to_train, percent)))


def _nearest_other(distances: np.ndarray) -> np.ndarray:
    if len(distances) < 2:
        return np.full(len(distances), np.inf, distances.dtype)
    others = distances.copy()
    np.fill_diagonal(others, np.inf)
    return others.min(axis=1)
