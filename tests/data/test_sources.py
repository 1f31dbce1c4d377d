"""Sources: what a path says, and what is left out or refused unread."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shapespace.data import sources
from shapespace.data.sources import Origin, origin, printable, scan
from shapespace.data.synsets import SYNSETS
from shapespace.errors import BadInput

EXTENSIONS = (".off", ".obj", ".stl", ".mat", ".npz", ".binvox")


def touch(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x")
    return root


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("night_stand/train/night_stand_0001.off", ("night_stand", "train", "z")),
        ("chair/test/chair_0890.off", ("chair", "test", "z")),
        ("ModelNet40/chair/TEST/chair_0890.OFF", ("chair", "test", "z")),
        ("chair/val/a.obj", ("chair", "validation", None)),
        ("03001627/1a6f615e8b1b5ae4/models/model_normalized.obj", ("chair", None, "y")),
        ("03001627/1a6f615e8b1b5ae4/model.obj", ("chair", None, "y")),
        ("09999999/1a6f/models/model_normalized.obj", ("09999999", None, "y")),
        ("chair/30/train/chair_000000001_7.mat", ("chair", "train", None)),
        ("sofas/red.stl", ("sofas", None, None)),
        ("red.stl", ("shapes", None, None)),
        ("partnet/chair_64.npz", ("chair", None, None)),
        ("train/a.off", ("shapes", "train", "z")),
    ],
)
def test_what_a_path_says(path: str, expected: tuple[str, str | None, str | None]) -> None:
    said = origin(path, "shapes")
    assert (said.category, said.split, said.up) == expected


def test_the_twelve_turns_of_a_grid_are_one_group() -> None:
    groups = {origin(f"chair/30/train/chair_000000001_{turn}.mat", "root").group for turn in range(1, 13)}
    assert len(groups) == 1
    assert origin("chair/30/train/chair_000000002_1.mat", "root").group not in groups
    assert origin("chair/train/chair_1.off", "r").group != origin("chair/train/chair_2.off", "r").group


def test_the_same_turn_numbers_of_two_categories_are_two_groups() -> None:
    assert origin("bed/30/train/a_1.mat", "r").group != origin("sofa/30/train/a_1.mat", "r").group


def test_shapenet_has_its_55_categories() -> None:
    assert len(SYNSETS) == len(set(SYNSETS.values())) == 55


def test_a_listing_does_not_depend_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "b/2.off", "a/10.off", "a/9.off", "c.off", "B/1.obj")
    expected = [file.path for file in scan(tmp_path, EXTENSIONS).files]
    walk = os.walk

    monkeypatch.setattr(sources.os, "walk", lambda *a, **k: _reversed_in_place(walk(*a, **k)))
    assert [file.path for file in scan(tmp_path, EXTENSIONS).files] == expected


def _reversed_in_place(steps: object) -> object:
    for parent, folders, names in steps:  # type: ignore[attr-defined]
        folders.sort(reverse=True)
        yield parent, folders, names[::-1]


def test_shapenet_folders_give_each_shape_once(tmp_path: Path) -> None:
    models = "02691156/a1/models/"
    touch(tmp_path, *(models + name for name in ("model_normalized.obj", "model_normalized.solid.binvox", "x.mtl")))
    found = scan(tmp_path, EXTENSIONS)
    assert [file.path for file in found.files] == [models + "model_normalized.obj"]
    assert found.ignored == {".mtl": 1}


def test_hidden_files_and_others_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.off", "a/.2.off", ".git/3.off", "a/notes.txt", "a/README")
    found = scan(tmp_path, EXTENSIONS)
    assert [file.path for file in found.files] == ["a/1.off"]
    assert found.ignored == {".txt": 1, "no extension": 1}


def test_links_out_of_the_source_are_refused(tmp_path: Path) -> None:
    outside = touch(tmp_path / "outside", "secret.off", "more/secret.off")
    root = touch(tmp_path / "root", "a/1.off")
    (root / "a" / "2.off").symlink_to(outside / "secret.off")
    (root / "a" / "3.off").symlink_to(root / "a" / "1.off")
    (root / "a" / "4.off").symlink_to(root / "a" / "4.off")
    (root / "b").symlink_to(outside / "more")
    os.mkfifo(root / "a" / "5.off")
    found = scan(root, EXTENSIONS)
    assert [file.path for file in found.files] == ["a/1.off", "a/3.off"]
    reasons = {refusal.path: refusal.reason for refusal in found.refused}
    assert reasons["a/2.off"] == "a link that leads out of the source"
    assert reasons["a/5.off"] == "not a regular file"
    assert set(reasons) == {"a/2.off", "a/4.off", "a/5.off"}


def test_a_file_is_a_source(tmp_path: Path) -> None:
    root = touch(tmp_path / "chairs", "1.off")
    found = scan(root / "1.off", EXTENSIONS)
    assert (found.root, found.files) == (root, [Origin("1.off", "chairs", group="1.off")])


def test_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file or folder"):
        scan(tmp_path / "none", EXTENSIONS)


def test_names_are_fit_for_a_table() -> None:
    assert printable("stühle/1 a.off") == "stühle/1 a.off"
    assert printable("a\nb\x1b[31m\udcff") == "a\\nb\\x1b[31m\\udcff"
