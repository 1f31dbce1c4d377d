"""(first form) One view of a prepared shape, by the picture maker of contact sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shapespace.shapes.render import view

if TYPE_CHECKING:
    from shapespace.shapes.views import Look
    from shapespace.shapes.views_model import Model


def draw(seen: Model, how: Look, size: int) -> np.ndarray:
    """Return (size, size, 4) uint8 RGBA."""
    return view(seen, azimuth=how.azimuth, elevation=how.elevation, size=size, colour=how.colour)
