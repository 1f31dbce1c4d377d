"""Desks: writing tables, pedestal desks with drawers on one side or both, with hutches and modesty panels."""

from __future__ import annotations

from shapespace.shapes.furniture import supports
from shapespace.shapes.furniture.design import RECTANGLE, Design, Surface
from shapespace.shapes.furniture.dice import Dice
from shapespace.shapes.furniture.supports import Stance

DRAWER_SIDES = ("none", "left", "right", "both")
"""The attribute `drawer_side` is a number in this list; left is -x, as seen by who stands in front of it."""

_LEG_WEIGHTS = {"square": 38, "tapered": 16, "turned": 8, "panel": 26, "sled": 12}


def draw(dice: Dice) -> Design:
    """Return a desk: one sits in front of it, at -y."""
    design = Design()
    half_width, half_depth, height = dice.between(0.5, 0.95), dice.between(0.27, 0.42), dice.between(0.7, 0.8)
    thickness = dice.between(0.022, 0.055)
    exponent = RECTANGLE if dice.chance(0.7) else dice.between(5, 10)
    top = Surface(height - thickness / 2)
    sides, ends = (-half_width, half_width), (-half_depth, half_depth)
    design.sheet(top, sides, ends, thickness, exponents=(exponent, exponent))
    kind = list(_LEG_WEIGHTS)[dice.pick(list(_LEG_WEIGHTS.values()))]
    radius = dice.between(0.018, 0.035)
    inset = radius + (0.05 if exponent < RECTANGLE else dice.between(0, 0.04))
    splay = dice.between(0.0, 0.15) if kind == "tapered" else 0.0
    x, y = half_width - inset - splay * height * 0.5, half_depth - inset - splay * height * 0.5
    stance = Stance(x, -y, y, height - thickness / 2, radius, splay)
    supports.stand(design, kind, stance)
    side, drawers = _drawers(design, dice, stance)
    modesty = dice.chance(0.5)
    if modesty:
        low = height * dice.between(0.15, 0.6)
        design.box((-x, y - 0.012, low), (x, y + 0.012, height - thickness / 2))
    hutch = _hutch(design, dice, half_width, half_depth, height) if dice.chance(0.35) else 0.0
    design.attributes = {
        "width": 2 * half_width,
        "depth": 2 * half_depth,
        "height": height + hutch,
        "top_height": height,
        "top_thickness": thickness,
        "top_roundness": 2.0 / exponent,
        "drawer_side": DRAWER_SIDES.index(side),
        "drawers": drawers,
        "modesty_panel": modesty,
        "hutch": hutch > 0,
        "hutch_height": hutch,
    } | supports.leg_attributes(kind, stance)
    return design


def _drawers(design: Design, dice: Dice, stance: Stance) -> tuple[str, int]:
    """Add chests of drawers under the top; return on which side and how many drawers in each."""
    side = DRAWER_SIDES[dice.pick((30, 20, 20, 30))]
    if side == "none":
        return side, 0
    count, wide = dice.whole(1, 4), stance.x * dice.between(0.42, 0.62)
    low = stance.top - 0.15 * count - 0.02
    low = 0.0 if count == 4 else max(low, 0.04)
    for sign in {"left": (-1,), "right": (1,), "both": (-1, 1)}[side]:
        inner, outer = sorted((sign * (stance.x - wide), sign * stance.x))
        design.box((inner, stance.front, low), (outer, stance.back, stance.top), mirrored=False)
        for k in range(count):
            z = stance.top - (k + 0.5) * (stance.top - low) / count
            middle, half = (inner + outer) / 2, wide * 0.2
            design.box((middle - half, stance.front - 0.035, z - 0.016), (middle + half, stance.front, z + 0.016),
                       mirrored=False)  # fmt: skip
    return side, count


def _hutch(design: Design, dice: Dice, half_width: float, half_depth: float, height: float) -> float:
    """Add shelves on top, at the back; return how high they are in metres."""
    rise, depth, board = dice.between(0.2, 0.65), dice.between(0.14, 0.26), 0.022
    front = half_depth - depth
    x = half_width * (1.0 if dice.chance(0.7) else 0.9)
    design.box((x - board, front, height - 0.02), (x, half_depth, height + rise))
    shelves = 1 if rise < 0.4 else 2
    for k in range(1, shelves + 1):
        z = height + rise * k / shelves
        design.box((-x, front, z - board), (x, half_depth, z))
    if dice.chance(0.6):
        design.box((-x, half_depth - 0.015, height - 0.02), (x, half_depth, height + rise))
    dividers = dice.pick((3, 2, 2))
    for k in range(dividers):
        place = x * (2 * (k + 1) / (dividers + 1) - 1)
        if place > -1e-9:
            design.box((place - board / 2, front, height - 0.02), (place + board / 2, half_depth, height + rise))
    return rise
