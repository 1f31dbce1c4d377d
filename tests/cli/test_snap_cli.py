"""`shapespace snap`: a rough shape in, a mesh of the nearest one, a picture and a latent vector out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from shapespace.cli.main import main
from shapespace.nets.latents import read_latents
from shapespace.shapes.furniture import make


@pytest.fixture
def rough(tmp_path):
    voxels = make("chair", 123_456, 32).voxels
    np.save(tmp_path / "rough.npy", voxels ^ (np.random.default_rng(0).random(voxels.shape) < 0.02))
    return tmp_path / "rough.npy"


def test_the_nearest_shape_is_written_with_picture_and_latent(rough, tmp_path, capsys):
    out = tmp_path / "chair.stl"
    words = ["snap", str(rough), "--space", "chair", "--out", str(out), "--steps", "10"]
    assert main(words) == 0
    assert "IoU 0." in capsys.readouterr().out
    assert out.stat().st_size > 84
    assert read_latents(tmp_path / "chair.npz", 128).shape == (1, 128)
    with Image.open(tmp_path / "chair.png") as sheet:
        assert sheet.width == 640
    assert main(words) == 4
    assert "exists already" in capsys.readouterr().err


def test_half_of_it_is_kept_and_the_rest_completed(rough, tmp_path, capsys):
    words = ["snap", str(rough), "--space", "chair", "--out", str(tmp_path / "a.binvox"), "--keep", "bottom"]
    assert main([*words, "--steps", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["steps"] == 2
    assert 0 < said["iou"] < 1


def test_a_file_that_is_no_shape_is_one_line(tmp_path, capsys):
    path = tmp_path / "no.stl"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    assert main(["snap", str(path), "--space", "chair", "--out", str(tmp_path / "a.stl")]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "a.stl").exists()
