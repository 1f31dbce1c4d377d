"""Scores whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from shapespace.evaluate import scores


def points(n: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (n, 3))


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a[:, None] - b[None], axis=-1)


def test_known_matrix():
    distances = np.array([[1.0, 5.0, 9.0], [2.0, 4.0, 8.0]])
    assert scores.mmd(distances) == (1 + 4 + 8) / 3
    assert scores.coverage(distances) == 1 / 3


def test_one_shape_repeated_covers_one():
    one, reference = np.repeat(points(1, 0), 40, axis=0), points(25, 1)
    assert scores.coverage(apart(one, reference)) == 1 / 25


def test_the_reference_itself_is_covered_whole():
    reference = points(30, 0)
    assert scores.coverage(apart(reference, reference)) == 1
    assert scores.mmd(apart(reference, reference)) == 0


def test_sets_that_are_apart_are_told_apart_and_exact_copies_are_not():
    a, b, far = points(50, 0), points(50, 1), points(50, 2, shift=100)
    assert scores.one_nna(apart(a, a), apart(a, far), apart(far, far)) == 1
    assert scores.one_nna(apart(a, a), apart(a, a), apart(a, a)) == 0  # the copy is nearer than any other
    assert 0.3 < scores.one_nna(apart(a, a), apart(a, b), apart(b, b)) < 0.7


def test_ties_count_half():
    same = np.zeros((4, 4))
    assert scores.one_nna(same, same, same) == 0.5


def test_matrices_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="are no three matrices"):
        scores.one_nna(np.zeros((3, 3)), np.zeros((3, 1)), np.zeros((4, 4)))


def test_z_u_is_the_mann_whitney_test():
    a, b = np.abs(points(70, 0)[:, 0]).round(1), np.abs(points(90, 1)[:, 0]).round(1) + 0.2
    found = mannwhitneyu(a, b, method="asymptotic", use_continuity=False, alternative="less").pvalue
    from scipy.stats import norm

    assert norm.cdf(scores.z_u(a, b)) == pytest.approx(found)
    assert scores.z_u(a, b) == -scores.z_u(b, a)
    assert scores.z_u(np.zeros(200), np.ones(200)) < -15
    assert scores.z_u(np.ones(5), np.ones(5)) == 0


def test_memorised_is_the_share_nearer_than_the_first_percentile():
    reference = np.arange(1, 102, dtype=float)  # its first percentile is 2
    assert scores.memorised(np.array([0.0, 1.9, 2.0, 50.0]), reference) == 0.5
