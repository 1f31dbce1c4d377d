"""`shapespace interpolate` and `shapespace arithmetic`: what they write, and what they refuse before they load."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from shapespace.cli.main import main
from shapespace.explore.attributes import Attributes, beside
from shapespace.explore.interpolate import interpolate
from shapespace.nets.generator import Generator
from shapespace.nets.norm import BatchNorm3d
from shapespace.nets.weights import SpaceCard, save_space
from shapespace.shapes import formats
from shapespace.space import load


@pytest.fixture(scope="module")
def space(tmp_path_factory) -> str:
    torch.manual_seed(1)
    generator = Generator(6, 16, widths=(16, 8))
    for part in generator.modules():
        if isinstance(part, BatchNorm3d):
            part.running_var.fill_(0.01)
    generator.output.weight.data.mul_(20)
    path = tmp_path_factory.mktemp("space") / "made.safetensors"
    save_space(path, generator, SpaceCard(prior="normal"))
    loaded = load(path)
    voxels = loaded.decode(loaded.latents(32)) > loaded.threshold
    labels = {"full": voxels.mean(axis=(1, 2, 3))}
    Attributes.learn(loaded, voxels, labels, samples=32, epochs=1).save(beside(path))
    return str(path)


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def latents(folder) -> np.ndarray:
    return np.load(folder / "latents.npz")["z"]


def test_a_way_is_shapes_sheet_latents_and_a_moving_picture(space, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["interpolate", space, "0:0", "3:1", "0:2", "--steps", "5", "--frames", "6", "--out", str(out)]
    assert main([*command, "--format", "binvox,npz"]) == 0
    files = [f"shape_{i:04d}.{extension}" for i in range(5) for extension in ("binvox", "npz")]
    assert names(out) == ["latents.npz", *files, "sheet.png", "turntable.gif"]
    loaded = load(space)
    ends = np.stack([loaded.latents(1, 0)[0], loaded.latents(2, 3)[1], loaded.latents(3, 0)[2]])
    assert np.array_equal(latents(out), interpolate(ends, 5, how="spherical"))
    with Image.open(out / "turntable.gif") as film:
        assert film.n_frames == 6
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        f"5 shapes in {out} as binvox, npz, with sheet.png, latents.npz, turntable.gif"
    ]  # fmt: skip


def test_lines_and_no_picture_and_json(space, tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--how", "linear", "--frames", "0", "--steps", "3", "--json", "--format", "npz"]
    assert main(["interpolate", space, "0:0", "0:1", "--out", str(out), *options]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["ends_at"] == [0, 2]
    assert facts["shapes"] == len(facts["voxels"]) == 3
    assert "turntable.gif" not in names(out)
    assert np.array_equal(latents(out), interpolate(load(space).latents(2), 3, how="linear"))


def test_each_shape_of_a_way_is_whole_unless_loose_pieces_are_wanted(space, tmp_path):
    command = ["interpolate", space, "0:0", "0:1", "--steps", "6", "--frames", "0", "--format", "binvox"]
    assert main([*command, "--out", str(tmp_path / "whole")]) == 0
    assert main([*command, "--out", str(tmp_path / "raw"), "--no-largest-component"]) == 0
    whole, raw = (
        [ndimage.label(formats.read(path).voxels)[1] for path in sorted((tmp_path / name).glob("*.binvox"))]
        for name in ("whole", "raw")
    )
    assert whole == [1] * 6
    assert max(raw) > 1


def test_sums_are_written_and_what_is_read_off_them_is_told(space, tmp_path, capsys):
    out = tmp_path / "out"
    sums = ["0:0 - 0:1 + 0:2", "0:3 + 2*full"]
    assert main(["arithmetic", space, *sums, "--out", str(out), "--format", "npz", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["sums"] == sums
    assert len(facts["attributes"]) == 2
    assert facts["attributes"][0].keys() == {"full"}
    assert names(out) == ["latents.npz", "shape_0000.npz", "shape_0001.npz", "sheet.png"]
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.size[0] == 8 * 160  # two sums of three terms and what they come to, in a row


def test_a_straight_step_is_the_attribute_s_line(space, tmp_path):
    out = tmp_path / "out"
    assert main(["arithmetic", space, "0:3 + full", "--straight", "--out", str(out), "--format", "npz"]) == 0
    learned = Attributes.load(beside(space))
    assert np.array_equal(latents(out)[0], learned.move(load(space).latents(4)[3], {"full": 1.0}))


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["interpolate", "0:1"], 2, "two or more"),
        (["interpolate", "0:1", "0:2", "--steps", "1"], 2, "--steps is 1"),
        (["interpolate", "0:1", "0:2", "--frames", "-1"], 2, "--frames is -1"),
        (["interpolate", "0:1", "0:2", "--how", "round"], 2, "round"),
        (["interpolate", "0:1", "0:2", "--format", "blend"], 2, "blend"),
        (["interpolate", "0:1", "missing.stl"], 3, "missing.stl"),
        (["arithmetic"], 2, "0 sums"),
        (["arithmetic", "0:1 + wheels"], 2, "attributes are full"),
        (["arithmetic", "full"], 2, "begins with a shape"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(space, tmp_path, capsys, command, code, said):
    assert main([command[0], space, *command[1:], "--out", str(tmp_path / "out")]) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not (tmp_path / "out").exists()


def test_a_folder_in_use_is_left_alone(space, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("keep")
    assert main(["interpolate", space, "0:1", "0:2", "--out", str(tmp_path)]) == 4
    assert main(["arithmetic", space, "0:1", "--out", str(tmp_path)]) == 4
    assert names(tmp_path) == ["mine.txt"]
