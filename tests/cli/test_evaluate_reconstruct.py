"""`evaluate reconstruct` as a user runs it, on a space and a store so small that it takes seconds."""

from __future__ import annotations

import json

import pytest
import torch
from PIL import Image

from shapespace.cli.main import main
from shapespace.data.writer import write_store
from shapespace.evaluate.reconstruct import CLASS_MEAN, PREDICTED, RETRIEVED, SHUFFLED, SHUFFLED_WITHIN
from shapespace.nets.encoder import ImageEncoder
from shapespace.nets.generator import Generator
from shapespace.nets.weights import SpaceCard, save_space
from shapespace.shapes.furniture import make

NAMES = ["chair", "table"] * 5


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate") / "both.shapes"
    grids = (make(name, seed, 16).voxels for seed, name in enumerate(NAMES))
    write_store(folder, grids, categories=NAMES, splits=["train"] * 6 + ["test"] * 4)
    return folder


@pytest.fixture(scope="module")
def spaces(tmp_path_factory):
    torch.manual_seed(0)
    folder, card = tmp_path_factory.mktemp("spaces"), SpaceCard(prior="normal", threshold=0.5, picture_threshold=0.45)
    generator = Generator(6, 16, widths=(8, 4)).eval()
    save_space(folder / "blind.safetensors", generator, card)
    save_space(folder / "sees.safetensors", generator, card, encoder=ImageEncoder(6, widths=(1, 2, 4, 8)))
    return folder


def test_the_report_has_all_rows_and_says_what_was_measured(spaces, store, tmp_path, capsys):
    words = ["evaluate", "reconstruct", str(spaces / "sees.safetensors"), "--data", str(store)]
    assert main([*words, "--out", str(tmp_path / "r"), "--each", "2"]) == 0
    assert "Mean over categories" in capsys.readouterr().out
    found = json.loads((tmp_path / "r" / "report.json").read_text())
    assert list(found["rows"]) == [PREDICTED, CLASS_MEAN, RETRIEVED, SHUFFLED, SHUFFLED_WITHIN]
    assert [found[key] for key in ("split", "each", "photographs", "objects")] == ["test", 2, 8, 4]
    assert found["threshold"] == 0.45
    assert found["rows"][SHUFFLED]["iou"]["value"] <= 1
    with Image.open(tmp_path / "r" / "panel.png") as panel:
        assert panel.width == 8 * 150


def test_a_space_that_reads_no_pictures_is_refused_before_anything_is_written(spaces, store, tmp_path, capsys):
    words = ["evaluate", "reconstruct", str(spaces / "blind.safetensors"), "--data", str(store)]
    assert main([*words, "--out", str(tmp_path / "r")]) == 2
    assert "reads no pictures" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


def test_the_ikea_photographs_are_read_for_categories_that_were_learned(spaces, store, tmp_path, real_data, capsys):
    words = ["evaluate", "reconstruct", str(spaces / "sees.safetensors"), "--data", str(store), "--json"]
    assert (
        main([*words, "--photographs", str(real_data / "ikea"), "--out", str(tmp_path / "r"), "--category", "chair"])
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found["photographs"] == 51
    assert found["split"] == "ikea"
