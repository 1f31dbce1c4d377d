"""Sofas: two to four seats, loveseats and chesterfields, with arms of several kinds, cushions and legs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from shapespace.shapes.furniture import supports
from shapespace.shapes.furniture.design import RECTANGLE, Design, Surface
from shapespace.shapes.furniture.dice import Dice
from shapespace.shapes.furniture.supports import Stance

ARM_KINDS = ("none", "box", "rounded", "rolled", "open", "shell")
"""The attribute `arm_kind` is a number in this list."""


@dataclass(frozen=True)
class Body:
    """Of a sofa, in metres: half its seat's width, half its depth, height of frame, seat, back; softness of edges."""

    half_width: float
    half_depth: float
    foot: float
    frame: float
    seat: float
    top: float
    soft: float


def draw(dice: Dice) -> Design:
    """Return a sofa."""
    design = Design()
    body = _body(dice)
    arm_kind = ARM_KINDS[dice.pick((10, 24, 22, 16, 12, 16))]
    shell = arm_kind == "shell"
    x, y = body.half_width, body.half_depth
    design.box((-x, -y * 0.98, body.foot), (x, y, body.frame), radius=body.soft * 0.5)
    back = _shell(design, dice, body) if shell else _back(design, dice, body)
    seats = _cushions(design, dice, body, back)
    arm_height = body.top if shell else _arms(design, dice, body, arm_kind)
    leg_kind, stance = _legs(design, dice, body)
    width, depth, height = (float(side) for side in design.size)
    design.attributes = {
        "width": width,
        "depth": depth,
        "height": height,
        "seat_height": body.seat,
        "back_thickness": back,
        "back_height": body.top - body.seat,
        "cushions": seats,
        "softness": body.soft,
        "arms": arm_kind != "none",
        "arm_kind": ARM_KINDS.index(arm_kind),
        "arm_height": arm_height,
    } | supports.leg_attributes(leg_kind, stance)
    return design


def _body(dice: Dice) -> Body:
    foot = dice.between(0.05, 0.2)
    seat = dice.between(0.38, 0.48)
    half_width = dice.between(0.5, 1.05)
    soft = 0.0 if dice.chance(0.25) else dice.between(0.02, 0.07)
    frame = seat - dice.between(0.1, 0.16)
    half_depth, top = dice.between(0.38, 0.48), seat + dice.between(0.28, 0.5)
    return Body(half_width, half_depth, foot, max(frame, foot + 0.08), seat, top, soft)


def _back(design: Design, dice: Dice, body: Body) -> float:
    """Add the back, straight or with a camel's hump; return its thickness in metres."""
    thickness = dice.between(0.1, 0.22)
    slope = dice.between(0, 0.25)
    surface = Surface(body.half_depth - thickness / 2, origin=body.frame, slope=slope, upright=True)
    upper = RECTANGLE if dice.chance(0.5) else dice.between(2.5, 9)
    sides = (-body.half_width, body.half_width)
    design.sheet(surface, sides, (body.foot, body.top), thickness, exponents=(RECTANGLE, upper))
    return thickness


def _shell(design: Design, dice: Dice, body: Body) -> float:
    """Add one curved wall for back and arms; return its thickness in metres."""
    thickness = dice.between(0.08, 0.17)
    depth = body.half_depth * dice.between(0.5, 1.2)
    low = body.top - (0.0 if dice.chance(0.4) else dice.between(0.05, 0.22))
    front = -body.half_depth * dice.between(0.7, 1.0)
    design.wall(body.half_depth + thickness * 0.6 - depth, (body.half_width + thickness * 0.5, depth), thickness,
                span=(front, body.foot, low, body.top), flare=dice.between(0, 0.12))  # fmt: skip
    return thickness


def _cushions(design: Design, dice: Dice, body: Body, back: float) -> int:
    """Add seat cushions and, on most, back cushions; return how many side by side."""
    count = max(1, min(4, round(2 * body.half_width / dice.between(0.5, 0.85))))
    gap, rear = 0.02, body.half_depth - back
    soft = max(body.soft, 0.02)
    edges = np.linspace(-body.half_width, body.half_width, count + 1) * 0.985
    leaning = dice.chance(0.65)
    depth, rise = dice.between(0.1, 0.2), dice.between(0.75, 1.02)
    for left, right in pairwise(edges):
        if right > 1e-9:
            low, high = (left + gap, -body.half_depth * 1.02, body.frame - 0.03), (right - gap, rear + 0.03, body.seat)
            design.box(low, high, radius=soft)
            if leaning:
                top = body.seat + (body.top - body.seat) * rise
                design.box((left + gap, rear - depth, body.seat - 0.03), (right - gap, rear + 0.05, top), radius=soft)
    return count


def _arms(design: Design, dice: Dice, body: Body, kind: str) -> float:
    """Add the arms; return their height in metres, 0 without."""
    if kind == "none":
        return 0.0
    x, wide = body.half_width - 0.01, dice.between(0.08, 0.24)
    height = body.seat + dice.between(0.08, 0.26)
    front, rear = -body.half_depth * dice.between(0.9, 1.04), body.half_depth
    if kind == "open":
        half, outer = dice.between(0.02, 0.035), x + 0.03
        design.box((x, front, height - 0.02), (x + 0.07, rear + 0.02, height + 0.02))
        for y in (front + half, rear - half):
            design.tube([(outer, y, 0), (outer, y, height)], half, square=True)
        design.box((x - 0.02, front, body.frame - 0.06), (outer + half, rear, body.frame))
        return height + 0.02
    radius = {"box": 0.0, "rounded": min(wide, 0.16) * 0.45, "rolled": 0.02}[kind]
    design.box((x, front, body.foot), (x + wide, rear, height), radius=radius)
    if kind == "rolled":
        roll = wide * dice.between(0.55, 0.7)
        centre = x + wide - roll * 0.6
        design.tube([(centre, front - 0.01, height - roll * 0.4), (centre, rear, height - roll * 0.4)], roll)
        return height + roll * 0.6
    return height


def _legs(design: Design, dice: Dice, body: Body) -> tuple[str, Stance]:
    kind = ("square", "tapered", "turned")[dice.pick((4, 4, 2))]
    radius = dice.between(0.025, 0.05)
    splay = dice.between(0.0, 0.25) if kind == "tapered" else 0.0
    x, y = body.half_width * 0.92, body.half_depth * 0.85
    stance = Stance(x, -y, y, body.foot + 0.05, radius, splay)
    supports.stand(design, kind, stance)
    return kind, stance
