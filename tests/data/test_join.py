"""Several stores as one: splits stay, what is held out is never learned from, repeats weigh, and mistakes are named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from shapespace.cli.main import main
from shapespace.data.join import Part, join
from shapespace.data.store import Store
from shapespace.data.writer import StoreWriter
from shapespace.errors import BadInput, DamagedFile, OutputError, UsageError
from shapespace.files import atomic_dir

SPLIT_OF = ("train", "train", "validation", "test")


def grids(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 8, 8, 8)) < 0.3


def write(
    path: Path,
    shapes: np.ndarray,
    *,
    categories: Sequence[str] = ("chair", "table"),
    clusters: Sequence[int] | None = None,
    attribute: str = "",
    licence: str = "MIT",
    splits: Sequence[str] = SPLIT_OF,
    ids: Sequence[str] | None = None,
) -> Path:
    """A store whose splits go train, train, validation, test, and so on, and whose categories take turns."""
    n = len(shapes)
    with atomic_dir(path) as folder:
        writer = StoreWriter(
            folder, shapes.shape[1], categories=categories, attributes=[attribute] if attribute else []
        )
        writer.add(
            np.packbits(shapes.reshape(n, shapes.shape[1] ** 3), axis=1),
            ids=ids or [f"{i}" for i in range(n)],
            categories=[categories[i % len(categories)] for i in range(n)],
            splits=[splits[i % len(splits)] for i in range(n)],
            clusters=clusters,
            attributes=[{attribute: i} for i in range(n)] if attribute else None,
        )
        writer.finish(provenance={"licence": licence, "source": "made here"})
    return path


def whole(tmp_path: Path, *parts: Part) -> Store:
    join(parts, tmp_path / "whole.shapes")
    store = Store.open(tmp_path / "whole.shapes")
    store.verify()
    return store


def test_shapes_splits_categories_and_attributes_are_those_of_the_parts(tmp_path: Path) -> None:
    first = write(tmp_path / "a.shapes", grids(8, 0), attribute="legs")
    second = write(tmp_path / "b.shapes", grids(4, 1), categories=("lamp", "chair"), licence="CC0")
    store = whole(tmp_path, Part(first), Part(second))
    assert (store.read(range(12)) == np.concatenate([grids(8, 0), grids(4, 1)])).all()
    assert [store.split(i) for i in range(12)] == list(SPLIT_OF * 3)
    assert store.category_names == ["chair", "lamp", "table"]
    assert [store.category(i) for i in range(12)] == ["chair", "table"] * 4 + ["lamp", "chair"] * 2
    assert [store.id(i) for i in (0, 7, 8)] == ["a/0", "a/7", "b/0"]
    assert store.attributes()[:8, 0].tolist() == list(range(8))
    assert np.isnan(store.attributes()[8:]).all()
    assert len(set(store.clusters.tolist())) == 12


def test_it_says_where_all_of_it_comes_from(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.shapes", grids(4, 0)), write(tmp_path / "b.shapes", grids(4, 1), licence="CC0")
    told = whole(tmp_path, Part(first), Part(second, 3)).provenance
    assert (told["source"], told["licence"]) == ("a, b", "MIT; CC0")
    assert [(part["name"], part["times"]) for part in told["parts"]] == [("a", 1), ("b", 3)]
    assert told["parts"][1]["digest"] == Store.open(second).digest
    assert str(tmp_path) not in json.dumps(dict(told))


def test_only_shapes_to_learn_from_are_repeated_in_the_cluster_of_the_first(tmp_path: Path) -> None:
    few = write(tmp_path / "few.shapes", grids(4, 1))
    store = whole(tmp_path, Part(write(tmp_path / "many.shapes", grids(8, 0))), Part(few, 3))
    ids = [store.id(i) for i in range(len(store))]
    assert ids[8:] == ["few/0", "few/1", "few/2", "few/3", "few#2/0", "few#2/1", "few#3/0", "few#3/1"]
    assert {store.split(i) for i in range(12, 16)} == {"train"}
    assert store.clusters[8] == store.clusters[12] == store.clusters[14]
    assert (store.read([14]) == store.read([8])).all()
    assert (len(store), store.distinct) == (16, 12)
    assert store.indices("train").tolist() == [0, 1, 4, 5, 8, 9, 12, 13, 14, 15]
    assert store.indices("train", once=True).tolist() == [0, 1, 4, 5, 8, 9]


def test_repeats_come_last_and_are_not_joined_again(tmp_path: Path) -> None:
    first, second = write(tmp_path / "a.shapes", grids(4, 0)), write(tmp_path / "b.shapes", grids(4, 1))
    join([Part(first, 2), Part(second)], tmp_path / "c.shapes")
    once = Store.open(tmp_path / "c.shapes")
    assert [once.id(i) for i in range(len(once))][-3:] == ["b/3", "a#2/0", "a#2/1"]
    join([Part(tmp_path / "c.shapes", 2)], tmp_path / "d.shapes")
    twice = Store.open(tmp_path / "d.shapes")
    ids = [twice.id(i) for i in range(len(twice))]
    assert ids[8:] == ["c#2/a/0", "c#2/a/1", "c#2/b/0", "c#2/b/1"]
    assert len(set(ids)) == len(ids)


def test_repeats_are_neither_found_nor_copied_nor_exported(tmp_path: Path) -> None:
    from shapespace.explore.neighbours import of_store

    store = whole(tmp_path, Part(write(tmp_path / "few.shapes", grids(8, 1)), 5))
    assert of_store(store).count == 8
    assert main(["data", "export", str(store.path), "--format", "npz", "--out", str(tmp_path / "out")]) == 0
    assert len(list((tmp_path / "out").iterdir())) == 8


def test_what_one_store_holds_out_no_other_teaches(tmp_path: Path) -> None:
    """The third shape of `b`, for validation, and its fourth, for test, are training shapes of `a`, one voxel off."""
    shapes, theirs = grids(8, 0), grids(4, 1)
    theirs[2], theirs[3] = shapes[0], shapes[1]
    theirs[3, 0, 0, 0] ^= True
    first, second = write(tmp_path / "a.shapes", shapes), write(tmp_path / "b.shapes", theirs)
    assert join([Part(first, 2), Part(second)], tmp_path / "whole.shapes") == 2
    store = Store.open(tmp_path / "whole.shapes")
    place = {store.id(i): i for i in range(len(store))}
    for mine, its in (("a/0", "b/2"), ("a/1", "b/3")):
        assert store.split(place[mine]) == store.split(place[its]) != "train"
        assert store.clusters[place[mine]] == store.clusters[place[its]]
    assert "a#2/0" not in place, "a shape that is held out is not repeated"
    assert len(store) == 8 + 2 + 4
    trained = {int(store.clusters[i]) for i in store.indices("train")}
    assert trained.isdisjoint(int(c) for split in ("validation", "test") for c in store.clusters[store.indices(split)])


def test_clusters_that_voxels_do_not_tell_are_kept(tmp_path: Path) -> None:
    """Mirrored and turned copies share a number though their voxels differ."""
    store = whole(tmp_path, Part(write(tmp_path / "a.shapes", grids(4, 0), clusters=[0, 0, 2, 3])))
    assert store.clusters[0] == store.clusters[1] != store.clusters[2]


def test_the_same_bytes_every_time(tmp_path: Path) -> None:
    parts = [Part(write(tmp_path / "a.shapes", grids(8, 0))), Part(write(tmp_path / "b.shapes", grids(4, 1)), 2)]
    steps: list[tuple[int, int]] = []
    for name in ("one", "two"):
        join(parts, tmp_path / name, advance=lambda done, total: steps.append((done, total)))
    assert Store.open(tmp_path / "one").digest == Store.open(tmp_path / "two").digest
    assert steps[-1] == (26, 26)  # twelve are compared, and they and two repeats written


def test_parts_as_they_are_written(tmp_path: Path) -> None:
    assert Part.parse("x/few.shapes:10") == Part(Path("x/few.shapes"), 10)
    assert Part.parse("x.shapes") == Part(Path("x.shapes"))
    assert Part.parse("C:/x.shapes") == Part(Path("C:/x.shapes"))
    odd = tmp_path / "named:7"
    odd.mkdir()
    assert Part.parse(str(odd)) == Part(odd), "a folder of that very name is meant"
    for times in ("0", "1001", "9" * 30, "1.5", "-1", "+2", "many", "", "2/"):
        with pytest.raises(UsageError, match=r"is not a number of times; give X.shapes:1 to X.shapes:1000"):
            Part.parse(f"{odd}:{times}")
    for nothing in ("", ":3"):
        with pytest.raises(UsageError, match="name is empty"):
            Part.parse(nothing)


def test_mistakes_are_named_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, other = write(tmp_path / "a.shapes", grids(4, 0)), tmp_path / "there"
    big = write(tmp_path / "big.shapes", np.ones((4, 16, 16, 16), bool))
    same = write(tmp_path / "sub" / "a.shapes", grids(4, 1))
    out = tmp_path / "whole.shapes"
    second, empty = write(tmp_path / "b.shapes", grids(4, 1)), write(tmp_path / "empty.shapes", grids(0, 1))
    held = write(tmp_path / "held.shapes", grids(4, 2), splits=("test",))
    longest = write(tmp_path / "longest.shapes", grids(1, 2), ids=["i" * 1024])
    monkeypatch.setattr("shapespace.data.join.MAX_PACK_SHAPES", 2_000)
    for parts, error, said in [
        ([], UsageError, "no shape to join"),
        ([Part(first), Part(big)], UsageError, "is of 16\\^3, .* of 8\\^3; prepare them at one --resolution"),
        ([Part(first), Part(same)], UsageError, "sub/a.shapes would begin alike, with 'a'; rename"),
        ([Part(first), Part(tmp_path / "none")], BadInput, "no store of shapes here"),
        ([Part(empty), Part(empty)], UsageError, "no shape to join; give stores that hold some"),
        ([Part(first), Part(held, 2)], UsageError, "held.shapes holds no shape to learn from"),
        ([Part(first, 1_000), Part(second, 2)], UsageError, "the whole would hold 2,008 shapes, and 2,000 fit"),
        ([Part(longest)], UsageError, "with the store's name before it the id 'iiii.* is longer than 1024 bytes"),
    ]:
        with pytest.raises(error, match=said):
            join(parts, out)
        assert not out.exists()
    other.mkdir()
    with pytest.raises(OutputError, match="exists already"):
        join([Part(first)], other)
    shard = first / "shard-00000.bits"
    shard.write_bytes(bytes(shard.stat().st_size))
    with pytest.raises(DamagedFile, match="4 damaged shapes"):
        join([Part(first)], out)
    assert not out.exists()


def test_names_that_no_table_can_hold(tmp_path: Path) -> None:
    odd = write(tmp_path / "new\nline\udcff.shapes", grids(1, 0))
    bare = write(tmp_path / ".shapes", grids(1, 1))
    store = whole(tmp_path, Part(odd), Part(bare))
    assert [store.id(i) for i in range(2)] == ["new\\nline\\udcff/0", ".shapes/0"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shapes, theirs = grids(8, 0), grids(4, 1)
    theirs[3] = shapes[0]
    first, second = write(tmp_path / "a.shapes", shapes), write(tmp_path / "b.shapes", theirs)
    out = tmp_path / "c.shapes"
    assert main(["data", "join", str(first), f"{second}:2", "--out", str(out)]) == 0
    told = capsys.readouterr()
    assert told.out == f"{out}: 14 shapes of 2 stores\n"
    assert "1 shape changed its split" in told.err
    assert "2 of train are others once more" in told.err
    assert main(["data", "join", str(first), str(second), "--out", str(tmp_path / "d.shapes"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["shapes"], facts["moved"]) == (12, 1)
    assert main(["data", "join", str(first), f"{second}:0", "--out", str(tmp_path / "e.shapes")]) == 2
    assert main(["data", "join", "--out", str(tmp_path / "e.shapes")]) == 2
    assert "such as A.shapes B.shapes:10" in capsys.readouterr().err
    assert main(["data", "join", str(first), "--out", ""]) == 4
    assert "the name to write to is empty" in capsys.readouterr().err
    assert main(["data", "join", str(first), "--out", str(out)]) == 4
