"""`data prepare`: known layouts in, one store out, whoever made it and however often it was killed."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import corpus
import numpy as np
import pytest

from shapespace.data.limited import Died
from shapespace.data.prepare import prepare
from shapespace.data.recipe import Job, Recipe
from shapespace.data.report import Report
from shapespace.data.store import Store
from shapespace.errors import BadInput, OutputError, UsageError
from shapespace.shapes.grid import handed, mirror, rotate_z

SMALL = Recipe(16)


def run(job: Job, out: Path, workers: int = 0) -> tuple[Report, Store]:
    report = prepare(job, out, workers=workers)
    assert report is not None
    assert not out.with_name(out.name + ".partial").exists()
    store = Store.open(out)
    store.verify()
    assert len(store) == report.shapes
    return report, store


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus.good_folder(tmp_path_factory.mktemp("source") / "things")


def test_a_folder_of_categories(good: Path, tmp_path: Path) -> None:
    report, store = run(Job(good, SMALL, licence="CC0"), tmp_path / "a.shapes")
    assert (report.tried, report.kept, report.refused) == (24, 24, 0)
    assert store.category_names == ["chair", "table"]
    assert [store.id(i) for i in (0, 23)] == ["chair/000.off", "table/011.off"]
    assert store.provenance["licence"] == "CC0"
    assert store.provenance["source"] == "things"
    assert str(good.parent) not in str(store.provenance)
    filled = store.read(np.arange(len(store))).mean(axis=(1, 2, 3))
    assert (filled > 0.01).all()


def test_the_whole_path_keeps_the_hand(tmp_path: Path) -> None:
    corpus.write(tmp_path, "in/odd.npz", corpus.handed_pack())
    recipe = Recipe(8, rotations=4, mirror=True)
    _, store = run(Job(tmp_path / "in", recipe), tmp_path / "a.shapes")
    turned = [rotate_z(handed(), quarters) for quarters in range(4)]
    expected = {each.tobytes() for each in [*turned, *(mirror(each) for each in turned)]}
    found = store.read(np.arange(8))
    assert (found[0] == handed()).all()
    assert {each.tobytes() for each in found} == expected


def test_a_turn(tmp_path: Path) -> None:
    corpus.write(tmp_path, "in/odd.npz", corpus.handed_pack())
    _, store = run(Job(tmp_path / "in", Recipe(8, turn=-90)), tmp_path / "a.shapes")
    assert (store.read([0])[0] == rotate_z(handed(), 3)).all()
    assert store.provenance["recipe"]["turn"] == -90
    _, plain = run(Job(tmp_path / "in", Recipe(8)), tmp_path / "b.shapes")
    assert "turn" not in plain.provenance["recipe"], "stores made before turns were known keep their digest"
    report, _ = run(Job(corpus.good_folder(tmp_path / "things", 2), Recipe(16, turn=30)), tmp_path / "c.shapes")
    assert report.shapes == 4, "meshes turn by any angle"
    with pytest.raises(BadInput, match="cannot turn by 30 degrees"):
        prepare(Job(tmp_path / "in", Recipe(8, turn=30)), tmp_path / "d.shapes", workers=0)


def test_a_mesh_keeps_the_hand(tmp_path: Path) -> None:
    from shapespace.shapes import formats
    from shapespace.shapes.surface import to_mesh

    (tmp_path / "in").mkdir()
    formats.write(tmp_path / "in" / "odd.off", to_mesh(handed(), style="blocks"))
    _, store = run(Job(tmp_path / "in", Recipe(64)), tmp_path / "a.shapes")
    # the 8 voxels of the longest side fill 56 of 64: 7 each; the box of 4 x 6 x 8 lies in the middle
    cells = store.read([0])[0]
    corner = np.array([18, 11, 4])
    centres = corner + 3 + 7 * np.argwhere(np.ones((4, 6, 8), bool))
    assert (cells[tuple(centres.T)].reshape(4, 6, 8) == handed()[:4, :6, :8]).all()


def test_modelnet_keeps_its_official_split(tmp_path: Path) -> None:
    for i in range(30):
        split = "test" if i >= 20 else "train"
        corpus.write(tmp_path, f"in/chair/{split}/chair_{i:04d}.off", corpus.box_off(1 + 0.2 * i, 1, 0.3 + 0.05 * i))
    copied = (tmp_path / "in/chair/test/chair_0025.off").read_bytes()
    corpus.write(tmp_path, "in/chair/train/chair_0099.off", copied)
    report, store = run(Job(tmp_path / "in", SMALL), tmp_path / "a.shapes")
    by_name = {store.id(i): store.split(i) for i in range(len(store))}
    assert all(split == "test" for name, split in by_name.items() if "/test/" in name)
    assert by_name["chair/train/chair_0099.off"] == "test"  # it is a test shape under another name
    others = [split for name, split in by_name.items() if "/train/" in name]
    assert set(others) == {"train", "validation", "test"}
    assert report.exact_duplicates >= 1
    clusters = {store.id(i): int(store.clusters[i]) for i in range(len(store))}
    assert clusters["chair/train/chair_0099.off"] == clusters["chair/test/chair_0025.off"]


def test_shapenet_is_turned_upright_and_named(tmp_path: Path) -> None:
    tall = (
        "".join(f"v {x} {y} {z}\n" for x, y, z in np.ndindex(2, 2, 2))
        .replace("v 0 1", "v 0 5")
        .replace("v 1 1", "v 1 5")
    )
    faces = (
        "f 1 2 4\nf 1 4 3\nf 5 7 8\nf 5 8 6\nf 1 5 6\nf 1 6 2\nf 3 4 8\nf 3 8 7\nf 1 3 7\nf 1 7 5\nf 2 6 8\nf 2 8 4\n"
    )
    corpus.write(tmp_path, "in/03636649/1a2b/models/model_normalized.obj", tall + faces)
    corpus.write(tmp_path, "in/03636649/1a2b/models/model_normalized.solid.binvox", b"never read")
    report, store = run(Job(tmp_path / "in", Recipe(32)), tmp_path / "a.shapes")
    assert report.tried == 1
    assert store.category_names == ["lamp"]
    cells = np.argwhere(store.read([0])[0])
    assert np.argmax(np.ptp(cells, axis=0)) == 2  # tall along z


def test_packs_give_their_labels(tmp_path: Path) -> None:
    grids = np.random.default_rng(0).random((6, 8, 8, 8)) < 0.5
    grids[4] = False
    label = np.array([0, 1, 1, 0, 1, 0], np.uint8)
    corpus.write(tmp_path, "in/labelled.npz", corpus.pack(grids, label=label, classes=np.array(["bed", "chair"])))
    corpus.write(tmp_path, "in/table_8.npz", corpus.pack(~grids[:2]))
    report, store = run(Job(tmp_path / "in", Recipe(8)), tmp_path / "a.shapes")
    assert [store.category(i) for i in range(7)] == ["bed", "chair", "chair", "bed", "bed", "table", "table"]
    assert (store.read(np.arange(5)) == grids[[0, 1, 2, 3, 5]]).all()
    assert report.by_reason == {"it is empty": 1}
    only, store = run(Job(tmp_path / "in", replace(SMALL, categories=("chair",))), tmp_path / "b.shapes")
    assert (only.tried, only.kept, store.category_names) == (3, 2, ["chair"])


@pytest.mark.parametrize("name", ["one.npy", "many.npy"])
def test_arrays_without_labels(tmp_path: Path, name: str) -> None:
    grids = np.random.default_rng(0).random((3, 8, 8, 8)) < 0.5
    (tmp_path / "chairs").mkdir()
    np.save(tmp_path / "chairs" / name, grids if name == "many.npy" else grids[0])
    _, store = run(Job(tmp_path / "chairs" / name, Recipe(8), licence="x"), tmp_path / "a.shapes")
    assert len(store) == (3 if name == "many.npy" else 1)
    assert (store.read([0])[0] == grids[0]).all()


def test_twelve_turns_of_a_chair_never_straddle(tmp_path: Path) -> None:
    for i in range(12):
        corpus.write(tmp_path, f"in/chair/{i:02d}.off", corpus.chair_off(0.5 + 0.1 * i, 0.5))
    recipe = Recipe(16, rotations=12, mirror=True)
    report, store = run(Job(tmp_path / "in", recipe, fractions=(0.2, 0.2)), tmp_path / "a.shapes")
    assert (report.kept, len(store)) == (12, 12 * 24)
    families: dict[str, set[tuple[int, int]]] = {}
    for i in range(len(store)):
        place = (int(store.clusters[i]), int(store.split_codes[i]))
        families.setdefault(store.id(i).split("@")[0], set()).add(place)
    assert len(families) == 12
    assert all(len(places) == 1 for places in families.values())
    assert set(store.split_codes.tolist()) == {0, 1, 2}


def test_furniture_brings_its_attributes(tmp_path: Path) -> None:
    report, store = run(Job("furniture", Recipe(16), count=12), tmp_path / "a.shapes")
    assert report.shapes == 12
    assert len(store.category_names) == 6
    chairs = store.indices(category="chair")
    known = store.attributes()[chairs]
    assert np.isfinite(known).any(axis=0).sum() > 5
    _, chairs_only = run(Job("furniture:chair", Recipe(16), count=5), tmp_path / "b.shapes")
    assert chairs_only.category_names == ["chair"]
    assert (chairs_only.read([0]) == store.read(chairs[:1])).all()
    _, further = run(Job("furniture:chair", Recipe(16), count=2, first=3), tmp_path / "c.shapes")
    assert (further.read([0, 1]) == chairs_only.read([3, 4])).all()
    assert further.provenance["source"] == "furniture:chair, 2 from seed 3"


def test_limit_takes_evenly(good: Path, tmp_path: Path) -> None:
    _, store = run(Job(good, SMALL, limit=6), tmp_path / "a.shapes")
    assert [len(store.indices(category=name)) for name in store.category_names] == [3, 3]


def test_a_label_overrules_the_source(good: Path, tmp_path: Path) -> None:
    _, store = run(Job(good, replace(SMALL, label="thing")), tmp_path / "a.shapes")
    assert store.category_names == ["thing"]


def test_workers_and_shards_do_not_show(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shapespace.data.plan.CHUNK_SHAPES", 5)
    run(Job(good, SMALL), tmp_path / "a.shapes", workers=0)
    for workers in (1, 2):
        out = tmp_path / f"{workers}.shapes"
        run(Job(good, SMALL), out, workers=workers)
        assert content(out) == content(tmp_path / "a.shapes")
    out = tmp_path / "parts.shapes"
    assert prepare(Job(good, SMALL), out, workers=0, shard=(2, 3)) is None
    assert prepare(Job(good, SMALL), out, workers=0, shard=(3, 3)) is None
    assert prepare(Job(good, SMALL), out, workers=0, shard=(1, 3)) is not None
    assert content(out) == content(tmp_path / "a.shapes")


def test_interrupted_at_every_chunk_it_goes_on(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shapespace.data.plan.CHUNK_SHAPES", 5)
    run(Job(good, SMALL), tmp_path / "whole.shapes")
    out = tmp_path / "a.shapes"
    for stop in range(4):
        with pytest.raises(KeyboardInterrupt):
            prepare(Job(good, SMALL), out, workers=0, advance=_stopper(stop + 1))
        assert not out.exists()
    run(Job(good, SMALL), out)
    assert content(out) == content(tmp_path / "whole.shapes")


def _stopper(at: int) -> Callable[[int, int], None]:
    def advance(done: int, total: int) -> None:
        if done == at:
            raise KeyboardInterrupt

    return advance


def test_killed_between_the_store_and_tidying_up(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a.shapes"
    with monkeypatch.context() as patch:
        patch.setattr("shapespace.data.partial.Partial.remove", lambda self: None)
        first = prepare(Job(good, SMALL), out, workers=0)
    again = prepare(Job(good, SMALL), out, workers=0)
    assert again == first
    assert not out.with_name("a.shapes.partial").exists()


def test_other_work_is_neither_mixed_nor_removed(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.shapes"
    with pytest.raises(KeyboardInterrupt):
        prepare(Job(good, SMALL), out, workers=0, advance=_stopper(0))
    with pytest.raises(UsageError, match="unfinished work of another job"):
        prepare(Job(good, replace(SMALL, mirror=True)), out, workers=0)
    assert out.with_name("a.shapes.partial").exists()
    run(Job(good, SMALL), out)
    with pytest.raises(OutputError, match="exists already"):
        prepare(Job(good, SMALL), out, workers=0)


def test_a_changed_source_is_noticed(tmp_path: Path) -> None:
    source = corpus.good_folder(tmp_path / "in", 3)
    out = tmp_path / "a.shapes"
    with pytest.raises(KeyboardInterrupt):
        prepare(Job(source, SMALL), out, workers=0, advance=_stopper(0))
    corpus.write(source, "chair/000.off", corpus.box_off(1, 5, 9))
    with pytest.raises(UsageError, match="unfinished work of another job"):
        prepare(Job(source, SMALL), out, workers=0)


def test_a_damaged_chunk_is_named(good: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.shapes"
    with pytest.raises(KeyboardInterrupt):
        prepare(Job(good, SMALL), out, workers=0, advance=_stopper(1))
    bits = out.with_name("a.shapes.partial") / "chunk-000000.bits"
    bits.write_bytes(bits.read_bytes()[:-1] + b"\x55")
    with pytest.raises(BadInput, match=r"chunk-000000.bits: is not what was written; remove"):
        prepare(Job(good, SMALL), out, workers=0)


def test_hostile_files_cost_one_line_each(tmp_path: Path) -> None:
    source = corpus.good_folder(tmp_path / "in", 4)
    hostile = corpus.hostile_files()
    hostile["bomb.npz"] = corpus.zip_bomb(600 << 20)
    hostile |= {f"bomb{10**k}.glb": corpus.glb_bomb(10**k) for k in range(4, 11)}
    for name, data in hostile.items():
        corpus.write(source, f"bad/{name}", data)
    report, store = run(Job(source, SMALL), tmp_path / "a.shapes", workers=2)
    assert report.kept == 8
    with (store.path / "refused.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["path"].split("#")[0] for row in rows} == {f"bad/{name}" for name in hostile}
    assert report.refused == len(rows) == len(hostile)
    for row in rows:
        assert 3 < len(row["reason"]) <= 500
        assert "our reader failed" not in row["reason"], row
        assert row["reason"] != Died.reason, row


def test_nothing_usable_is_an_error(tmp_path: Path) -> None:
    corpus.write(tmp_path, "in/a.off", b"not a mesh")
    with pytest.raises(BadInput, match=r"not one shape could be made; 1 were refused, the first, a.off"):
        prepare(Job(tmp_path / "in", SMALL), tmp_path / "a.shapes", workers=0)
    assert not (tmp_path / "a.shapes.partial").exists()  # or the next try, with other options, would be refused
    corpus.write(tmp_path, "empty/readme.txt", b"")
    with pytest.raises(BadInput, match="holds no file that could be a shape"):
        prepare(Job(tmp_path / "empty", SMALL), tmp_path / "b.shapes", workers=0)


@pytest.mark.parametrize(
    ("recipe", "options", "shard"),
    [
        (Recipe(3), {}, (1, 1)),
        (Recipe(1024), {}, (1, 1)),
        (Recipe(16, rotations=0), {}, (1, 1)),
        (Recipe(16, turn=float("nan")), {}, (1, 1)),
        (Recipe(16, up="w"), {}, (1, 1)),
        (Recipe(16, seconds=-1.0), {}, (1, 1)),
        (Recipe(16, seconds=float("nan")), {}, (1, 1)),
        (Recipe(16), {"limit": 0}, (1, 1)),
        (Recipe(16), {"fractions": (0.5, 0.5)}, (1, 1)),
        (Recipe(16), {}, (3, 2)),
    ],
)
def test_options_without_meaning(
    good: Path, tmp_path: Path, recipe: Recipe, options: dict, shard: tuple[int, int]
) -> None:
    with pytest.raises(UsageError):
        prepare(Job(good, recipe, **options), tmp_path / "a.shapes", workers=0, shard=shard)
    assert list(tmp_path.iterdir()) == []


def test_turning_grids_by_odd_angles_is_refused_not_done_badly(tmp_path: Path) -> None:
    corpus.write(tmp_path, "in/odd.npz", corpus.handed_pack())
    with pytest.raises(BadInput, match="cannot turn by 30 degrees"):
        prepare(Job(tmp_path / "in", Recipe(8, rotations=12)), tmp_path / "a.shapes", workers=0)
