"""A view before its background, as one camera would have seen both: its exposure, its contrast, its noise."""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit

_NOISE = 1 << 16


def composed(view: np.ndarray, background: np.ndarray, taste: np.ndarray) -> np.ndarray:
    """Return (3, size, size) uint8: the view in the light of its background.

    Args:
        view: (size, size, 4) uint8 RGBA, from `views.picture`.
        background: (size, size, 3) uint8.
        taste: (4,) in [0, 1): exposure, contrast, strength of the noise, and which noise.
    """
    # A room's light has the room's colour: a fifth of the way to it.
    tint = (0.80 + 0.20 * background[::4, ::4].reshape(-1, 3).mean(axis=0) / 128.0).clip(0.8, 1.1).astype(np.float32)
    film = np.array([0.88 + 0.24 * taste[0], 0.9 + 0.2 * taste[1], 5.0 * taste[2] ** 2], np.float32)
    return _composed(view, background, tint, film, _noise(), int(taste[3] * _NOISE))


@cache
def _noise() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(_NOISE).astype(np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def _composed(
    view: np.ndarray,
    background: np.ndarray,
    tint: np.ndarray,
    film: np.ndarray,
    noise: np.ndarray,
    start: int,
) -> np.ndarray:
    """Return (3, size, size) uint8; `film` is exposure, contrast, strength of the noise."""
    size = view.shape[0]
    result = np.empty((3, size, size), np.uint8)
    exposure, contrast, strength = film[0], film[1], film[2]
    base = np.float32(128.5) - np.float32(128.0) * contrast
    for k in range(3):
        for row in range(size):
            place = start + 7919 * (row * 3 + k)  # a row begins anywhere in the table, so that no pattern shows
            for column in range(size):
                alpha = view[row, column, 3] * np.float32(1 / 255)
                value = view[row, column, k] * tint[k] * alpha + background[row, column, k] * (np.float32(1.0) - alpha)
                value = value * exposure * contrast + base + strength * noise[(place + column) & (_NOISE - 1)]
                result[k, row, column] = np.uint8(min(max(value, np.float32(0.0)), np.float32(255.0)))
    return result
