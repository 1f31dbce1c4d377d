"""Latent vectors on the way from one to the next: along straight lines, or along arcs about the prior's centre.

In many dimensions nearly all of a normal prior lies on a shell. A straight line between two of its vectors cuts through
the hollow middle, where the generator was never taught; an arc stays on the shell.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from shapespace import limits
from shapespace.errors import UsageError

WAYS = ("linear", "spherical")

PARALLEL = 1e-6
"""Sine of the angle below which two vectors have no arc of their own between them."""


def interpolate(ends: np.ndarray, steps: int, *, how: str = "spherical", centre: float = 0.0) -> np.ndarray:
    """Return latent vectors on the way through all of `ends`, (steps, d) float32.

    Each of `ends` is a row of the answer, bit for bit: the i-th at `stops(k, steps)[i]`.

    Args:
        ends: (k, d), k from 2: where it starts, what it passes, where it ends.
        steps: Rows of the answer, at least k.
        how: "spherical", where direction and length from `centre` each change evenly, or "linear". Between vectors on
            one line through the centre there is no arc, and a straight line is taken.
        centre: Of the prior, each number of it: 0 for a normal one, 0.5 for a uniform one.

    Raises:
        UsageError: If there are too few ends or steps, a number is not finite, or `how` is another word.

    Source:
        Spherical: Shoemake 1985; for latent spaces White 2016. Here the length changes evenly as well.
    """
    ends = _checked(ends, steps, how)
    rows = stops(len(ends), steps)
    walked = np.empty((steps, ends.shape[1]), np.float32)
    for (start, stop), (a, b) in zip(pairwise(rows), pairwise(ends.astype(np.float64)), strict=True):
        parts = np.linspace(0, 1, stop - start + 1)[:, None]
        path = _line(a, b, parts) if how == "linear" else centre + _arc(a - centre, b - centre, parts)
        walked[start : stop + 1] = path
    walked[rows] = ends  # exactly, whatever rounding made of them
    return walked


def stops(ends: int, steps: int) -> np.ndarray:
    """Return the row of each way-point, (ends,) int: as evenly spread over `steps` rows as whole numbers allow."""
    return np.round(np.arange(ends) * (steps - 1) / (ends - 1)).astype(np.int64)


def centre_of(prior: str) -> float:
    """Return the mean of each latent number under a prior."""
    return 0.5 if prior == "uniform" else 0.0


def _line(a: np.ndarray, b: np.ndarray, parts: np.ndarray) -> np.ndarray:
    return (1 - parts) * a + parts * b


def _arc(a: np.ndarray, b: np.ndarray, parts: np.ndarray) -> np.ndarray:
    length_a, length_b = np.linalg.norm(a), np.linalg.norm(b)
    if length_a == 0 or length_b == 0:
        return _line(a, b, parts)
    a_hat, b_hat = a / length_a, b / length_b
    # atan2 of both is exact for small angles too, where the cosine alone has lost its digits
    angle = 2 * np.arctan2(np.linalg.norm(a_hat - b_hat), np.linalg.norm(a_hat + b_hat))
    if np.sin(angle) < PARALLEL:
        return _line(a, b, parts)
    direction = (np.sin((1 - parts) * angle) * a_hat + np.sin(parts * angle) * b_hat) / np.sin(angle)
    return direction * ((1 - parts) * length_a + parts * length_b)


def _checked(ends: np.ndarray, steps: int, how: str) -> np.ndarray:
    """Return the ends as float32 rows, or refuse what makes no path."""
    if how not in WAYS:
        raise UsageError(f"how is {how!r}; use {' or '.join(WAYS)}")
    ends = np.asarray(ends, np.float32)
    if ends.ndim != 2 or len(ends) < 2:
        raise UsageError(f"ends is {ends.shape}; at least two latent vectors are needed, in rows")
    if not len(ends) <= steps <= limits.MAX_SAMPLES:
        raise UsageError(f"steps is {steps}; it must be from {len(ends)}, one an end, to {limits.MAX_SAMPLES:,}")
    if not np.isfinite(ends).all():
        raise UsageError("ends hold numbers that are not finite")
    return ends
