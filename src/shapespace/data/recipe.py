"""What can be asked of `data prepare`: plain values, quick to import."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """How shapes are made: equal recipes and equal sources give equal bytes.

    Attributes:
        resolution: Voxels along a side.
        up: The axis that points up in the files: x, y, z, or auto.
        mirror: Also keep the mirror image of each shape.
        rotations: Equal turns about the vertical to keep of each shape.
        categories: Keep these only; empty keeps all.
        label: Category for every shape, whatever the source says; empty leaves it.
        seconds: Time for one file, or one shape of a pack.
        turn: Degrees about the vertical, +x towards +y, by which every shape is turned first.
    """

    resolution: int = 64
    up: str = "auto"
    mirror: bool = False
    rotations: int = 1
    categories: tuple[str, ...] = ()
    label: str = ""
    seconds: float = 10.0
    turn: float = 0.0

    def facts(self) -> dict[str, Any]:
        """Return what a store says of how it was made; no turn, no word of it: older stores keep their digest."""
        facts = {**asdict(self), "categories": list(self.categories)}
        return facts if self.turn else {name: value for name, value in facts.items() if name != "turn"}


@dataclass(frozen=True)
class Job:
    """What to prepare; everything here may change the bytes of the store.

    Attributes:
        source: A file, a folder, `furniture` or `furniture:CATEGORY`.
        recipe: How shapes are made.
        limit: Take at most so many source shapes, evenly spaced.
        count: Pieces of furniture to make.
        first: Seed of the first of them; the others follow.
        fractions: Parts of each category for validation and for test.
        licence: Of the shapes, for the provenance; empty: our own for furniture, else not stated.
    """

    source: str | Path
    recipe: Recipe = field(default_factory=Recipe)
    limit: int | None = None
    count: int = 1_000
    first: int = 0
    fractions: tuple[float, float] = (0.1, 0.1)
    licence: str = ""
