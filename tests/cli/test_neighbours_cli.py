"""`shapespace neighbours`: what it prints, draws and keeps, and what it refuses before it loads."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from shapespace.cli.main import main
from shapespace.data.writer import write_store
from shapespace.nets.latents import write_latents
from shapespace.shapes import formats
from shapespace.space import load

COUNT = 12


@pytest.fixture
def store(space, tmp_path) -> str:
    loaded = load(space)
    voxels = loaded.decode(loaded.latents(COUNT)) > loaded.threshold
    write_store(tmp_path / "made.shapes", voxels, ids=[f"shape-{i}" for i in range(COUNT)])
    return str(tmp_path / "made.shapes")


@pytest.mark.parametrize("by", ["features", "voxels"])
def test_a_shape_of_the_store_is_its_own_nearest(space, store, tmp_path, capsys, by):
    out = tmp_path / "near.png"
    command = ["neighbours", space, "0:3", "0:7", "--among", store, "--by", by, "-k", "4", "--out", str(out)]
    assert main([*command, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["queries"] == ["0:3", "0:7"]
    assert [row[0] for row in facts["neighbours"]] == ["shape-3", "shape-7"]
    assert all(len(row) == 4 and row == sorted(row) for row in facts["distances"])
    with Image.open(out) as sheet:
        assert sheet.size[0] == 5 * 160
    assert (tmp_path / f"made.shapes.{by}.index").is_file()
    assert main([*command, "--force"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" (")[0] for line in lines] == ["0:3: shape-3", "0:7: shape-7"]


def test_a_file_is_looked_for(space, store, tmp_path, capsys):
    loaded = load(space)
    formats.write(tmp_path / "five.npz", loaded.decode(loaded.latents(6)[5:])[0] > loaded.threshold)
    assert main(["neighbours", space, str(tmp_path / "five.npz"), "--among", store, "--by", "voxels", "-k", "1"]) == 0
    assert capsys.readouterr().out.endswith(": shape-5 (0.000)\n")


@pytest.mark.parametrize("by", ["features", "voxels", "latent"])
def test_samples_are_searched_without_a_store(space, tmp_path, capsys, by):
    write_latents(tmp_path / "z.npz", load(space).latents(9)[8:])
    out = tmp_path / "near.png"
    command = ["neighbours", space, f"{tmp_path / 'z.npz'}:0", "--by", by, "--samples", "10", "--out", str(out)]
    assert main([*command, "--json", "-k", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["neighbours"][0][0] == "0:8"
    assert out.is_file()
    assert not list(tmp_path.glob("*.index"))


def test_a_store_of_another_resolution_is_one_line(space, tmp_path, capsys):
    write_store(tmp_path / "large.shapes", np.ones((3, 32, 32, 32), bool))
    assert main(["neighbours", space, "0:1", "--among", str(tmp_path / "large.shapes")]) == 2
    assert "prepare them at 16" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ([], 2, "0 queries"),
        (["0:1", "-k", "0"], 2, "-k is 0"),
        (["0:1", "--samples", "0"], 2, "--samples is 0"),
        (["0:1", "--by", "colour"], 2, "colour"),
        (["0:1", "--out", "near.jpg"], 2, "near.jpg"),
        (["missing.stl"], 3, "missing.stl"),
        (["0:1", "--among", "missing.shapes"], 3, "missing.shapes"),
        (["0:1", "--among", "missing.shapes", "--by", "latent"], 2, "searches samples"),
        (["wheels"], 2, "'wheels' is neither"),
    ],
)
def test_a_mistake_is_one_line(space, capsys, command, code, said):
    assert main(["neighbours", space, *command]) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]


def test_a_picture_in_use_is_left_alone(space, tmp_path, capsys):
    (tmp_path / "mine.png").write_text("keep")
    assert main(["neighbours", space, "0:1", "--out", str(tmp_path / "mine.png")]) == 4
    assert "exists already" in capsys.readouterr().err
    assert (tmp_path / "mine.png").read_text() == "keep"
