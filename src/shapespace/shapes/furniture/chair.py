"""Chairs: from stools and ladder backs to Windsor, office, tub and club chairs."""

from __future__ import annotations

import numpy as np

from shapespace.shapes.furniture import chair_backs, supports
from shapespace.shapes.furniture.chair_backs import Back, Seat
from shapespace.shapes.furniture.design import RECTANGLE, Attributes, Design, Surface
from shapespace.shapes.furniture.dice import Dice
from shapespace.shapes.furniture.supports import Stance

BACK_KINDS = ("none", "panel", "vertical slats", "ladder", "frame", "splat", "hoop", "wall")
"""The attribute `back_kind` is a number in this list."""

ARM_KINDS = ("none", "rail", "curved", "panel", "wall")
"""The attribute `arm_kind` is a number in this list."""

_BACK_WEIGHTS = (2, 28, 16, 14, 9, 9, 10, 11)
_LEG_WEIGHTS = {"square": 26, "tapered": 22, "turned": 9, "curved": 6, "panel": 5, "sled": 6, "cantilever": 4}
_LEG_WEIGHTS |= {"rocker": 5, "pedestal": 5, "star": 10}
_NOT_UNDER_STOOLS = {"panel": 0, "rocker": 0, "cantilever": 0, "curved": 0}


def draw(dice: Dice) -> Design:
    """Return a chair."""
    design = Design()
    club = dice.chance(0.16)
    back_kind = "panel" if club else BACK_KINDS[dice.pick(_BACK_WEIGHTS)]
    seat = _seat(design, dice, _build(dice, back_kind, club))
    weights = _LEG_WEIGHTS if back_kind != "none" else _LEG_WEIGHTS | _NOT_UNDER_STOOLS
    leg_kind = list(weights)[dice.pick(list(weights.values()))]
    stance = _legs(design, dice, leg_kind, seat)
    if back_kind == "wall":
        arm_kind, slats = "wall", 0
        back = chair_backs.wall(design, dice, seat)
    else:
        back = chair_backs.back_of(dice, seat)
        slats = chair_backs.BUILDERS[back_kind](design, dice, back)
        arm_kind = _arms(design, dice, seat, back, 0.0 if back_kind == "none" else 0.85 if club else 0.45)
    design.attributes = _attributes(design, seat, back, BACK_KINDS.index(back_kind), ARM_KINDS.index(arm_kind), slats)
    design.attributes |= supports.leg_attributes(leg_kind, stance)
    return design


def _build(dice: Dice, back_kind: str, club: bool) -> str:
    """Return how a seat is built: club, stool, soft or hard."""
    if club or back_kind == "none":
        return "club" if club else "stool"
    return "soft" if back_kind == "wall" or dice.chance(0.35) else "hard"


def _arms(design: Design, dice: Dice, seat: Seat, back: Back, probability: float) -> str:
    """Add arms in a fraction of the cases; return their kind."""
    if not dice.chance(probability):
        return "none"
    wide = back.half_width > 0.2
    kind = ARM_KINDS[1 + dice.pick((1, 0, 9) if seat.thickness > 0.19 else (5, 4, 3 if wide else 0))]
    _ARMS[kind](design, dice, seat, back)
    return kind


def _attributes(design: Design, seat: Seat, back: Back, back_kind: int, arm_kind: int, slats: int) -> Attributes:
    width, depth, height = (float(side) for side in design.size)
    return {
        "width": width,
        "depth": depth,
        "height": height,
        "seat_height": seat.top,
        "seat_thickness": seat.thickness,
        "seat_roundness": 2.0 / seat.exponent,
        "back": back_kind > 0,
        "back_kind": back_kind,
        "back_height": back.top - seat.top if back_kind else 0.0,
        "back_tilt": float(np.degrees(np.arctan(back.surface.slope))) if back_kind else 0.0,
        "back_bend": abs(back.surface.bend) if back_kind else 0.0,
        "back_roundness": 2.0 / back.exponent if back_kind else 0.0,
        "slats": slats,
        "arms": arm_kind > 0,
        "arm_kind": arm_kind,
    }


def _seat(design: Design, dice: Dice, build: str) -> Seat:
    soft = build in ("soft", "club")
    half_width, half_depth, top = dice.between(0.2, 0.28), dice.between(0.19, 0.26), dice.between(0.38, 0.5)
    thickness = dice.between(0.025, 0.07)
    if build == "soft":
        thickness = dice.between(0.09, 0.18)
        half_width, half_depth = half_width * dice.between(1.0, 1.3), half_depth * dice.between(1.0, 1.25)
    if build == "club":
        half_width, half_depth, thickness = half_width * 1.25, half_depth * 1.35, dice.between(0.2, 0.33)
    if build == "stool":  # without a back only tall and narrow ones read as seats
        half_width, half_depth, top = half_width * 0.75, half_depth * 0.8, top * dice.between(1.1, 1.6)
    saddle = 0.0 if soft or dice.chance(0.6) else dice.between(0.15, 0.5)
    exponent = dice.between(6, RECTANGLE) if build == "club" else chair_backs.exponent_of(dice)
    seat = Seat(half_width, half_depth, top, thickness, exponent, saddle)
    surface = Surface(seat.top - thickness / 2, bend=saddle, arch=saddle * 0.6)
    taper = 0.0 if soft else dice.between(-0.16, 0.02)
    exponents = (seat.exponent, RECTANGLE if dice.chance(0.5) else seat.exponent)
    sides, ends = (-half_width, half_width), (-half_depth, half_depth)
    design.sheet(surface, sides, ends, thickness, exponents=exponents, taper=taper)
    if not soft and dice.chance(0.3):
        inner = 0.86
        pad = Surface(seat.top + 0.015)
        design.sheet(
            pad, (-half_width * inner, half_width * inner), (-half_depth * inner, half_depth * inner), 0.04,
            exponents=exponents, taper=taper,
        )  # fmt: skip
    return seat


