"""What a run says while it goes: a live bar on stderr, and single lines for what matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress:
    """A bar of shapes seen, with the numbers one watches beside it."""

    def __init__(self, console: Console) -> None:
        """Speak to a console."""
        self.console = console
        self.bar: Bar | None = None
        self.task: TaskID | None = None

    @classmethod
    def on_stderr(cls) -> Progress:
        """Return one that a person at a terminal watches."""
        return cls(Console(stderr=True))

    @classmethod
    def silent(cls) -> Progress:
        """Return one that says nothing: for tests, and for ranks that do not lead."""
        return cls(Console(quiet=True))

    @contextmanager
    def running(self, total: int, done: int) -> Iterator[None]:
        """Show the bar while the block runs."""
        columns = (
            TextColumn("[bold]training"), BarColumn(24), MofNCompleteColumn(), TextColumn("shapes"),
            TimeRemainingColumn(compact=True), TextColumn("{task.fields[numbers]}"),
        )  # fmt: skip
        with Bar(
            *columns, console=self.console, refresh_per_second=4, disable=not self.console.is_terminal
        ) as self.bar:
            self.task = self.bar.add_task("train", total=total, completed=done, numbers="")
            yield
        self.bar = None

    def advance(self, shapes: int) -> None:
        """Move the bar to this many shapes seen."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=shapes)

    def show(self, row: Mapping[str, Any]) -> None:
        """Put one row of statistics beside the bar; where there is no live terminal, on a line of its own."""
        numbers = (
            f"D {row['loss_discriminator']:.2f} G {row['loss_generator']:.2f} acc {row['accuracy']:.0%} "
            f"gate {row['gate_open']:.0%} occ {row['occupancy_fake']:.3f}/{row['occupancy_real']:.3f} "
            f"div {row['diversity_fake']:.2f}/{row['diversity_real']:.2f} {row['shapes_per_second']:.1f}/s"
        )
        if "iou_own" in row:
            numbers += f" picture {row['iou_own']:.3f}, others {row['iou_shuffled']:.3f}, {row['loss_kl']:.1f} nats"
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, numbers=numbers)
        if not self.console.is_terminal:
            self.say(f"step {row['step']} shapes {row['shapes']} {numbers}")

    def say(self, line: str) -> None:
        """Say one line, above the bar."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
