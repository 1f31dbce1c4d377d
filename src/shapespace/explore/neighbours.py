"""The shapes most like one: among a store's, or among those of a space; by D's features, by voxels, by latent vector.

**features**: as the paper does, what D's last convolution answers, pooled by 2. They are seen from the mean of the
space's own shapes and compared by angle; more than `NUMBERS` of them are first mixed down to so many by random signs,
which keeps distances to about a tenth. **voxels**: 1 - IoU; the index holds shapes at 16^3 and proposes, the true
voxels decide. **latent**: the angle about the prior's middle, among shapes whose latent vectors are known.

The index of a store is kept beside it and built anew when store or space are others.

Source: Wu et al. 2016, section 4.1, figure of nearest neighbours. Signs: Achlioptas 2003, *Database-friendly random
projections*.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from shapespace import limits
from shapespace.data.store import Store
from shapespace.errors import UsageError
from shapespace.explore.index import Index, checked, facts_of
from shapespace.explore.interpolate import centre_of
from shapespace.explore.responses import discriminator_of, features
from shapespace.shapes.grid import resize
from shapespace.space import ShapeSpace

KINDS = ("features", "voxels", "latent")
NUMBERS = 256
"""Numbers of features that are kept."""

COARSE = 16
"""Voxels along a side in the index of voxels."""

PROPOSED = 4
"""Times as many shapes as are wanted that the coarse voxels propose."""

ANCHORS = 64
"""Samples whose mean features are the middle that angles are measured about."""

BLOCK = 512
"""Shapes read at a time: 17 MB at 32^3."""


@dataclass(frozen=True)
class Collection:
    """Shapes by number, to be searched among."""

    count: int
    read: Callable[[np.ndarray], np.ndarray]
    """From (n,) numbers to (n, r, r, r) bool."""
    digest: str
    """Equal for equal shapes."""
    resolution: int
    z: np.ndarray | None = None
    """(count, latent_dim), where they are known."""

    def numbers(self, z: np.ndarray) -> np.ndarray:
        """Return which of the shapes each latent vector makes, (m,) int64; -1 where none of them, or of none known.

        Args:
            z: (m, latent_dim); rows of NaN are those of none.
        """
        found = np.full(len(z), -1, np.int64)
        for place, row in enumerate(z if self.z is not None else ()):
            found[place] = next(iter(np.flatnonzero((self.z == row).all(axis=1))), -1)
        return found


def of_store(store: Store) -> Collection:
    """Return the shapes of a store, each once."""
    return Collection(store.distinct, store.read, store.digest, store.resolution)


def of_latents(space: ShapeSpace, z: np.ndarray) -> Collection:
    """Return the shapes of latent vectors, (n, latent_dim); each is decoded when it is read."""
    digest = hashlib.sha256(np.ascontiguousarray(z, "<f4").tobytes()).hexdigest()
    return Collection(len(z), lambda ids: space.decode(z[ids]) > space.threshold, digest, space.resolution, z)


class Neighbours:
    """A collection and its index; `neighbours` makes one.

    Args:
        space: Whose D, or whose prior, compares.
        shapes: That are searched among.
        by: One of `KINDS`.
        index: Of those shapes; None builds it.
        told: Called with the shapes that are in the index so far.

    Raises:
        UsageError: If `by` is another word, or cannot be had of these shapes and this space.
    """

    def __init__(
        self,
        space: ShapeSpace,
        shapes: Collection,
        by: str = "features",
        *,
        index: Index | None = None,
        told: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Take the index, or build it."""
        _check(space, shapes, by)
        self.space, self.shapes, self.by = space, shapes, by
        self._middle = _middle(space) if by == "features" else np.zeros(0, np.float32)
        self.index = index or Index.build(self._vectors(), facts=facts(space, shapes, by), told=told)

    def search(
        self, queries: np.ndarray, k: int = 8, *, without: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
        """Return (numbers, distances) of the most alike, nearest first: (m, k) int64 and (m, k) float32.

        Distances are 1 - cosine by features and by latent, 1 - IoU by voxels.

        Args:
            queries: (m, r, r, r) bool; by latent (m, latent_dim).
            k: How many; fewer are returned if there are fewer.
            without: (m,) number of a shape to leave out of each answer, -1 for none: what is searched among itself is
                its own nearest, and nobody asks for that; see `Collection.numbers`.

        Raises:
            UsageError: If k is out of bounds, or the queries do not fit.
        """
        if without is None or (without < 0).all():
            return self._found(queries, k)
        return _others(*self._found(queries, min(checked(k) + 1, limits.MAX_NEIGHBOURS)), without)

    def _found(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        if self.by == "latent":
            return self.index.search(self._centred(queries), k)
        if queries.ndim != 4 or queries.shape[1:] != (self.shapes.resolution,) * 3:
            raise UsageError(f"a query is {queries.shape[1:]}; the shapes are {self.shapes.resolution}^3")
        if self.by == "features":
            return self.index.search(self._features(queries), k)
        proposed = self.index.search(_coarse(queries), min(PROPOSED * checked(k) + 16, limits.MAX_NEIGHBOURS))[0]
        rows = [self._decided(query, ids, k) for query, ids in zip(queries, proposed, strict=True)]
        shape = (len(rows), min(k, len(self.index)))
        ids, distances = [row[0] for row in rows], [row[1] for row in rows]
        return np.array(ids, np.int64).reshape(shape), np.array(distances, np.float32).reshape(shape)

    def _decided(self, query: np.ndarray, ids: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the best of the shapes that were proposed, by their true voxels."""
        ids = np.sort(ids)
        grids = self.shapes.read(ids)
        both, either = (np.count_nonzero(part, axis=(1, 2, 3)) for part in (grids & query, grids | query))
        distances = np.where(either > 0, 1 - both / np.maximum(either, 1), 0)  # two empty ones are equal
        order = np.argsort(distances, kind="stable")[:k]
        return ids[order], distances[order]

    def _vectors(self) -> Iterator[np.ndarray]:
        for start in range(0, self.shapes.count, BLOCK):
            ids = np.arange(start, min(start + BLOCK, self.shapes.count))
            if self.by == "latent" and self.shapes.z is not None:
                yield self._centred(self.shapes.z[ids])
                continue
            grids = self.shapes.read(ids)
            yield self._features(grids) if self.by == "features" else _coarse(grids)

    def _features(self, voxels: np.ndarray) -> np.ndarray:
        return mixed(features(self.space, voxels) - self._middle)

    def _centred(self, z: np.ndarray) -> np.ndarray:
        return np.asarray(z, np.float32) - np.float32(centre_of(self.space.prior))


def neighbours(
    space: ShapeSpace,
    store: Store,
    by: str = "features",
    *,
    path: str | PathLike[str] | None = None,
    told: Callable[[int], object] = lambda _: None,
) -> Neighbours:
    """Return what finds the shapes of a store that are most like a given one.

    Args:
        space: Whose D compares.
        store: At the space's resolution.
        by: "features" or "voxels".
        path: Of the index; beside the store if None. It is read where it fits, else built and written.
        told: Called with the shapes that are in the index so far, if it is built.

    Raises:
        UsageError: If `by` is another word, or the store does not fit the space.
        DamagedFile: If the index is there and damaged.
        OutputError: If the index cannot be written.
    """
    shapes = of_store(store)
    _check(space, shapes, by)
    place = beside(store.path, by) if path is None else Path(path)
    if place.is_file() and facts_of(place) == facts(space, shapes, by):
        return Neighbours(space, shapes, by, index=Index.load(place))
    found = Neighbours(space, shapes, by, told=told)
    found.index.save(place)
    return found


def beside(store: str | PathLike[str], by: str) -> Path:
    """Return where the index of a store is kept: chairs.shapes has chairs.shapes.features.index."""
    path = Path(store).resolve()
    return path.with_name(f"{path.name}.{by}.index")


def facts(space: ShapeSpace, shapes: Collection, by: str) -> dict[str, str | int]:
    """Return what an index must have been built from to fit."""
    seen_by = _digest(space) if by == "features" else ""
    return {"shapes": shapes.digest, "count": shapes.count, "by": by, "space": seen_by, "version": 1}


def mixed(rows: np.ndarray) -> np.ndarray:
    """Return (n, NUMBERS) float32: longer rows mixed by random signs, always the same; shorter ones as they are."""
    if rows.shape[1] <= NUMBERS:
        return rows
    words = np.random.Philox(key=rows.shape[1]).random_raw(rows.shape[1] * NUMBERS // 64)  # the same for ever
    signs = np.unpackbits(words.astype("<u8").view(np.uint8)).reshape(rows.shape[1], NUMBERS)
    return rows @ (2 * signs.astype(np.float32) - 1) / np.float32(NUMBERS**0.5)


def _others(ids: np.ndarray, distances: np.ndarray, without: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows that are one shorter: without that number, or without the farthest where it is not there."""
    kept = ids != without[:, None]
    kept[kept.all(axis=1), -1] = False
    shape = (len(ids), ids.shape[1] - 1)
    return ids[kept].reshape(shape), distances[kept].reshape(shape)


def _middle(space: ShapeSpace) -> np.ndarray:
    """Return the mean features of the space's own shapes: without them all angles are small."""
    return features(space, space.decode(space.latents(ANCHORS)) > space.threshold).mean(axis=0)


def _coarse(voxels: np.ndarray) -> np.ndarray:
    """Return bits of shapes at `COARSE`, or at their own resolution if that is lower, (n, bytes) uint8."""
    side = min(voxels.shape[-1], COARSE)
    grids = np.zeros((len(voxels), side, side, side), bool)
    for grid, row in zip(voxels, grids, strict=True):
        row[...] = resize(grid, side)
    return np.packbits(grids.reshape(len(grids), -1), axis=1)


def _digest(space: ShapeSpace) -> str:
    """Return the SHA-256 of both networks' weights: the features follow from D's, their middle from G's."""
    found = hashlib.sha256()
    for network in (space.generator, discriminator_of(space)):
        for name, weights in sorted(network.state_dict().items()):
            found.update(name.encode() + weights.cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def _check(space: ShapeSpace, shapes: Collection, by: str) -> None:
    if by not in KINDS:
        raise UsageError(f"by is {by!r}; use {', '.join(KINDS)}")
    if by == "latent" and shapes.z is None:
        raise UsageError("the latent vectors of these shapes are not known; search by features or by voxels")
    if by == "features" and discriminator_of(space).resolution != shapes.resolution:
        side = discriminator_of(space).resolution
        raise UsageError(f"the shapes are {shapes.resolution}^3 and the space {side}^3; prepare them at {side}")
