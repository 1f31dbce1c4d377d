"""The reference rows are what their names say."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.evaluate import baselines
from shapespace.evaluate.distances import prepare
from shapespace.shapes.furniture import make


@pytest.fixture(scope="module")
def train():
    return prepare(np.stack([make("chair", seed, 16).voxels for seed in range(60)]))


def test_copies_are_training_shapes_each_once_before_any_twice(train):
    found = baselines.copies(train, 60, seed=3)
    assert sorted(shape.tobytes() for shape in found) == sorted(shape.tobytes() for shape in train.voxels())
    assert len(baselines.copies(train, 150, seed=3)) == 150


def test_the_mean_shape_is_as_full_as_the_shapes(train):
    found = baselines.mean_shape(train, 3)
    assert (found == found[0]).all()
    assert found[0].sum() == pytest.approx(train.sizes.mean(), rel=0.1)


def test_halves_share_nothing(train):
    left, right = baselines.halves(train, 0)
    assert len(left) == len(right) == 30
    assert len({*left.tolist(), *right.tolist()}) == 60


def test_pca_gaussian_has_the_mean_and_the_covariance_of_the_shapes(train, monkeypatch):
    """With all components, before the cut, draws scatter as the shapes do."""
    monkeypatch.setattr(baselines, "_cut", lambda values, fullness: values)
    drawn = baselines.pca_gaussian(train, 1_000, 4_000, seed=0).reshape(4_000, -1)
    shapes = train.voxels().reshape(60, -1).astype(float)
    np.testing.assert_allclose(drawn.mean(axis=0), shapes.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(drawn.var(axis=0), shapes.var(axis=0, ddof=1), atol=0.04)
    some = np.argsort(shapes.var(axis=0))[-40:]
    expected = np.cov(shapes[:, some], rowvar=False)
    np.testing.assert_allclose(np.cov(drawn[:, some], rowvar=False), expected, atol=0.04)


def test_few_components_vary_within_their_span(train, monkeypatch):
    monkeypatch.setattr(baselines, "_cut", lambda values, fullness: values)
    drawn = baselines.pca_gaussian(train, 3, 50, seed=0).reshape(50, -1)
    assert np.linalg.matrix_rank(drawn - drawn.mean(axis=0), tol=1e-2) == 3


def test_pca_shapes_are_as_full_as_the_shapes(train):
    found = baselines.pca_gaussian(train, 20, 100, seed=0)
    assert found.reshape(100, -1).sum(axis=1).mean() == pytest.approx(train.sizes.mean(), rel=0.05)
