"""Several stores become one: what is learned from grows, and what is held out stays held out.

The splits are kept. Duplicates are looked for over all the stores together: a training shape of one that is a
held-out shape of another is held out in the whole, so that nothing learned from is tested on. A store can be
counted several times, so that few real shapes weigh beside many made ones: its training shapes come again at the
end, where only training looks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from shapespace.data.assemble import NO_LICENCE
from shapespace.data.duplicates import digest, find_clusters, signature
from shapespace.data.manifest import SPLITS
from shapespace.data.sources import printable
from shapespace.data.split import TRAIN, split_clusters
from shapespace.data.store import Store, blocks
from shapespace.data.writer import StoreWriter
from shapespace.errors import UsageError
from shapespace.files import atomic_dir, check_new
from shapespace.limits import MAX_NAME_BYTES, MAX_PACK_SHAPES

MOST_TIMES = 1_000
"""How often a store can be counted."""

Advance = Callable[[int, int], None]
"""Told (shapes done, shapes in all): each is read to be compared, and once more for each time it is written."""


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
            UsageError: If there is no name, or the store is not to be counted 1 to 1,000 times.
        """
        path, colon, times = text.rpartition(":")
        whole = times.isascii() and times.isdecimal()
        if not colon or Path(text).is_dir() or not (whole or Path(path).is_dir()):
            path, times = text, "1"
        elif not (whole and 1 <= int(times[:9]) <= MOST_TIMES):
            raise UsageError(f"{text}: {times!r} is not a number of times; give X.shapes:1 to X.shapes:{MOST_TIMES}")
        if not path:
            raise UsageError("a store's name is empty; give the folders of stores, such as X.shapes")
        return cls(Path(path), int(times))


def join(parts: Sequence[Part], out: Path, *, advance: Advance | None = None) -> int:
    """Return how many shapes changed their split, after the whole was written at `out`.

    Categories of one name become one. Ids begin with the name of their store, `X/`, and those that come again with
    `X#2/`, `X#3/` and so on; they share the cluster of the first.

    Args:
        parts: At least one; no two of one name.
        out: The store to make.
        advance: Told about progress.

    Raises:
        UsageError: If the stores do not fit together, or hold nothing, or too much.
        BadInput: If a store is none.
        DamagedFile: If a shape is not what was written.
        OutputError: If `out` exists or cannot be written.
    """
    check_new(out)
    whole = _Whole(parts)
    told = _Told(advance, 2 * whole.count)
    clusters, splits = whole.decide(told)
    copies = whole.copies(parts, splits)
    repeats = sum(len(copy.rows) for copy in copies if copy.again)
    if whole.count + repeats > MAX_PACK_SHAPES:
        raise UsageError(f"the whole would hold {whole.count + repeats:,} shapes, and {MAX_PACK_SHAPES:,} fit a store")
    told.total += repeats
    names = sorted({name for store in whole.stores for name in store.category_names})
    attributes = sorted({name for store in whole.stores for name in store.attribute_names})
    with atomic_dir(out) as folder:
        writer = StoreWriter(folder, whole.resolution, categories=names, attributes=attributes)
        for copy in copies:
            _append(writer, whole, copy, clusters, splits, told)
        writer.finish(provenance=whole.provenance(parts), repeats=repeats)
    return int((splits != whole.stated).sum())


@dataclass(frozen=True)
class _Copy:
    """Shapes of a store, to be written for the first time or once more."""

    number: int  # of the store
    name: str  # before the ids
    rows: np.ndarray  # of the store
    again: bool


