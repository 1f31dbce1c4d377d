"""Beds: divans, platform beds, four-posters and bunk beds, with head and foot boards and pillows."""

from __future__ import annotations

import numpy as np

from shapespace.shapes.furniture.design import RECTANGLE, Design, Surface
from shapespace.shapes.furniture.dice import Dice

HEADBOARD_KINDS = ("none", "panel", "slats", "padded")
"""The attribute `headboard_kind` is a number in this list."""

BED_KINDS = ("divan", "legs", "four-poster", "bunk")
"""The attribute `bed_kind` is a number in this list."""


def draw(dice: Dice) -> Design:
    """Return a bed: the head is at the back, +y."""
    design = Design()
    kind = BED_KINDS[dice.pick((30, 52, 10, 8))]
    half_width = dice.between(0.42, 0.55) if kind == "bunk" or dice.chance(0.35) else dice.between(0.65, 1.0)
    half_length = dice.between(0.95, 1.1)
    base = dice.between(0.22, 0.4)
    mattress = dice.between(0.14, 0.3) if kind != "bunk" else 0.14
    post = dice.between(0.025, 0.05)
    _base(design, dice, kind, (half_width, half_length, base), post)
    soft = dice.between(0.02, 0.06)
    top = base + mattress
    _mattress(design, half_width, half_length, base, top, soft)
    pillows = _pillows(design, dice, half_width, half_length, top)
    head, head_height, slats = _headboard(design, dice, kind, half_width, half_length, top)
    foot_height = _footboard(design, dice, kind, half_width, half_length, top)
    if kind == "four-poster":
        _canopy(design, dice, half_width, half_length, post)
    if kind == "bunk":
        _bunk(design, dice, half_width, half_length, (base, mattress), post)
    design.attributes = {
        "width": 2 * half_width,
        "length": 2 * half_length,
        "height": float(design.size[2]),
        "bed_kind": BED_KINDS.index(kind),
        "base_height": base,
        "mattress_thickness": mattress,
        "pillows": pillows,
        "headboard": head > 0,
        "headboard_kind": head,
        "headboard_height": head_height,
        "slats": slats,
        "footboard": foot_height > 0,
        "footboard_height": foot_height,
        "leg_count": 0 if kind == "divan" else 4,
        "leg_thickness": 0.0 if kind == "divan" else 2 * post,
    }
    return design


def _base(design: Design, dice: Dice, kind: str, size: tuple[float, float, float], post: float) -> None:
    half_width, half_length, height = size
    if kind == "divan":
        foot = 0.0 if dice.chance(0.5) else 0.05
        design.box((-half_width, -half_length, foot), (half_width, half_length, height))
        if foot:  # a plinth set back
            design.box(
                (-half_width * 0.85, -half_length * 0.93, 0), (half_width * 0.85, half_length * 0.93, foot + 0.03)
            )
        return
    rail = min(dice.between(0.07, 0.2), height * 0.6)
    design.box((-half_width, -half_length, height - rail), (half_width, half_length, height))
    x, y = half_width - post, half_length - post
    for end in (-y, y):
        if kind == "legs" and dice.chance(0.4):
            design.tube([(x, end, 0), (x, end, height - rail / 2)], (0.6 * post, post))
        else:
            design.tube([(x, end, 0), (x, end, height - rail / 2)], post, square=True)


def _mattress(design: Design, half_width: float, half_length: float, low: float, high: float, soft: float) -> None:
    x, y = half_width * 0.98, half_length * 0.985
    design.box((-x, -y, low - 0.05), (x, y, high), radius=soft)


def _pillows(design: Design, dice: Dice, half_width: float, half_length: float, top: float) -> int:
    count = dice.pick((2, 3, 5)) if half_width > 0.6 else dice.pick((2, 4))
    if count == 0:
        return 0
    depth, height = dice.between(0.28, 0.42), dice.between(0.09, 0.15)
    y = half_length * 0.96
    low, high = y - depth, y
    gap = 0.06 if count == 2 else -half_width * 0.75
    design.box((gap / 2, low, top - 0.04), (half_width * 0.9, high, top + height), radius=height * 0.42)
    return count


