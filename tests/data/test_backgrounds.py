"""Backgrounds: splits by content, photographs from folders and zips alike, hostile files one line each."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shapespace.data import backgrounds
from shapespace.data.backgrounds import Photographs, Rooms, open_backgrounds, split_of
from shapespace.data.manifest import SPLITS
from shapespace.errors import BadInput, UsageError


def photograph(number: int, size: tuple[int, int] = (80, 60)) -> bytes:
    file = io.BytesIO()
    colour = np.random.default_rng(number).integers(0, 256, 3)
    Image.new("RGB", size, tuple(colour.tolist())).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photographs")
    (path / "deep").mkdir()
    for number in range(60):
        (path / ("deep" if number % 2 else ".") / f"{number}.jpg").write_bytes(photograph(number))
    (path / "notes.txt").write_text("no photograph")
    return path


def test_no_photograph_is_in_two_splits_and_each_is_in_one(folder: Path) -> None:
    opened = Photographs(folder)
    names = [set(opened.names(split)) for split in SPLITS]
    assert len(opened) == 60 == sum(map(len, names)) == len(set.union(*names))
    for split in SPLITS:
        assert all(split_of((folder / name).read_bytes()) == split for name in opened.names(split))


def test_the_split_of_a_photograph_survives_renaming_copying_and_new_neighbours(folder: Path, tmp_path: Path) -> None:
    opened = Photographs(folder)
    for number, name in enumerate(opened.names("test")):
        (tmp_path / f"renamed {number}.jpeg").write_bytes((folder / name).read_bytes())
        (tmp_path / f"copy {number}.jpg").write_bytes((folder / name).read_bytes())
    renamed = Photographs(tmp_path)
    assert len(renamed) == len(renamed.names("test")) == len(opened.names("test"))


def test_a_zip_is_as_good_as_its_folder(folder: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "rooms.zip", "w") as archive:
        for file in sorted(folder.rglob("*.*"), reverse=True):
            archive.write(file, file.relative_to(folder).as_posix())
    zipped, opened = Photographs(tmp_path / "rooms.zip"), Photographs(folder)
    assert zipped.digest == opened.digest
    for draw in range(5):
        a, b = (each.picture("train", (1, draw), elevation=0.0, size=32) for each in (zipped, opened))
        assert np.array_equal(a, b)


def test_pictures_are_pure_functions_of_split_and_seed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backgrounds, "KEPT_BYTES", 20_000)  # a photograph or so: nothing may depend on what is kept
    for first, second in ((Photographs(folder), Photographs(folder)), (Rooms(), Rooms())):
        a = [first.picture("train", (0, draw), elevation=10.0, size=32) for draw in range(8)]
        b = [second.picture("train", (0, draw), elevation=10.0, size=32) for draw in reversed(range(8))][::-1]
        assert np.array_equal(a, b)
        assert len({picture.tobytes() for picture in a}) > 4
        assert a[0].shape == (32, 32, 3)
        assert a[0].dtype == np.uint8


def test_rooms_of_the_splits_are_apart_and_shared_as_announced() -> None:
    found = {split: {Rooms().number(split, (draw,)) for draw in range(200)} for split in SPLITS}
    assert not found["train"] & found["test"]
    assert not found["train"] & found["validation"]
    shares = [sum(split_of(b"room %d" % n) == split for n in range(5000)) / 5000 for split in SPLITS]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)


def test_a_split_without_photographs_says_how_many_are_needed(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(photograph(1))
    opened = Photographs(tmp_path)
    empty = next(split for split in SPLITS if not opened.names(split))
    with pytest.raises(UsageError, match=f"no photograph for the {empty} split.*give 30 or more"):
        opened.picture(empty, (0,), elevation=0.0, size=32)


def test_photographs_are_turned_as_their_exif_says_and_any_mode_is_read(tmp_path: Path) -> None:
    image = Image.new("RGB", (200, 100), "red")
    image.paste("blue", (0, 0, 100, 100))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise: left goes up
    image.save(tmp_path / "turned.jpg", exif=exif)
    pixels = backgrounds._decoded("turned", (tmp_path / "turned.jpg").read_bytes())
    assert pixels.shape == (200, 100, 3)
    assert pixels[20, 50, 2] > 200 > 100 > pixels[20, 50, 0]
    for mode in ("L", "CMYK", "RGB"):
        file = io.BytesIO()
        Image.new(mode, (40, 30)).save(file, "JPEG")
        assert backgrounds._decoded(mode, file.getvalue()).shape == (30, 40, 3)


def hostile(kind: str) -> bytes:
    if kind == "bomb":
        file = io.BytesIO()
        Image.new("1", (10_100, 10_100)).save(file, "PNG")
        return file.getvalue()
    if kind == "tiny":
        return photograph(0, (1, 1))
    return {"text": b"<svg/>", "truncated": photograph(0, (400, 300))[:700], "empty": b""}[kind]


@pytest.mark.parametrize("kind", ["bomb", "tiny", "text", "truncated", "empty"])
def test_a_hostile_photograph_is_one_line(tmp_path: Path, kind: str) -> None:
    (tmp_path / "bad.png").write_bytes(hostile(kind))
    opened = Photographs(tmp_path)
    split = next(split for split in SPLITS if opened.names(split))
    with pytest.raises(BadInput, match=r"bad\.png") as caught:
        opened.picture(split, (0,), elevation=0.0, size=32)
    assert "\n" not in str(caught.value)


def test_places_without_photographs_and_zips_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rooms.zip").write_bytes(b"PK\x03\x04 no zip")
    for path in (tmp_path / "rooms.zip", tmp_path / "none", tmp_path):
        with pytest.raises(BadInput):
            open_backgrounds(path)
    assert isinstance(open_backgrounds(None), Rooms)


def test_rooms_of_the_real_data_have_all_splits(real_data: Path) -> None:
    opened = Photographs(real_data / "rooms" / "rooms.zip")
    assert min(len(opened.names(split)) for split in SPLITS) > 20
    assert opened.picture("test", (0,), elevation=0.0, size=256).std() > 5
