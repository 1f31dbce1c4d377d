"""Bookcases: open and closed shelves, ladders and cabinets, with and without back, doors, feet and books."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from shapespace.shapes.furniture.design import RECTANGLE, Design, Surface
from shapespace.shapes.furniture.dice import Dice

SIDE_KINDS = ("boards", "posts", "ladder")
"""The attribute `side_kind` is a number in this list: boards, four posts, or posts that lean together."""


def draw(dice: Dice) -> Design:
    """Return a bookcase, open to the front."""
    design = Design()
    half_width, height = dice.between(0.25, 0.9), dice.between(0.7, 2.1)
    half_depth = dice.between(0.13, 0.22)
    board = dice.between(0.018, 0.045)
    kind = SIDE_KINDS[dice.pick((70, 20, 10))]
    shelves = max(2, round(height / dice.between(0.26, 0.46)))
    foot = 0.0 if dice.chance(0.45) else dice.between(0.05, 0.16)
    lean = dice.between(0.08, 0.2) if kind == "ladder" else 0.0
    heights = _shelves(design, dice, (half_width, half_depth, height), (foot, board), shelves, lean)
    _sides(design, kind, (half_width, half_depth, height), (foot, board), lean)
    back = kind == "boards" and dice.chance(0.65)
    if back:
        design.box((-half_width, half_depth - board * 0.6, foot), (half_width, half_depth, height))
    uprights = _uprights(design, dice, (half_width, half_depth), heights, board) if kind == "boards" else 0
    doors = kind == "boards" and dice.chance(0.25)
    if doors:
        _doors(design, dice, half_width, half_depth, heights)
    crown = _crown(design, dice, half_width, half_depth, height) if kind == "boards" else 0.0
    books = _books(design, dice, (half_width, half_depth, board), heights[1 if doors else 0 :]) if lean == 0 else 0.0
    design.attributes = {
        "width": 2 * half_width,
        "depth": 2 * half_depth,
        "height": height + crown,
        "side_kind": SIDE_KINDS.index(kind),
        "shelves": shelves,
        "uprights": uprights,
        "board_thickness": board,
        "back": back,
        "doors": doors,
        "foot_height": foot,
        "crown": crown > 0,
        "lean": lean,
        "books": books,
    }
    return design


def _shelves(
    design: Design, dice: Dice, size: tuple[float, float, float], rest: tuple[float, float], count: int, lean: float
) -> np.ndarray:
    """Add the shelves; return the height of each, of its middle, in metres."""
    half_width, half_depth, height = size
    foot, board = rest
    heights = np.linspace(foot + board / 2, height - board / 2, count + 1)
    if dice.chance(0.35):  # closer towards the top
        share = (heights - heights[0]) / (heights[-1] - heights[0])
        heights = heights[0] + (heights[-1] - heights[0]) * share ** dice.between(0.75, 0.95)
    for z in heights:
        front = -half_depth + 2 * lean * half_depth * 3 * z / height
        front = min(front, half_depth * 0.3)
        design.box((-half_width, front, z - board / 2), (half_width, half_depth, z + board / 2))
    return heights


def _sides(design: Design, kind: str, size: tuple[float, float, float], rest: tuple[float, float], lean: float) -> None:
    half_width, half_depth, height = size
    foot, board = rest
    if kind == "boards":
        design.box((half_width - board, -half_depth, foot), (half_width, half_depth, height))
        if foot:
            for y in (-half_depth + 0.03, half_depth - 0.03):
                design.tube([(half_width - 0.03, y, 0), (half_width - 0.03, y, foot + board)], 0.025, square=True)
        return
    radius = max(board * 0.6, 0.014)
    x = half_width - radius
    front = min(-half_depth + 2 * lean * half_depth * 3, half_depth * 0.3)
    design.tube([(x, half_depth - radius, 0), (x, half_depth - radius, height)], radius, square=True)
    design.tube([(x, -half_depth + radius, 0), (x, front + radius, height)], radius, square=True)


def _uprights(design: Design, dice: Dice, size: tuple[float, float], heights: np.ndarray, board: float) -> int:
    """Add walls between the shelves; return how many the width is divided by."""
    half_width, half_depth = size
    count = dice.whole(1, 3) if half_width > 0.45 and dice.chance(0.6) else 0
    for k in range(count):
        x = half_width * (2 * (k + 1) / (count + 1) - 1)
        if x > -1e-9:
            design.box((x - board / 2, -half_depth, heights[0]), (x + board / 2, half_depth, heights[-1]))
    return count


def _doors(design: Design, dice: Dice, half_width: float, half_depth: float, heights: np.ndarray) -> None:
    """Close the lowest shelf."""
    top = heights[1]
    design.box((-half_width, -half_depth, heights[0]), (half_width, half_depth * 0.9, top))
    knob = dice.between(0.015, 0.022)
    design.box(
        (half_width * 0.1, -half_depth - 0.03, top - 0.12), (half_width * 0.1 + 2 * knob, -half_depth, top - 0.06)
    )


def _crown(design: Design, dice: Dice, half_width: float, half_depth: float, height: float) -> float:
    """Add a moulding, straight or arched; return how much higher it makes the piece, in metres."""
    choice = dice.pick((6, 2, 2))
    if choice == 1:
        out = 0.03
        design.box((-half_width - out, -half_depth - out, height - 0.02), (half_width + out, half_depth, height + 0.04))
        return 0.04
    if choice == 2:
        rise = dice.between(0.06, 0.16)
        surface = Surface(-half_depth + 0.015, upright=True)
        ends = (height - rise, height + rise)
        design.sheet(surface, (-half_width, half_width), ends, 0.035, exponents=(RECTANGLE, dice.between(2, 3)))
        return rise
    return 0.0


def _books(design: Design, dice: Dice, size: tuple[float, float, float], heights: np.ndarray) -> float:
    """Add rows of books to some shelves; return the fraction of shelves that have some."""
    half_width, half_depth, board = size
    share = 0.0 if dice.chance(0.6) else dice.between(0.3, 1.0)
    filled = 0
    for low, high in pairwise(heights):
        if dice.chance(share):
            filled += 1
            x = -half_width + board / 2
            end = half_width * dice.between(-0.4, 0.9)
            while x < end:
                wide, rise = dice.between(0.05, 0.16), (high - low) * dice.between(0.55, 0.85)
                top = (x + wide, half_depth * 0.98, low + rise)
                design.box((x, -half_depth * dice.between(0.2, 0.7), low), top, mirrored=False)
                x += wide
    return filled / max(1, len(heights) - 1)