def _headboard(
    design: Design, dice: Dice, kind: str, half_width: float, half_length: float, top: float
) -> tuple[int, float, int]:
    """Add a head board; return its kind, its height in metres and its slats."""
    if kind == "bunk" or dice.chance(0.12):
        return 0, 0.0, 0
    height = top + dice.between(0.25, 0.85)
    thickness = dice.between(0.04, 0.09)
    upper = RECTANGLE if dice.chance(0.5) else dice.between(2.2, 8)
    surface = Surface(half_length + thickness / 2, slope=dice.between(0, 0.1), origin=top, upright=True)
    wide = half_width * dice.between(1.0, 1.12)
    choice = 1 + dice.pick((5, 3, 3))
    if HEADBOARD_KINDS[choice] == "slats":
        return choice, height, _slatted(design, dice, surface, wide, (top - 0.2, height))
    exponents = (RECTANGLE, upper)
    design.sheet(surface, (-wide, wide), (0.0, height), thickness, exponents=exponents)
    if HEADBOARD_KINDS[choice] == "padded":
        padded = Surface(surface.base - 0.05, slope=surface.slope, origin=top, upright=True)
        sides = (-wide * 0.9, wide * 0.9)
        design.sheet(padded, sides, (top - 0.1, height - 0.06), 0.1, exponents=exponents)
    return choice, height, 0


def _slatted(design: Design, dice: Dice, surface: Surface, wide: float, ends: tuple[float, float]) -> int:
    low, high = ends
    design.sheet(surface, (-wide, wide), (high - 0.08, high), 0.06)
    design.sheet(surface, (-wide, wide), (low, low + 0.08), 0.06)
    design.tube([surface.point(wide * 0.96, 0), surface.point(wide * 0.96, high)], 0.035, square=True)
    count = dice.whole(4, 9)
    half = wide / (count + 1) * dice.between(0.25, 0.5)
    for x in np.linspace(-wide, wide, count + 2)[1:-1]:
        if x > -1e-9:
            design.sheet(surface, (x - half, x + half), (low, high), 0.04)
    return count


def _footboard(design: Design, dice: Dice, kind: str, half_width: float, half_length: float, top: float) -> float:
    """Add a foot board; return its height in metres, 0 without."""
    if kind == "bunk" or dice.chance(0.6):
        return 0.0
    height = top + dice.between(-0.05, 0.3)
    thickness = dice.between(0.04, 0.08)
    upper = RECTANGLE if dice.chance(0.6) else dice.between(2.5, 8)
    surface = Surface(-half_length - thickness / 2, upright=True)
    design.sheet(surface, (-half_width, half_width), (0.0, height), thickness, exponents=(RECTANGLE, upper))
    return height


def _canopy(design: Design, dice: Dice, half_width: float, half_length: float, post: float) -> None:
    height = dice.between(1.5, 2.0)
    x, y = half_width - post, half_length - post
    for end in (-y, y):
        design.tube([(x, end, 0), (x, end, height)], post, square=True)
        design.box((-x, end - post, height - 2 * post), (x, end + post, height))
    design.box((x - post, -y, height - 2 * post), (x + post, y, height))


def _bunk(
    design: Design, dice: Dice, half_width: float, half_length: float, lower: tuple[float, float], post: float
) -> None:
    """Add the upper bed, its rails and the ladder."""
    base, mattress = lower
    floor, top = base + dice.between(0.85, 1.05), 0.0
    top = floor + mattress + dice.between(0.15, 0.3)
    x, y = half_width - post, half_length - post
    for end in (-y, y):
        design.tube([(x, end, 0), (x, end, top)], post, square=True)
        design.box((-x, end - post, top - 0.1), (x, end + post, top))
    design.box((-half_width, -half_length, floor - 0.12), (half_width, half_length, floor))
    _mattress(design, half_width, half_length, floor, floor + mattress, 0.03)
    design.box((x - post, -y * 0.4, top - 0.08), (x + post, y, top))
    design.box((x - post, -y * 0.4, floor), (x + post, -y * 0.4 + 2 * post, top))
    front = -half_length - post
    design.tube([(half_width * 0.5, front, 0), (half_width * 0.5, front, floor)], post * 0.8, square=True)
    for z in np.linspace(0.0, floor, 6)[1:]:
        design.tube([(half_width * 0.5, front, z - 0.02), (-half_width * 0.5, front, z - 0.02)], post * 0.7)
