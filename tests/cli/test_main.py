"""The command line as a user meets it: quick help, one-line errors, exit codes, quiet pipes."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys

import pytest

from reference import command_pages
from shapespace.cli import main as cli
from shapespace.errors import BadInput, Interrupted, UsageError

HEAVY = {"torch", "numpy", "numba", "matplotlib", "trimesh", "skimage", "scipy", "PIL"}
PAGES = command_pages()
CPU_SECONDS = 0.2

YARDSTICK_SECONDS = 0.065
"""What `import cyclopts` costs where nothing else runs; a machine that is slower or shared is allowed as much more."""


def shapespace(*words: str, **kwargs) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "shapespace", *words], capture_output=True, text=True, **kwargs)


def raising(monkeypatch, error: BaseException) -> int:
    def run(arguments):
        raise error

    monkeypatch.setattr(cli, "_run", run)
    return cli.main([])


def test_every_command_has_a_page():
    assert {"", "train", "data render", "evaluate reconstruct", "export web", "snap"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_help_page_imports_nothing_heavy(page):
    code = (
        "import sys; from shapespace.cli.main import main\n"
        f"code = main({[*page.split(), '--help']!r})\n"
        f"print('LOADED', *sorted(set(sys.modules) & {HEAVY!r}), 'CODE', code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED CODE 0"
    assert done.stdout.startswith("Usage: shapespace")


@pytest.mark.parametrize("page", ["", "train"])
def test_a_help_page_answers_at_once(page, tmp_path):
    # As installed: with its bytecode cached. The least of several: a busy machine makes a run dearer, never cheaper.
    as_installed = os.environ | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}

    def cpu_seconds(*words: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], check=True, env=as_installed, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    pairs = [
        (cpu_seconds("-m", "shapespace", *page.split(), "--help"), cpu_seconds("-c", "import cyclopts"))
        for _ in range(8)
    ]
    helped, yardstick = (min(times) for times in zip(*pairs, strict=True))
    assert helped < CPU_SECONDS * max(1.0, yardstick / YARDSTICK_SECONDS)


def test_the_version_is_that_of_the_package():
    from importlib.metadata import version

    assert shapespace("--version").stdout == version("shapespace") + "\n"


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (["trian"], "train"),
        (["data", "prepre"], "prepare"),
        (["data", "prepare", "x", "--out", "y", "--resolutoin", "32"], "--resolution"),
        (["sample", "chair", "--out", "y", "--sed", "1"], "--seed"),
    ],
)
def test_a_mistyped_word_costs_one_line_with_the_word_that_was_meant(words, suggestion):
    done = shapespace(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert suggestion in done.stderr


def test_no_arguments_show_the_help_page():
    done = shapespace()
    assert done.returncode == 0
    assert "train" in done.stdout


def test_an_error_of_ours_is_one_line_and_its_exit_code(monkeypatch, capsys):
    assert raising(monkeypatch, BadInput("chair.off", "is empty", "export it again")) == 3
    assert capsys.readouterr() == ("", "error: chair.off: is empty; export it again\n")


@pytest.mark.parametrize(("error", "code"), [(UsageError("no"), 2), (Interrupted("saved"), 143)])
def test_each_kind_has_its_exit_code(monkeypatch, capsys, error, code):
    assert raising(monkeypatch, error) == code
    assert capsys.readouterr().err == f"error: {error}\n"


def test_a_message_of_many_lines_is_still_one_line(monkeypatch, capsys):
    raising(monkeypatch, UsageError("one\ntwo\n\tthree"))
    assert capsys.readouterr().err == "error: one two three\n"


def test_ctrl_c_leaves_with_a_shells_code(monkeypatch, capsys):
    assert raising(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_files_that_cannot_be_opened_are_no_mistake_of_ours(monkeypatch, capsys):
    assert raising(monkeypatch, PermissionError(errno.EACCES, "Permission denied", "there.shapes")) == 3
    assert capsys.readouterr().err == "error: there.shapes: Permission denied\n"
    assert raising(monkeypatch, OSError(errno.ENAMETOOLONG, "File name too long", "a" * 5_000)) == 3
    assert len(capsys.readouterr().err) < 400
    assert raising(monkeypatch, OSError(errno.EBADF, "Bad file descriptor", "x")) == 1
    assert "this is a mistake in shapespace" in capsys.readouterr().err


def test_sigterm_ends_a_command_as_ctrl_c_does_and_nothing_half_written_stays(tmp_path):
    """A folder is filled by a writer that is told to end while it writes."""
    code = (
        "import os, signal, sys; from pathlib import Path; from shapespace.cli import main as cli\n"
        "from shapespace.files import atomic_dir\n"
        "def work(_):\n"
        "    with atomic_dir(Path(sys.argv[1])) as folder:\n"
        "        (folder / 'half').write_text('half')\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "cli._run = work\n"
        "code = cli.main([])\n"
        "assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL\n"
        "sys.exit(code)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "whole")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (143, "error: terminated\n")
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_of_ours_shows_where_and_asks_for_a_report(monkeypatch, capsys):
    assert raising(monkeypatch, ZeroDivisionError("division by zero")) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.splitlines()[-1].startswith("error: this is a mistake in shapespace")


def test_a_reader_that_goes_away_is_no_error():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "shapespace", "--version"], stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert done.stderr == b""
