"""Light at the points of a shape: one lamp with a soft shadow, the sky where it is open, gloss, and the ground.

The shadow map is looked at along the light: for each cell, how far towards the light its outermost point lies.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

Number = float | np.floating
"""A number in compiled code, where single precision is meant."""

GROUND_STEP = 4
"""Pixels between the places where the ground's shadow is worked out: it is soft."""

_GROUND_SUN, _GROUND_CONTACT = 0.34, 0.5
_MOST = 0.49
"""Darkness of the ground in the lamp's shadow, and under the shape; never so dark that it counts as the shape."""


@njit(cache=True, nogil=True, fastmath=True)
def shadow_map(points: np.ndarray, light: np.ndarray, size: int, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Return (heights, axes): (size, size) float32 towards the light, and (4, 3) float32 that map a point onto it.

    Args:
        points: (W, 3) float32.
        light: (3,) unit vector towards the light.
        size: Cells along a side.
        reach: Half the side of the map in the scene.
    """
    axes = np.zeros((4, 3), np.float32)
    level = math.sqrt(light[0] ** 2 + light[1] ** 2)
    scale = 0.5 * size / reach
    axes[0, 0], axes[0, 1] = -light[1] / level * scale, light[0] / level * scale
    axes[1, 0], axes[1, 1] = -light[2] * light[0] / level * scale, -light[2] * light[1] / level * scale
    axes[1, 2] = level * scale
    axes[2] = light
    axes[3, 0], axes[3, 1] = 0.5 * size, 1.0 / scale
    heights = np.full((size, size), np.float32(-9.0), np.float32)
    for w in range(len(points)):
        u, v, h = _on_map(axes, points[w, 0], points[w, 1], points[w, 2])
        i, j = int(u - 0.5), int(v - 0.5)
        if 0 <= i < size - 1 and 0 <= j < size - 1:
            for a in range(2):
                for b in range(2):
                    heights[i + a, j + b] = max(heights[i + a, j + b], h)
    return heights, axes


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _on_map(axes: np.ndarray, x: Number, y: Number, z: Number) -> tuple[Number, Number, Number]:
    u = axes[0, 0] * x + axes[0, 1] * y + axes[3, 0]
    v = axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z + axes[3, 0]
    return u, v, axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z


@njit(cache=True, nogil=True, fastmath=True)
def _shaded(heights: np.ndarray, u: Number, v: Number, h: Number) -> Number:
    """Return the part of a 3 x 3 neighbourhood that something nearer to the light takes, weighted to the middle."""
    size = heights.shape[0]
    i, j = int(u - 0.5), int(v - 0.5)
    if i < 1 or j < 1 or i >= size - 2 or j >= size - 2:
        return np.float32(0.0)
    a, b = np.float32(u - 0.5 - i), np.float32(v - 0.5 - j)
    one = np.float32(1.0)
    total = np.float32(0.0)
    for p in range(-1, 3):
        across = one - a if p == -1 else (a if p == 2 else one)
        for q in range(-1, 3):
            if heights[i + p, j + q] > h:
                total += across * (one - b if q == -1 else (b if q == 2 else one))
    return total * np.float32(1 / 9)


@njit(cache=True, nogil=True, fastmath=True)
def lit(
    surface: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    eye: np.ndarray,
    axes: np.ndarray,
    shadow: np.ndarray,
    material: np.ndarray,
    brightness: np.ndarray,
    is_closed: bool,
) -> np.ndarray:
    """Return (W, 3) float32: the colour of each point as a screen shows it, 0 to 255; 0 where it is turned away.

    Args:
        surface: Points, normals, openness and grain of a model.
        eye: (3,) the camera.
        axes: From `shadow_map`; its third row points to the light.
        shadow: From `shadow_map`.
        material: (13,) two linear colours, the height between them, light by colour, sky, gloss, grain.
        brightness: What a screen shows of light from 0 to 2.
        is_closed: Whether normals point outwards; else they are turned to the camera.
    """
    points, normals, openness, grain = surface
    colours = np.zeros((len(points), 3), np.float32)
    light = axes[2]
    light_x, light_y, light_z = light[0], light[1], light[2]
    cell = axes[3, 1]
    to_table = np.float32(0.5 * (len(brightness) - 1))
    for w in range(len(points)):
        x, y, z = points[w, 0], points[w, 1], points[w, 2]
        nx, ny, nz = normals[w, 0], normals[w, 1], normals[w, 2]
        vx, vy, vz = eye[0] - x, eye[1] - y, eye[2] - z
        facing = (nx * vx + ny * vy + nz * vz) / math.sqrt(vx * vx + vy * vy + vz * vz)
        if is_closed and facing < -0.6:
            continue
        if not is_closed and facing < 0.0:
            nx, ny, nz, facing = -nx, -ny, -nz, -facing
        lamp = nx * light_x + ny * light_y + nz * light_z
        gloss = np.float32(0.0)
        if lamp > 0.0:
            away = np.float32(1.6) * cell
            u, v, h = _on_map(axes, x + nx * away, y + ny * away, z + nz * away)
            reaching = np.float32(1.0) - _shaded(shadow, u, v, h + np.float32(1.5) * cell)
            gloss = material[11] * reaching * _highlight(nx, ny, nz, vx, vy, vz, light)
            lamp *= reaching
        else:
            lamp = np.float32(0.0)
        around = openness[w] * (material[10] * (np.float32(0.68) + np.float32(0.32) * nz))
        around += np.float32(0.10) * max(facing, np.float32(0.0)) * (np.float32(0.4) + np.float32(0.6) * openness[w])
        tint = np.float32(1.0) + material[12] * grain[w]
        part = 3 if z < material[6] else 0
        for k in range(3):
            value = material[part + k] * tint * (lamp * material[7 + k] + around) + gloss * material[7 + k]
            colours[w, k] = brightness[int(min(value, np.float32(1.999)) * to_table)]
    return colours


@njit(cache=True, nogil=True, fastmath=True)
def _highlight(nx: Number, ny: Number, nz: Number, vx: Number, vy: Number, vz: Number, light: np.ndarray) -> Number:
    """Return the lamp's reflection, Blinn's with an exponent of 32."""
    length = math.sqrt(vx * vx + vy * vy + vz * vz)
    hx, hy, hz = light[0] + vx / length, light[1] + vy / length, light[2] + vz / length
    cosine = max(nx * hx + ny * hy + nz * hz, np.float32(0.0)) / math.sqrt(hx * hx + hy * hy + hz * hz)
    for _ in range(5):
        cosine *= cosine
    return cosine


@njit(cache=True, nogil=True, fastmath=True)
def ground_shadow(
    camera: np.ndarray,
    frame: np.ndarray,
    floor: float,
    shadow: np.ndarray,
    axes: np.ndarray,
    contact: np.ndarray,
    size: int,
) -> np.ndarray:
    """Return (n, n) float32: darkness of the ground every `GROUND_STEP` pixels, from -half a step on.

    Args:
        camera: (4, 3): eye, right, up, forward.
        frame: (3,) focal length and middle in pixels.
        floor: Height of the ground.
        shadow: From `shadow_map`.
        axes: From `shadow_map`.
        contact: Of the model.
        size: Pixels along a side.
    """
    n = size // GROUND_STEP + 2
    result = np.zeros((n, n), np.float32)
    cell = axes[3, 1]
    for row in range(n):
        b = (frame[2] - (row - 0.5) * GROUND_STEP) / frame[0]
        for column in range(n):
            a = ((column - 0.5) * GROUND_STEP - frame[1]) / frame[0]
            down = camera[3, 2] + a * camera[1, 2] + b * camera[2, 2]
            if down > -0.02:
                continue
            distance = (floor - camera[0, 2]) / down
            x = camera[0, 0] + distance * (camera[3, 0] + a * camera[1, 0] + b * camera[2, 0])
            y = camera[0, 1] + distance * (camera[3, 1] + a * camera[1, 1] + b * camera[2, 1])
            u, v, h = _on_map(axes, x, y, floor)
            sun = np.float32(_GROUND_SUN) * _shaded(shadow, u, v, h + np.float32(1.5) * cell)
            under = np.float32(_GROUND_CONTACT) * _contact_at(contact, x, y)
            result[row, column] = min(1.0 - (1.0 - sun) * (1.0 - under), _MOST)
    return result


@njit(cache=True, nogil=True, fastmath=True)
def _contact_at(contact: np.ndarray, x: Number, y: Number) -> Number:
    """Return the contact shadow at a place of the ground, linear between its cells, 0 outside."""
    n = contact.shape[0]
    u, v = (x / 1.5 + 0.5) * n - 0.5, (y / 1.5 + 0.5) * n - 0.5
    if u < 0.0 or v < 0.0 or u >= n - 1 or v >= n - 1:
        return 0.0
    i, j = int(u), int(v)
    a, b = u - i, v - j
    low = contact[i, j] * (1 - b) + contact[i, j + 1] * b
    return low * (1 - a) + (contact[i + 1, j] * (1 - b) + contact[i + 1, j + 1] * b) * a
