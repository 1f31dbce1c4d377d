"""A run that its processor minutes will end too early says so while it can be started anew."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console
from small_runs import small_modern

from shapespace.settings import Settings
from shapespace.train import checkpoint
from shapespace.train.loop import train
from shapespace.train.pace import Pace
from shapespace.train.progress import Progress


def settings(minutes: float = 10.0, **more: object) -> Settings:
    made = small_modern(**({"shapes": 10_000, "final_rate": 0.1} | more))
    return replace(made, run=replace(made.run, cpu_minutes=minutes))


def row(shapes: int, cpu_seconds: float) -> dict[str, float]:
    return {"shapes": shapes, "cpu_seconds": cpu_seconds}


def test_the_warning_names_where_the_run_will_end_and_comes_once():
    pace = Pace(settings(), alone=True)
    assert pace.warning(row(20, 10.0)) is None  # the speed is not known yet
    said = pace.warning(row(200, 30.0))
    assert said.startswith("10 processor minutes end this run at about 4,000 of 10,000 shapes")
    assert said.endswith("--train.shapes 4000")
    assert pace.warning(row(250, 40.0)) is None


@pytest.mark.parametrize(
    ("made", "alone"), [(settings(0.0), True), (settings(final_rate=1.0), True), (settings(), False)]
)
def test_nothing_is_said_where_no_clock_or_no_rate_changes(made, alone):
    assert Pace(made, alone=alone).warning(row(200, 300.0)) is None


def test_a_run_fast_enough_is_not_warned():
    assert Pace(settings(), alone=True).warning(row(500, 30.0)) is None


def test_the_clock_ends_a_run_saved_and_warned(store, tmp_path):
    console = Console(record=True, file=io.StringIO())
    space = train(store, settings(1 / 60, shapes=1_000_000), tmp_path / "run", progress=Progress(console))
    assert space.exists()
    assert 1 <= checkpoint.latest(tmp_path / "run" / "checkpoints", print).facts["cpu_seconds"] < 10
    assert console.export_text().count("0.0166667 processor minutes end this run at about") == 1
