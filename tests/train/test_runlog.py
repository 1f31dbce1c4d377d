"""A run's folder: rows are whole lines, curves and event files follow from them."""

from __future__ import annotations

import json

import pytest
from small_runs import small, stats_of

from shapespace.settings import to_toml
from shapespace.train import runlog
from shapespace.train.runlog import RunLog

draw_curves = RunLog.draw_curves  # the fixture `undrawn` replaces it later


def row(step: int) -> dict[str, float]:
    names = [name for _, pair in runlog.CURVES for name in pair]
    return {"step": step, "shapes": 4 * step, **dict.fromkeys(names, 0.1 * step)}


@pytest.fixture
def log(tmp_path):
    log = RunLog(tmp_path / "run", resume=False)
    log.start(to_toml(small()), {"machine": "a test"})
    yield log
    log.close()


def test_the_folder_says_what_the_run_is(log):
    assert json.loads((log.folder / "run.json").read_text()) == {"machine": "a test"}
    assert (log.folder / "config.toml").read_text() == to_toml(small())


def test_rows_come_back_in_order(log):
    for step in (1, 2, 3):
        log.append(row(step))
    assert log.rows() == [row(1), row(2), row(3)] == stats_of(log.folder)


def test_each_row_is_there_at_once(log):
    log.append(row(1))
    assert stats_of(log.folder) == [row(1)]


@pytest.mark.parametrize("torn", [b"", b'{"step": 3, "sha', b"\xff\xfe", b"[1, 2]\n", b"{}\n"])
def test_going_on_forgets_later_rows_and_half_ones(log, torn):
    for step in (1, 2, 3, 4):
        log.append(row(step))
    with (log.folder / "stats.jsonl").open("ab") as file:
        file.write(torn)
    assert log.go_on(small(), 2) == []
    assert log.rows() == [row(1), row(2)]
    log.append(row(3))
    assert stats_of(log.folder)[:2] == [row(1), row(2)]


def test_rows_written_after_going_on_follow_those_before(tmp_path):
    first = RunLog(tmp_path / "run", resume=False)
    first.start(to_toml(small()), {})
    for step in (1, 2, 3):
        first.append(row(step))
    first.close()
    second = RunLog(tmp_path / "run", resume=True)
    second.go_on(small(), 1)
    second.append(row(2))
    second.close()
    assert stats_of(tmp_path / "run") == [row(1), row(2)]


def test_curves_are_a_picture_and_no_rows_are_none(log):
    from PIL import Image

    draw_curves(log)
    assert not (log.folder / "curves.png").exists()
    for step in (1, 2, 3):
        log.append(row(step))
    draw_curves(log)
    with Image.open(log.folder / "curves.png") as picture:
        width, height = picture.size
        assert width > height > 500
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 10  # lines of several colours, not a blank page


def test_event_files_are_written_where_tensorboard_is_installed(log):
    pytest.importorskip("tensorboard")
    if not log.use_tensorboard():
        pytest.skip("tensorboard is not usable here")
    log.append(row(1))
    assert list((log.folder / "tensorboard").glob("events.*"))
