"""kill -9 at any moment: the same command again ends in the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import corpus
import pytest

from shapespace.data.prepare import prepare
from shapespace.data.recipe import Job, Recipe

JOB = """
import sys
from pathlib import Path
import shapespace.data.plan
from shapespace.data.prepare import prepare
from shapespace.data.recipe import Job, Recipe
if __name__ == "__main__":
    source, out, workers, chunk = sys.argv[1:]
    shapespace.data.plan.CHUNK_SHAPES = int(chunk)
    prepare(Job(source, Recipe(16, rotations=2)), Path(out), workers=int(workers))
"""


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("script") / "job.py"
    path.write_text(JOB)
    return path


def run_and_kill(script: Path, arguments: list[str], seconds: float, progress: Path) -> bool:
    """Run the job, kill it `seconds` after its first sign of life, and return whether it had ended by itself."""
    process = subprocess.Popen([sys.executable, str(script), *arguments])
    while not progress.exists() and process.poll() is None:
        time.sleep(0.002)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return False
    assert process.returncode == 0
    return True


def kill_until_finished(script: Path, source: Path, out: Path, *, workers: int, kills: int, chunk: int) -> int:
    rng = random.Random(workers)
    arguments = [str(source), str(out), str(workers), str(chunk)]
    killed = 0
    while killed < kills:
        progress = out.with_name(out.name + ".partial") / "plan.json"
        seconds = rng.uniform(0, 0.6) if killed else 0.0  # the first at once: a fast machine may end before any other
        if run_and_kill(script, arguments, seconds, progress):
            break
        killed += 1
        if out.exists():  # the kill came after the store had its name, and before the process had ended
            break
    else:
        assert run_and_kill(script, arguments, 120, out)
    return killed


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_a_few_times(script: Path, tmp_path: Path, workers: int) -> None:
    source = corpus.good_folder(tmp_path / "things", 20)
    corpus.write(source, "bad/nan.off", corpus.hostile_files()["nan.off"])
    assert prepare(Job(source, Recipe(16, rotations=2)), tmp_path / "whole.shapes", workers=0) is not None
    out = tmp_path / "a.shapes"
    killed = kill_until_finished(script, source, out, workers=workers, kills=3, chunk=2)
    assert killed > 0
    assert content(out) == content(tmp_path / "whole.shapes")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.shapes", "things", "whole.shapes"]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_ten_thousand_files_a_tenth_of_a_thousand_hostile(script: Path, tmp_path: Path, workers: int) -> None:
    source = tmp_path / "things"
    hostile = corpus.hostile_files()
    rng = random.Random(0)
    for i in range(9_900):
        corpus.write(source, f"chair/{i:05d}.off", corpus.chair_off(rng.uniform(0.2, 2), rng.uniform(0.2, 2)))
    expected = set()
    for i in range(100):
        name = rng.choice(sorted(hostile))
        corpus.write(source, f"chair/bad-{i:03d}-{name}", hostile[name])
        expected.add(f"chair/bad-{i:03d}-{name}")
    whole, out = tmp_path / "whole.shapes", tmp_path / "a.shapes"
    prepare(Job(source, Recipe(16, rotations=2)), whole, workers=2)
    killed = kill_until_finished(script, source, out, workers=workers, kills=5, chunk=64)
    assert killed == 5
    assert content(out) == content(whole)
    rows = (out / "refused.csv").read_text().splitlines()[1:]
    assert {row.split(",")[0].split("#")[0] for row in rows} == expected
