"""`shapespace data ...` as a person calls it: one line of result, exit codes, and nothing that a file does hurts."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import corpus
import numpy as np
import psutil
import pytest

from shapespace.cli.main import main
from shapespace.data.store import Store
from shapespace.data.writer import write_store
from shapespace.shapes import formats
from shapespace.shapes.grid import handed


@pytest.fixture
def store(tmp_path: Path) -> Path:
    grids = np.stack([handed()] * 4)
    write_store(tmp_path / "a.shapes", grids, ids=["a", "b/../c", "d e", "é"], categories=["x", "x", "y", "y"])
    return tmp_path / "a.shapes"


def test_prepare_and_its_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = corpus.good_folder(tmp_path / "in", 2), tmp_path / "a.shapes"
    command = ["data", "prepare", str(source), "--out", str(out), "--resolution", "16", "--workers", "0"]
    assert main(command) == 0
    assert capsys.readouterr().out == f"{out}: 4 shapes; 0 of 4 source shapes refused\n"
    assert main(command) == 4  # nothing is overwritten
    assert "exists already" in capsys.readouterr().err
    corpus.write(source, "bad/nan.off", corpus.hostile_files()["nan.off"])
    command[4] = str(tmp_path / "b.shapes")
    assert main(command) == 3  # one of five is more than 1 %
    assert "20.0% of the source shapes were refused, more than 1.0%" in capsys.readouterr().err
    assert len(Store.open(tmp_path / "b.shapes")) == 4
    command[4] = str(tmp_path / "c.shapes")
    assert main([*command, "--max-refused", "0.2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["refused"] == 1
    assert main([*command, "--shard", "half"]) == 2
    assert main(["data", "prepare", str(tmp_path / "none"), "--out", str(tmp_path / "d.shapes")]) == 3


def test_options_reach_the_recipe(tmp_path: Path) -> None:
    source, out = corpus.good_folder(tmp_path / "in", 2), tmp_path / "a.shapes"
    options = ["--mirror", "--rotations", "3", "--turn", "30", "--category", "chair", "--up", "x", "--limit", "1"]
    command = ["data", "prepare", str(source), "--out", str(out), "--resolution", "16", "--workers", "0"]
    assert main([*command, *options, "--licence", "CC0"]) == 0
    store = Store.open(out)
    assert [store.id(i) for i in range(6)] == [
        "chair/000.off" + suffix for suffix in ("", "@r120", "@r240", "@m", "@r120@m", "@r240@m")
    ]
    assert store.provenance["licence"] == "CC0"
    assert (store.provenance["recipe"]["up"], store.provenance["recipe"]["turn"]) == ("x", 30)


def test_the_embedded_data_says_its_licence(tmp_path: Path) -> None:
    command = ["data", "prepare", "furniture:chair", "--count", "2", "--resolution", "16", "--workers", "0"]
    assert main([*command, "--out", str(tmp_path / "a.shapes")]) == 0
    assert Store.open(tmp_path / "a.shapes").provenance["licence"] == "MIT"
    files = corpus.good_folder(tmp_path / "in", 2)
    assert main(["data", "prepare", str(files), "--out", str(tmp_path / "b.shapes"), *command[5:]]) == 0
    assert Store.open(tmp_path / "b.shapes").provenance["licence"] == "not stated"


def test_fewer_workers_than_none_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["data", "prepare", "furniture:chair", "--out", str(tmp_path / "a.shapes"), "--workers", "-1"]
    assert main(command) == 2
    assert "--workers is -1; it must be 0 or more" in capsys.readouterr().err


def test_info(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "info", str(store)]) == 0
    assert capsys.readouterr().out == f"{store}: 4 shapes at 8^3, 1 kB\n"
    assert main(["data", "info", str(store), "--json", "--verify"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["categories"] == {
        "x": {"train": 2, "validation": 0, "test": 0},
        "y": {"train": 2, "validation": 0, "test": 0},
    }
    assert facts["verified"] is True
    shard = store / "shard-00000.bits"
    shard.write_bytes(bytes(shard.stat().st_size))
    assert main(["data", "info", str(store)]) == 0
    assert main(["data", "info", str(store), "--verify"]) == 3
    assert "4 damaged shapes: a (CRC-32 expected" in capsys.readouterr().err


def test_show(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    out = tmp_path / "sheet.png"
    assert main(["data", "show", str(store), "--out", str(out), "-n", "3", "--category", "x", "--captions"]) == 0
    assert capsys.readouterr().out == f"{out}: 2 of 4 shapes\n"
    with Image.open(out) as picture:
        assert np.ptp(np.asarray(picture)) > 50
    assert main(["data", "show", str(store), "--category", "sofa", "--out", str(tmp_path / "sofas.png")]) == 2


@pytest.mark.parametrize(
    ("options", "said", "code"),
    [
        (["--out", "a.jpg"], "--out a.jpg: pictures are written as .png", 2),
        (["--out", "there.png"], "there.png exists already; choose another --out, or --force to write over it", 4),
        (["-n", "0"], "-n is 0; it must be from 1 to 400", 2),
        (["-n", "401"], "-n is 401; it must be from 1 to 400", 2),
    ],
)
def test_show_refuses_what_it_would_not_do_as_asked(
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    said: str,
    code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.png").touch()
    assert main(["data", "show", str(store), *options]) == code
    assert said in capsys.readouterr().err
    assert main(["data", "show", str(store), "--out", "there.png", "--force"]) == 0


def test_export_of_nothing_is_refused(store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "export", str(store), "--out", str(tmp_path / "out"), "-n", "-1"]) == 2
    assert "-n is -1; it must be at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["npz", "binvox", "vox", "off", "stl"])
def test_export_keeps_the_shape(store: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / "out"
    assert main(["data", "export", str(store), "--out", str(out), "--format", ending, "--style", "blocks"]) == 0
    names = [f"000000_a.{ending}", f"000001_b____c.{ending}", f"000002_d_e.{ending}", f"000003__.{ending}"]
    assert sorted(file.name for file in out.iterdir()) == names
    contents = formats.read(out / names[0])
    if contents.mesh is not None:
        assert contents.mesh.is_closed
        assert contents.mesh.volume == pytest.approx(np.count_nonzero(handed()))
    else:
        voxels = np.asarray(contents.voxels) > 0.5
        filled = np.argwhere(voxels)
        assert (filled - filled.min(axis=0) == np.argwhere(handed())).all()


def test_export_refuses(store: Path, tmp_path: Path) -> None:
    assert main(["data", "export", str(store), "--out", str(tmp_path / "o"), "--format", "exe"]) == 2
    assert main(["data", "export", str(store), "--out", str(store)]) == 4
    Store.open(store).verify()


@pytest.mark.skipif(sys.platform != "linux", reason="memory limits and /proc")
def test_two_hundred_bombs_cost_a_line_each(tmp_path: Path) -> None:
    source, out = corpus.good_folder(tmp_path / "in", 2), tmp_path / "a.shapes"
    bombs = corpus.bombs()
    assert len(bombs) > 200
    for name, data in bombs.items():
        corpus.write(source, f"bombs/{name}", data)
    command = [sys.executable, "-m", "shapespace", "data", "prepare", str(source), "--out", str(out)]
    process = subprocess.Popen(
        [*command, "--resolution", "16", "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    peak = _watch_memory(process)
    stdout, stderr = process.communicate(timeout=200)
    assert process.returncode == 3, stderr
    assert "Traceback" not in stderr
    assert stdout == f"{out}: 4 shapes; {len(bombs)} of {len(bombs) + 4} source shapes refused\n"
    with (out / "refused.csv").open(newline="") as file:
        rows = {row["path"].split("#")[0]: row["reason"] for row in csv.DictReader(file)}
    assert set(rows) == {f"bombs/{name}" for name in bombs}
    assert not [reason for reason in rows.values() if "our reader failed" in reason or "crashed" in reason]
    assert peak() < 1_000_000_000


def _watch_memory(process: subprocess.Popen[str]):
    peaks = [0]

    def watch() -> None:
        while process.poll() is None:
            try:
                family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
                peaks.append(max(member.memory_info().rss for member in family))
            except psutil.Error:
                continue
            finally:
                time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()

    def peak() -> int:
        thread.join()
        return max(peaks)

    return peak
