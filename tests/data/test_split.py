"""Splits: clusters stay whole, official tests stay tests, and only content decides."""

from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shapespace.data.split import TEST, TRAIN, UNKNOWN, VALIDATION, split_clusters


@st.composite
def data_sets(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    count = draw(st.integers(1, 80))
    numbers = st.lists(st.integers(0, draw(st.integers(0, 60))), min_size=count, max_size=count)
    clusters = np.array(draw(numbers))
    categories = np.array(draw(st.lists(st.integers(0, 3), min_size=count, max_size=count)))
    official = np.array(draw(st.lists(st.integers(UNKNOWN, TEST), min_size=count, max_size=count)))
    return clusters, categories, digests(count), official


def digests(count: int) -> np.ndarray:
    return np.array([hashlib.sha256(str(i).encode()).hexdigest()[:32].encode() for i in range(count)])


@given(data_sets())
def test_no_cluster_is_ever_separated(data: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]) -> None:
    clusters, *_ = data
    splits = split_clusters(*data)
    for number in np.unique(clusters):
        assert len(set(splits[clusters == number].tolist())) == 1


@given(data_sets(), st.randoms(use_true_random=False))
def test_the_order_of_the_shapes_does_not_matter(
    data: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], random: object
) -> None:
    order = np.arange(len(data[0]))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert (split_clusters(*(column[order] for column in data)) == split_clusters(*data)[order]).all()


@given(data_sets())
def test_an_official_test_shape_is_never_trained_on(
    data: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> None:
    clusters, _, _, official = data
    splits = split_clusters(*data)
    assert (splits[official == TEST] == TEST).all()
    straddling = np.isin(clusters, clusters[official == TEST])
    assert (splits[straddling] == TEST).all()
    assert not (splits[(official == TRAIN) & ~straddling] == TEST).any()


def test_each_category_gets_its_parts() -> None:
    count = 1_000
    categories = np.arange(count) % 4
    splits = split_clusters(np.arange(count), categories, digests(count), np.full(count, UNKNOWN))
    for category in range(4):
        assert np.bincount(splits[categories == category], minlength=3).tolist() == [200, 25, 25]


def test_official_training_shapes_lend_the_validation_set_only() -> None:
    count = 100
    splits = split_clusters(np.arange(count), np.zeros(count, int), digests(count), np.full(count, TRAIN))
    assert np.bincount(splits, minlength=3).tolist() == [90, 10, 0]


def test_a_large_cluster_goes_to_training() -> None:
    clusters = np.array([0] * 60 + list(range(1, 41)))
    splits = split_clusters(clusters, np.zeros(100, int), digests(100), np.full(100, UNKNOWN))
    assert splits[0] == TRAIN
    assert np.bincount(splits, minlength=3).tolist() == [80, 10, 10]


def test_fractions_are_kept() -> None:
    splits = split_clusters(np.arange(50), np.zeros(50, int), digests(50), np.full(50, UNKNOWN), fractions=(0.2, 0.0))
    assert np.bincount(splits, minlength=3).tolist() == [40, 10, 0]
    assert VALIDATION in splits
