"""How a help page is laid out: two plain columns, the settings of a run under the name of their group.

Ours and not the library's boxes, because these cost a quarter of the time that a help page may take and
spend half of its width on frames.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

NAMES, WIDEST = 32, 112
"""Characters of the column of names, and of the widest page."""


class TwoColumns:
    """Prints each panel of a help page as `name  what it means`."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Print one panel: commands or parameters."""
        for title, entries in groupby(panel.entries, lambda entry: _group(entry) or str(panel.title)):
            rows = [_row(_names(entry), _meaning(entry), min(console.width, WIDEST)) for entry in entries]
            console.out("\n".join([f"{title}:", *rows, ""]), highlight=False)

    def render_usage(self, console: Console, options: ConsoleOptions, usage: Any) -> None:
        """Print the line that shows how the command is called."""
        if usage:
            console.out(f"Usage: {_plain(usage).removeprefix('Usage: ')}\n", highlight=False)

    def render_description(self, console: Console, options: ConsoleOptions, description: Any) -> None:
        """Print what the command does."""
        text = _plain(description)
        if text:
            console.out("\n".join(_wrap(text.splitlines(), min(console.width, WIDEST))) + "\n", highlight=False)


def _group(entry: HelpEntry) -> str:
    # --train.batch-size belongs to "train"; --data to none
    group, dot, _ = next(iter(entry.positive_names), "").removeprefix("--").partition(".")
    return group if dot else ""


def _names(entry: HelpEntry) -> str:
    if entry.positional_label:
        return entry.positional_label
    return f"{', '.join((*entry.positive_shorts, *entry.positive_names))} {entry.metavar or ''}".rstrip()


def _meaning(entry: HelpEntry) -> str:
    notes = [f"one of {', '.join(entry.choices)}"] if entry.choices else []
    notes += ["required"] if entry.required else []
    if entry.default not in (None, "", "()", "False"):
        notes.append(f"default {entry.default}")
    return _plain(entry.description) + (f" [{'; '.join(notes)}]" if notes else "")


def _row(names: str, meaning: str, width: int) -> str:
    lines = textwrap.wrap(meaning, width - NAMES - 4) or [""]
    first = [f"  {names}"] if len(names) > NAMES else []
    if not first:
        first, lines = [f"  {names:<{NAMES}}  {lines[0]}".rstrip()], lines[1:]
    return "\n".join([*first, *(" " * (NAMES + 4) + line for line in lines)])


def _wrap(lines: Iterable[str], width: int) -> list[str]:
    return [part for line in lines for part in (textwrap.wrap(line, width) or [""])]


def _plain(renderable: Any) -> str:
    inner = getattr(renderable, "primary_renderable", renderable)  # cyclopts wraps texts to append notes to them
    return str(getattr(inner, "plain", inner) or "").strip()
