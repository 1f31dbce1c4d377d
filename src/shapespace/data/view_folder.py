"""A folder of views, X.views: WebP pictures in shards, an index, checksums; what `data render` makes.

View format 1. `manifest.json`; the 72 pictures of each shape, RGBA in WebP, one after the other in
`views-00000.webp`, `views-00001.webp`, ...; one little-endian array a column in the files of `COLUMNS`. Opening
checks every size; a picture is compared with its CRC-32 before it is decoded.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shapespace.data.manifest import IDS_NAME, MANIFEST_NAME, MAX_MANIFEST_BYTES, SPLITS, FileFacts
from shapespace.errors import DamagedFile, UsageError
from shapespace.limits import MAX_NAME_BYTES, MAX_PACK_SHAPES
from shapespace.shapes import views as ring

FORMAT, VERSION = "shapespace views", 1
HINT = "restore the views from a copy, or make them again with `shapespace data render`"


class Column(NamedTuple):
    """Type of a column, and how many entries it has a shape."""

    kind: np.dtype
    entries: int


COLUMNS = {
    "ends.u32": Column(np.dtype("<u4"), ring.COUNT),
    "crc32.u32": Column(np.dtype("<u4"), ring.COUNT),
    "angles.f32": Column(np.dtype("<f4"), 2 * ring.COUNT),
    "categories.u16": Column(np.dtype("<u2"), 1),
    "splits.u8": Column(np.dtype("u1"), 1),
    "id_ends.u64": Column(np.dtype("<u8"), 1),
}
"""By file name; `ends` count from the beginning of a shard, `angles` are azimuth and elevation in degrees."""


@dataclass(frozen=True)
class ViewManifest:
    """What a folder of views holds.

    Attributes:
        count: Shapes.
        shard_shapes: Shapes of each shard.
        seed: Of light, material and camera.
        quality: Of WebP.
        shapes_digest: Names the shapes: a store's digest.
        categories: Names, by category code.
        files: Facts of every other file, by name.
        provenance: Where the shapes come from.
    """

    count: int
    shard_shapes: tuple[int, ...]
    seed: int
    quality: int
    shapes_digest: str
    categories: tuple[str, ...]
    files: Mapping[str, FileFacts] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> bytes:
        """Return the file's content; equal manifests give equal bytes."""
        record = {"format": FORMAT, "version": VERSION, "views": ring.COUNT, "size": ring.SIZE, **asdict(self)}
        return (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def shard_name(shard: int) -> str:
    """Return the file name of shard number `shard`."""
    return f"views-{shard:05d}.webp"


def is_views(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a folder of views at `path`, by the first words of its manifest."""
    try:
        with (Path(path) / MANIFEST_NAME).open("rb") as file:
            return FORMAT.encode() in file.read(MAX_MANIFEST_BYTES)
    except OSError:
        return False


class StoredViews:
    """The pictures of a folder of views.

    Attributes:
        path: The folder.
        manifest: What it holds.
        digest: SHA-256 of the manifest: equal for equal pictures.
        shapes_digest: Names the shapes that were drawn.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the folder at `path`.

        Raises:
            DamagedFile: If a file is missing or has another size than it must have, or the manifest is none.
        """
        self.path = Path(path)
        content = _manifest_bytes(self.path / MANIFEST_NAME)
        self.manifest = parse_manifest(content, str(self.path / MANIFEST_NAME))
        self.digest, self.shapes_digest = hashlib.sha256(content).hexdigest(), self.manifest.shapes_digest
        self._check_sizes()
        self._columns = {name: self._column(name) for name in COLUMNS}
        self._firsts = np.concatenate([[0], np.cumsum(self.manifest.shard_shapes)]).astype(np.int64)
        self._check_columns()

    def __len__(self) -> int:
        """Shapes there are views of."""
        return self.manifest.count

    def __reduce__(self) -> tuple[Callable[..., StoredViews], tuple[Path]]:
        """Another process opens the folder itself."""
        return (StoredViews, (self.path,))

    def indices(self, split: str | None = None, category: str | None = None) -> np.ndarray:
        """Return the numbers of the shapes of a split and a category, ascending int64; None means all.

        Raises:
            UsageError: If there is no such split or category.
        """
        chosen = np.ones(len(self), bool)
        for word, names, column in (
            (split, SPLITS, "splits.u8"),
            (category, self.manifest.categories, "categories.u16"),
        ):
            if word is not None and word not in names:
                raise UsageError(f"no {word!r} here; there are: {', '.join(names)}")
            if word is not None:
                chosen &= self._columns[column] == names.index(word)
        return np.flatnonzero(chosen)

    def split(self, index: int) -> str:
        """Return a shape's split."""
        return SPLITS[self._columns["splits.u8"][index]]

    def id(self, index: int) -> str:
        """Return the name of a shape."""
        ends = self._columns["id_ends.u64"]
        low, high = int(ends[index - 1]) if index else 0, int(ends[index])
        return (self.path / IDS_NAME).read_bytes()[low:high].decode(errors="replace")

    def view(self, index: int, view: int, seed: Sequence[int] = ()) -> tuple[np.ndarray, float]:
        """Return (size, size, 4) uint8 RGBA and the elevation it was seen from; the seed was settled when it was drawn.

        Raises:
            DamagedFile: If the picture is not the one that was written.
            IndexError: If there is no such shape or view.
        """
        if not (0 <= index < len(self) and 0 <= view < ring.COUNT):
            raise IndexError(f"shape {index}, view {view}; there are {len(self)} shapes of {ring.COUNT} views")
        shard = int(np.searchsorted(self._firsts, index, side="right")) - 1
        place = index * ring.COUNT + view
        is_first = place == self._firsts[shard] * ring.COUNT
        low, high = 0 if is_first else int(self._columns["ends.u32"][place - 1]), int(self._columns["ends.u32"][place])
        picture = self._decoded(self.path / shard_name(shard), low, high, place)
        return picture, float(self._columns["angles.f32"][2 * place + 1])

    def _decoded(self, path: Path, low: int, high: int, place: int) -> np.ndarray:
        from PIL import Image

        named = f"view {place % ring.COUNT} of shape {place // ring.COUNT}"
        try:
            with path.open("rb", buffering=0) as file:
                file.seek(low)
                content = file.read(max(high - low, 0))
        except OSError as error:
            raise DamagedFile(path, f"cannot be read: {error.strerror}", HINT) from error
        if zlib.crc32(content) != int(self._columns["crc32.u32"][place]):
            raise DamagedFile(path, f"{named} is not what was written", HINT)
        try:
            with Image.open(io.BytesIO(content), formats=("WEBP",)) as image:
                if image.size != (ring.SIZE, ring.SIZE):
                    raise DamagedFile(path, f"{named} has {image.size} pixels", HINT)
                return np.asarray(image.convert("RGBA"))
        except (OSError, ValueError, SyntaxError) as error:
            raise DamagedFile(path, f"{named} cannot be decoded: {error}", HINT) from None

    def _column(self, name: str) -> np.ndarray:
        return np.frombuffer((self.path / name).read_bytes(), COLUMNS[name].kind)

    def _check_sizes(self) -> None:
        expected = {name: kind.itemsize * entries * len(self) for name, (kind, entries) in COLUMNS.items()}
        expected |= {shard_name(shard): -1 for shard in range(len(self.manifest.shard_shapes))} | {IDS_NAME: -1}
        for name, size in expected.items():
            facts, file = self.manifest.files.get(name), self.path / name
            if facts is None or not file.is_file():
                raise DamagedFile(file, "is missing", HINT)
            if file.stat().st_size != facts.size or size not in (-1, facts.size):
                raise DamagedFile(file, f"has {file.stat().st_size} bytes, expected {max(size, facts.size)}", HINT)

    def _check_columns(self) -> None:
        if self._columns["splits.u8"].max() >= len(SPLITS):
            raise DamagedFile(self.path / "splits.u8", "names a split there is not", HINT)
        if self._columns["categories.u16"].max() >= len(self.manifest.categories):
            raise DamagedFile(self.path / "categories.u16", "names a category there is not", HINT)


def parse_manifest(content: bytes, name: str) -> ViewManifest:
    """Return the manifest in `content`.

    Raises:
        DamagedFile: If it is anything else.
    """
    try:
        record = json.loads(content)
        if (record["format"], record["version"]) != (FORMAT, VERSION):
            raise ValueError("it does not say it is one of version 1")
        if (record["views"], record["size"]) != (ring.COUNT, ring.SIZE):
            raise ValueError(f"it is not of {ring.COUNT} views of {ring.SIZE} pixels")
        shards = tuple(record["shard_shapes"])
        if not all(type(held) is int and held >= 0 for held in shards) or not 1 <= sum(shards) <= MAX_PACK_SHAPES:
            raise ValueError("its shards have no numbers of shapes that can be")
        if record["count"] != sum(shards) or record["files"][IDS_NAME]["size"] > sum(shards) * MAX_NAME_BYTES:
            raise ValueError("its numbers do not agree")
        return ViewManifest(
            count=sum(shards),
            shard_shapes=shards,
            seed=int(record["seed"]),
            quality=int(record["quality"]),
            shapes_digest=str(record["shapes_digest"]),
            categories=tuple(map(str, record["categories"])),
            files={
                str(file): FileFacts(int(facts["size"]), facts["sha256"]) for file, facts in record["files"].items()
            },
            provenance=dict(record["provenance"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)[:120]
        raise DamagedFile(name, f"not the manifest of views: {what}", HINT) from None


def _manifest_bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_MANIFEST_BYTES:
            raise DamagedFile(path, f"{path.stat().st_size} bytes, at most {MAX_MANIFEST_BYTES} are allowed", HINT)
        return path.read_bytes()
    except OSError as error:
        raise DamagedFile(path, f"cannot be read: {error.strerror}", HINT) from None
