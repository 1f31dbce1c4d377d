"""Duplicate clusters: what brute force finds, found fast."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from shapespace.data.duplicates import Clusters, find_clusters, signature
from shapespace.data.pairs import candidates
from shapespace.shapes.grid import iou


def cluster(grids: np.ndarray, groups: np.ndarray | None = None) -> Clusters:
    bits = np.packbits(grids.reshape(len(grids), -1), axis=1)
    digests = np.array([hashlib.sha256(row.tobytes()).hexdigest()[:32].encode() for row in bits])
    groups = np.arange(len(grids)) if groups is None else groups
    return find_clusters(lambda shapes: bits[shapes], signature(bits, grids.shape[1]), digests, groups)


def families(seed: int, resolution: int = 16) -> np.ndarray:
    """Return shapes with relatives at all distances around IoU 0.95, shuffled."""
    rng = np.random.default_rng(seed)
    shapes = []
    for _ in range(6):
        parent = rng.random((resolution,) * 3) < rng.uniform(0.02, 0.5)
        for change in (0, 0, 0.01, 0.02, 0.025, 0.03, 0.05, 0.1):
            flips = rng.random(parent.shape) < change * parent.mean()
            shapes.append(parent ^ flips)
    return np.array(shapes)[rng.permutation(len(shapes))]


def by_brute_force(grids: np.ndarray) -> list[set[int]]:
    sets = [{i} for i in range(len(grids))]
    for i in range(len(grids)):
        for j in range(i):
            if iou(grids[i], grids[j]) >= 0.95 and sets[i] is not sets[j]:
                sets[i] |= sets[j]
                for member in sets[i]:
                    sets[member] = sets[i]
    return sets


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("resolution", [12, 16])
def test_the_clusters_are_those_of_all_pairs(seed: int, resolution: int) -> None:
    grids = families(seed, resolution)
    expected = by_brute_force(grids)
    numbers = cluster(grids).numbers
    for i in range(len(grids)):
        assert set(np.flatnonzero(numbers == numbers[i]).tolist()) == expected[i]


def test_the_limit_is_exact() -> None:
    whole = np.zeros((8, 8, 8), bool)
    whole.ravel()[:100] = True
    at, below = whole.copy(), whole.copy()
    at.ravel()[95:100] = False  # IoU 0.95
    below.ravel()[94:100] = False  # IoU 0.94
    assert cluster(np.stack([whole, at])).numbers.tolist() == [0, 0]
    assert cluster(np.stack([whole, below])).numbers.tolist() == [0, 1]


def test_counts_tell_equal_from_near() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 16, 16, 16)) < 0.5
    near = a.copy()
    near[0, 0, 0] ^= True
    found = cluster(np.stack([a, b, a, near, a]))
    assert (found.exact, found.near, found.count) == (2, 1, 2)
    assert found.numbers.tolist() == [0, 1, 0, 0, 0]


def test_copies_of_a_shape_are_no_duplicates_but_one_cluster() -> None:
    grids = np.random.default_rng(0).random((4, 8, 8, 8)) < 0.5
    found = cluster(np.concatenate([grids, grids[:1]]), np.array([0, 0, 1, 1, 2]))
    assert found.numbers.tolist() == [0, 0, 1, 1, 0]
    assert (found.exact, found.near) == (1, 0)


def test_equal_shapes_without_number_cost_no_pairs() -> None:
    grids = np.repeat(np.random.default_rng(0).random((1, 16, 16, 16)) < 0.5, 3_000, axis=0)
    assert cluster(grids).count == 1


@pytest.mark.parametrize("resolution", [4, 5, 8, 16, 24, 32, 40, 64])
def test_signatures_add_up(resolution: int) -> None:
    grids = np.random.default_rng(0).random((3, resolution, resolution, resolution)) < 0.5
    cells = signature(np.packbits(grids.reshape(3, -1), axis=1), resolution)
    assert cells.shape[1] <= 64
    assert cells.sum(axis=1).tolist() == grids.sum(axis=(1, 2, 3)).tolist()


def test_candidates_never_lose_a_pair() -> None:
    grids = families(3)
    bits = np.packbits(grids.reshape(len(grids), -1), axis=1)
    order = np.argsort(grids.sum(axis=(1, 2, 3)), kind="stable")
    cells = signature(bits, 16)[order].astype(np.int32)
    for row in range(len(grids)):
        near = {j for j in range(row + 1, len(grids)) if iou(grids[order[row]], grids[order[j]]) >= 0.95}
        assert near <= set(candidates(cells, cells.sum(axis=1, dtype=np.int64), row).tolist())
