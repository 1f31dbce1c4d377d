"""Procedural furniture with known attributes: the embedded data.

`make(category, seed, resolution)` draws one piece; the same category and seed give the same design at every
resolution. Pieces face -y and stand on their feet; they are symmetric left to right but for a bookcase's books
and a desk's drawers; each is one 6-connected piece whose longest side fills 7/8 of the grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapespace.errors import UsageError
from shapespace.shapes.furniture import bed, bookcase, chair, desk, sofa, table
from shapespace.shapes.furniture.design import Attributes
from shapespace.shapes.furniture.dice import Dice

_MAKERS = {
    "chair": chair.draw,
    "table": table.draw,
    "bed": bed.draw,
    "sofa": sofa.draw,
    "bookcase": bookcase.draw,
    "desk": desk.draw,
}
CATEGORIES = tuple(_MAKERS)

LICENCE = "MIT"
"""Of all pieces, as of the rest of the program."""


@dataclass(frozen=True)
class Piece:
    """One piece of furniture.

    Args:
        voxels: (r, r, r) bool.
        attributes: What it was made from: lengths in metres, angles in degrees, counts, kinds by number.
    """

    voxels: np.ndarray
    attributes: Attributes


def make(category: str, seed: int, resolution: int) -> Piece:
    """Return the piece of a category that belongs to a seed.

    Args:
        category: One of `CATEGORIES`.
        seed: Any whole number from 0.
        resolution: Voxels along a side, 16 to 256.

    Raises:
        UsageError: If the category, the seed or the resolution is none.
    """
    if category not in CATEGORIES:
        raise UsageError(f"no furniture of category {category!r}; there are {', '.join(CATEGORIES)}")
    if seed < 0 or not 16 <= resolution <= 256:
        raise UsageError(f"seed {seed} and resolution {resolution}: the seed is from 0, the resolution 16 to 256")
    design = _MAKERS[category](Dice(CATEGORIES.index(category), seed))
    return Piece(design.build(resolution), design.attributes)


def attribute_names(category: str) -> tuple[str, ...]:
    """Return the names of the attributes that every piece of a category has."""
    return tuple(_MAKERS[category](Dice(CATEGORIES.index(category), 0)).attributes)
