"""What the commands say goes to the right place: results to stdout, the rest to stderr."""

from __future__ import annotations

import json

import pytest

from shapespace.cli import console


def test_results_go_to_stdout_and_remarks_to_stderr(capsys):
    console.say("16 shapes")
    console.note("2 were empty")
    assert console.complain("no such file", code=3) == 3
    assert capsys.readouterr() == ("16 shapes\n", "2 were empty\nerror: no such file\n")


def test_json_is_one_strict_line(capsys):
    console.say_json({"name": "Stühle", "count": 2})
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert json.loads(line) == {"name": "Stühle", "count": 2}
    with pytest.raises(ValueError, match="JSON"):
        console.say_json({"loss": float("nan")})


def test_progress_is_silent_where_nobody_watches(capsys):
    with console.progress(unit="shapes") as bar:
        task = bar.add_task("voxelising", total=2)
        bar.advance(task)
    assert capsys.readouterr() == ("", "")
