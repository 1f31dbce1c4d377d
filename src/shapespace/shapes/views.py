"""The pictures an image encoder learns from: 24 azimuths x 3 elevations of a shape, each in its own light and material.

A view has a number, `elevation * 24 + azimuth`. Azimuth 0 stands before the front, at -y, and grows counter-clockwise
seen from above: the picture of azimuth 90 is what a person standing at +x sees. Elevations are those of somebody who
looks at furniture. How a view looks is a pure function of its `Look`, and a look one of (seed, shape, view).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shapespace.shapes.render import AZIMUTHS, ELEVATIONS

if TYPE_CHECKING:
    from shapespace.shapes.mesh import Mesh
    from shapespace.shapes.views_model import Model

COUNT = len(AZIMUTHS) * len(ELEVATIONS)
SIZE = 256
"""Views of a shape; pixels along a side."""

AZIMUTH_JITTER, ELEVATION_JITTER, ROLL_JITTER = 5.0, 4.0, 1.5
"""Largest turns away from the ring, in degrees."""

_WOODS = ((0.42, 0.26, 0.15), (0.55, 0.38, 0.22), (0.68, 0.52, 0.34), (0.27, 0.17, 0.11), (0.74, 0.62, 0.46))
_PLAIN = ((0.88, 0.87, 0.84), (0.62, 0.61, 0.59), (0.33, 0.33, 0.34), (0.12, 0.12, 0.13), (0.80, 0.74, 0.64))


@dataclass(frozen=True)
class Look:
    """All that a view shows besides the shape; angles in degrees, colours as a screen shows them, in [0, 1].

    Attributes:
        azimuth: Where the camera stands, from the front, counter-clockwise seen from above.
        elevation: How far above the horizon.
        roll: By how much the camera is turned in the hand.
        distance: From the middle of the shape, in sides of the unit cube; near is strong perspective.
        fill: Part of the picture's side that the longer side of the shape's outline takes.
        shift: Right and down, how far the outline's middle is off the picture's, in parts of its side.
        light_azimuth: Where the light stands, from the camera's azimuth.
        light_elevation: How far above the horizon.
        light: Strength of the light from there.
        sky: Strength of the light from everywhere.
        warmth: From -1, a blue light, to 1, a yellow one.
        colour: Of the shape.
        second: Colour of what lies below `division`.
        division: Part of the shape's height; 0 gives it one colour.
        gloss: Strength of the highlight.
        grain: Contrast of the grain in the material.
    """

    azimuth: float
    elevation: float
    roll: float = 0.0
    distance: float = 3.15
    fill: float = 0.8
    shift: tuple[float, float] = (0.0, 0.0)
    light_azimuth: float = -48.0
    light_elevation: float = 52.0
    light: float = 0.9
    sky: float = 0.4
    warmth: float = 0.2
    colour: tuple[float, float, float] = (0.72, 0.60, 0.47)
    second: tuple[float, float, float] = (0.72, 0.60, 0.47)
    division: float = 0.0
    gloss: float = 0.0
    grain: float = 0.0


def number(azimuth: int, elevation: int) -> int:
    """Return the number of the view from `AZIMUTHS[azimuth]` and `ELEVATIONS[elevation]`."""
    return elevation * len(AZIMUTHS) + azimuth


def angles(view: int) -> tuple[int, int]:
    """Return (azimuth, elevation) in degrees of a view's place on the ring, without jitter."""
    elevation, azimuth = divmod(view, len(AZIMUTHS))
    return AZIMUTHS[azimuth], ELEVATIONS[elevation]


def look(seed: Sequence[int], view: int) -> Look:
    """Return how a view looks: a pure function of the seed's numbers, such as (seed, shape), and the view.

    Args:
        seed: Numbers from 0 that name the draw.
        view: From 0 to `COUNT` - 1.

    Raises:
        ValueError: If there is no such view.
    """
    if not 0 <= view < COUNT:
        raise ValueError(f"views are numbered 0 to {COUNT - 1}, not {view}")
    u = np.random.default_rng([*seed, view]).random(32)
    azimuth, elevation = angles(view)
    colour = _colour(u[8:14])
    other = _colour(u[14:20]) if u[20] < 0.35 else colour
    return Look(
        azimuth=azimuth + AZIMUTH_JITTER * float(2 * u[0] - 1),
        elevation=elevation + ELEVATION_JITTER * float(2 * u[1] - 1),
        roll=ROLL_JITTER * float(2 * u[2] - 1),
        distance=float(2.2 + 2.4 * u[3]),
        fill=float(0.68 + 0.26 * u[4]),
        shift=(float(0.06 * (u[5] - 0.5)), float(0.06 * (u[6] - 0.5))),
        light_azimuth=float(-90 + 180 * u[21]),
        light_elevation=float(30 + 45 * u[22]),
        light=float(0.45 + 0.65 * u[23]),
        sky=float(0.30 + 0.25 * u[24]),
        warmth=float(-0.4 + 1.2 * u[25]),
        colour=colour,
        second=other,
        division=float(0.25 + 0.25 * u[26]),
        gloss=float(0.5 * max(0.0, u[27] - 0.4)),
        grain=float(0.22 * max(0.0, u[28] - 0.35)),
    )


def model(shape: Mesh | np.ndarray) -> Model:
    """Return what `picture` needs of a mesh or of a (r, r, r) grid, which counts as full above 0.5."""
    from shapespace.shapes.views_model import model as make

    return make(shape)


def picture(seen: Model, how: Look, *, size: int = SIZE) -> np.ndarray:
    """Return (size, size, 4) uint8 RGBA: the shape, and its soft shadow on the ground.

    Alpha is 255 on the shape and less than 128 on its shadow, so that alpha > 127 is the outline; it is not multiplied
    into the colour.

    Args:
        seen: From `model`.
        how: From `look`.
        size: Pixels along a side.
    """
    from shapespace.shapes.views_draw import draw

    return draw(seen, how, size)


def _colour(u: np.ndarray) -> tuple[float, float, float]:
    """Return a colour of furniture: woods, plain colours, and now and then a strong one."""
    if u[0] < 0.4:
        base = np.array(_WOODS[int(u[1] * len(_WOODS))])
    elif u[0] < 0.75:
        base = np.array(_PLAIN[int(u[1] * len(_PLAIN))])
    else:
        base = (0.12 + 0.68 * u[1]) * (1.0 - 0.75 * u[5] * u[2:5])
    varied = np.clip(base * (0.85 + 0.3 * u[4]) + 0.04 * (u[3:6] - 0.5), 0.03, 0.95)
    return (float(varied[0]), float(varied[1]), float(varied[2]))
