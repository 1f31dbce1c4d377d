"""The draws of a design: uniform numbers only, so that they are the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Dice:
    """A stream of draws that depends on a category's number and a seed alone."""

    def __init__(self, category: int, seed: int) -> None:
        """Start the stream; neither number is negative."""
        self._rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([category, seed])))

    def between(self, low: float, high: float) -> float:
        """Return a uniform number in [low, high)."""
        return low + (high - low) * float(self._rng.random())

    def chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return bool(self._rng.random() < probability)

    def whole(self, low: int, high: int) -> int:
        """Return a uniform whole number, both ends included."""
        return min(high, int(self.between(low, high + 1)))

    def pick(self, weights: Sequence[float]) -> int:
        """Return an index, drawn by weight."""
        return int(np.searchsorted(np.cumsum(weights), self.between(0, sum(weights)), side="right"))
