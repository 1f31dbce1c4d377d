"""Where the commands speak: results to stdout, everything else to stderr.

One summary line on stdout ends a command, so that a script can read it; progress bars, notes and errors
go to stderr and never mix with it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress


def say(line: str) -> None:
    """Print one line of result on stdout."""
    print(line)


def say_json(record: Mapping[str, Any]) -> None:
    """Print `record` on stdout as one line of strict JSON, for machines."""
    print(json.dumps(record, allow_nan=False, ensure_ascii=False))


def counted(count: int, one: str) -> str:
    """Return a count with its noun: `1 shape`, `2 shapes`."""
    return f"{count} {one}{'s' * (count != 1)}"


def note(line: str) -> None:
    """Print one line of remark on stderr."""
    print(line, file=sys.stderr)


def complain(line: str, *, code: int = 1) -> int:
    """Print `error: line` on stderr and return `code`, the exit code to leave with."""
    print(f"error: {line}", file=sys.stderr)
    return code


@contextmanager
def progress(*, unit: str = "", quiet: bool = False) -> Iterator[Progress]:
    """Yield a rich progress display on stderr; it is silent where stderr is not a terminal.

    Use `task = bar.add_task("voxelising", total=n)` and `bar.advance(task)`.

    Args:
        unit: What is counted, shown after the count (`shapes`, `steps`).
        quiet: Show nothing.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
        yield bar
