"""The documentation holds: its commands parse, its paths exist, and the tutorial runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from shapespace.cli.main import build_app
from shapespace.files import write_text
from shapespace.settings import Settings, to_toml
from shapespace.space import SHIPPED

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")])
WRITTEN = [page for page in PAGES if page.parent.name != "reference"]
TUTORIAL = ROOT / "docs" / "tutorial.md"


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    """Return each `shapespace ...` line of the page's shell blocks."""
    return [line for block in blocks(page, "bash") for line in block.splitlines() if line.startswith("shapespace ")]


ALL_COMMANDS = [(name_of(page), command) for page in WRITTEN for command in commands(page)]


def test_there_are_commands_to_check():
    assert len(ALL_COMMANDS) > 10


@pytest.mark.parametrize(("page", "command"), ALL_COMMANDS)
def test_every_command_in_the_documentation_is_one(page, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_text(tmp_path / "runs" / "second" / "config.toml", to_toml(Settings()))  # one command takes it up
    words = shlex.split(command)
    if "--nets.start-from" in words:  # a run takes its sizes from there, so there must be a space
        begun_with = Path(words[words.index("--nets.start-from") + 1])
        begun_with.parent.mkdir(parents=True, exist_ok=True)
        begun_with.symlink_to(SHIPPED / "chair.safetensors")
    build_app().parse_args(words[1:], exit_on_error=False, print_error=False)


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_every_file_that_is_named_exists(page):
    named = re.findall(r"`((?:src|tests|tools|benchmarks|docs|\.ci)/[\w./-]+)(?:::[\w]+)?`", page.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_every_test_that_is_named_exists(page):
    named = re.findall(r"`(tests/[\w./-]+)::(\w+)`", page.read_text())
    assert [test for path, test in named if f"def {test}(" not in (ROOT / path).read_text()] == []


@pytest.mark.parametrize("page", list(ROOT.glob("*.md")), ids=name_of)
def test_links_of_pages_outside_the_site_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.slow
def test_the_tutorial_runs(tmp_path):
    for block in blocks(TUTORIAL, "bash"):
        for line in block.splitlines():
            words = [sys.executable, "-m", *shlex.split(line)]
            done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
            assert done.returncode == 0, f"{line}\n{done.stderr}"
    for block in blocks(TUTORIAL, "python"):
        subprocess.run([sys.executable, "-c", block], cwd=tmp_path, check=True)
    assert (tmp_path / "first.stl").stat().st_size > 84
    assert (tmp_path / "chairs" / "sheet.png").exists()
