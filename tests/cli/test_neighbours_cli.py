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
    z = load(space).latents(9)[8:]
    write_latents(tmp_path / "z.npz", np.nextafter(z, np.float32(9)))  # all but sample 8
    out = tmp_path / "near.png"
    command = ["neighbours", space, f"{tmp_path / 'z.npz'}:0", "--by", by, "--samples", "10", "--out", str(out)]
    assert main([*command, "--json", "-k", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["neighbours"][0][0] == "0:8"
    assert out.is_file()
    assert not list(tmp_path.glob("*.index"))


@pytest.mark.parametrize("by", ["features", "voxels", "latent"])
def test_a_sample_among_those_searched_is_left_out_of_its_own_answer(space, tmp_path, capsys, by):
    loaded = load(space)
    write_latents(tmp_path / "z.npz", loaded.latents(10)[8:])
    formats.write(tmp_path / "three.npz", loaded.decode(loaded.latents(4)[3:])[0] > loaded.threshold)
    queries = ["0:3", f"{tmp_path / 'z.npz'}:0", "1:3", *([] if by == "latent" else [str(tmp_path / "three.npz")])]
    command = ["neighbours", space, *queries, "--by", by, "--samples", "10", "-k", "9", "--json"]
    assert main([*command, "--out", str(tmp_path / "near.png")]) == 0
    found = json.loads(capsys.readouterr().out)["neighbours"]
    everyone = {f"0:{i}" for i in range(10)}
    assert [everyone - set(row) for row in found[:2]] == [{"0:3"}, {"0:8"}]
    assert all(len(row) == len(set(row)) == 9 for row in found)
    if by != "latent":
        assert found[3][0] == "0:3"  # a file is no sample, however alike


def test_the_only_sample_has_no_neighbour(space, tmp_path, capsys):
    command = ["neighbours", space, "0:0", "--samples", "1", "--out", str(tmp_path / "near.png")]
    assert main(command) == 0
    assert capsys.readouterr().out.strip() == "0:0:"


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
