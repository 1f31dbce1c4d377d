"""When processor time ends a run, and whether it will do so too early.

Rates follow the shapes seen and never the clock, for only so can a run be repeated, and resumed, bit for bit. A run
that the clock ends halfway has never had its small rates, so that is said while it can still be started anew.
"""

from __future__ import annotations

from collections.abc import Mapping

from shapespace.settings import Settings

SETTLED = 0.03
"""Part of a run's time after which its speed is known."""

IN_TIME = 0.9
"""Part of its shapes that a run ended by the clock should have seen."""


class Pace:
    """The processor time a run may take, beside the shapes it is to see."""

    def __init__(self, settings: Settings, *, alone: bool) -> None:
        """Take the settings of the run; ranks have clocks of their own, so only a process alone is ended by one."""
        self.seconds = 60 * settings.run.cpu_minutes if alone else 0.0
        self.train = settings.train
        self.is_known = False

    def is_over(self, cpu_seconds: float) -> bool:
        """Return whether the time is up."""
        return 0 < self.seconds <= cpu_seconds

    def warning(self, row: Mapping[str, float]) -> str | None:
        """Return, once, what is wrong if the run will end with its rates still high.

        Args:
            row: With `shapes` and `cpu_seconds`, both since the run's beginning.
        """
        if self.is_known or not self.seconds or row["cpu_seconds"] < SETTLED * self.seconds:
            return None
        self.is_known = True
        reached = round(row["shapes"] * self.seconds / row["cpu_seconds"], -2)
        changes = self.train.final_rate < 1 or self.train.whole > 0
        if reached >= IN_TIME * self.train.shapes or not changes:
            return None
        return (
            f"{self.seconds / 60:g} processor minutes end this run at about {reached:,.0f} of {self.train.shapes:,} "
            f"shapes, its rates still high; to have it end in time, start it with --train.shapes {reached:.0f}"
        )
