"""The watchdog: names a collapse while it happens, says what to change, and stops before weights are spoilt."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GRACE_SHAPES = 4_000
"""Every run starts as a grey block; nothing is said before this many shapes were seen."""

GRACE_SHAPES_OF_PICTURES = 12_000
"""An encoder starts by ignoring its pictures; it is given longer."""

IGNORED = 0.02
"""Least difference of IoU, between a picture's own shape and other pictures', at which the picture says anything."""

PATIENCE_SHAPES = 20_000
"""How long one verdict must stand, in shapes seen, before the run is stopped."""


@dataclass(frozen=True)
class Verdict:
    """What is wrong, in the words of the people who ask about it, and what to change."""

    name: str
    sign: str
    advice: str

    def __str__(self) -> str:
        """Return the verdict as one line."""
        return f"{self.name}: {self.sign}. Try: {self.advice}"


def diagnose(stats: Mapping[str, float]) -> Verdict | None:
    """Return what is wrong with a run by one row of its statistics, or None.

    Args:
        stats: `occupancy_real`, `occupancy_fake`, `diversity_real`, `diversity_fake`, `accuracy`,
            `loss_discriminator`: a row of `stats.jsonl`.
    """
    broken = [name for name in ("loss_discriminator", "loss_generator") if not math.isfinite(stats[name])]
    if broken:
        return Verdict("non-finite loss", f"{broken[0]} is {stats[broken[0]]}", "lower learning rates, no extra loss")
    real, fake = stats["occupancy_real"], stats["occupancy_fake"]
    if fake > max(2.5 * real, 0.25):
        return Verdict(
            "solid cube",
            f"samples fill {fake:.0%} of the grid, real shapes {real:.0%}",
            "a higher train.discriminator-rate, or --preset modern; check the data with `shapespace data show`",
        )
    if fake < 0.1 * real:
        return Verdict(
            "void",
            f"samples fill {fake:.2%} of the grid, real shapes {real:.0%}",
            "a lower train.discriminator-rate, train.r1 and train.r2 two to four times higher",
        )
    if stats["diversity_fake"] < 0.1 * stats["diversity_real"]:
        return Verdict(
            "one shape for all",
            f"different latents differ by {stats['diversity_fake']:.3f}, real shapes by {stats['diversity_real']:.3f}",
            "train.loss relativistic, train.r1 and train.r2 higher, a lower train.discriminator-rate, a larger batch",
        )
    return _dead_discriminator(stats["accuracy"], stats["loss_discriminator"])


def ignored_picture(stats: Mapping[str, Any]) -> Verdict | None:
    """Return that the encoder ignores its pictures if one row of statistics shows it, or None.

    Args:
        stats: A row with the numbers of `collapse.CollapseCheck`; others are passed over.
    """
    if "iou_gap" not in stats or stats["iou_gap"] >= IGNORED:
        return None
    nats, active = sum(stats["kl_dimensions"]), stats["active_dimensions"]
    return Verdict(
        "picture ignored",
        f"shapes of held-out pictures have IoU {stats['iou_own']:.3f} with their own truths and "
        f"{stats['iou_shuffled']:.3f} with those of other pictures; {nats:.2f} nats say what the picture is, "
        f"{active} of {len(stats['kl_dimensions'])} dimensions vary with it",
        "a smaller vae.kl-weight, a larger vae.reconstruction-weight, vae.reconstruction bce, or --preset vaegan",
    )


def _dead_discriminator(accuracy: float, loss: float) -> Verdict | None:
    if accuracy >= 0.99 and loss < 0.05:
        return Verdict(
            "dead discriminator (never wrong)",
            f"accuracy {accuracy:.2f}, loss {loss:.3f}: it tells the generator nothing",
            "train.r1 and train.r2 higher, a lower train.discriminator-rate, or train.balance 0.8",
        )
    if accuracy <= 0.55 and loss > 2.0:
        return Verdict(
            "dead discriminator (left behind)",
            f"accuracy {accuracy:.2f}, loss {loss:.1f}: the generator outruns it",
            "a higher train.discriminator-rate or a lower train.generator-rate",
        )
    return None


class Watchdog:
    """Follows a run: announces each verdict once, and says when to stop."""

    def __init__(self, mode: str) -> None:
        """Start watching.

        Args:
            mode: `stop`, `warn` or `off`.
        """
        self.mode = mode
        self.verdict: Verdict | None = None
        self.since = 0

    def look(self, stats: Mapping[str, float]) -> Verdict | None:
        """Return a verdict that is new in this row of statistics, or None."""
        if self.mode == "off" or stats["shapes"] < GRACE_SHAPES:
            return None
        verdict = diagnose(stats)
        if verdict is None and stats["shapes"] >= GRACE_SHAPES_OF_PICTURES:
            verdict = ignored_picture(stats)
        if verdict is None:
            self.verdict = None
            return None
        known = self.verdict is not None and self.verdict.name == verdict.name
        if not known:
            self.since = int(stats["shapes"])
        self.verdict = verdict
        return None if known else verdict

    def must_stop(self, shapes: int) -> bool:
        """Return whether the standing verdict has lasted long enough to end the run."""
        return self.mode == "stop" and self.verdict is not None and shapes - self.since >= PATIENCE_SHAPES

    @property
    def healthy(self) -> bool:
        """Whether nothing is known to be wrong."""
        return self.verdict is None

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs to go on watching."""
        return {"name": self.verdict.name if self.verdict else None, "since": self.since}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`."""
        self.since = state["since"]
        self.verdict = Verdict(state["name"], "seen before the run was resumed", "") if state["name"] else None
