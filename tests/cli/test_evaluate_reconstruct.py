"""`evaluate reconstruct` as a user runs it, on a space and a store so small that it takes seconds."""

from __future__ import annotations

import json

import pytest
import torch
from PIL import Image

from shapespace.cli.main import main
from shapespace.data.writer import write_store
from shapespace.evaluate.reconstruct import CLASS_MEAN, PREDICTED, RETRIEVED, SHUFFLED, SHUFFLED_WITHIN
from shapespace.files import write_text
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
    folder, card = tmp_path_factory.mktemp("spaces"), SpaceCard(prior="normal", threshold=0.5)
    generator = Generator(6, 16, widths=(8, 4)).eval()
    save_space(folder / "blind.safetensors", generator, card)
    save_space(folder / "sees.safetensors", generator, card, encoder=ImageEncoder(6, widths=(1, 2, 4, 8)))
    return folder


def test_the_report_has_all_rows_and_says_what_was_measured(spaces, store, tmp_path, capsys):
    words = ["evaluate", "reconstruct", str(spaces / "sees.safetensors"), "--data", str(store)]
    assert main([*words, "--out", str(tmp_path / "r"), "--each", "2"]) == 0
    printed = capsys.readouterr()
    assert "Mean over categories" in printed.out
    assert "brought to" not in printed.err
    found = json.loads((tmp_path / "r" / "report.json").read_text())
    assert list(found["rows"]) == [PREDICTED, CLASS_MEAN, RETRIEVED, SHUFFLED, SHUFFLED_WITHIN]
    assert [found[key] for key in ("split", "each", "pictures", "objects")] == ["test", 2, 8, 4]
    assert found["threshold"] == "its own a shape"
    assert found["rows"][SHUFFLED]["iou"]["value"] <= 1
    with Image.open(tmp_path / "r" / "panel.png") as panel:
        assert panel.width == 8 * 150
    page = (tmp_path / "r" / "report.html").read_text()
    assert not any("photograph" in text.lower() for text in (printed.out, page, json.dumps(found)))


def test_a_store_of_another_resolution_is_named_on_the_way_and_in_the_report(spaces, tmp_path, capsys):
    grids = (make(name, seed, 32).voxels for seed, name in enumerate(NAMES[:4]))
    write_store(tmp_path / "fine.shapes", grids, categories=NAMES[:4], splits=["train"] * 2 + ["test"] * 2)
    words = ["evaluate", "reconstruct", str(spaces / "sees.safetensors"), "--data", str(tmp_path / "fine.shapes")]
    assert main([*words, "--out", str(tmp_path / "r"), "--each", "1", "--json"]) == 0
    printed = capsys.readouterr()
    said = (
        "truths are 32^3, the space makes 16^3: its shapes are brought to 32^3, each voxel the mean of what it covers"
    )
    assert said in printed.err.splitlines()
    found = json.loads(printed.out)
    assert (found["resolution"], found["space_resolution"], found["made"][PREDICTED]) == (32, 16, said)
    assert said in (tmp_path / "r" / "report.html").read_text()


def test_a_report_from_when_pictures_were_called_photographs_is_compared(spaces, store, tmp_path, capsys):
    words = ["evaluate", "reconstruct", str(spaces / "sees.safetensors"), "--data", str(store)]
    assert main([*words, "--out", str(tmp_path / "now"), "--each", "1"]) == 0
    text = (tmp_path / "now" / "report.json").read_text()
    old = text.replace('"shuffled pictures"', '"shuffled photographs"').replace('"pictures"', '"photographs"')
    assert old.count("photographs") > 5
    write_text(tmp_path / "before" / "report.json", old)
    capsys.readouterr()
    assert main(["evaluate", "compare", str(tmp_path / "before"), str(tmp_path / "now"), "--json"]) == 0
    gaps = json.loads(capsys.readouterr().out)["differences"]["reconstruct"]
    assert {gap["column"] for gap in gaps} >= {"iou", "iou above shuffled pictures"}
    assert all(gap["paired"] and gap["difference"]["value"] == 0 for gap in gaps)


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
    assert found["pictures"] == 51
    assert found["split"] == "ikea"
