"""Backs of chairs: panels, slats, ladders, frames, splats, hoops, and the shell that is back and arms in one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapespace.shapes.furniture.design import RECTANGLE, Design, Surface
from shapespace.shapes.furniture.dice import Dice


@dataclass(frozen=True)
class Seat:
    """Of a chair, in metres: half its width, half its depth, top, thickness; exponent of its outline."""

    half_width: float
    half_depth: float
    top: float
    thickness: float
    exponent: float
    saddle: float


@dataclass(frozen=True)
class Back:
    """Of a chair: the surface it follows, half its width, foot and top in metres; exponent of its upper outline."""

    surface: Surface
    half_width: float
    foot: float
    top: float
    thickness: float
    exponent: float
    taper: float


def exponent_of(dice: Dice) -> float:
    """Return the exponent of an outline: a rectangle in half of the cases, else from an ellipse to a squircle."""
    return RECTANGLE if dice.chance(0.5) else 2.0 + 7.0 * dice.between(0, 1) ** 1.5


def back_of(dice: Dice, seat: Seat) -> Back:
    """Return the back that a seat gets, not yet built."""
    soft = seat.thickness > 0.08
    thickness = dice.between(0.06, 0.14) if soft and dice.chance(0.6) else dice.between(0.022, 0.05)
    half_width = seat.half_width * dice.between(0.82, 1.02)
    slope = np.tan(np.radians(dice.between(0, 17)))
    bend = 0.0 if dice.chance(0.45) else -dice.between(0.3, 1.6)
    arch = 0.0 if dice.chance(0.6) else dice.between(-0.35, 0.45)
    rim = seat.half_depth - thickness * 0.5
    surface = Surface(rim, seat.top - seat.thickness, slope, bend, arch, upright=True)
    rise = dice.between(0.26, 0.44) if seat.thickness > 0.19 or dice.chance(0.5) else dice.between(0.4, 0.7)
    top = seat.top + rise
    return Back(surface, half_width, seat.top - seat.thickness * 0.5, top, thickness, exponent_of(dice),
                dice.between(-0.15, 0.18))  # fmt: skip


def _no_back(design: Design, dice: Dice, back: Back) -> int:
    del design, dice, back
    return 0


def _panel(design: Design, dice: Dice, back: Back) -> int:
    """Add a solid back, sometimes on posts above a gap."""
    foot = back.foot
    if dice.chance(0.35):
        foot += dice.between(0.08, 0.2)
        _posts(design, back, back.half_width * dice.between(0.5, 0.9), foot + 0.08)
    lower = back.exponent if foot > back.foot else RECTANGLE
    sides = (-back.half_width, back.half_width)
    design.sheet(back.surface, sides, (foot, back.top), back.thickness, exponents=(lower, back.exponent),
                 taper=back.taper)  # fmt: skip
    return 0


def _posts(design: Design, back: Back, x: float, top: float) -> None:
    radius = min(back.thickness * 0.5, 0.022)
    heights = np.linspace(back.foot, top, 5)
    design.tube([back.surface.point(x, z) for z in heights], radius)


def _crest(design: Design, dice: Dice, back: Back, half_width: float) -> float:
    """Add the rail on top; return its lower edge."""
    foot = back.top - dice.between(0.05, 0.13)
    upper = RECTANGLE if dice.chance(0.5) else dice.between(2.2, 5)
    sides = (-half_width, half_width)
    design.sheet(back.surface, sides, (foot, back.top), back.thickness * 1.1, exponents=(RECTANGLE, upper))
    return foot


def _vertical_slats(design: Design, dice: Dice, back: Back) -> int:
    crest = _crest(design, dice, back, back.half_width)
    _posts(design, back, back.half_width * 0.93, back.top - 0.02)
    foot = back.foot
    if dice.chance(0.4):
        foot += dice.between(0.06, 0.14)
        sides = (-back.half_width * 0.93, back.half_width * 0.93)
        design.sheet(back.surface, sides, (foot - 0.02, foot + 0.02), back.thickness)
    count = dice.whole(2, 7)
    half = back.half_width * 0.93 / (count + 1) * dice.between(0.25, 0.55)
    for x in np.linspace(-1, 1, count + 2)[1:-1] * back.half_width * 0.93:
        if x > -1e-9:
            design.sheet(back.surface, (x - half, x + half), (foot, crest + 0.02), back.thickness * 0.6)
    return count


def _ladder(design: Design, dice: Dice, back: Back) -> int:
    _posts(design, back, back.half_width * 0.93, back.top)
    count = dice.whole(2, 6)
    places = np.linspace(back.foot, back.top, count + 1)[1:]
    half = (places[1] - places[0]) * dice.between(0.18, 0.34)
    upper = RECTANGLE if dice.chance(0.6) else dice.between(2.2, 4)
    sides = (-back.half_width, back.half_width)
    for z in places - half:
        design.sheet(back.surface, sides, (z - half, z + half), back.thickness * 0.8, exponents=(RECTANGLE, upper))
    return count


def _frame(design: Design, dice: Dice, back: Back) -> int:
    foot = back.foot + (dice.between(0.08, 0.16) if dice.chance(0.5) else 0.0)
    border = dice.between(0.03, 0.06)
    lower = back.exponent if foot > back.foot else RECTANGLE
    sides = (-back.half_width, back.half_width)
    design.sheet(back.surface, sides, (foot, back.top), back.thickness, exponents=(lower, back.exponent),
                 border=border, taper=back.taper)  # fmt: skip
    if foot > back.foot:
        _posts(design, back, back.half_width * 0.5, foot + border)
    bars = dice.whole(0, 2)
    for k in range(bars):
        z = foot + (back.top - foot) * (k + 1) / (bars + 1)
        design.sheet(back.surface, (-back.half_width * 0.9, back.half_width * 0.9), (z - 0.02, z + 0.02),
                     back.thickness * 0.7)  # fmt: skip
    return bars


def _splat(design: Design, dice: Dice, back: Back) -> int:
    crest = _crest(design, dice, back, back.half_width)
    _posts(design, back, back.half_width * 0.93, back.top - 0.02)
    half = back.half_width * dice.between(0.22, 0.42)
    middle = (back.foot + crest) / 2
    design.sheet(back.surface, (-half, half), (back.foot, middle + 0.02), back.thickness * 0.7, taper=-0.3)
    design.sheet(back.surface, (-half, half), (middle - 0.02, crest + 0.03), back.thickness * 0.7, taper=0.3)
    return 1


def _hoop(design: Design, dice: Dice, back: Back) -> int:
    """Add a bow of bent wood with spindles in it, as on a Windsor chair."""
    angles = np.linspace(0, np.pi / 2, 9)
    rise, power = back.top - back.foot, dice.between(0.55, 1.0)
    radius = min(back.thickness * 0.45, 0.02)
    bow = [(back.half_width * np.cos(a) ** power, back.foot + rise * np.sin(a) ** power) for a in angles]
    design.tube([back.surface.point(u, v) for u, v in bow], radius)
    count = dice.whole(3, 7)
    for x in np.linspace(-1, 1, count + 2)[1:-1]:
        if x > -1e-9:
            top = back.foot + rise * (1 - x ** (2 / power)) ** (power / 2)
            line = [back.surface.point(x * back.half_width * s, z) for s, z in ((0.8, back.foot), (1.0, top))]
            design.tube(line, radius * 0.7)
    return count


def wall(design: Design, dice: Dice, seat: Seat) -> Back:
    """Add one shell for back and arms, and return it as a back."""
    thickness = dice.between(0.04, 0.11)
    a, b = seat.half_width + thickness * 0.6, seat.half_depth * dice.between(0.6, 1.0)
    centre_y = seat.half_depth + thickness * 0.6 - b
    low = seat.top + dice.between(0.1, 0.24)
    high = low + (0.0 if dice.chance(0.25) else dice.between(0.05, 0.4))
    flare = 0.0 if dice.chance(0.5) else dice.between(0.03, 0.16)
    front = -seat.half_depth * dice.between(0.5, 1.0)
    foot = seat.top - seat.thickness * dice.between(0.6, 1.0)
    design.wall(centre_y, (a, b), thickness, span=(front, foot, low, high), flare=flare)
    surface = Surface(seat.half_depth, slope=flare, bend=-0.5 / a, upright=True)
    return Back(surface, a, foot, high, thickness, 2.0, 0.0)


BUILDERS = {
    "none": _no_back,
    "panel": _panel,
    "vertical slats": _vertical_slats,
    "ladder": _ladder,
    "frame": _frame,
    "splat": _splat,
    "hoop": _hoop,
}
"""Each adds a back of its kind to a design and returns how many slats it has."""
