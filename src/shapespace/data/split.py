"""Who is trained on and who is kept apart: by duplicate cluster and category, never by file.

The rule. A cluster goes into one split whole. Official splits are kept: a cluster with an official test shape
in it goes to test, one with an official validation shape to validation, so nothing learned from is tested on;
the official test set stays complete, and training loses the shapes that straddle. The other clusters of each
category are taken in the order of a hash of their content, so neither file names nor their order matter, and
fill test, then validation, up to their fractions; a cluster that would overfill either, and the rest, are for
training. A cluster with an official training shape never goes to test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapespace.data.manifest import SPLITS

TRAIN, VALIDATION, TEST = range(len(SPLITS))
UNKNOWN = -1
"""Official split of a shape whose source names none."""

FRACTIONS = (0.1, 0.1)
"""Parts of each category for validation and for test."""


@dataclass
class _Cluster:
    key: bytes  # smallest digest of its members: what it holds decides its place, not where it stood
    category: int
    size: int = 0
    official: int = UNKNOWN


def split_clusters(
    clusters: np.ndarray,
    categories: np.ndarray,
    digests: np.ndarray,
    official: np.ndarray,
    *,
    fractions: tuple[float, float] = FRACTIONS,
) -> np.ndarray:
    """Return (n,) uint8 splits, 0 train, 1 validation, 2 test, equal within each cluster.

    Args:
        clusters: (n,) cluster numbers.
        categories: (n,) category codes; a cluster of several counts as the category of its smallest digest.
        digests: (n,) bytes, a hash of each shape's content.
        official: (n,) the split the source states, or `UNKNOWN`.
        fractions: Parts for validation and for test.
    """
    found = _gather(clusters, categories, digests, official)
    chosen: dict[int, int] = {}
    for category in np.unique(categories).tolist():
        members = {number: c for number, c in found.items() if c.category == category}
        chosen.update(_split_category(members, fractions))
    return np.array([chosen[number] for number in clusters.tolist()], np.uint8)


def _gather(
    clusters: np.ndarray, categories: np.ndarray, digests: np.ndarray, official: np.ndarray
) -> dict[int, _Cluster]:
    found: dict[int, _Cluster] = {}
    rows = zip(clusters.tolist(), categories.tolist(), digests.tolist(), official.tolist(), strict=True)
    for number, category, digest, stated in rows:
        cluster = found.setdefault(number, _Cluster(digest, category))
        cluster.key, cluster.category = min((cluster.key, cluster.category), (digest, category))
        cluster.size += 1
        cluster.official = max(cluster.official, stated)  # test outranks validation outranks train
    return found


def _split_category(members: dict[int, _Cluster], fractions: tuple[float, float]) -> dict[int, int]:
    total = sum(cluster.size for cluster in members.values())
    room = {VALIDATION: round(total * fractions[0]), TEST: round(total * fractions[1])}
    chosen: dict[int, int] = {}
    for number, cluster in members.items():
        if cluster.official in room:
            chosen[number] = cluster.official
            room[cluster.official] -= cluster.size
    for number, cluster in sorted(members.items(), key=lambda item: item[1].key):
        if number not in chosen:
            chosen[number] = _first_with_room(cluster, room)
    return chosen


def _first_with_room(cluster: _Cluster, room: dict[int, int]) -> int:
    for split in (TEST, VALIDATION):
        if cluster.size <= room[split] and not (split == TEST and cluster.official == TRAIN):
            room[split] -= cluster.size
            return split
    return TRAIN
