"""`shapespace sample`: files, sheet, latents, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from shapespace.cli.main import main
from shapespace.nets.generator import Generator
from shapespace.nets.latents import read_latents
from shapespace.nets.norm import BatchNorm3d
from shapespace.nets.weights import SpaceCard, save_space
from shapespace.shapes.grid import components
from shapespace.space import load


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> str:
    torch.manual_seed(1)
    generator = Generator(6, 16, widths=(16, 8))
    for part in generator.modules():
        if isinstance(part, BatchNorm3d):
            part.running_var.fill_(0.01)
    generator.output.weight.data.mul_(20)
    path = tmp_path_factory.mktemp("space") / "space.safetensors"
    save_space(path, generator, SpaceCard())
    return str(path)


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_it_writes_each_format_a_sheet_and_the_latents(space, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["sample", space, "-n", "3", "--seed", "7", "--out", str(out), "--format", "stl,glb,binvox"]) == 0
    files = [f"shape_{i:04d}.{extension}" for i in range(3) for extension in ("binvox", "glb", "stl")]
    assert names(out) == ["latents.npz", *files, "sheet.png"]
    assert np.array_equal(np.load(out / "latents.npz")["z"], load(space).latents(3, 7))
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 1
    assert "3 shapes" in said[0]


def test_json_says_what_was_written(space, cube, tmp_path, capsys):
    assert main(["sample", cube, "-n", "1", "--out", str(tmp_path / "a"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts == {"out": str(tmp_path / "a"), "shapes": [{"files": ["shape_0000.stl"], "voxels": 16**3}]}
    assert main(["sample", cube, "-n", "1", "--out", str(tmp_path / "b"), "--json", "--threshold", "0.9"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["shapes"] == [{"files": [], "voxels": 0}]
    assert said.err == "1 empty shape not written; a lower --threshold may fill what is empty\n"
    assert main(["sample", cube, "-n", "1", "--out", str(tmp_path / "c")]) == 0
    assert capsys.readouterr().out.startswith("1 shape in ")


def test_latents_make_the_same_files_again(space, tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    assert main(["sample", space, "-n", "2", "--out", str(first), "--format", "binvox,stl"]) == 0
    with_latents = ["--latents", str(first / "latents.npz"), "--format", "binvox,stl"]
    assert main(["sample", space, "--out", str(again), *with_latents]) == 0
    assert names(first) == names(again)
    for name in names(first):
        assert (first / name).read_bytes() == (again / name).read_bytes(), name


@pytest.fixture(scope="module")
def cube(tmp_path_factory) -> str:
    """Return a space that knows one shape, the full grid: its output is the same everywhere."""
    generator = Generator(6, 16, widths=(16, 8))
    generator.output.weight.data.zero_()
    path = tmp_path_factory.mktemp("cube") / "space.safetensors"
    save_space(path, generator, SpaceCard(threshold=0.4))
    return str(path)


def test_finishing_options_reach_the_mesh(cube, tmp_path):
    from shapespace.shapes import formats

    options = ["--largest-component", "--smooth", "2", "--faces", "200", "--millimetres", "100", "--threshold", "0.3"]
    assert main(["sample", cube, "-n", "1", "--out", str(tmp_path / "out"), *options]) == 0
    mesh = formats.read(tmp_path / "out" / "shape_0000.stl").mesh
    assert mesh.is_closed
    assert (mesh.bounds[1] - mesh.bounds[0]).max() == pytest.approx(100, rel=1e-4)
    plain = load(cube).sample(1)[0].to_mesh()
    assert len(mesh.faces) <= 250 < len(plain.faces)


def test_a_folder_with_something_in_it_is_refused_unless_forced(space, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("keep")
    command = ["sample", space, "-n", "1", "--out", str(tmp_path)]
    assert main(command) == 4
    assert "not empty" in capsys.readouterr().err
    assert names(tmp_path) == ["mine.txt"]
    assert main([*command, "--force"]) == 0
    assert (tmp_path / "mine.txt").read_text() == "keep"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--format", "binvox,npz", "--smooth", "3"], 2, "no mesh is written"),
        (["--format", "blend"], 2, "blend"),
        (["-n", "0"], 2, "-n is 0"),
        (["-n", "1000000"], 2, "100,000"),
        (["--seed", "-1"], 2, "seed is -1"),
        (["--threshold", "1.5"], 2, "between 0 and 1"),
        (["--millimetres", "0"], 2, "above 0"),
        (["--faces", "1"], 2, "at least 4"),
        (["--latents", "missing.npz"], 3, "missing.npz"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(space, tmp_path, capsys, options, code, said):
    assert main(["sample", space, "--out", str(tmp_path / "out"), *options]) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not (tmp_path / "out").exists()


def test_a_space_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["sample", "no-such-space", "--out", str(tmp_path / "out")]) == 3
    assert "shipped space" in capsys.readouterr().err


def test_shapes_that_are_empty_are_counted_not_written(tmp_path, capsys):
    generator = Generator(6, 16, widths=(4, 2))
    generator.output.weight.data.zero_()  # occupancy 0.5 everywhere, the threshold is not below it
    save_space(tmp_path / "a.safetensors", generator, SpaceCard())
    assert main(["sample", str(tmp_path / "a.safetensors"), "-n", "2", "--out", str(tmp_path / "out")]) == 0
    spoken = capsys.readouterr()
    assert "0 shapes" in spoken.out
    assert "2 empty shapes not written" in spoken.err
    assert names(tmp_path / "out") == ["latents.npz", "sheet.png"]


def test_mended_shapes_are_whole_and_can_be_made_again(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["sample", "chair", "-n", "4", "--seed", "5", "--mend", "--format", "npz", "--out", str(out)]) == 0
    assert "could not" not in capsys.readouterr().err
    space = load("chair")
    grids = space.decode(read_latents(out / "latents.npz", space.latent_dim)) > space.threshold
    assert [components(grid)[1] for grid in grids] == [1] * 4


def test_it_is_said_how_many_shapes_could_not_be_mended(space, tmp_path, capsys):
    command = ["sample", space, "-n", "2", "--mend", "--threshold", "0.5", "--format", "npz"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    assert "of 2 could not be mended; --largest-component drops the rest" in capsys.readouterr().err
