"""Tables: dining, coffee, side and console tables, round and square, with and without a shelf."""

from __future__ import annotations

from shapespace.shapes.furniture import supports
from shapespace.shapes.furniture.design import RECTANGLE, Design, Surface
from shapespace.shapes.furniture.dice import Dice
from shapespace.shapes.furniture.supports import Stance

_LEG_WEIGHTS = {"square": 34, "tapered": 18, "turned": 12, "curved": 8, "panel": 8, "sled": 6, "pedestal": 14}


def draw(dice: Dice) -> Design:
    """Return a table."""
    design = Design()
    leg_kind = list(_LEG_WEIGHTS)[dice.pick(list(_LEG_WEIGHTS.values()))]
    half_width, half_depth, height = _proportions(dice, leg_kind == "pedestal")
    thickness, exponent = dice.between(0.02, 0.07), RECTANGLE
    if leg_kind == "pedestal" or dice.chance(0.4):
        exponent = 2.0 if dice.chance(0.5) else dice.between(2.0, 7.0)
    top = Surface(height - thickness / 2)
    sides, ends = (-half_width, half_width), (-half_depth, half_depth)
    design.sheet(top, sides, ends, thickness, exponents=(exponent, exponent))
    stance = _stance(dice, leg_kind, half_width, half_depth, height - thickness / 2, exponent)
    supports.stand(design, leg_kind, stance)
    four = supports.LEG_COUNTS.get(leg_kind, 4) == 4
    has_apron = four and stance.splay == 0 and dice.chance(0.5)
    if has_apron:
        supports.apron(design, stance, thickness / 2 + dice.between(0.04, 0.1))
    shelf = leg_kind in ("square", "panel", "turned", "sled") and dice.chance(0.3)
    if shelf:
        _shelf(design, dice, stance)
    has_rails = four and not shelf and stance.splay < 0.05 and dice.chance(0.25)
    if has_rails:
        supports.stretchers(design, stance, height * dice.between(0.1, 0.3), all_round=dice.chance(0.4))
    design.attributes = {
        "width": 2 * half_width,
        "depth": 2 * half_depth,
        "height": height,
        "top_thickness": thickness,
        "top_roundness": 2.0 / exponent,
        "apron": has_apron,
        "shelf": shelf,
        "stretchers": has_rails,
    } | supports.leg_attributes(leg_kind, stance)
    return design


def _proportions(dice: Dice, central: bool) -> tuple[float, float, float]:
    """Return half the width, half the depth and the height in metres."""
    kind = dice.pick((4, 3, 3, 2))  # dining, coffee, side, console
    half_width = (dice.between(0.45, 1.0), dice.between(0.4, 0.7), dice.between(0.2, 0.32), dice.between(0.5, 0.8))[
        kind
    ]
    ratio = dice.between(0.26, 0.4) if kind == 3 else dice.between(0.5, 1.0)
    height = (dice.between(0.68, 0.78), dice.between(0.3, 0.5), dice.between(0.45, 0.75), dice.between(0.7, 0.9))[kind]
    if central:
        half_width, ratio = min(half_width, 0.6), max(ratio, 0.8)
    return half_width, half_width * ratio, height


def _stance(dice: Dice, kind: str, half_width: float, half_depth: float, top: float, exponent: float) -> Stance:
    radius = dice.between(0.016, 0.05) * (0.7 + 0.5 * half_width)
    splay = dice.between(0.05, 0.3) if kind == "tapered" and dice.chance(0.6) else 0.0
    inset = 0.68 if exponent < 4 else dice.between(0.8, 1.0)
    x = min(half_width * inset, half_width - radius) - splay * top * 0.5
    y = min(half_depth * inset, half_depth - radius) - splay * top * 0.5
    return Stance(max(x, 0.3 * half_width), -max(y, 0.3 * half_depth), max(y, 0.3 * half_depth), top, radius, splay)


def _shelf(design: Design, dice: Dice, stance: Stance) -> None:
    height = stance.top * dice.between(0.15, 0.55)
    low, high = (-stance.x, stance.front, height - 0.012), (stance.x, stance.back, height + 0.012)
    design.box(low, high)
