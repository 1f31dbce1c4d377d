"""A piece of furniture before it has a resolution: solids in metres, and the attributes they were made from.

x runs to the side with 0 in the middle, the front faces -y, and z is the height above the ground.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from shapespace.shapes import grid as grids
from shapespace.shapes.furniture import solids

MARGIN = 1 / 16
"""Of the grid, free on either side of the longest side: the store's."""

RECTANGLE = 24.0
"""Exponent of an outline without any rounding."""

Attributes = dict[str, float | bool | int]
Points = Sequence[Sequence[float] | np.ndarray] | np.ndarray
Painter = Callable[[np.ndarray, float, np.ndarray], None]


@dataclass(frozen=True)
class Surface:
    """A bent surface: y over (x, z) if upright, else z over (x, y); a parabola along each.

    Args:
        base: The third coordinate at (0, origin).
        origin: Where along the second coordinate the base is taken.
        slope: Of the surface along the second coordinate.
        bend: Curvature along x, per metre.
        arch: Curvature along the second coordinate, per metre.
        upright: Whether it is a back or a seat.
    """

    base: float
    origin: float = 0.0
    slope: float = 0.0
    bend: float = 0.0
    arch: float = 0.0
    upright: bool = False

    def at(self, u: float, v: float) -> float:
        """Return the third coordinate over (u, v), in metres."""
        dv = v - self.origin
        return self.base + self.slope * dv + self.bend * u * u + self.arch * dv * dv

    def point(self, u: float, v: float) -> tuple[float, float, float]:
        """Return the (x, y, z) over (u, v)."""
        return (u, self.at(u, v), v) if self.upright else (u, v, self.at(u, v))

    def in_voxels(self, scale: float, offset: np.ndarray) -> np.ndarray:
        """Return (6,) what `solids.height` takes."""
        u0, v0, w0 = offset if not self.upright else offset[[0, 2, 1]]
        return np.array(
            [
                self.base * scale + w0,
                self.slope,
                self.bend / scale,
                self.arch / scale,
                u0,
                self.origin * scale + v0,
            ]
        )


