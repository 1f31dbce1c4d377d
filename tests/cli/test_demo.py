"""The demo, made small: everything is left where it says, it goes on where it stopped, and never overwrites."""

from __future__ import annotations

import json

import pytest

from shapespace.cli import demo as cli
from shapespace.cli.demo import demo
from shapespace.errors import BadInput, OutputError


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(cli, "SHAPES", 40)
    monkeypatch.setattr(cli, "HELD_OUT", 8)
    monkeypatch.setattr(cli, "SHOWN", 2)
    settings = cli._settings

    def narrow(learn):
        from shapespace.settings import with_changes

        changes = {"nets": {"generator_width": 2, "discriminator_width": 2}, "train": {"batch_size": 8}}
        return with_changes(settings(learn), changes, "test")

    monkeypatch.setattr(cli, "_settings", narrow)


@pytest.fixture(scope="session")
def any_space(tmp_path_factory) -> str:
    from shapespace.nets.generator import Generator
    from shapespace.nets.weights import SpaceCard, save_space

    path = tmp_path_factory.mktemp("space") / "any.safetensors"
    save_space(path, Generator(4, 16, widths=(4, 2)), SpaceCard(prior="normal"))
    return str(path)


def test_it_leaves_shapes_curves_and_sheets_and_says_where(tmp_path, any_space, capsys):
    out = tmp_path / "demo"
    demo(out=out, space=any_space, learn=32, quiet=True)
    for folder in ("shipped", "learned"):
        assert (out / folder / "sheet.png").exists()
        assert {path.suffix for path in (out / folder).iterdir()} >= {".stl", ".glb"}
    assert (out / "run" / "curves.png").exists()
    assert list((out / "run" / "sheets").glob("*.png"))
    assert str(out / "run" / "curves.png") in capsys.readouterr().out

    with pytest.raises(OutputError, match="finished demo"):
        demo(out=out, space=any_space)


def test_stopped_half_way_it_goes_on_from_there(tmp_path, any_space, monkeypatch):
    out = tmp_path / "demo"
    with monkeypatch.context() as stopped, pytest.raises(KeyboardInterrupt):
        stopped.setattr(cli, "_train", interrupt)
        demo(out=out, space=any_space, learn=32, quiet=True)
    stamp = (out / "shipped" / "sheet.png").stat().st_mtime_ns
    demo(out=out, space=any_space, learn=32, quiet=True)
    assert (out / "shipped" / "sheet.png").stat().st_mtime_ns == stamp
    rows = [json.loads(line) for line in (out / "run" / "stats.jsonl").read_text().splitlines()]
    assert rows[-1]["shapes"] >= 32


def interrupt(*_args):
    raise KeyboardInterrupt


def test_a_space_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(BadInput, match="shipped space"):
        demo(out=tmp_path / "demo", space="no such space")
