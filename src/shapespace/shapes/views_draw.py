"""One view of a prepared shape: camera, light at the points, z-buffer of four samples a pixel, shadow on the ground."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from shapespace.shapes.views_light import ground_shadow, lit, shadow_map
from shapespace.shapes.views_pixels import depths, outline, placed, projected, resolve, shaded_ground

if TYPE_CHECKING:
    from shapespace.shapes.views import Look
    from shapespace.shapes.views_model import Model

GAMMA_STEPS = 4096
"""Steps of the curve from light to what a screen shows."""

_SHADOW_CELL = 1.2
"""Side of a cell of the shadow map, in distances of neighbouring points: closer points leave no holes in it."""
_SHADOW_REACH = 0.9


def draw(seen: Model, how: Look, size: int) -> np.ndarray:
    """Return (size, size, 4) uint8 RGBA; see `views.picture`."""
    if not len(seen.triangles):
        return np.zeros((size, size, 4), np.uint8)
    camera = _camera(how)
    light = _direction(how.azimuth + how.light_azimuth, how.light_elevation)
    shadow, axes = shadow_map(seen.points, light, _shadow_cells(seen.spacing), _SHADOW_REACH)
    surface = (seen.points, seen.normals, seen.openness, seen.grain)
    colours = lit(surface, camera[0], axes, shadow, _material(seen, how), _brightness(), seen.is_closed)
    rays = projected(seen.points, camera)
    frame, (top, left, height, width) = _framed(rays, how, size)
    picture = shaded_ground(ground_shadow(camera, frame, seen.floor, shadow, axes, seen.contact, size), size)
    focal, right, down = frame.tolist()
    screen = placed(rays, 2 * focal, 2 * (right - left), 2 * (down - top))
    buffer = depths(screen, seen.triangles, 2 * width, 2 * height, seen.is_closed)
    resolve(buffer, screen, seen.triangles, colours, (top, left), picture)
    return picture


def _direction(azimuth: float, elevation: float) -> np.ndarray:
    """Return the (3,) unit vector from the origin to a direction in degrees."""
    a, e = math.radians(azimuth), math.radians(elevation)
    return np.array([math.sin(a) * math.cos(e), -math.cos(a) * math.cos(e), math.sin(e)], np.float32)


def _camera(how: Look) -> np.ndarray:
    """Return (4, 3) float32: eye, right, up, forward."""
    a, e, roll = math.radians(how.azimuth), math.radians(how.elevation), math.radians(how.roll)
    away = (math.sin(a) * math.cos(e), -math.cos(a) * math.cos(e), math.sin(e))
    level = (math.cos(a), math.sin(a), 0.0)
    above = (-math.sin(a) * math.sin(e), math.cos(a) * math.sin(e), math.cos(e))  # away x level
    right = [math.cos(roll) * u + math.sin(roll) * v for u, v in zip(level, above, strict=True)]
    up = [math.cos(roll) * v - math.sin(roll) * u for u, v in zip(level, above, strict=True)]
    return np.array([[how.distance * part for part in away], right, up, [-part for part in away]], np.float32)


def _framed(rays: np.ndarray, how: Look, size: int) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """Return (frame, box): focal length and middle in pixels, and top, left, height, width of the outline's pixels.

    The picture is cut so that the outline lies in its middle and takes `fill` of it, as one cuts a photograph.
    """
    low_x, low_y, high_x, high_y = outline(rays)
    focal = how.fill * size / max(high_x - low_x, high_y - low_y, 1e-6)
    right = size * (0.5 + how.shift[0]) - focal * (low_x + high_x) / 2
    down = size * (0.5 + how.shift[1]) - focal * (low_y + high_y) / 2
    top, left = max(int(down + focal * low_y), 0), max(int(right + focal * low_x), 0)
    bottom, end = min(int(down + focal * high_y) + 1, size), min(int(right + focal * high_x) + 1, size)
    return np.array([focal, right, down], np.float32), (top, left, bottom - top, end - left)


def _shadow_cells(spacing: float) -> int:
    return int(min(max(2 * _SHADOW_REACH / (_SHADOW_CELL * spacing), 16), 128))


def _material(seen: Model, how: Look) -> np.ndarray:
    """Return (13,) float32: two linear colours, the height between them, light by colour, sky, gloss, grain."""
    division = seen.floor + how.division * (seen.top - seen.floor) if how.division else -1.0
    lamp = (how.light * (1.0 + 0.12 * how.warmth), how.light, how.light * (1.0 - 0.22 * how.warmth))
    colours = [part**2.2 for part in (*how.colour, *how.second)]
    return np.array([*colours, division, *lamp, how.sky, how.gloss, how.grain], np.float32)


@cache
def _brightness() -> np.ndarray:
    """Return (n,) float32 in [0, 240]: what a screen shows of light from 0 to 2, with a film's soft shoulder."""
    light = 2.0 * np.arange(GAMMA_STEPS, dtype=np.float64) / (GAMMA_STEPS - 1)
    return (240.0 * ((1.0 - np.exp(-1.45 * light)) / (1.0 - math.exp(-2.9))) ** (1 / 2.2)).astype(np.float32)
