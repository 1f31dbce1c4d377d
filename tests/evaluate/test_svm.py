"""The SVM is scikit-learn's, faster by a turn that changes nothing; C is chosen without the shapes it is judged on."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.evaluate import svm


def clouds(count: int, dimensions: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    return (
        rng.normal(size=(count, dimensions)) + 0.25 * np.eye(3).repeat(20, 1)[labels] @ np.eye(60, dimensions)
    ).astype(np.float32), labels


def test_turned_features_keep_inner_products():
    (learned, _), (others, _) = clouds(40), clouds(25, seed=1)
    found = svm.turned(learned, others)
    scale = np.square(learned).mean()
    assert found.learned.shape[1] <= 40
    np.testing.assert_allclose(found.learned @ found.learned.T, learned @ learned.T / scale, atol=2e-3)
    np.testing.assert_allclose(found.others @ found.learned.T, others @ learned.T / scale, atol=2e-3)


def test_turned_features_give_the_same_svm():
    from sklearn.svm import LinearSVC

    (learned, labels), (others, _) = clouds(60), clouds(200, seed=1)
    found = svm.turned(learned, others)
    scale = np.sqrt(np.square(learned).mean())
    plain = LinearSVC(C=0.01, class_weight="balanced", random_state=0).fit(learned / scale, labels)
    answers = svm.fit(found.learned, labels, found.others, 0.01)
    assert answers.converged
    assert (answers.answers == plain.predict(others / scale)).mean() >= 0.99


def test_scale_of_features_does_not_matter():
    (learned, _), (others, _) = clouds(60), clouds(50, seed=1)
    one, other = svm.turned(learned, others), svm.turned(learned * 1e-3, others * 1e-3)
    np.testing.assert_allclose(one.learned @ one.learned.T, other.learned @ other.learned.T, rtol=1e-3, atol=1e-2)


def test_solver_that_gives_up_says_so(monkeypatch):
    monkeypatch.setattr(svm, "MOST_PASSES", 1)
    rows, labels = clouds(60)
    assert not svm.fit(rows, labels, rows, 10.0).converged


def test_copies_in_one_fold_teach_nothing():
    # Random labels, six copies of each shape: who lets copies into two folds scores far above chance.
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(40, 100)).repeat(6, axis=0), rng.integers(0, 2, 40).repeat(6)
    found = svm.choose(rows, labels, np.arange(40).repeat(6), grid=(1e-3, 1e-2))
    assert max(found.accuracies.values()) < 0.75
    leaked = svm.choose(rows, labels, np.arange(240), grid=(1e-3, 1e-2))
    assert max(leaked.accuracies.values()) > 0.9


def test_chosen_c_is_the_best_and_of_equals_the_smallest():
    rows, labels = clouds(90)
    found = svm.choose(rows, labels, np.arange(90), grid=(1e-3, 1e-2, 1e-1))
    best = max(found.accuracies.values())
    assert found.c == min(c for c, accuracy in found.accuracies.items() if accuracy == pytest.approx(best))
