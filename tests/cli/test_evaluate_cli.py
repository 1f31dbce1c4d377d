"""`evaluate generate` and `evaluate compare` as a user runs them, on a space so small that it takes a second."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from shapespace.cli.evaluate import checked_out
from shapespace.cli.main import main
from shapespace.data.writer import write_store
from shapespace.evaluate.generate import HALVES, LARGEST, OWN
from shapespace.nets.generator import Generator
from shapespace.nets.weights import SpaceCard, save_space
from shapespace.shapes.furniture import make


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    splits = ["train"] * 40 + ["test"] * 24
    folder = tmp_path_factory.mktemp("evaluate") / "chairs.shapes"
    write_store(folder, (make("chair", i, 16).voxels for i in range(64)), categories="chair", splits=splits)
    return folder


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    torch.manual_seed(0)
    generator = Generator(6, 16, widths=(8, 4)).eval()
    path = tmp_path_factory.mktemp("space") / "tiny.safetensors"
    save_space(path, generator, SpaceCard(prior="normal", threshold=0.5))
    return path


@pytest.fixture(scope="module")
def reports(store, space, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    for seed in (0, 1):
        words = ["evaluate", "generate", str(space), "--data", str(store), "--out", str(folder / f"r{seed}")]
        assert main([*words, "--samples", "30", "--seed", str(seed)]) == 0
    return folder


def test_the_report_has_every_row_and_says_what_was_measured(reports):
    found = json.loads((reports / "r0" / "report.json").read_text())
    assert [found[key] for key in ("split", "held_out", "training", "samples", "seed")] == ["test", 24, 40, 30, 0]
    rows = list(found["rows"])
    assert rows[:2] == [OWN, LARGEST]
    assert {"copies of the training set", "PCA, 20 components", "PCA, 100 components", "mean shape", HALVES} < {*rows}
    assert found["rows"]["copies of the training set"]["z_u"]["value"] < -4
    assert {path.name for path in (reports / "r0").iterdir()} == {
        "report.json",
        "report.html",
        "panel.png",
        "curve.png",
    }


def test_the_same_seed_gives_the_same_numbers(reports, store, space):
    words = ["evaluate", "generate", str(space), "--data", str(store), "--out", str(reports / "again")]
    assert main([*words, "--samples", "30"]) == 0
    first, again = (json.loads((reports / name / "report.json").read_text()) for name in ("r0", "again"))
    assert first["rows"] == again["rows"]


def test_two_seeds_side_by_side(reports, tmp_path, capsys):
    assert main(["evaluate", "compare", str(reports / "r0"), str(reports / "r1"), "--out", str(tmp_path / "c")]) == 0
    printed = capsys.readouterr().out
    assert "means nothing" in printed
    assert "differences to r0 mean something" in printed
    assert {path.name for path in (tmp_path / "c").iterdir()} == {"compare.html", "compare.png"}


def test_differences_as_json_are_those_that_are_printed(reports, tmp_path, capsys):
    assert main(["evaluate", "compare", str(reports / "r0"), str(reports / "r1"), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line, parse_constant=pytest.fail)
    assert main(["evaluate", "compare", str(reports / "r0"), str(reports / "r1")]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert found["first"] == "r0"
    (gaps,) = found["differences"].values()
    assert [f", {each['verdict']}" in line for each, line in zip(gaps, printed[:-2], strict=True)] == [True] * len(gaps)


def test_a_file_where_the_page_should_go_is_named_before_the_work(reports, tmp_path, capsys):
    (tmp_path / "there").touch()
    words = ["evaluate", "compare", str(reports / "r0"), str(reports / "r1"), "--out", str(tmp_path / "there")]
    assert main(words) == 4
    assert "there is a file; give a folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (["--samples", "3"], "at least 8"),
        (["--split", "validation"], "too few shapes: 0 in validation"),
        (["--category", "sofa"], "sofa"),
        (["--peer", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_what_cannot_be_measured_is_one_line_and_leaves_nothing(store, space, tmp_path, capsys, change, named):
    out = tmp_path / "out"
    assert main(["evaluate", "generate", str(space), "--data", str(store), "--out", str(out), *change]) in (2, 3)
    complaint = capsys.readouterr().err
    assert named in complaint.splitlines()[-1]
    assert not out.exists()


def test_another_resolution_is_refused(space, tmp_path, capsys):
    folder = tmp_path / "b.shapes"
    write_store(folder, [make("chair", i, 32).voxels for i in range(20)], categories="chair", splits=["train"] * 20)
    assert main(["evaluate", "generate", str(space), "--data", str(folder), "--out", str(tmp_path / "o")]) == 2
    assert "--resolution 16" in capsys.readouterr().err


def test_a_full_folder_is_not_written_into(store, space, reports, capsys):
    words = ["evaluate", "generate", str(space), "--data", str(store), "--out", str(reports / "r0")]
    assert main(words) == 4
    assert "--force" in capsys.readouterr().err


def test_one_report_is_nothing_to_compare(reports, capsys):
    assert main(["evaluate", "compare", str(reports / "r0")]) == 2
    assert "two reports" in capsys.readouterr().err


def test_json_is_one_strict_line_and_the_threshold_curve_has_intervals(store, space, tmp_path, capsys):
    words = ["evaluate", "generate", str(space), "--data", str(store), "--out", str(tmp_path / "j"), "--threads", "1"]
    assert main([*words, "--samples", "8", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    found = json.loads(lines[0], parse_constant=pytest.fail)
    assert found == json.loads((tmp_path / "j" / "report.json").read_text())
    assert {*found["curve"]["samples"][0]["one_piece"]} == {"value", "low", "high"}


def test_few_held_out_shapes_and_the_classifier_are_said(reports):
    page = (reports / "r0" / "report.html").read_text()
    assert "Held-out shapes are few" in page
    assert "shapespace-modelnet10-32" in page
    assert json.loads((reports / "r0" / "report.json").read_text())["classifier"]["sha256"][:12] in page


def test_so_few_held_out_shapes_that_their_halves_say_nothing_are_measured_all_the_same(space, tmp_path, capsys):
    splits = ["train"] * 20 + ["test"] * 6 + ["validation"] * 6
    write_store(tmp_path / "few.shapes", (make("chair", i, 16).voxels for i in range(32)), splits=splits)
    words = ["evaluate", "generate", str(space), "--data", str(tmp_path / "few.shapes"), "--split", "test+validation"]
    assert main([*words, "--samples", "16", "--out", str(tmp_path / "r")]) == 0
    assert "halves of 12 say nothing" in capsys.readouterr().out
    found = json.loads((tmp_path / "r" / "report.json").read_text())["rows"]
    assert "one_nna" in found[OWN]
    assert "one_nna" not in found[HALVES]


def test_an_interrupted_run_leaves_nothing(store, space, tmp_path, monkeypatch, capsys):
    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("shapespace.evaluate.curve.draw", stop)
    words = ["evaluate", "generate", str(space), "--data", str(store), "--out", str(tmp_path / "o"), "--samples", "8"]
    assert main(words) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "error: interrupted"
    assert not list(tmp_path.iterdir())


def test_a_missing_space_is_one_line(store, tmp_path, capsys):
    words = ["evaluate", "generate", "nowhere", "--data", str(store), "--out", str(tmp_path / "o")]
    assert main(words) in (2, 3)
    assert "nowhere" in capsys.readouterr().err.splitlines()[-1]


def test_without_out_the_tables_lie_in_the_run_or_here(store, space, tmp_path, monkeypatch, capsys):
    run, here = tmp_path / "runs" / "a", tmp_path / "here"
    run.mkdir(parents=True)
    here.mkdir()
    shutil.copy(space, run / "space.safetensors")
    monkeypatch.chdir(here)
    words = ["--data", str(store), "--samples", "8"]
    for given, folder in ((str(run), run / "tables" / "generate"), (str(space), here / "tables" / "tiny-generate")):
        assert main(["evaluate", "generate", given, *words]) == 0
        assert (folder / "report.json").is_file()
        assert main(["evaluate", "generate", given, *words]) == 4
        assert "--force" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["generate", "classify", "reconstruct"])
def test_the_default_folder_is_named_by_the_space_and_the_kind(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert checked_out(None, "chair", kind, force=False) == Path("tables") / f"chair-{kind}"
    assert checked_out(None, "some/where.safetensors", kind, force=False) == Path("tables") / f"where-{kind}"
    assert checked_out(None, str(tmp_path), kind, force=False) == tmp_path / "tables" / kind
    assert checked_out(tmp_path / "o", "chair", kind, force=False) == tmp_path / "o"
