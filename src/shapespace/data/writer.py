"""Writing a store: shapes go in packed and in order, shards and columns come out, the manifest last."""

from __future__ import annotations

import hashlib
import os
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from shapespace.data.manifest import (
    ATTRIBUTES_NAME,
    COLUMNS,
    IDS_NAME,
    MANIFEST_NAME,
    MAX_CATEGORIES,
    SPLITS,
    FileFacts,
    Manifest,
    shard_name,
)
from shapespace.data.store import Store
from shapespace.errors import OutputError, UsageError
from shapespace.files import atomic_dir
from shapespace.limits import MAX_NAME_BYTES

SHARD_BYTES = 64 << 20
"""Bytes of a full shard: 2,048 shapes at 64^3."""

BLOCK_SHAPES = 256
"""Shapes that `write_store` packs at a time."""


class StoreWriter:
    """Fills an empty folder with a store; memory stays flat but for about 60 bytes a shape."""

    def __init__(
        self,
        folder: Path,
        resolution: int,
        *,
        categories: Sequence[str],
        attributes: Sequence[str] = (),
        shard_bytes: int = SHARD_BYTES,
    ) -> None:
        """Begin a store.

        Args:
            folder: Usually from `atomic_dir`, so that no half-written store is ever seen.
            resolution: Voxels along a side.
            categories: All names that will occur; their order gives the codes.
            attributes: Names of the attribute columns, if any.
            shard_bytes: Size of a full shard.
        """
        if len(categories) > MAX_CATEGORIES:
            raise UsageError(f"{len(categories)} categories, at most {MAX_CATEGORIES} fit a store")
        self.folder, self.resolution = folder, resolution
        self.categories, self.attributes = tuple(categories), tuple(attributes)
        self.shape_bytes = -(-(resolution**3) // 8)
        self.shard_shapes = max(1, shard_bytes // self.shape_bytes)
        self._codes = {name: code for code, name in enumerate(self.categories)}
        self._columns = {name: array(kind.char) for name, kind in COLUMNS.items()}
        self._ids, self._values = bytearray(), array("f")
        self._files: dict[str, FileFacts] = {}
        self._shard: IO[bytes] | None = None
        self._hash = hashlib.sha256()
        self.count = 0

    def add(
        self,
        bits: np.ndarray,
        *,
        ids: Sequence[str],
        categories: Sequence[str],
        splits: Sequence[str],
        clusters: Sequence[int] | None = None,
        attributes: Sequence[Mapping[str, float]] | None = None,
    ) -> None:
        """Append shapes.

        Args:
            bits: (n, ceil(r^3 / 8)) uint8, packed as `shapes.grid.pack` does.
            ids: Their names.
            categories: Names of their categories.
            splits: `train`, `validation` or `test`, each.
            clusters: Their duplicate-cluster numbers; None puts each shape in a cluster of its own.
            attributes: Their known attributes by name; None where there are none.
        """
        if bits.shape != (len(ids), self.shape_bytes) or not len(ids) == len(categories) == len(splits):
            raise ValueError(f"{bits.shape} bits, {len(ids)} ids, {len(categories)} categories, {len(splits)} splits")
        own = range(self.count, self.count + len(ids))
        self._columns["categories.u16"].extend(self._codes[name] for name in categories)
        self._columns["splits.u8"].extend(SPLITS.index(split) for split in splits)
        self._columns["clusters.u32"].extend(own if clusters is None else clusters)
        self._columns["crc32.u32"].extend(zlib.crc32(row) for row in np.ascontiguousarray(bits))
        self._add_ids(ids)
        for known in attributes or [{}] * len(ids):
            self._values.extend(float(known.get(name, np.nan)) for name in self.attributes)
        self._add_bits(bits)

    def finish(
        self,
        *,
        provenance: Mapping[str, Any] | None = None,
        extra: Mapping[str, bytes] | None = None,
        repeats: int = 0,
    ) -> None:
        """Write columns, extra files and, last, the manifest.

        Args:
            provenance: Where the shapes come from.
            extra: Contents of further files, by name.
            repeats: How many of the last shapes are earlier ones once more.
        """
        self._close_shard()
        contents = {name: np.array(values, COLUMNS[name]).tobytes() for name, values in self._columns.items()}
        contents[IDS_NAME] = bytes(self._ids)
        if self.attributes:
            contents[ATTRIBUTES_NAME] = np.array(self._values, "<f4").tobytes()
        for name, content in {**contents, **(extra or {})}.items():
            (self.folder / name).write_bytes(content)
            self._files[name] = FileFacts(len(content), hashlib.sha256(content).hexdigest())
        manifest = Manifest(
            resolution=self.resolution,
            count=self.count,
            shard_shapes=self.shard_shapes,
            categories=self.categories,
            attributes=self.attributes,
            files=self._files,
            provenance=dict(provenance or {}),
            repeats=repeats,
        )
        (self.folder / MANIFEST_NAME).write_bytes(manifest.to_json())

    def _add_ids(self, ids: Sequence[str]) -> None:
        for name in ids:
            encoded = name.encode()
            if not 0 < len(encoded) <= MAX_NAME_BYTES:
                raise UsageError(f"the id {name[:40]!r} has {len(encoded)} bytes, allowed are 1 to {MAX_NAME_BYTES}")
            self._ids += encoded
            self._columns["id_ends.u64"].append(len(self._ids))

    def _add_bits(self, bits: np.ndarray) -> None:
        start = 0
        while start < len(bits):
            if self._shard is None:
                self._shard = (self.folder / shard_name(self.count // self.shard_shapes)).open("wb")
            room = self.shard_shapes - self.count % self.shard_shapes
            piece = bits[start : start + room].tobytes()
            self._shard.write(piece)
            self._hash.update(piece)
            written = len(piece) // self.shape_bytes
            start, self.count = start + written, self.count + written
            if self.count % self.shard_shapes == 0:
                self._close_shard()

    def _close_shard(self) -> None:
        if self._shard is None:
            return
        size, name = self._shard.tell(), Path(self._shard.name).name
        self._shard.close()
        self._files[name] = FileFacts(size, self._hash.hexdigest())
        self._shard, self._hash = None, hashlib.sha256()


def write_store(
    path: str | os.PathLike[str],
    voxels: Iterable[np.ndarray],
    *,
    ids: Sequence[str] | None = None,
    categories: Sequence[str] | str = "shape",
    splits: Sequence[str] | str = "train",
    clusters: Sequence[int] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Store:
    """Return the store made at `path` from grids in memory or from an iterator of them.

    Args:
        path: The folder to make; it must not exist.
        voxels: Cubes (r, r, r), nonzero where filled, or one array (n, r, r, r).
        ids: Names; numbers when None.
        categories: A name for each shape, or one for all.
        splits: `train`, `validation` or `test` for each shape, or one for all.
        clusters: Duplicate-cluster numbers; None puts each shape in a cluster of its own.
        provenance: Where the shapes come from.

    Raises:
        OutputError: If `path` exists or cannot be written.
    """
    names = [categories] if isinstance(categories, str) else sorted(set(categories))
    writer: StoreWriter | None = None
    with atomic_dir(path) as folder:
        for block in _blocks(voxels):
            writer = writer or StoreWriter(folder, block.shape[1], categories=names)
            span = range(writer.count, writer.count + len(block))
            writer.add(
                np.packbits(block.reshape(len(block), -1), axis=1),
                ids=[f"{i:06d}" if ids is None else ids[i] for i in span],
                categories=[categories if isinstance(categories, str) else categories[i] for i in span],
                splits=[splits if isinstance(splits, str) else splits[i] for i in span],
                clusters=None if clusters is None else [clusters[i] for i in span],
            )
        if writer is None:
            raise OutputError(f"{path} not written: there are no shapes")
        writer.finish(provenance=provenance)
    return Store.open(path)


def _blocks(voxels: Iterable[np.ndarray]) -> Iterable[np.ndarray]:
    block: list[np.ndarray] = []
    for grid in voxels:
        block.append(np.asarray(grid) != 0)
        if len(block) == BLOCK_SHAPES:
            yield np.stack(block)
            block = []
    if block:
        yield np.stack(block)