@dataclass
class Design:
    """Solids in metres; `mirrored` ones appear on both sides of x = 0."""

    attributes: Attributes = field(default_factory=dict)
    _mirrored: list[Painter] = field(default_factory=list)
    _single: list[Painter] = field(default_factory=list)
    _low: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    _high: np.ndarray = field(default_factory=lambda: np.full(3, -np.inf))

    def box(self, low: Sequence[float], high: Sequence[float], *, radius: float = 0.0, mirrored: bool = True) -> None:
        """Add a box between two corners, its edges rounded by a radius in metres."""
        centre, half = (np.array(low) + high) / 2, (np.array(high, float) - low) / 2
        self._grow(low, high, mirrored)
        self._add(lambda g, s, o: solids.box(g, centre * s + o, half * s, radius * s), mirrored)

    def sheet(
        self,
        surface: Surface,
        u: tuple[float, float],
        v: tuple[float, float],
        thickness: float,
        *,
        exponents: tuple[float, float] = (RECTANGLE, RECTANGLE),
        taper: float = 0.0,
        border: float = 0.0,
    ) -> None:
        """Add a bent sheet over u[0]..u[1] and v[0]..v[1]; see `solids.sheet` for the outline."""
        outline = np.array([sum(u) / 2, sum(v) / 2, (u[1] - u[0]) / 2, (v[1] - v[0]) / 2, *exponents, taper])
        self._grow_over(surface, outline, thickness)

        def paint(voxels: np.ndarray, scale: float, offset: np.ndarray) -> None:
            scaled = outline.copy()
            scaled[:4] *= scale
            scaled[0] += offset[0]
            scaled[1] += offset[2 if surface.upright else 1]
            bent = surface.in_voxels(scale, offset)
            solids.sheet(voxels, surface.upright, bent, scaled, thickness * scale, border * scale)

        self._add(paint, True)

    def tube(self, points: Points, radii: float | Sequence[float] | np.ndarray, *, square: bool = False) -> None:
        """Add a tube along points, its radius one number or one for each point, round or square across."""
        line = np.array(points, float)
        wide = np.broadcast_to(np.asarray(radii, float), len(line)).copy()
        self._grow((line - wide[:, None]).min(0), (line + wide[:, None]).max(0), True, flat=line[:, 2])
        self._add(lambda g, s, o: solids.tube(g, line * s + o, wide * s, square), True)

    def wall(
        self,
        centre_y: float,
        half: tuple[float, float],
        thickness: float,
        *,
        span: tuple[float, float, float, float],
        flare: float = 0.0,
    ) -> None:
        """Add a wall around the back, open in front; span is front end (y), foot, top in front, top behind (z)."""
        grown = flare * (max(span[2:]) - span[1])
        low = (-half[0] - grown, span[0], span[1])
        self._grow(low, (half[0] + grown, centre_y + half[1] + grown, max(span[2:])), True)
        extent, ends = np.array(half), np.array(span)
        axes = np.array([1, 2, 2, 2])
        self._add(
            lambda g, s, o: solids.wall(
                g, np.array([o[0], centre_y * s + o[1]]), extent * s, thickness * s, ends * s + o[axes], flare
            ),
            True,
        )

    @property
    def size(self) -> np.ndarray:
        """(3,) width, depth and height in metres."""
        return self._high - self._low

    def build(self, resolution: int) -> np.ndarray:
        """Return the (r, r, r) bool grid: one 6-connected piece, its longest side 7/8 of the grid, centred."""
        scale = resolution * (1 - 2 * MARGIN) / self.size.max()
        offset = resolution / 2 - (self._low + self._high) / 2 * scale
        ground = round(resolution / 2 - self.size[2] / 2 * scale)
        offset[2] = ground - self._low[2] * scale  # on a whole voxel, so that flat feet are flat
        voxels = np.zeros((resolution,) * 3, bool)
        for paint in self._mirrored:
            paint(voxels, scale, offset)
        voxels |= voxels[::-1]
        for paint in self._single:
            paint(voxels, scale, offset)
        voxels[:, :, :ground] = False  # the ends of leaning legs
        return grids.centre(_in_one_piece(voxels))

    def _add(self, paint: Painter, mirrored: bool) -> None:
        (self._mirrored if mirrored else self._single).append(paint)

    def _grow(
        self,
        low: Sequence[float] | np.ndarray,
        high: Sequence[float] | np.ndarray,
        mirrored: bool,
        flat: np.ndarray | None = None,
    ) -> None:
        low, high = np.array(low, float), np.array(high, float)
        if flat is not None:  # a tube ends flat: it is not higher than its points by a radius
            low[2], high[2] = flat.min(), flat.max()
        if mirrored:
            high[0] = max(high[0], -low[0])
            low[0] = -high[0]
        np.minimum(self._low, low, out=self._low)
        np.maximum(self._high, high, out=self._high)

    def _grow_over(self, surface: Surface, outline: np.ndarray, thickness: float) -> None:
        u, v = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 5))
        u = outline[0] + u * outline[2] * (1 + outline[6] * v)
        v = outline[1] + v * outline[3]
        w = np.asarray(surface.at(u, v))
        low, high = (u.min(), v.min(), w.min() - thickness / 2), (u.max(), v.max(), w.max() + thickness / 2)
        order = [0, 2, 1] if surface.upright else [0, 1, 2]
        self._grow(np.array(low)[order], np.array(high)[order], True)


def _in_one_piece(voxels: np.ndarray) -> np.ndarray:
    """Return the grid with its pieces joined by shortest paths; parts that meet at an edge at a low resolution."""
    labels, count = grids.components(voxels)
    while count > 1:
        solids.join(voxels, labels)
        voxels |= voxels[::-1] if _symmetric(labels > 0) else voxels
        labels, count = grids.components(voxels)
    return voxels


def _symmetric(voxels: np.ndarray) -> bool:
    return bool((voxels == voxels[::-1]).all())
