"""Several stores become one: what is learned from grows, and what is held out stays held out.

The splits are kept. Duplicates are looked for over all the stores together: a training shape of one that is a
held-out shape of another is held out in the whole, so that nothing learned from is tested on. A store can be
counted several times, so that few real shapes weigh beside many made ones; only its training shapes are repeated.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from shapespace.data.duplicates import find_clusters, signature
from shapespace.data.manifest import SPLITS
from shapespace.data.split import TRAIN, split_clusters
from shapespace.data.store import Store
from shapespace.data.writer import StoreWriter
from shapespace.errors import OutputError, UsageError
from shapespace.files import atomic_dir

BLOCK = 256
"""Shapes that are held at a time."""

MOST_TIMES = 1_000

Advance = Callable[[int, int], None]
"""Told (shapes done, shapes in all) as they are read, first to be compared, then to be written."""


@dataclass(frozen=True)
class Part:
    """A store of the whole.

    Attributes:
        path: Its folder.
        times: How often each of its training shapes is in the whole.
    """

    path: Path
    times: int = 1

    @classmethod
    def parse(cls, text: str) -> Part:
        """Return the part that `X.shapes` or `X.shapes:TIMES` names.

        Raises:
            UsageError: If it is to be counted less than once, or more than a thousand times.
        """
        path, colon, times = text.rpartition(":")
        if not (colon and times.isascii() and times.isdecimal()) or Path(text).exists():
            return cls(Path(text))
        if not 1 <= int(times[:9]) <= MOST_TIMES:
            raise UsageError(f"{text}: a store counts from 1 to {MOST_TIMES} times")
        return cls(Path(path), int(times))


def join(parts: Sequence[Part], out: Path, *, advance: Advance | None = None) -> int:
    """Return how many shapes changed their split, after the whole was written at `out`.

    Categories of one name become one. Ids begin with the name of their store; those of repeated shapes end with
    `#2`, `#3` and so on, and share the cluster of the first.

    Args:
        parts: At least one; no store twice.
        out: The store to make.
        advance: Told about progress.

    Raises:
        UsageError: If the stores differ in resolution, or one is given twice.
        BadInput: If a store is none.
        DamagedFile: If a shape is not what was written.
        OutputError: If `out` exists or cannot be written.
    """
    if out.exists():
        raise OutputError(f"{out} exists already; choose another --out or remove it first")
    whole = _Whole(parts)
    told = _Told(advance, 2 * whole.count)
    clusters, splits = whole.decide(told)
    names = sorted({name for store in whole.stores for name in store.category_names})
    attributes = sorted({name for store in whole.stores for name in store.attribute_names})
    with atomic_dir(out) as folder:
        writer = StoreWriter(folder, whole.resolution, categories=names, attributes=attributes)
        for number, part in enumerate(parts):
            for time in range(part.times):
                _append(writer, whole, number, time, clusters, splits, told)
        writer.finish(provenance=whole.provenance(parts))
    return int((splits != whole.stated).sum())


class _Whole:
    """All shapes of the stores in a row, each once."""

    def __init__(self, parts: Sequence[Part]) -> None:
        if not parts:
            raise UsageError("no store was given")
        self.stores = [Store.open(part.path) for part in parts]
        self.resolution = self.stores[0].resolution
        for store in self.stores:
            if store.resolution != self.resolution:
                first = self.stores[0]
                raise UsageError(
                    f"{store.path} is of {store.resolution}^3, {first.path} of {self.resolution}^3; "
                    "prepare them at one --resolution"
                )
        self.names = [_name(store.path) for store in self.stores]
        if twice := {name for name in self.names if self.names.count(name) > 1}:
            raise UsageError(f"two stores are named {min(twice)!r}; give one once, with `:TIMES`, or rename its folder")
        self.ends = np.cumsum([len(store) for store in self.stores]).tolist()
        self.count = self.ends[-1]
        self.stated = np.concatenate([store.split_codes for store in self.stores])

    def decide(self, told: Callable[[int], None]) -> tuple[np.ndarray, np.ndarray]:
        """Return (n,) clusters and (n,) splits of all shapes together."""
        signatures, digests = [], []
        for store in self.stores:
            for rows in _blocks(np.arange(len(store))):
                bits = store.packed(rows)
                signatures.append(signature(bits, self.resolution))
                digests += [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in bits]
                told(len(rows))
        # S16 would cut zero bytes off the end of a digest
        keys = np.array([digest.hex().encode() for digest in digests], "S32")
        found = find_clusters(self.packed, np.concatenate(signatures), keys, self._known_clusters())
        categories = np.unique(list(self._categories()), return_inverse=True)[1]
        # no part is left to draw: all stay where they are, but for those that must not be learned from
        return found.numbers, split_clusters(found.numbers, categories, keys, self.stated, fractions=(0, 0))

    def packed(self, shapes: np.ndarray) -> np.ndarray:
        """Return (n, bytes) uint8, shapes by their number over all stores."""
        bits = np.empty((len(shapes), -(-(self.resolution**3) // 8)), np.uint8)
        owners = np.array([bisect_right(self.ends, shape) for shape in shapes.tolist()])
        for owner in np.unique(owners).tolist():
            rows = owners == owner
            bits[rows] = self.stores[owner].packed(shapes[rows] - self.start(owner))
        return bits

    def start(self, number: int) -> int:
        """Return the number over all stores of the first shape of one."""
        return self.ends[number - 1] if number else 0

    def provenance(self, parts: Sequence[Part]) -> dict[str, Any]:
        """Return where the shapes come from: the same words as a prepared store has, and each part whole."""
        told = [store.provenance for store in self.stores]
        return {
            "source": ", ".join(self.names),
            "licence": "; ".join(dict.fromkeys(str(each.get("licence", "not stated")) for each in told)),
            "parts": [
                {"name": name, "times": part.times, "digest": store.digest, "provenance": dict(each)}
                for name, part, store, each in zip(self.names, parts, self.stores, told, strict=True)
            ],
        }

    def _known_clusters(self) -> np.ndarray:
        # mirrored and turned copies are known to belong together; their voxels do not tell
        before, numbers = 0, []
        for store in self.stores:
            numbers.append(store.clusters.astype(np.int64) + before)
            before += int(store.clusters.max(initial=0)) + 1
        return np.concatenate(numbers)

    def _categories(self) -> Iterator[str]:
        return chain.from_iterable((store.category(i) for i in range(len(store))) for store in self.stores)


class _Told:
    """Counts what was read, and says so."""

    def __init__(self, advance: Advance | None, total: int) -> None:
        self.advance, self.total, self.done = advance, total, 0

    def __call__(self, shapes: int) -> None:
        self.done = min(self.done + shapes, self.total)
        if self.advance is not None:
            self.advance(self.done, self.total)


def _append(
    writer: StoreWriter,
    whole: _Whole,
    number: int,
    time: int,
    clusters: np.ndarray,
    splits: np.ndarray,
    told: Callable[[int], None],
) -> None:
    """Write a store's shapes for the first time, or those to learn from once more."""
    store, start, name = whole.stores[number], whole.start(number), whole.names[number]
    rows = np.arange(len(store))
    if time:
        rows = rows[splits[start : start + len(store)] == TRAIN]
    values = store.attributes()
    again = f"#{time + 1}" if time else ""
    for block in _blocks(rows):
        places = start + block
        writer.add(
            store.packed(block),
            ids=[f"{name}/{store.id(i)}{again}" for i in block.tolist()],
            categories=[store.category(i) for i in block.tolist()],
            splits=[SPLITS[code] for code in splits[places].tolist()],
            clusters=clusters[places].tolist(),
            attributes=[dict(zip(store.attribute_names, row, strict=True)) for row in values[block].tolist()],
        )
        told(0 if time else len(block))


def _name(path: Path) -> str:
    return path.resolve().name.removesuffix(".shapes")


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), BLOCK):
        yield rows[start : start + BLOCK]
