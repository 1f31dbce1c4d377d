"""Many shapes in one .npz, each a handful of oriented boxes: PartNet's chairs as ShapeAssembly's programs give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.mesh import Mesh

NUMBERS = 12
"""Of one box: its centre and three half-vectors, from the centre to the middle of a face."""

_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
_FACES = np.array(
    [
        [0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1],
        [2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3],
    ],
    np.int32,
)  # fmt: skip
"""Triangles of the cube of those corners, counter-clockwise from outside."""


@dataclass(frozen=True, eq=False)
class BoxPack:
    """Shapes of one file in its order, y up.

    Args:
        boxes: (boxes, 12) float: centre and three half-vectors of each.
        start: (shapes + 1,) int: shape i has the boxes from `start[i]` up to `start[i + 1]`.
        categories: Name of each shape's category, or empty.
        names: Of each shape, or empty.
    """

    boxes: np.ndarray
    start: np.ndarray
    categories: Sequence[str] = field(default=(), repr=False)
    names: Sequence[str] = field(default=(), repr=False)

    def __len__(self) -> int:
        """Return how many shapes there are."""
        return len(self.start) - 1

    def category(self, i: int) -> str | None:
        """Return the name of the category of shape `i`, or None if the file does not say."""
        return self.categories[i] if len(self.categories) else None

    def name(self, i: int) -> str:
        """Return the name of shape `i`: the file's own, or its number."""
        return self.names[i] if len(self.names) else str(i)

    def mesh(self, i: int) -> Mesh:
        """Return shape `i`, each box a closed part of it; boxes overlap where parts are joined."""
        boxes = self.boxes[self.start[i] : self.start[i + 1]].astype(np.float64)
        halves = boxes[:, 3:].reshape(-1, 3, 3)
        corners = boxes[:, None, :3] + np.einsum("ck,bkd->bcd", _CORNERS, halves)  # (boxes, 8, 3)
        faces = _FACES + 8 * np.arange(len(boxes), dtype=np.int32)[:, None, None]
        # A left-handed triple of half-vectors turns its box inside out.
        inside_out = np.linalg.det(halves) < 0
        faces[inside_out] = faces[inside_out][..., ::-1]
        return Mesh(corners.reshape(-1, 3), faces.reshape(-1, 3))


def box_pack(boxes: np.ndarray, start: np.ndarray, name: str) -> BoxPack:
    """Return the pack of two arrays of a file.

    Raises:
        BadInput: If they are no boxes, or `start` does not divide them into shapes.
    """
    if boxes.ndim != 2 or boxes.shape[1] != NUMBERS or boxes.dtype.kind != "f":
        raise BadInput(name, f"has boxes of {boxes.shape} {boxes.dtype}", f"(boxes, {NUMBERS}) floats are read")
    if start.ndim != 1 or start.dtype.kind not in "iu" or not 2 <= len(start) <= limits.MAX_PACK_SHAPES + 1:
        raise BadInput(name, f"has a start of {start.shape} {start.dtype}", "one integer a shape and one more are read")
    begins = start.astype(np.int64)
    if begins[0] != 0 or begins[-1] != len(boxes) or (np.diff(begins) < 1).any():
        raise BadInput(name, f"divides {len(boxes)} boxes into shapes that overlap, are empty or leave some out")
    if not np.isfinite(boxes).all():
        raise BadInput(name, "has a box that is not finite")
    return BoxPack(boxes, begins)
