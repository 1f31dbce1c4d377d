"""`shapespace neurons`: what it draws and tells, and what it refuses before it loads."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from shapespace.cli.main import main
from shapespace.data.writer import write_store
from shapespace.space import load


def size(path) -> tuple[int, int]:
    with Image.open(path) as sheet:
        return sheet.size[0] // 160, sheet.size[1] // 160


def test_units_are_drawn_a_row_each(space, tmp_path, capsys):
    out = tmp_path / "units.png"
    options = ["--which", "2,0", "--columns", "3", "--samples", "5", "--out", str(out)]
    assert main(["neurons", space, *options, "--layer", "1"]) == 0
    assert capsys.readouterr().out == f"{out}: units 2, 0\n"
    assert size(out) == (3, 2)


def test_the_choosiest_units_are_drawn_if_none_are_named_among_a_store(space, tmp_path, capsys):
    loaded = load(space)
    write_store(tmp_path / "made.shapes", loaded.decode(loaded.latents(4)) > loaded.threshold)
    out = tmp_path / "units.png"
    options = ["--rows", "2", "--among", str(tmp_path / "made.shapes"), "--json", "--out", str(out)]
    assert main(["neurons", space, *options]) == 0
    assert len(set(json.loads(capsys.readouterr().out)["which"])) == 2
    assert size(out) == (4, 2)  # as many as there are


@pytest.mark.parametrize(("which", "drawn"), [(["--which", "4"], 1), (["--rows", "3"], 3)])
def test_numbers_are_walked_along(space, tmp_path, capsys, which, drawn):
    out = tmp_path / "numbers.png"
    assert main(["neurons", space, "--what", "numbers", "--columns", "4", *which, "--out", str(out), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["which"]) == drawn
    assert size(out) == (4, drawn)


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["--which", "a"], 2, "--which 'a'"),
        (["--which", "-1"], 2, "--which '-1'"),
        (["--which", "99"], 2, "units 0 to 5"),
        (["--which", "99", "--what", "numbers"], 2, "0 to 5"),
        (["--layer", "7"], 2, "layers 1 to 2"),
        (["--rows", "0"], 2, "--rows"),
        (["--columns", "1"], 2, "--columns"),
        (["--samples", "0"], 2, "--samples is 0"),
        (["--what", "wheels"], 2, "wheels"),
        (["--among", "missing.shapes"], 3, "missing.shapes"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(space, tmp_path, capsys, command, code, said):
    out = tmp_path / "out.png"
    few = [] if "--samples" in command else ["--samples", "3"]
    assert main(["neurons", space, *few, *command, "--out", str(out)]) == code
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not out.exists()


def test_only_a_new_picture_is_written(space, tmp_path, capsys):
    (tmp_path / "mine.png").write_text("keep")
    assert main(["neurons", space, "--out", str(tmp_path / "mine.png")]) == 4
    assert main(["neurons", space, "--out", str(tmp_path / "mine.jpg")]) == 2
    assert (tmp_path / "mine.png").read_text() == "keep"
