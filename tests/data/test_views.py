"""Picture-shape pairs: pure functions of their numbers, splits kept apart, drawn or read from a folder."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shapespace.cli.main import main
from shapespace.data.backgrounds import Rooms, split_of
from shapespace.data.store import Store
from shapespace.data.view_folder import StoredViews, shard_name
from shapespace.data.view_subjects import draw_shard, find_subjects
from shapespace.data.view_writer import Partial, _fingerprint, _tasks, write_views
from shapespace.data.views import RenderedViews, Views, normalised, save_view_sheet
from shapespace.data.writer import write_store
from shapespace.errors import BadInput, DamagedFile, OutputError, UsageError
from shapespace.shapes import formats, furniture, views
from shapespace.shapes.surface import to_mesh

SPLITS = ["train", "train", "validation", "test", "train", "test"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    grids = [furniture.make("chair", seed, 16).voxels for seed in range(6)]
    return write_store(tmp_path_factory.mktemp("views") / "a.shapes", grids, splits=SPLITS, categories=["a", "b"] * 3)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Store:
    grids = [furniture.make("chair", seed, 16).voxels for seed in range(2)]
    return write_store(tmp_path_factory.mktemp("small") / "a.shapes", grids)


@pytest.fixture
def uncoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a part of the pixels instead of WebP, which takes most of the time."""
    monkeypatch.setattr("shapespace.data.view_subjects._encoded", lambda picture, quality: picture[::9, ::9].tobytes())


