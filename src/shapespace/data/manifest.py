"""The manifest of a store: what the folder must hold, to the byte, before anything in it is read.

Store format 1. `X.shapes/` holds `manifest.json`; bits in `shard-00000.bits`, `shard-00001.bits`, ...
(each shape `ceil(resolution^3 / 8)` bytes, first voxel in the highest bit, x slowest, z fastest); and one
little-endian array a column, one entry a shape, in the files of `COLUMNS`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from shapespace.errors import DamagedFile
from shapespace.limits import MAX_NAME_BYTES, MAX_PACK_SHAPES, MAX_RESOLUTION, MIN_RESOLUTION

FORMAT, VERSION = "shapespace store", 1
MANIFEST_NAME = "manifest.json"
SPLITS = ("train", "validation", "test")
MAX_MANIFEST_BYTES = 16 << 20
MAX_CATEGORIES = 65_535
MAX_ATTRIBUTES = 1_024

COLUMNS: dict[str, np.dtype] = {
    "categories.u16": np.dtype("<u2"),
    "splits.u8": np.dtype("u1"),
    "clusters.u32": np.dtype("<u4"),
    "crc32.u32": np.dtype("<u4"),
    "id_ends.u64": np.dtype("<u8"),
}
"""File name and type of each column; `id_ends` are the ends of the ids within `ids.utf8`."""

IDS_NAME, ATTRIBUTES_NAME = "ids.utf8", "attributes.f32"

HINT = "restore the store from a copy, or make it again with `shapespace data prepare`"


@dataclass(frozen=True)
class FileFacts:
    """Size in bytes and SHA-256 of one file."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a store holds.

    Attributes:
        resolution: Voxels along a side.
        count: Shapes.
        shard_shapes: Shapes in each shard but the last.
        categories: Names, by category code.
        attributes: Names of the columns of known attributes; none for most data.
        files: Facts of every other file in the folder, by name.
        provenance: Where the shapes come from: source, licence, normalisation, options, counts by rule.
        repeats: How many of the last shapes are earlier ones once more, so that these weigh more in training.
    """

    resolution: int
    count: int
    shard_shapes: int
    categories: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    files: Mapping[str, FileFacts] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    repeats: int = 0

    @property
    def shape_bytes(self) -> int:
        """Bytes of one packed shape."""
        return math.ceil(self.resolution**3 / 8)

    @property
    def shards(self) -> int:
        """Number of shard files."""
        return math.ceil(self.count / self.shard_shapes)

    def to_json(self) -> bytes:
        """Return the file's content; equal manifests give equal bytes."""
        record = {"format": FORMAT, "version": VERSION, **asdict(self)}
        if not self.repeats:  # no word of it: a store without any reads as it did before there were some
            del record["repeats"]
        return (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()

    def expected_sizes(self) -> dict[str, int]:
        """Return the bytes every file must have by the counts alone; -1 for the ids, whose length is free."""
        sizes = {name: self.count * kind.itemsize for name, kind in COLUMNS.items()}
        sizes[IDS_NAME] = -1
        if self.attributes:
            sizes[ATTRIBUTES_NAME] = self.count * len(self.attributes) * 4
        for shard in range(self.shards):
            held = min(self.shard_shapes, self.count - shard * self.shard_shapes)
            sizes[shard_name(shard)] = held * self.shape_bytes
        return sizes


def shard_name(shard: int) -> str:
    """Return the file name of shard number `shard`."""
    return f"shard-{shard:05d}.bits"


def parse_manifest(data: bytes, name: str = MANIFEST_NAME) -> Manifest:
    """Return the manifest in `data`; every number in it agrees with every other and with the limits.

    Raises:
        DamagedFile: If the bytes are anything else.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        raise DamagedFile(name, f"{len(data)} bytes, at most {MAX_MANIFEST_BYTES} are allowed", HINT)
    record = _strict_json(data, name)
    try:
        manifest = _from_record(record)
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        raise DamagedFile(name, f"not the manifest of a store: {what}", HINT) from None
    _check_sizes(manifest, name)
    return manifest


def _strict_json(data: bytes, name: str) -> dict[str, Any]:
    try:
        record = json.loads(data.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise DamagedFile(name, f"not JSON: {_short(error)}", HINT) from None
    if not isinstance(record, dict):
        raise DamagedFile(name, "not the manifest of a store: no table at the top", HINT)
    return record


def _from_record(record: dict[str, Any]) -> Manifest:
    if record["format"] != FORMAT:
        raise ValueError("it does not say it is one")
    if record["version"] != VERSION:
        raise ValueError(f"version {_short(record['version'])}, this program reads version {VERSION}")
    if not isinstance(record["provenance"], dict) or not isinstance(record["files"], dict):
        raise ValueError("provenance and files must be tables")
    resolution = _whole(record, "resolution", MIN_RESOLUTION, MAX_RESOLUTION)
    count = _whole(record, "count", 0, MAX_PACK_SHAPES)
    return Manifest(
        resolution=resolution,
        count=count,
        shard_shapes=_whole(record, "shard_shapes", 1, MAX_PACK_SHAPES),
        categories=_names(record, "categories", MAX_CATEGORIES),
        attributes=_names(record, "attributes", MAX_ATTRIBUTES),
        files={file: _facts(file, facts) for file, facts in record["files"].items()},
        provenance=record["provenance"],
        repeats=_whole({"repeats": 0, **record}, "repeats", 0, count),
    )


def _whole(record: dict[str, Any], key: str, low: int, high: int) -> int:
    value = record[key]
    if type(value) is not int or not low <= value <= high:  # bool is an int to isinstance
        raise ValueError(f"{key} is {_short(value)}, allowed are whole numbers from {low} to {high}")
    return value


def _names(record: dict[str, Any], key: str, most: int) -> tuple[str, ...]:
    names = record[key]
    if not isinstance(names, list) or len(names) > most or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{key} must be a list of at most {most} names")
    if any(len(name.encode(errors="replace")) > MAX_NAME_BYTES for name in names) or len(set(names)) < len(names):
        raise ValueError(f"{key} must differ and have at most {MAX_NAME_BYTES} bytes each")
    return tuple(names)


def _facts(file: str, facts: Any) -> FileFacts:
    if not isinstance(facts, dict) or not isinstance(facts.get("sha256"), str):
        raise ValueError(f"files: {_short(file)} needs size and sha256")
    return FileFacts(_whole(facts, "size", 0, 1 << 62), facts["sha256"])


def _check_sizes(manifest: Manifest, name: str) -> None:
    if manifest.shards > len(manifest.files):  # before a list of that length is made
        raise DamagedFile(name, f"{manifest.shards} shards by the counts, {len(manifest.files)} files listed", HINT)
    for file, size in manifest.expected_sizes().items():
        facts = manifest.files.get(file)
        if facts is None:
            raise DamagedFile(name, f"{file} is not listed", HINT)
        if size not in (-1, facts.size):
            raise DamagedFile(name, f"{file} is listed with {facts.size} bytes, the counts need {size}", HINT)
    if manifest.files[IDS_NAME].size > manifest.count * MAX_NAME_BYTES:
        raise DamagedFile(name, f"{IDS_NAME} is longer than {MAX_NAME_BYTES} bytes a shape", HINT)


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def _short(value: object) -> str:
    text = ascii(value) if not isinstance(value, Exception) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
