"""Features' distances equal the reference programs' and the textbook's."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.evaluate.manifold import frechet, manifold


def test_it_is_the_reference_program():
    import prdc

    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(120, 6)), rng.normal(0.4, 0.8, size=(90, 6))
    expected = prdc.compute_prdc(real_features=real, fake_features=fake, nearest_k=5)
    found = manifold(real, fake)
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(found, name) == pytest.approx(expected[name])


def test_frechet_of_known_normals():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(500, 4))
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)
    assert frechet(a, a + np.array([3, 0, 4, 0])) == pytest.approx(25)
    # Scaled about its mean by 3, a set's covariance is 9 times: tr(C + 9 C - 2 * 3 C) = 4 tr C.
    scaled = a.mean(axis=0) + 3 * (a - a.mean(axis=0))
    assert frechet(a, scaled) == pytest.approx(4 * np.trace(np.cov(a, rowvar=False)))


def test_frechet_is_the_formula_with_a_matrix_root():
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5)), rng.normal(1, 2, size=(200, 5))
    left, right = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(left + right - 2 * np.real(sqrtm(left @ right)))
    assert frechet(a, b) == pytest.approx(expected)
