"""A store of shapes: bit-packed, memory-mapped, checksummed. Opening reads the manifest and maps the columns.

Every shape that leaves a store was compared with its CRC-32 first: damage is named, never returned. The
shards are read with plain reads, not mapped: a disk that fails then raises an error, where a mapped page
would end the process by SIGBUS.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shapespace.data.manifest import (
    ATTRIBUTES_NAME,
    COLUMNS,
    HINT,
    IDS_NAME,
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SPLITS,
    Manifest,
    parse_manifest,
    shard_name,
)
from shapespace.errors import BadInput, DamagedFile, UsageError
from shapespace.files import sha256

NAMED_AT_MOST = 5
"""Ids an error message lists before it only counts."""

BLOCK = 256
"""Shapes that are held at a time where all of a store is gone through."""


class Store:
    """A folder of shapes, open for reading. Cheap to open and to send to another process.

    Attributes:
        path: The folder.
        manifest: What it holds.
        category_names: Names, by category code.
        category_codes: (n,) uint16.
        split_codes: (n,) uint8, positions in `SPLITS`.
        clusters: (n,) uint32; near duplicates, and copies of one shape, share a number.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the store at `path`; see `open`."""
        self.path = Path(path)
        self._manifest_bytes = _read_manifest(self.path)
        self.manifest: Manifest = parse_manifest(self._manifest_bytes, str(self.path / MANIFEST_NAME))
        self._check_file_sizes()
        self.category_names: list[str] = list(self.manifest.categories)
        self.category_codes = self._column("categories.u16")
        self.split_codes = self._column("splits.u8")
        self.clusters = self._column("clusters.u32")
        self._crcs = self._column("crc32.u32")
        self._id_ends = self._column("id_ends.u64")
        self._ids = self._map(IDS_NAME, np.dtype("u1"))
        self._check_codes()

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Store:
        """Return the store at `path`; takes milliseconds whatever its size.

        Raises:
            BadInput: If there is no store at `path`.
            DamagedFile: If a file is missing, or has another size than the manifest says.
        """
        return cls(path)

    def __len__(self) -> int:
        """Shapes in the store."""
        return self.manifest.count

    def __reduce__(self) -> tuple[Callable[..., Store], tuple[Path]]:
        """Another process opens the folder itself: nothing is copied."""
        return (Store, (self.path,))

    @property
    def distinct(self) -> int:
        """Shapes that are no repeats of others: the first so many; see `data.join`."""
        return len(self) - self.manifest.repeats

    @property
    def resolution(self) -> int:
        """Voxels along a side."""
        return self.manifest.resolution

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Where the shapes come from: source, licence, normalisation, options, counts."""
        return self.manifest.provenance

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest: equal for equal content, so it names the data a space was trained on."""
        import hashlib

        return hashlib.sha256(self._manifest_bytes).hexdigest()

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """Names of the known attributes, the columns of `attributes`."""
        return self.manifest.attributes

    def attributes(self) -> np.ndarray:
        """Return (n, attributes) float32, NaN where a shape's category lacks the attribute."""
        names = self.manifest.attributes
        flat = self._map(ATTRIBUTES_NAME, np.dtype("<f4")) if names else np.empty(0, np.float32)
        return flat.reshape(len(self), len(names))

    def id(self, index: int) -> str:
        """Return the name of one shape, unique in the store.

        Raises:
            DamagedFile: If the table of names is not one.
        """
        low = int(self._id_ends[index - 1]) if index else 0
        high = int(self._id_ends[index])
        if not low <= high <= len(self._ids):
            raise DamagedFile(self.path / "id_ends.u64", f"the name of shape {index} ends at {high}", HINT)
        return self._ids[low:high].tobytes().decode(errors="replace")

    def category(self, index: int) -> str:
        """Return the name of one shape's category."""
        return self.category_names[self.category_codes[index]]

    def split(self, index: int) -> str:
        """Return one shape's split: train, validation or test."""
        return SPLITS[self.split_codes[index]]

    def indices(self, split: str | None = None, category: str | None = None, *, once: bool = False) -> np.ndarray:
        """Return the numbers of the shapes of a split and a category, ascending int64; None means all.

        Args:
            split: train, validation or test.
            category: Its name.
            once: Leave out repeats, which are there to be trained on, not to be looked at or measured.

        Raises:
            UsageError: If the store knows no such split or category.
        """
        chosen = np.ones(len(self), bool)
        chosen[self.distinct :] &= not once
        if split is not None:
            chosen &= self.split_codes == _position(split, SPLITS, "split")
        if category is not None:
            chosen &= self.category_codes == _position(category, self.category_names, "category")
        return np.flatnonzero(chosen)

    def packed(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return (n, ceil(r^3 / 8)) uint8, the checked bits of the shapes in the order asked for.

        Raises:
            DamagedFile: If bytes are not those that were written; shard, ids and checksums are named.
            IndexError: If a number is outside the store.
        """
        wanted = np.asarray(indices, np.int64)
        if len(wanted) and not 0 <= wanted.min() <= wanted.max() < len(self):
            raise IndexError(f"shapes are numbered 0 to {len(self) - 1}, asked for {wanted.min()} to {wanted.max()}")
        bits = np.empty((len(wanted), self.manifest.shape_bytes), np.uint8)
        shards = wanted // self.manifest.shard_shapes
        for shard in np.unique(shards).tolist():
            self._read_shard(shard, wanted, np.flatnonzero(shards == shard), bits)
        return bits

    def read(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return (n, r, r, r) bool, the checked shapes in the order asked for. Raises as `packed` does."""
        r = self.resolution
        return np.unpackbits(self.packed(indices), axis=1, count=r**3).view(bool).reshape(-1, r, r, r)

    def verify(self) -> None:
        """Compare every byte with what was written.

        Raises:
            DamagedFile: At the first damage: a shard by the ids of its damaged shapes, another file by its SHA-256.
        """
        for block in blocks(np.arange(len(self))):
            self.packed(block)
        for name, facts in sorted(self.manifest.files.items()):
            found = sha256(self._file(name))
            if found != facts.sha256:
                raise DamagedFile(self.path / name, f"SHA-256 is {found}, expected {facts.sha256}", HINT)

    def _read_shard(self, shard: int, wanted: np.ndarray, rows: np.ndarray, bits: np.ndarray) -> None:
        size, start = self.manifest.shape_bytes, shard * self.manifest.shard_shapes
        path = self._file(shard_name(shard))
        try:
            with path.open("rb", buffering=0) as file:
                for row in rows.tolist():
                    file.seek((int(wanted[row]) - start) * size)
                    if file.readinto(bits[row]) != size:
                        raise DamagedFile(path, f"ends inside shape {self.id(int(wanted[row]))}", HINT)
        except OSError as error:
            raise DamagedFile(path, f"cannot be read: {error.strerror}", HINT) from error
        self._check_crcs(path, wanted[rows], bits[rows] if len(rows) < len(bits) else bits)

    def _check_crcs(self, path: Path, indices: np.ndarray, bits: np.ndarray) -> None:
        expected = self._crcs[indices].tolist()
        found = [zlib.crc32(row) for row in bits]
        if found == expected:
            return
        bad = [i for i, (is_, should) in enumerate(zip(found, expected, strict=True)) if is_ != should]
        named = ", ".join(
            f"{self.id(int(indices[i]))} (CRC-32 expected {expected[i]:08x}, got {found[i]:08x})"
            for i in bad[:NAMED_AT_MOST]
        )
        more = f" and {len(bad) - NAMED_AT_MOST} more" if len(bad) > NAMED_AT_MOST else ""
        raise DamagedFile(path, f"{len(bad)} damaged shape{'s' * (len(bad) > 1)}: {named}{more}", HINT)

    def _column(self, name: str) -> np.ndarray:
        return self._map(name, COLUMNS[name])

    def _map(self, name: str, kind: np.dtype) -> np.ndarray:
        if self.manifest.files[name].size == 0:
            return np.empty(0, kind)  # an empty file cannot be mapped
        return np.memmap(self._file(name), kind, mode="r")

    def _check_file_sizes(self) -> None:
        for name, facts in self.manifest.files.items():
            path = self._file(name)
            if not path.is_file():
                raise DamagedFile(path, "is missing", HINT)
            if path.stat().st_size != facts.size:
                raise DamagedFile(path, f"has {path.stat().st_size} bytes, expected {facts.size}", HINT)

    def _check_codes(self) -> None:
        if len(self) and self.category_codes.max() >= len(self.category_names):
            raise DamagedFile(self.path / "categories.u16", "names a category the manifest lacks", HINT)
        if len(self) and self.split_codes.max() >= len(SPLITS):
            raise DamagedFile(self.path / "splits.u8", f"names a split beyond {', '.join(SPLITS)}", HINT)

    def _file(self, name: str) -> Path:
        if name != Path(name).name or name in ("", ".", ".."):
            raise DamagedFile(self.path / MANIFEST_NAME, f"lists {name[:80]!r}, which is no plain file name", HINT)
        return self.path / name


def spaced(indices: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of the numbers, evenly spaced: a store's first shapes are often of one category."""
    count = min(most, len(indices))
    return indices[np.arange(count) * len(indices) // max(count, 1)]


def blocks(indices: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the numbers in runs of `BLOCK`: as many shapes as are held at a time by who goes through a store."""
    for start in range(0, len(indices), BLOCK):
        yield indices[start : start + BLOCK]


def _read_manifest(folder: Path) -> bytes:
    path = folder / MANIFEST_NAME
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise DamagedFile(path, f"{path.stat().st_size} bytes, at most {MAX_MANIFEST_BYTES} are allowed", HINT)
        return path.read_bytes()
    except OSError as error:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise BadInput(path, f"cannot be read: {error.strerror}") from None
        hint = "make one with `shapespace data prepare SOURCE --out X.shapes`"
        raise BadInput(folder, "no store of shapes here", hint) from None


def _position(name: str, names: Sequence[str], kind: str) -> int:
    if name not in names:
        raise UsageError(f"no {kind} {name!r}; there are: {', '.join(names) or 'none'}")
    return list(names).index(name)