@pytest.fixture(scope="module")
def folder(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("folder") / "a.views"
    write_views(store.path, path, seed=3, workers=0)
    return path


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "copy.views"
    path.mkdir()
    for file in folder.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    return path


@pytest.mark.parametrize("kind", ["drawn", "stored"])
def test_a_batch_is_a_pure_function_of_seed_indices_and_draw(store: Store, folder: Path, kind: str) -> None:
    source = store.path if kind == "drawn" else folder
    pictures, numbers = Views.open(source, seed=3).batch([4, 0, 4], draw=7)
    assert pictures.shape == (3, 3, 256, 256)
    assert pictures.dtype == np.uint8
    warmed = Views.open(source, seed=3, workers=2)
    warmed.batch([1, 4], draw=0)
    again, numbers_again = warmed.batch([4, 0, 4], draw=7)
    assert np.array_equal(pictures, again)
    assert np.array_equal(numbers, numbers_again)
    for other in (
        Views.open(source, seed=4).batch([4, 0, 4], draw=7),
        Views.open(source, seed=3).batch([4, 0, 4], draw=8),
    ):
        assert not np.array_equal(other[0], pictures)
    assert not np.array_equal(pictures[0], pictures[2])


def test_numbers_of_views_are_drawn_evenly(store: Store) -> None:
    drawn = [int(np.random.default_rng([1, draw, 0, 0, 0]).integers(72)) for draw in range(2000)]
    assert set(drawn) == set(range(72))
    assert Views.open(store, seed=1).batch([0], draw=5)[1].tolist() == [drawn[5]]


def test_a_picture_shows_its_view(store: Store) -> None:
    drawn = Views.open(store, seed=3)
    front, elevation = RenderedViews(store).view(0, 30, (3, 0))
    assert elevation == views.look((3, 0), 30).elevation
    outline = front[..., 3] > 127
    here, elsewhere = drawn.picture(0, 30).astype(int), drawn.picture(0, 30, background=1)
    differs = np.abs(here - elsewhere).mean(axis=0)
    assert differs[~outline].mean() > 2 * differs[outline].mean()


@pytest.mark.parametrize("kind", ["drawn", "stored"])
def test_backgrounds_are_of_the_split_of_the_shape(store: Store, folder: Path, kind: str) -> None:
    asked = []

    class Spy(Rooms):
        def number(self, split, seed):
            asked.append(split)
            number = super().number(split, seed)
            assert split_of(b"room %d" % number) == split
            return number

    opened = Views.open(store if kind == "drawn" else folder, seed=0, backgrounds=Spy())
    opened.batch(range(6), draw=1)
    opened.picture(3, 0, 9)
    assert asked == [*SPLITS, "test"]


def test_indices_are_the_stores_for_views_that_are_stored_as_well(store: Store, folder: Path) -> None:
    for opened in (Views.open(store, seed=0), Views.open(folder, seed=0)):
        assert len(opened) == 6
        assert opened.shapes_digest == store.digest
        for split in (None, "train", "validation", "test"):
            assert opened.indices(split, "a").tolist() == store.indices(split, "a").tolist()
        with pytest.raises(UsageError, match="there are"):
            opened.indices("tests")


def test_stored_views_are_the_drawn_ones_but_for_the_codec(store: Store, folder: Path) -> None:
    stored, drawn = StoredViews(folder), RenderedViews(store)
    for shape, view in ((0, 0), (1, 71), (5, 40)):
        (a, low), (b, high) = stored.view(shape, view), drawn.view(shape, view, (3, shape))
        assert low == pytest.approx(high, abs=1e-5)
        assert np.array_equal(a[..., 3], b[..., 3])  # alpha is kept exactly
        full = b[..., 3] == 255
        assert np.abs(a[full].astype(int) - b[full]).mean() < 8
    assert [stored.id(i) for i in range(6)] == [store.id(i) for i in range(6)]


def test_views_are_the_same_bytes_whoever_makes_them_and_after_an_interruption(small, tmp_path, monkeypatch, uncoded):
    monkeypatch.setattr("shapespace.data.view_writer.SHARD_SHAPES", 1)
    first, second = tmp_path / "1.views", tmp_path / "2.views"
    write_views(small.path, first, seed=3, workers=0)
    calls = []

    def killed(task):
        calls.append(task)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return draw_shard(task)

    monkeypatch.setattr("shapespace.data.view_writer.draw_shard", killed)
    with pytest.raises(KeyboardInterrupt):
        write_views(small.path, second, seed=3, workers=0)
    assert not second.exists()
    with pytest.raises(UsageError, match="another job"):
        write_views(small.path, second, seed=4, workers=0)
    write_views(small.path, second, seed=3, workers=0)
    assert len(calls) == 3  # one shard was kept
    names = sorted(file.name for file in first.iterdir())
    assert names == sorted(file.name for file in second.iterdir())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    assert not second.with_name("2.views.partial").exists()


@pytest.mark.slow
def test_views_survive_kills_at_any_moment(small, tmp_path):
    write_views(small.path, tmp_path / "whole.views", seed=3, workers=0)
    words = [sys.executable, "-m", "shapespace", "data", "render", str(small.path), "--seed", "3", "--workers", "1"]
    for seconds in (0.5, 2, 4, 6, 8, 600):
        process = subprocess.Popen([*words, "--out", str(tmp_path / "killed.views")])
        try:
            assert process.wait(seconds) == 0
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for file in (tmp_path / "whole.views").iterdir():
        assert (tmp_path / "killed.views" / file.name).read_bytes() == file.read_bytes()


def test_a_shard_without_records_is_drawn_again(small, tmp_path, uncoded):
    subjects = find_subjects(small.path)
    tasks = _tasks(small.path, subjects, 0, 85)
    partial = Partial(tmp_path / "a.views.partial", _fingerprint(tasks, subjects.digest))
    partial.pictures(0).write_bytes(b"half")
    assert not partial.done(0)
    write_views(small.path, tmp_path / "a.views", workers=0)
    assert len((tmp_path / "a.views" / shard_name(0)).read_bytes()) == 144 * 29 * 29 * 4


def test_damage_is_named_never_shown(copy: Path) -> None:
    shard = copy / shard_name(0)
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    with pytest.raises(DamagedFile, match="view 0 of shape 0 is not what was written"):
        StoredViews(copy).view(0, 0)
    assert StoredViews(copy).view(1, 0)[0].any()
    shard.write_bytes(content[:-1])
    with pytest.raises(DamagedFile, match="bytes, expected"):
        StoredViews(copy)
    shard.unlink()
    with pytest.raises(DamagedFile, match="is missing"):
        StoredViews(copy)


@pytest.mark.parametrize(
    ("key", "value"),
    [("format", "x"), ("version", 2), ("count", 5), ("shard_shapes", [6, -1]), ("shard_shapes", []), ("files", {}),
     ("files", []), ("size", 1 << 40), ("seed", "a"), ("categories", 3), ("provenance", None)],
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(copy: Path, key: str, value) -> None:
    path = copy / "manifest.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, key: value}))
    with pytest.raises(DamagedFile):
        StoredViews(copy)


def test_meshes_are_drawn_and_a_broken_one_costs_only_itself(tmp_path: Path) -> None:
    source = tmp_path / "meshes"
    for name, seed in (("chairs/a.stl", 0), ("stools/c.ply", 2)):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        formats.write(source / name, to_mesh(furniture.make("chair", seed, 16).voxels))
    (source / "chairs" / "broken.off").write_text("OFF\n3 1 0\n0 0")
    report = write_views(source, tmp_path / "m.views", workers=0)
    assert (report.shapes, report.pictures) == (2, 144)
    assert [refusal.path for refusal in report.refused] == ["chairs/broken.off"]
    opened = StoredViews(tmp_path / "m.views")
    assert [opened.id(i) for i in range(2)] == ["chairs/a.stl", "stools/c.ply"]
    assert opened.indices(category="chairs").tolist() == [0]
    assert opened.split(0) == split_of((source / "chairs" / "a.stl").read_bytes())
    # Smooth mesh and relaxed grid of one chair: nearly one outline.
    grid = furniture.make("chair", 0, 16).voxels
    how = views.look((0, 0), 30)
    a, b = (p[..., 3] > 127 for p in (opened.view(0, 30)[0], views.picture(views.model(grid), how)))
    assert (a & b).sum() / (a | b).sum() > 0.8


def test_which_way_is_up_in_meshes_can_be_said(tmp_path: Path) -> None:
    mesh = to_mesh(furniture.make("chair", 0, 16).voxels)
    formats.write(tmp_path / "a.stl", mesh)
    for up, expected in (("auto", "z"), ("y", "y")):
        assert find_subjects(tmp_path / "a.stl", up).shapes[0].up == expected


def test_mistakes_are_one_line(store, folder, tmp_path, capsys):
    for words, code, said in (
        ([str(store.path), "--out", str(folder)], 4, "exists already"),
        ([str(tmp_path / "none"), "--out", str(tmp_path / "x.views")], 3, "no such file or folder"),
        ([str(store.path), "--out", str(tmp_path / "x.views"), "--quality", "0"], 2, "1 to 100"),
        ([str(store.path), "--out", str(tmp_path / "x.views"), "--backgrounds", str(tmp_path)], 3, "no photograph"),
    ):
        assert main(["data", "render", *words]) == code
        error = capsys.readouterr().err
        assert said in error
        assert error.count("\n") == 1
    assert not list(tmp_path.glob("*.partial"))
    with pytest.raises(OutputError):
        write_views(store.path, folder)
    with pytest.raises(BadInput, match="no shape"):
        write_views(tmp_path, tmp_path / "y.views")


def test_the_command_writes_views_and_a_sheet(small, tmp_path, capsys):
    words = ["--out", str(tmp_path / "x.views"), "--workers", "0", "--sheet", str(tmp_path / "sheet.png")]
    assert main(["data", "render", str(small.path), *words]) == 0
    assert "144 views of 2 shapes" in capsys.readouterr().out
    from PIL import Image

    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (8 * 256, 3 * 256)
    save_view_sheet(tmp_path / "small.png", Views.open(small, seed=0), 3)


def test_normalised_reaches_both_ends() -> None:
    assert normalised(np.array([0, 255], np.uint8)).tolist() == [-1.0, 1.0]
    assert normalised(np.array([0, 255], np.uint8)).dtype == np.float32
