"""What a piece stands on: legs of every kind, pedestals, stars, sleds, rockers and the rails between legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shapespace.shapes.furniture.design import Attributes, Design, Surface

LEG_KINDS = ("square", "tapered", "turned", "curved", "panel", "sled", "cantilever", "rocker", "pedestal", "star")
"""The attribute `leg_kind` is a number in this list."""

LEG_COUNTS = {"panel": 2, "sled": 2, "cantilever": 2, "pedestal": 1, "star": 1}

_TURNED = np.array([0.55, 0.8, 0.6, 0.75, 1.0, 1.15, 0.7, 1.1, 1.15, 1.15])
_TURNED_AT = np.array([0.0, 0.06, 0.12, 0.3, 0.5, 0.66, 0.72, 0.78, 0.84, 1.0])
_CURVED_OUT = np.array([0.5, 0.1, -0.45, -0.4, 0.05, 0.0, -0.3])
_CURVED_RADII = np.array([0.95, 0.6, 0.6, 0.75, 1.05, 1.15, 1.1])


@dataclass(frozen=True)
class Stance:
    """Where legs stand, in metres.

    Args:
        x: From the middle to a leg's axis, at the top.
        front: Leg axis in front (y), at the top.
        back: Leg axis behind (y), at the top.
        top: Height at which the legs end, inside what they carry.
        radius: Half a leg's thickness.
        splay: Outward way for each metre down.
    """

    x: float
    front: float
    back: float
    top: float
    radius: float
    splay: float = 0.0

    def at(self, back: bool, height: float) -> tuple[float, float, float]:
        """Return the point of a leg's axis at a height."""
        out = self.splay * (self.top - height)
        return (self.x + out, self.back + out if back else self.front - out, height)


def stand(design: Design, kind: str, stance: Stance) -> int:
    """Add the support of a kind; return how many legs it counts as."""
    {
        "panel": _panels,
        "sled": _sled,
        "cantilever": _cantilever,
        "pedestal": _pedestal,
        "star": _star,
        "rocker": _rockers,
    }.get(kind, lambda d, s: _four(d, kind, s))(design, stance)
    return LEG_COUNTS.get(kind, 4)


def stretchers(design: Design, stance: Stance, height: float, *, all_round: bool) -> None:
    """Add thin rails between the legs: all round, or an H."""
    radius = stance.radius * 0.6
    front, back = stance.at(False, height), stance.at(True, height)
    design.tube([front, back], radius)
    if all_round:
        for x, y, z in (front, back):
            design.tube([(x, y, z), (-x, y, z)], radius)
    else:
        middle = (front[1] + back[1]) / 2
        design.tube([(front[0], middle, height), (-front[0], middle, height)], radius)


def apron(design: Design, stance: Stance, depth: float) -> None:
    """Add boards under the top, from leg to leg."""
    half = min(stance.radius * 0.5, 0.012)
    low, high = stance.top - depth, stance.top
    design.box((stance.x - half, stance.front, low), (stance.x + half, stance.back, high))
    for y in (stance.front, stance.back):
        design.box((-stance.x, y - half, low), (stance.x, y + half, high))


def leg_attributes(kind: str, stance: Stance) -> Attributes:
    """Return the attributes every category with legs has."""
    return {
        "leg_kind": LEG_KINDS.index(kind),
        "leg_count": LEG_COUNTS.get(kind, 4),
        "leg_thickness": 2 * stance.radius,
        "leg_splay": stance.splay,
    }


def _four(design: Design, kind: str, stance: Stance) -> None:
    for back in (False, True):
        foot, top = np.array(stance.at(back, 0.0)), np.array(stance.at(back, stance.top))
        way = top - foot
        if kind == "turned":
            design.tube(foot + _TURNED_AT[:, None] * way, stance.radius * _TURNED)
        elif kind == "curved":
            outward = np.array([1.0, 1.0 if back else -1.0, 0.0]) * stance.radius * 1.6
            along = np.linspace(0, 1, len(_CURVED_OUT))[:, None]
            design.tube(foot + along * way + _CURVED_OUT[:, None] * outward, stance.radius * _CURVED_RADII)
        elif kind == "tapered":
            design.tube([foot, top], (0.6 * stance.radius, 1.1 * stance.radius))
        else:
            design.tube([foot, top], stance.radius, square=True)


def _panels(design: Design, stance: Stance) -> None:
    r = stance.radius
    design.box((stance.x - r, stance.front - r, 0), (stance.x + r, stance.back + r, stance.top))


def _sled(design: Design, stance: Stance) -> None:
    r = stance.radius * 0.8
    foot, heel = stance.at(False, r), stance.at(True, r)
    design.tube([stance.at(False, stance.top), foot, heel, stance.at(True, stance.top)], r)


def _cantilever(design: Design, stance: Stance) -> None:
    r = stance.radius * 0.9
    front, bend = stance.at(False, stance.top), 0.08
    x, y, _ = front
    design.tube([front, (x, y, bend), (x, y + bend, r), (x, stance.back, r)], r)
    design.tube([(x, stance.back, r), (-x, stance.back, r)], r)


def _pedestal(design: Design, stance: Stance) -> None:
    y, width = (stance.front + stance.back) / 2, min(stance.x, (stance.back - stance.front) / 2)
    r, foot = stance.radius * 1.4, 0.035
    heights = np.array([0.0, 0.06, 0.15, 0.7, 0.92, 1.0]) * stance.top
    design.tube([(0, y, z) for z in heights], r * np.array([3.0, 1.5, 1.0, 0.9, 1.3, 2.2]))
    disc = Surface(foot / 2)
    reach = width * (1 + stance.splay)
    design.sheet(disc, (-reach, reach), (y - reach, y + reach), foot, exponents=(2.0, 2.0))


def _star(design: Design, stance: Stance) -> None:
    y, r = (stance.front + stance.back) / 2, stance.radius * 0.9
    reach = 0.5 * (stance.x + (stance.back - stance.front) / 2) * 1.15
    hub = stance.top * 0.22
    design.tube([(0, y, hub * 0.8), (0, y, stance.top * 0.6), (0, y, stance.top)], r * np.array([1.5, 1.5, 1.1]))
    for k in range(5):
        angle = np.pi / 2 + 2 * np.pi * k / 5
        tip = np.array([reach * np.cos(angle), y - reach * np.sin(angle), hub * 0.5])
        design.tube([(0, y, hub), tip], (r * 1.1, r * 0.8))
        design.tube([tip, tip * [1, 1, 0]], r * 1.1)


def _rockers(design: Design, stance: Stance) -> None:
    _four(design, "tapered", stance)
    x = stance.at(False, 0)[0]
    front, back = stance.at(False, 0)[1] - 0.12, stance.at(True, 0)[1] + 0.2
    middle, half = (front + back) / 2, (back - front) / 2
    ys = np.linspace(front, back, 9)
    r = stance.radius * 0.9
    design.tube([(x, y, r * 0.5 + 0.10 * ((y - middle) / half) ** 2) for y in ys], r)