class _Whole:
    """All shapes of the stores in a row, each once."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.stores = [Store.open(part.path) for part in parts]
        self.sizes = [store.distinct for store in self.stores]
        if not sum(self.sizes):
            raise UsageError("there is no shape to join; give stores that hold some")
        self.resolution = self.stores[0].resolution
        self.names = [_name(store.path) for store in self.stores]
        self._check_fit(parts)
        self.ends = np.cumsum(self.sizes).tolist()
        self.count = self.ends[-1]
        self.stated = np.concatenate(
            [store.split_codes[:size] for store, size in zip(self.stores, self.sizes, strict=True)]
        )

    def decide(self, told: Callable[[int], None]) -> tuple[np.ndarray, np.ndarray]:
        """Return (n,) clusters and (n,) splits of all shapes together."""
        signatures, digests = [], []
        for store, size in zip(self.stores, self.sizes, strict=True):
            for rows in blocks(np.arange(size)):
                bits = store.packed(rows)
                signatures.append(signature(bits, self.resolution))
                digests += [digest(row).encode() for row in bits]
                told(len(rows))
        keys = np.array(digests, "S32")
        found = find_clusters(self.packed, np.concatenate(signatures), keys, self._known_clusters())
        # no part is left to draw: all stay where they are, but for those that must not be learned from
        return found.numbers, split_clusters(found.numbers, self._categories(), keys, self.stated, fractions=(0, 0))

    def packed(self, shapes: np.ndarray) -> np.ndarray:
        """Return (n, bytes) uint8, shapes by their number over all stores."""
        bits = np.empty((len(shapes), self.stores[0].manifest.shape_bytes), np.uint8)
        owners = np.array([bisect_right(self.ends, shape) for shape in shapes.tolist()])
        for owner in np.unique(owners).tolist():
            rows = owners == owner
            bits[rows] = self.stores[owner].packed(shapes[rows] - self.start(owner))
        return bits

    def start(self, number: int) -> int:
        """Return the number over all stores of the first shape of one."""
        return self.ends[number - 1] if number else 0

    def copies(self, parts: Sequence[Part], splits: np.ndarray) -> list[_Copy]:
        """Return what is to be written, in order: all shapes once, and then those that come again."""
        found = [
            _Copy(number, name, np.arange(size), again=False)
            for number, (name, size) in enumerate(zip(self.names, self.sizes, strict=True))
        ]
        for number, (part, name, size) in enumerate(zip(parts, self.names, self.sizes, strict=True)):
            own = splits[self.start(number) : self.start(number) + size]
            learned = np.flatnonzero(own == TRAIN)
            if part.times > 1 and not len(learned):
                raise UsageError(f"{part.path} holds no shape to learn from, and only those are counted several times")
            found += [_Copy(number, f"{name}#{time}", learned, again=True) for time in range(2, part.times + 1)]
        return found

    def provenance(self, parts: Sequence[Part]) -> dict[str, Any]:
        """Return where the shapes come from: the same words as a prepared store has, and each part whole."""
        told = [store.provenance for store in self.stores]
        return {
            "source": ", ".join(self.names),
            "licence": "; ".join(dict.fromkeys(str(each.get("licence", NO_LICENCE)) for each in told)),
            "parts": [
                {"name": name, "times": part.times, "digest": store.digest, "provenance": dict(each)}
                for name, part, store, each in zip(self.names, parts, self.stores, told, strict=True)
            ],
        }

    def _check_fit(self, parts: Sequence[Part]) -> None:
        first, paths = self.stores[0], {}
        for store, part, name in zip(self.stores, parts, self.names, strict=True):
            if store.resolution != self.resolution:
                raise UsageError(
                    f"{store.path} is of {store.resolution}^3, {first.path} of {self.resolution}^3; "
                    "prepare them at one --resolution"
                )
            for before in (name, *(f"{name}#{time}" for time in range(2, part.times + 1))):
                if before in paths:
                    raise UsageError(
                        f"the ids of {paths[before]} and of {part.path} would begin alike, with {before!r}; rename a "
                        "folder, or give a store once, with `:TIMES`"
                    )
                paths[before] = part.path

    def _known_clusters(self) -> np.ndarray:
        # mirrored and turned copies are known to belong together; their voxels do not tell
        before, numbers = 0, []
        for store, size in zip(self.stores, self.sizes, strict=True):
            numbers.append(store.clusters[:size].astype(np.int64) + before)
            before += int(store.clusters.max(initial=0)) + 1
        return np.concatenate(numbers)

    def _categories(self) -> np.ndarray:
        names = np.concatenate([
            np.array(store.category_names, str)[store.category_codes[:size]]
            for store, size in zip(self.stores, self.sizes, strict=True)
            if size
        ])  # fmt: skip
        return np.unique(names, return_inverse=True)[1]


class _Told:
    """Counts what was read, and says so."""

    def __init__(self, advance: Advance | None, total: int) -> None:
        self.advance, self.total, self.done = advance, total, 0

    def __call__(self, shapes: int) -> None:
        self.done += shapes
        if self.advance is not None:
            self.advance(self.done, self.total)


def _append(
    writer: StoreWriter,
    whole: _Whole,
    copy: _Copy,
    clusters: np.ndarray,
    splits: np.ndarray,
    told: Callable[[int], None],
) -> None:
    store, start = whole.stores[copy.number], whole.start(copy.number)
    values = store.attributes()
    for rows in blocks(copy.rows):
        writer.add(
            store.packed(rows),
            ids=[_id(copy.name, store, row) for row in rows.tolist()],
            categories=[store.category(row) for row in rows.tolist()],
            splits=[SPLITS[code] for code in splits[start + rows].tolist()],
            clusters=clusters[start + rows].tolist(),
            attributes=[dict(zip(store.attribute_names, row, strict=True)) for row in values[rows].tolist()],
        )
        told(len(rows))


def _id(name: str, store: Store, row: int) -> str:
    whole = f"{name}/{store.id(row)}"
    if len(whole.encode()) > MAX_NAME_BYTES:
        raise UsageError(
            f"{store.path}: with the store's name before it the id {store.id(row)[:40]!r}... is longer than "
            f"{MAX_NAME_BYTES} bytes; rename the folder to something shorter"
        )
    return whole


def _name(path: Path) -> str:
    whole = path.resolve().name
    return printable(whole.removesuffix(".shapes") or whole)
