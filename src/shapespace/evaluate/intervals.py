"""How much a number would move with other samples: 95 % intervals, by the resampling that the number can bear.

**Means** over shapes are bootstrapped: drawn again with replacement.

**Numbers that look for nearest neighbours** (MMD, COV, 1-NNA, and those on features) cannot be: a shape drawn twice
would be its own copy's neighbour at distance 0. They are computed on random halves of the shapes, drawn without
replacement. Among n shapes the halves of a mean scatter about it with the variance s^2(n/2) (1 - 1/2) = s^2(n), which
is what new sets of n would scatter by; their scatter is laid about the whole sets' value. Of nearest neighbours the
intervals so made are cautious: in simulated worlds they were up to a third too wide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ROUNDS = 1_000
LOW, HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Interval:
    """A number and where it would lie, with other samples, 95 times in 100."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return `value (low to high)` with as many digits as mean something."""
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"

    def scaled(self, factor: float) -> Interval:
        """Return it in another unit."""
        return Interval(self.value * factor, self.low * factor, self.high * factor)


def of_mean(values: np.ndarray, *, seed: int = 0, rounds: int = ROUNDS) -> Interval:
    """Return the mean of the values and its bootstrap interval.

    Args:
        values: (n,) one number a shape.
        seed: Of the draws.
        rounds: How many draws.
    """
    rng = np.random.default_rng(seed)
    values = np.asarray(values, np.float64)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(rounds)]
    return Interval(float(values.mean()), *_ends(means))


def bootstrapped(
    statistic: Callable[..., float], *samples: np.ndarray, seed: int = 0, rounds: int = ROUNDS
) -> Interval:
    """Return a statistic of independent samples and its bootstrap interval; each sample is drawn again by itself."""
    rng = np.random.default_rng(seed)
    draws = [statistic(*(s[rng.integers(0, len(s), len(s))] for s in samples)) for _ in range(rounds)]
    return Interval(float(statistic(*samples)), *_ends(draws))


def halved(
    statistic: Callable[[np.ndarray, np.ndarray], float], n: int, m: int, *,
    seed: int = 0, rounds: int = 200, highest: float = np.inf,
) -> Interval:  # fmt: skip
    """Return a statistic of two sets of shapes, and its interval by random halves.

    Args:
        statistic: Of (numbers of generated shapes, numbers of reference shapes).
        n: Generated shapes.
        m: Reference shapes.
        seed: Of the draws.
        rounds: How many draws.
        highest: The number cannot be above it, nor below 0.
    """
    rng = np.random.default_rng(seed)
    value = statistic(np.arange(n), np.arange(m))
    if min(n, m) < 4:
        return Interval(value, float("nan"), float("nan"))
    half = np.array([statistic(_half(n, rng), _half(m, rng)) for _ in range(rounds)])
    low, high = _ends(half - half.mean())
    # At the end of its range a number scatters to one side only, and its mean is not where it is itself.
    return Interval(value, max(value + min(low, 0), 0), min(value + max(high, 0), highest))


def _half(count: int, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.permutation(count)[: count // 2])


def _ends(values: list[float] | np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, [LOW, HIGH])
    return float(low), float(high)
