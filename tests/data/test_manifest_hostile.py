"""The manifest's parser: only a manifest or a DamagedFile comes out, whatever goes in."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shapespace.data.manifest import parse_manifest
from shapespace.data.writer import write_store
from shapespace.errors import DamagedFile

SECONDS = float(os.environ.get("SHAPESPACE_FUZZ_SECONDS", "2"))
WILD = [None, True, -1, 0, 1, 2**31, 2**63, 10**30, 1e308, "", "x" * 2000, [], {}, [[]], "\ud800", [None], {"a": 1}]


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    write_store(tmp_path / "a.shapes", np.ones((3, 8, 8, 8), bool))
    return (tmp_path / "a.shapes" / "manifest.json").read_bytes()


HOSTILE = {
    "empty": b"",
    "not text": b"\xff\xfe\x00",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "a list": b"[1, 2]",
    "deep": b"[" * 100_000,
    "deep tables": b'{"a":' * 50_000,
    "long number": b'{"count": ' + b"9" * 100_000 + b"}",
    "NaN": b'{"count": NaN}',
    "too long": b" " * (17 << 20),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused(name: str) -> None:
    with pytest.raises(DamagedFile) as caught:
        parse_manifest(HOSTILE[name])
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("version", 2, "version 2, this program reads version 1"),
        ("format", "zip", "does not say it is one"),
        ("resolution", 10**9, "allowed are whole numbers from 4 to 512"),
        ("resolution", True, "resolution is True"),
        ("count", 4, "the counts need"),
        ("count", 10**7, "is listed with|shards by the counts"),
        ("shard_shapes", 1, "the counts need 64"),
        ("categories", ["a", "a"], "must differ"),
        ("attributes", ["a"], "attributes.f32 is not listed"),
        ("files", {}, "shards by the counts, 0 files listed"),
    ],
)
def test_numbers_that_contradict_are_named(good: bytes, key: str, value: Any, message: str) -> None:
    record = json.loads(good)
    record[key] = value
    with pytest.raises(DamagedFile, match=message):
        parse_manifest(json.dumps(record).encode())


def test_each_missing_key_is_named(good: bytes) -> None:
    for key in json.loads(good):
        record = json.loads(good)
        del record[key]
        with pytest.raises(DamagedFile, match=f"'{key}' is missing"):
            parse_manifest(json.dumps(record).encode())


def test_fuzz(good: bytes) -> None:
    rng = random.Random(0)
    stop, tried = time.monotonic() + SECONDS, 0
    while time.monotonic() < stop:
        assert len(_outcome(_mutated(good, rng))) < 1_000
        tried += 1
    assert tried > 100 * SECONDS


def _outcome(data: bytes) -> str:
    try:
        return type(parse_manifest(data)).__name__
    except DamagedFile as error:
        return str(error)


def _mutated(good: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        record = json.loads(good)
        table = rng.choice([record, record["files"], *record["files"].values()])
        table[rng.choice(sorted(table))] = rng.choice(WILD)
        return json.dumps(record).encode(errors="surrogatepass")
    data = bytearray(good)
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(data))
        data[place : place + rng.choice([0, 1, 1, 20])] = rng.choice([b"", b"[", b"{", b'"', b"9", b"-", b"\\u0000"])
    return bytes(data)