def _legs(design: Design, dice: Dice, kind: str, seat: Seat) -> Stance:
    radius = dice.between(0.014, 0.03) if dice.chance(0.8) else dice.between(0.03, 0.045)
    splay = dice.between(0.04, 0.28) if kind in ("tapered", "turned") and dice.chance(0.7) else 0.0
    inset = 0.72 if seat.exponent < 4 else 0.9
    if kind in ("square", "panel", "curved"):
        inset = min(inset, 1.0 - radius / seat.half_width)
        splay = dice.between(0, 0.12) if kind == "square" and dice.chance(0.35) else 0.0
    top = seat.top - seat.thickness * 0.5
    stance = Stance(seat.half_width * inset - splay * 0.1, -seat.half_depth * inset, seat.half_depth * inset, top,
                    radius, splay)  # fmt: skip
    supports.stand(design, kind, stance)
    if supports.LEG_COUNTS.get(kind, 4) == 4:
        if kind != "curved" and dice.chance(0.4):
            supports.stretchers(design, stance, dice.between(0.1, 0.22), all_round=dice.chance(0.5))
        if splay == 0.0 and dice.chance(0.4):
            supports.apron(design, stance, seat.thickness / 2 + dice.between(0.03, 0.07))
    elif kind in ("sled", "cantilever"):
        for y in (stance.front, stance.back)[: 2 if kind == "sled" else 1]:
            design.tube([(stance.x, y, top), (-stance.x, y, top)], radius * 0.8)
    return stance


def _rail_arms(design: Design, dice: Dice, seat: Seat, back: Back) -> None:
    """Add level arms on upright posts."""
    x, half = max(seat.half_width, back.half_width) + 0.005, dice.between(0.015, 0.035)
    height = seat.top + dice.between(0.16, 0.26)
    height = min(height, back.top - 0.05)
    rear = back.surface.at(back.half_width, height)
    front = -seat.half_depth * dice.between(0.35, 1.0)
    design.box((x - half, front - 0.02, height - 0.018), (x + half, rear + 0.01, height + 0.018), radius=0.01)
    design.tube([(x - half, rear, height), (back.half_width * 0.9, rear, height)], 0.018)
    post = dice.between(0.012, 0.022)
    lean = dice.between(0, 0.06)
    design.tube([(seat.half_width * 0.93, front + lean, seat.top - 0.02), (x, front, height)], post, square=True)


def _curved_arms(design: Design, dice: Dice, seat: Seat, back: Back) -> None:
    """Add arms that sweep forward and down to the seat."""
    x = max(seat.half_width, back.half_width) + dice.between(0.0, 0.03)
    height = min(seat.top + dice.between(0.18, 0.27), back.top - 0.04)
    rear, radius = back.surface.at(back.half_width * 0.95, height), dice.between(0.014, 0.024)
    front = -seat.half_depth * dice.between(0.5, 0.95)
    drop = height - seat.top
    line = [
        (back.half_width * 0.93, rear, height),
        (x, rear - 0.08, height + 0.005),
        (x, front + 0.08, height - 0.01),
        (x, front + 0.02, height - 0.25 * drop),
        (x - 0.01, front, height - 0.6 * drop),
        (seat.half_width * 0.92, front + 0.04, seat.top - 0.02),
    ]
    design.tube(line, radius)


def _panel_arms(design: Design, dice: Dice, seat: Seat, back: Back) -> None:
    """Add thick solid sides, as on a club chair."""
    thickness = dice.between(0.04, 0.13)
    height = min(seat.top + dice.between(0.1, 0.22), back.top - 0.03)
    inner = seat.half_width - 0.01
    radius = 0.0 if dice.chance(0.4) else thickness * 0.45
    foot = seat.top - seat.thickness * dice.between(0.5, 1.0)
    rear = max(back.surface.at(back.half_width, height), seat.half_depth)
    front = -seat.half_depth * dice.between(0.85, 1.0)
    design.box((inner, front, foot), (inner + thickness, rear, height), radius=radius)
    if back.half_width < inner:
        design.box((back.half_width - 0.03, rear - 0.04, seat.top), (inner + 0.01, rear, height))


_ARMS = {"rail": _rail_arms, "curved": _curved_arms, "panel": _panel_arms}
