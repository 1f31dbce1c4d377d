"""The store: what goes in comes out, opening is cheap, and damage is found and named."""

from __future__ import annotations

import json
import pickle
import re
import shutil
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from shapespace.data.manifest import MANIFEST_NAME, parse_manifest
from shapespace.data.store import Store
from shapespace.data.writer import StoreWriter, write_store
from shapespace.errors import BadInput, DamagedFile, OutputError, UsageError
from shapespace.files import atomic_dir
from shapespace.shapes.grid import handed

COUNT = 20


@pytest.fixture
def grids() -> np.ndarray:
    return np.random.default_rng(0).random((COUNT, 8, 8, 8)) < 0.3


@pytest.fixture
def store(tmp_path: Path, grids: np.ndarray) -> Store:
    categories = ["chair" if i % 3 else "table" for i in range(COUNT)]
    splits = [("train", "validation", "test")[i % 3] for i in range(COUNT)]
    with atomic_dir(tmp_path / "a.shapes") as folder:
        writer = StoreWriter(folder, 8, categories=["chair", "table"], attributes=["legs"], shard_bytes=64 * 6)
        writer.add(
            np.packbits(grids.reshape(COUNT, -1), axis=1),
            ids=[f"id-é-{i}" for i in range(COUNT)],
            categories=categories,
            splits=splits,
            clusters=[i // 2 for i in range(COUNT)],
            attributes=[{"legs": i} if i % 2 else {} for i in range(COUNT)],
        )
        writer.finish(provenance={"licence": "MIT"})
    return Store.open(tmp_path / "a.shapes")


def test_shapes_come_back_in_the_order_asked_for(store: Store, grids: np.ndarray) -> None:
    order = [19, 0, 7, 6, 5, 7]
    assert (store.read(order) == grids[order]).all()
    assert (store.packed([3]) == np.packbits(grids[3])).all()
    assert store.read([]).shape == (0, 8, 8, 8)


def test_the_handed_shape_survives(tmp_path: Path) -> None:
    store = write_store(tmp_path / "h.shapes", handed()[None])
    assert (store.read([0])[0] == handed()).all()


@pytest.mark.parametrize("resolution", [4, 5, 24, 30, 64])
def test_every_resolution_is_kept_bit_for_bit(tmp_path: Path, resolution: int) -> None:
    grids = np.random.default_rng(1).random((3, resolution, resolution, resolution)) < 0.5
    store = write_store(tmp_path / "r.shapes", grids)
    assert (store.read(np.arange(3)) == grids).all()


def test_columns(store: Store) -> None:
    assert (len(store), store.resolution, store.category_names) == (COUNT, 8, ["chair", "table"])
    assert store.id(0) == "id-é-0"
    assert store.id(19) == "id-é-19"
    assert (store.category(0), store.category(1), store.split(2)) == ("table", "chair", "test")
    assert store.indices("train", "table").tolist() == [0, 3, 6, 9, 12, 15, 18]
    assert store.indices().tolist() == list(range(COUNT))
    assert store.indices("validation", "table").tolist() == []
    assert store.clusters.tolist() == [i // 2 for i in range(COUNT)]
    assert store.attribute_names == ("legs",)
    assert store.attributes()[3, 0] == 3
    assert np.isnan(store.attributes()[2, 0])
    assert store.provenance["licence"] == "MIT"
    store.verify()


def test_unknown_names_are_usage_errors(store: Store) -> None:
    with pytest.raises(UsageError, match="no category 'sofa'; there are: chair, table"):
        store.indices("train", "sofa")
    with pytest.raises(UsageError, match="no split 'valid'"):
        store.indices("valid")


@pytest.mark.parametrize("index", [-1, COUNT])
def test_numbers_outside_are_refused(store: Store, index: int) -> None:
    with pytest.raises(IndexError):
        store.packed([0, index])


def test_equal_content_has_an_equal_digest(tmp_path: Path, grids: np.ndarray) -> None:
    a, b = (write_store(tmp_path / name, grids) for name in ("a1.shapes", "b1.shapes"))
    assert a.digest == b.digest
    assert a.digest != write_store(tmp_path / "c1.shapes", grids[::-1]).digest


def test_a_store_crosses_process_borders_as_its_path(store: Store) -> None:
    sent = pickle.dumps(store)
    assert len(sent) < 500
    assert pickle.loads(sent).digest == store.digest  # noqa: S301 - our own bytes


def test_nothing_is_overwritten(store: Store, grids: np.ndarray) -> None:
    with pytest.raises(OutputError, match="exists already"):
        write_store(store.path, grids)
    store.verify()


def test_a_folder_without_a_store_says_how_to_make_one(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(BadInput, match="no store of shapes here; make one with"):
            Store.open(place)


def test_a_flipped_bit_is_named_and_never_read(store: Store, grids: np.ndarray) -> None:
    path = store.path / "shard-00001.bits"
    damaged = bytearray(path.read_bytes())
    damaged[2 * 64 + 5] ^= 1  # in the third shape of the second shard of six
    path.write_bytes(damaged)
    reopened = Store.open(store.path)
    for index in set(range(COUNT)) - {8}:
        assert (reopened.read([index])[0] == grids[index]).all()
    pattern = r"shard-00001.bits: 1 damaged shape: id-é-8 \(CRC-32 expected \w{8}, got \w{8}\)"
    with pytest.raises(DamagedFile, match=pattern):
        reopened.read([1, 8, 2])
    with pytest.raises(DamagedFile, match=pattern):
        reopened.verify()


def test_many_damaged_shapes_are_counted(store: Store) -> None:
    path = store.path / "shard-00000.bits"
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(DamagedFile, match=r"6 damaged shapes: .* and 1 more"):
        Store.open(store.path).verify()


def test_every_file_is_covered_by_a_checksum(store: Store, tmp_path: Path) -> None:
    for file in sorted(store.path.iterdir()):
        copy = tmp_path / f"copy-{file.name}"
        shutil.copytree(store.path, copy)
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 4
        (copy / file.name).write_bytes(content)
        with pytest.raises(DamagedFile):
            Store.open(copy).verify()
            pytest.fail(f"a flipped bit in {file.name} went unseen")


@pytest.mark.parametrize("change", ["shorter", "longer", "missing"])
def test_a_wrong_size_is_found_at_opening(store: Store, tmp_path: Path, change: str) -> None:
    for file in sorted(set(store.path.iterdir()) - {store.path / MANIFEST_NAME}):
        copy = tmp_path / f"{change}-{file.name}"
        shutil.copytree(store.path, copy)
        content = file.read_bytes()
        if change == "missing":
            (copy / file.name).unlink()
        else:
            (copy / file.name).write_bytes(content[:-1] if change == "shorter" else content + b"x")
        with pytest.raises(DamagedFile, match=re.escape(file.name)):
            Store.open(copy)


def test_a_shard_cut_after_opening_is_an_error_not_a_signal(store: Store) -> None:
    (store.path / "shard-00000.bits").write_bytes(b"")
    with pytest.raises(DamagedFile, match="ends inside shape id-é-0"):
        store.read([0])


def test_a_manifest_cannot_lead_out_of_the_folder(store: Store) -> None:
    record = json.loads((store.path / MANIFEST_NAME).read_text())
    record["files"]["../outside"] = {"size": 0, "sha256": ""}
    (store.path / MANIFEST_NAME).write_text(json.dumps(record))
    with pytest.raises(DamagedFile, match="no plain file name"):
        Store.open(store.path)


def test_codes_beyond_the_names_are_found(store: Store) -> None:
    (store.path / "categories.u16").write_bytes(b"\xff" * 2 * COUNT)
    with pytest.raises(DamagedFile, match="a category the manifest lacks"):
        Store.open(store.path)


def test_id_table_with_wild_ends_is_found(store: Store) -> None:
    (store.path / "id_ends.u64").write_bytes(b"\xff" * 8 * COUNT)
    with pytest.raises(DamagedFile, match="ends at"):
        Store.open(store.path).id(3)


def test_the_writer_refuses_what_does_not_fit(tmp_path: Path) -> None:
    writer = StoreWriter(tmp_path, 8, categories=["chair"])
    bits = np.zeros((1, 64), np.uint8)
    with pytest.raises(UsageError, match="2000 bytes, allowed are 1 to 1024"):
        writer.add(bits, ids=["x" * 2000], categories=["chair"], splits=["train"])
    with pytest.raises(ValueError, match="1 ids, 2 categories"):
        writer.add(bits, ids=["x"], categories=["chair"] * 2, splits=["train"])


def test_an_empty_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there are no shapes"):
        write_store(tmp_path / "none.shapes", [])
    assert list(tmp_path.iterdir()) == []


def test_a_million_shapes_open_in_milliseconds(tmp_path: Path) -> None:
    block = 100_000
    bits = np.random.default_rng(0).integers(0, 256, (block, 8)).astype(np.uint8)
    with atomic_dir(tmp_path / "big.shapes") as folder:
        writer = StoreWriter(folder, 4, categories=["a"])
        for k in range(10):
            ids = [f"{k}-{i}" for i in range(block)]
            writer.add(bits, ids=ids, categories=["a"] * block, splits=["train"] * block)
        writer.finish()
    Store.open(tmp_path / "big.shapes")
    tracemalloc.start()
    started = time.perf_counter()
    store = Store.open(tmp_path / "big.shapes")
    seconds = time.perf_counter() - started
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(store) == 1_000_000
    assert store.id(999_999) == "9-99999"
    assert (store.packed([999_999])[0] == bits[-1]).all()
    assert peak < 1_000_000  # bytes: one byte a shape would already be more
    assert seconds < 0.25  # 3 ms at rest


def test_manifest_round_trip(store: Store) -> None:
    content = (store.path / MANIFEST_NAME).read_bytes()
    assert parse_manifest(content).to_json() == content
