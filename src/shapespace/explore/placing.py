"""How the shape in a file lies, as it can be asked for: plain values, quick to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from shapespace.errors import UsageError

Side = Literal["left", "right", "front", "back", "bottom", "top"]
"""A half of a grid: x, y, z below or above the middle."""

Up = Literal["auto", "x", "y", "z"]
"""The axis that points up in a file; auto goes by the format."""

Frame = Literal["box", "half", "grid"]
"""What a mesh is fitted by: its own box; its box as that of the half that is kept; the grid it lies in already."""

SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True)
class Placing:
    """How the shape in a file lies.

    Attributes:
        up: The axis that points up in it.
        frame: For a mesh. "grid": voxel i of the space's grid has its centre at i, as `Shape.to_mesh` has it.
        keep: The half that the file shows, for the frame "half".

    Raises:
        UsageError: If it is not said which half.
    """

    up: Up = "auto"
    frame: Frame = "box"
    keep: Side | None = None

    def __post_init__(self) -> None:
        if self.frame == "half" and self.keep is None:
            raise UsageError(f"which half the file shows is not said; it is one of {', '.join(SIDES)}")


WHOLE = Placing()
"""As `data prepare` takes a file."""
