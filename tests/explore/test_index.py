"""The index: the nearest by brute force, the same after a file, and no damaged file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapespace import limits
from shapespace.errors import BadInput, DamagedFile, OutputError, UsageError
from shapespace.explore import index as module
from shapespace.explore.index import MAGIC, Index, facts_of


def drawn(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


def cosine_distances(queries: np.ndarray, rows: np.ndarray) -> np.ndarray:
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (queries, rows)]
    return 1 - unit[0] @ unit[1].T


def test_the_nearest_by_angle_are_those_of_brute_force():
    rows, queries = drawn(500, 32), drawn(20, 32, seed=1)
    numbers, distances = Index.build(rows).search(queries, 5)
    true = cosine_distances(queries, rows)
    assert distances == pytest.approx(np.take_along_axis(true, numbers, 1), abs=0.02)
    assert distances == pytest.approx(np.sort(true, axis=1)[:, :5], abs=0.02)
    assert (np.diff(distances, axis=1) >= 0).all()


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 40), k=st.integers(1, 50), seed=st.integers(0, 99))
def test_bits_are_compared_by_one_less_iou(n, k, seed):
    grids = np.random.default_rng(seed).random((n, 64)) < 0.4
    grids[:, 0] = True  # two empty ones have no IoU to agree on
    numbers, distances = Index.build(np.packbits(grids, axis=1)).search(np.packbits(grids[:1], axis=1), k)
    ious = (grids & grids[0]).sum(1) / (grids | grids[0]).sum(1)
    assert distances[0] == pytest.approx(np.sort(1 - ious)[:k], abs=1e-6)
    assert distances[0] == pytest.approx(1 - ious[numbers[0]], abs=1e-6)


def test_one_query_has_one_row_of_answers():
    index = Index.build(drawn(9, 8))
    numbers, distances = index.search(drawn(9, 8)[4], 3)
    assert numbers.shape == distances.shape == (3,)
    assert numbers[0] == 4
    assert index.search(np.zeros((0, 8), np.float32), 3)[0].shape == (0, 3)


def test_blocks_are_one_index():
    rows = drawn(50, 8)
    counted: list[int] = []
    whole, parts = Index.build(rows), Index.build((rows[i : i + 20] for i in (0, 20, 40)), told=counted.append)
    assert counted == [20, 40, 50]
    assert np.array_equal(whole.search(rows, 4)[0], parts.search(rows, 4)[0])


def test_the_graph_finds_what_brute_force_finds(monkeypatch):
    rows = drawn(3000, 8) @ drawn(8, 24, seed=2)
    index = Index.build(rows)
    exact = index.search(rows[:200], 10)[0]
    monkeypatch.setattr(module, "EXACT_UP_TO", 0)
    walked = index.search(rows[:200], 10)[0]
    hits = [len(set(a) & set(b)) for a, b in zip(exact.tolist(), walked.tolist(), strict=True)]
    assert np.mean(hits) >= 9.5


def test_it_is_the_same_index_after_a_file(tmp_path):
    rows = drawn(100, 16)
    index = Index.build(rows, facts={"of": "chairs", "count": 100})
    index.save(tmp_path / "x.index")
    again = Index.load(tmp_path / "x.index")
    assert again.facts == facts_of(tmp_path / "x.index") == {"of": "chairs", "count": 100}
    assert len(again) == 100
    for a, b in zip(index.search(rows, 7), again.search(rows, 7), strict=True):
        assert np.array_equal(a, b)


def test_the_same_vectors_are_the_same_file(tmp_path):
    for name in "ab":
        Index.build(drawn(300, 16)).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_damaged_byte_and_every_cut_is_found(tmp_path):
    path = tmp_path / "x.index"
    Index.build(drawn(10, 8), facts={"k": 1}).save(path)
    whole = path.read_bytes()
    for at in [*range(0, len(whole), 37), len(whole) - 1]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            found = Index.load(path)
        except DamagedFile:
            continue
        assert found.facts != {"k": 1}  # a letter of the facts: they no longer fit, and it is built again
    for size in [0, 5, len(MAGIC), len(MAGIC) + 4, len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:size])
        with pytest.raises(DamagedFile):
            Index.load(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(DamagedFile):
        Index.load(path)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{",
        b"[" * 50_000,
        json.dumps({"facts": {}, "bytes": limits.MAX_INDEX_BYTES + 1, "sha256": ""}).encode(),
        json.dumps({"facts": {}, "bytes": True, "sha256": ""}).encode(),
        json.dumps({"facts": [], "bytes": 1, "sha256": ""}).encode(),
        json.dumps({"facts": {}, "bytes": 1, "sha256": 3}).encode(),
        b"\xff\xfe",
    ],
)
def test_a_header_that_is_none_is_refused(tmp_path, header):
    path = tmp_path / "x.index"
    path.write_bytes(MAGIC + len(header).to_bytes(4, "little") + header + b"payload")
    with pytest.raises(DamagedFile):
        Index.load(path)
    with pytest.raises(DamagedFile):
        facts_of(path) if header[:2] != b'{"' else Index.load(path)


def test_bytes_that_are_no_graph_are_refused_even_with_their_checksum(tmp_path):
    import hashlib

    payload = b"no graph at all" * 100
    header = json.dumps({"facts": {}, "bytes": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}).encode()
    (tmp_path / "x").write_bytes(MAGIC + len(header).to_bytes(4, "little") + header + payload)
    with pytest.raises(DamagedFile, match="holds no index"):
        Index.load(tmp_path / "x")


def test_files_that_cannot_be_read_or_written(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        Index.load(tmp_path / "missing")
    with pytest.raises(BadInput, match="cannot be read"):
        facts_of(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        Index.build(drawn(3, 8)).save(tmp_path / "file" / "x.index")


def test_what_means_nothing_is_refused():
    index = Index.build(drawn(5, 8))
    with pytest.raises(UsageError, match="this index takes \\(8,\\)"):
        index.search(drawn(2, 9), 1)
    for k in (0, limits.MAX_NEIGHBOURS + 1):
        with pytest.raises(UsageError, match=f"k is {k}"):
            index.search(drawn(1, 8), k)
    with pytest.raises(UsageError, match="not finite"):
        index.search(np.full(8, np.nan, np.float32), 1)
    with pytest.raises(UsageError, match="not finite"):
        Index.build(np.full((2, 8), np.inf, np.float32))
    with pytest.raises(UsageError, match="nothing to search among"):
        Index.build(iter([]))
    with pytest.raises(UsageError, match="rows of numbers"):
        Index.build(np.zeros((4, 0), np.float32))
