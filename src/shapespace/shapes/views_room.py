"""Rooms made by the program, to stand behind views where the user has no photographs.

A room is a box with a floor of planks, tiles or carpet, walls with windows, pictures and a skirting board, and
clutter along the walls, traced at half the size of the picture: a background is a little out of focus. In metres,
z up, the camera at the origin's height looking along +y.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

PANEL = 9
"""Numbers of a panel: wall, low and high along it, low and high upwards, colour, glow."""
_BOXES, _PANELS = 7, 6
_FLOORS = np.array([(0.52, 0.36, 0.22), (0.68, 0.52, 0.36), (0.36, 0.24, 0.16), (0.72, 0.70, 0.66), (0.45, 0.44, 0.43)])
_WALLS = np.array([(0.90, 0.88, 0.83), (0.83, 0.85, 0.86), (0.78, 0.74, 0.66), (0.62, 0.70, 0.72), (0.86, 0.80, 0.74)])


def room(number: int, *, elevation: float = 15.0, size: int = 256) -> np.ndarray:
    """Return (size, size, 3) uint8, a pure function of the arguments.

    Args:
        number: Which room, from 0.
        elevation: How far the camera looks down, in degrees, so that floor and shape agree.
        size: Pixels along a side, even.
    """
    random = np.random.default_rng([0x526F6F6D, number])
    width, depth, height = random.uniform(3.0, 6.0), random.uniform(2.2, 5.5), random.uniform(2.3, 3.0)
    extents = np.array([-width * random.uniform(0.3, 0.7), 0.0, height, depth])
    extents[1] = extents[0] + width
    half = _trace(
        _camera(random, elevation, size // 2),
        extents,
        _surfaces(random),
        _panels(random, extents),
        _boxes(random, extents),
        random.random(8),
        size // 2,
    )
    return _finished(_softened(half), random.uniform(0.004, 0.02), int(random.integers(1 << 30)))


def _camera(random: np.random.Generator, elevation: float, size: int) -> np.ndarray:
    """Return (5, 3): eye, right, up, forward, and the focal length in pixels in the first place of the last row."""
    yaw = math.radians(random.uniform(-30, 30))
    pitch = math.radians(min(max(elevation, -5.0), 45.0))
    forward = np.array(
        [math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), -math.sin(pitch)],
    )
    right = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
    eye = np.array([0.0, 0.0, random.uniform(0.9, 1.5)])
    focal = 0.5 * size / math.tan(math.radians(random.uniform(22, 33)))
    return np.stack([eye, right, np.cross(right, forward), forward, np.array([focal, 0.0, 0.0])])


def _surfaces(random: np.random.Generator) -> np.ndarray:
    """Return (4, 3): colours of floor, walls, ceiling and rug."""
    floor = _FLOORS[random.integers(len(_FLOORS))] * random.uniform(0.7, 1.2)
    wall = _WALLS[random.integers(len(_WALLS))] if random.random() < 0.75 else 0.25 + 0.7 * _muted(random)
    rug = _muted(random)
    return np.clip(np.stack([floor, wall * random.uniform(0.75, 1.05), np.full(3, 0.9), rug]), 0.03, 0.97)


def _panels(random: np.random.Generator, extents: np.ndarray) -> np.ndarray:
    """Return (n, PANEL): windows, doors and pictures; wall 0 is the left one, 1 the right one, 2 the far one."""
    panels = np.zeros((_PANELS, PANEL))
    for panel in panels[: random.integers(1, _PANELS + 1)]:
        wall = random.integers(3)
        along = (0.0, extents[3]) if wall < 2 else (extents[0], extents[1])
        kind, start = random.random(), random.uniform(along[0], along[1] - 0.5)
        if kind < 0.4:  # a window, which shines
            panel[:] = [wall, start, start + random.uniform(0.7, 1.8), 0.85, 2.1, 0.95, 0.97, 1.0, 1.0]
        elif kind < 0.55:  # a door
            panel[:] = [wall, start, start + 0.85, 0.0, 2.0, *(0.2 + 0.7 * _muted(random)), 0.0]
        else:
            low = random.uniform(0.9, 1.6)
            panel[:] = [wall, start, start + random.uniform(0.3, 0.9), low, low + random.uniform(0.3, 0.7), 0, 0, 0, 0]
            panel[5:8] = _muted(random)
    return panels


def _boxes(random: np.random.Generator, extents: np.ndarray) -> np.ndarray:
    """Return (n, 9): low corner, high corner and colour of cupboards, shelves and heaps, most of them at the walls."""
    boxes = np.zeros((random.integers(0, _BOXES + 1), 9))
    for box in boxes:
        size = random.uniform([0.3, 0.3, 0.25], [1.3, 0.6, 1.9])
        if random.random() < 0.3:
            size[2] = random.uniform(0.05, 0.4)
        x = random.uniform(extents[0], extents[1] - size[0])
        y = extents[3] - size[1] if random.random() < 0.6 else random.uniform(1.5, max(1.6, extents[3] - size[1]))
        z = 0.0 if random.random() < 0.75 else random.uniform(0.8, 1.7)
        box[:6] = [x, y, z, x + size[0], y + size[1], z + size[2]]
        box[6:] = _muted(random)
    return boxes


def _muted(random: np.random.Generator) -> np.ndarray:
    """Return a colour as things in rooms have it: grey for the most part, now and then a strong one."""
    return random.uniform(0.08, 0.92) * (1.0 - random.random() ** 2 * 0.8 * random.random(3))


@njit(cache=True, nogil=True, fastmath=True)
def _hash(a: int, b: int) -> float:
    """Return a number in [0, 1) that two whole numbers give."""
    h = (a * 73856093) ^ (b * 19349663)
    h = ((h & 0xFFFFFF) * 2654435761) & 0xFFFFFFFF
    return ((h >> 8) & 0xFFFF) / 65536.0


@njit(cache=True, nogil=True, fastmath=True)
def _ground_tint(x: float, y: float, taste: np.ndarray) -> float:
    """Return how light the floor is at a place: planks, tiles or carpet."""
    if taste[0] < 0.5:
        plank = math.floor(x / (0.09 + 0.1 * taste[1]))
        inside = x / (0.09 + 0.1 * taste[1]) - plank
        board = math.floor(y / 1.1 + _hash(plank, 7))
        seam = 0.75 if inside < 0.05 else 1.0
        wave = math.sin(90 * x + 3 * math.sin(5 * y + board))
        return seam * (0.86 + 0.24 * _hash(plank, board) + 0.03 * wave)
    if taste[0] < 0.75:
        side = 0.25 + 0.3 * taste[1]
        i, j = math.floor(x / side), math.floor(y / side)
        u, v = x / side - i, y / side - j
        seam = 0.78 if min(u, v) < 0.035 else 1.0
        checked = 0.8 if taste[2] < 0.25 and (i + j) % 2 else 1.0
        return seam * checked * (0.96 + 0.06 * _hash(i, j))
    return 0.92 + 0.16 * _hash(math.floor(90 * x), math.floor(90 * y))


@njit(cache=True, nogil=True, fastmath=True)
def _box_distance(boxes: np.ndarray, n: int, eye: np.ndarray, ray: np.ndarray) -> tuple[float, int]:
    """Return (distance along the ray, axis of the face it meets); the distance is below 0 where it misses."""
    near, far, axis = -1e9, 1e9, 0
    for k in range(3):
        slope = ray[k] if abs(ray[k]) > 1e-9 else 1e-9
        a, b = (boxes[n, k] - eye[k]) / slope, (boxes[n, k + 3] - eye[k]) / slope
        if a > b:
            a, b = b, a
        if a > near:
            near, axis = a, k
        far = min(far, b)
    return (near, axis) if near < far and near > 0.3 else (-1.0, 0)


@njit(cache=True, nogil=True, fastmath=True)
def _trace(
    camera: np.ndarray,
    extents: np.ndarray,
    surfaces: np.ndarray,
    panels: np.ndarray,
    boxes: np.ndarray,
    taste: np.ndarray,
    size: int,
) -> np.ndarray:
    """Return (size, size, 3) float32, as a screen shows it, in [0, 1]."""
    result = np.empty((size, size, 3), np.float32)
    ray, point, eye, step = np.empty(3), np.empty(3), camera[0], 1.0 / camera[4, 0]
    for row in range(size):
        for column in range(size):
            a, b = (column + 0.5 - 0.5 * size) * step, (0.5 * size - row - 0.5) * step
            for k in range(3):
                ray[k] = camera[3, k] + a * camera[1, k] + b * camera[2, k]
            distance, wall = _nearest_wall(eye, ray, extents)
            box, axis = -1, 0
            for n in range(len(boxes)):
                reach, side = _box_distance(boxes, n, eye, ray)
                if 0.0 < reach < distance:
                    distance, box, axis = reach, n, side
            for k in range(3):
                point[k] = eye[k] + distance * ray[k]
            light = _room_light(point, extents, taste)
            if box >= 0:
                light *= 1.0 if axis == 2 else (0.72 if axis == 1 else 0.85)
                for k in range(3):
                    result[row, column, k] = boxes[box, 6 + k] * light
            else:
                if wall == 3:
                    light *= _contact(point, boxes)
                red, green, blue = _wall_colour(point, wall, surfaces, panels, taste, light)
                result[row, column, 0], result[row, column, 1], result[row, column, 2] = red, green, blue
    return result


@njit(cache=True, nogil=True, fastmath=True)
def _nearest_wall(eye: np.ndarray, ray: np.ndarray, extents: np.ndarray) -> tuple[float, int]:
    """Return (distance, wall): 0 left, 1 right, 2 far, 3 floor, 4 ceiling; what lies behind the camera is not seen."""
    best, wall = 1e9, 2
    if ray[0] < -1e-6:
        best, wall = (extents[0] - eye[0]) / ray[0], 0
    elif ray[0] > 1e-6:
        best, wall = (extents[1] - eye[0]) / ray[0], 1
    if ray[1] > 1e-6 and (extents[3] - eye[1]) / ray[1] < best:
        best, wall = (extents[3] - eye[1]) / ray[1], 2
    if ray[2] < -1e-6 and -eye[2] / ray[2] < best:
        best, wall = -eye[2] / ray[2], 3
    elif ray[2] > 1e-6 and (extents[2] - eye[2]) / ray[2] < best:
        best, wall = (extents[2] - eye[2]) / ray[2], 4
    return min(best, 50.0), wall


@njit(cache=True, nogil=True, fastmath=True)
def _room_light(point: np.ndarray, extents: np.ndarray, taste: np.ndarray) -> float:
    """Return the light at a place: a lamp somewhere, and corners in the shade."""
    x, y = extents[0] + taste[4] * (extents[1] - extents[0]), taste[5] * extents[3]
    away = (point[0] - x) ** 2 + (point[1] - y) ** 2 + (point[2] - 0.8 * extents[2]) ** 2
    light = 0.55 + 0.25 * taste[6] + (0.5 + 0.4 * taste[7]) / (1.0 + 0.6 * away)
    corner = _in_corner(point[0] - extents[0]) * _in_corner(extents[1] - point[0]) * _in_corner(extents[3] - point[1])
    corner *= _in_corner(point[2]) * _in_corner(extents[2] - point[2])
    return light * corner / 0.8


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _in_corner(gap: float) -> float:
    """Return what is left of the light at a distance from a wall; 1 on the wall itself."""
    return 1.0 - 0.22 / (1.0 + 6.0 * gap + 18.0 * gap * gap) if gap > 1e-6 else 1.0


@njit(cache=True, nogil=True, fastmath=True)
def _wall_colour(
    point: np.ndarray,
    wall: int,
    surfaces: np.ndarray,
    panels: np.ndarray,
    taste: np.ndarray,
    light: float,
) -> tuple[float, float, float]:
    """Return the colour of a place on floor, wall or ceiling."""
    which = 0 if wall == 3 else (2 if wall == 4 else 1)
    tint, glow = light, 0.0
    on_rug = taste[3] < 0.4 and abs(point[0] - taste[4] + 0.5) < 1.1 and abs(point[1] - 2.2) < 0.8
    r, g, b = surfaces[which, 0], surfaces[which, 1], surfaces[which, 2]
    if wall == 3 and on_rug:
        r, g, b = surfaces[3, 0], surfaces[3, 1], surfaces[3, 2]
        tint *= 0.9 + 0.2 * _hash(math.floor(70 * point[0]), math.floor(70 * point[1]))
    elif wall == 3:
        tint *= _ground_tint(point[0], point[1], taste)
    elif wall < 3:
        along = point[1] if wall < 2 else point[0]
        if point[2] < 0.09:
            r, g, b = 0.9, 0.9, 0.88
        for n in range(len(panels)):
            inside = _inside_panel(panels, n, wall, along, point[2])
            if inside > 0.0:
                r, g, b = panels[n, 5], panels[n, 6], panels[n, 7]
                glow = panels[n, 8] * 0.6
                if inside < 0.045:
                    r, g, b, glow = 0.82, 0.80, 0.77, 0.0
    return r * tint + glow, g * tint + glow, b * tint + glow


@njit(cache=True, nogil=True, fastmath=True)
def _inside_panel(panels: np.ndarray, n: int, wall: int, along: float, height: float) -> float:
    """Return how far inside a panel's border a place on a wall is; windows have a bar in the middle."""
    if int(panels[n, 0]) != wall or panels[n, 2] <= panels[n, 1]:
        return -1.0
    inside = min(min(along - panels[n, 1], panels[n, 2] - along), min(height - panels[n, 3], panels[n, 4] - height))
    if panels[n, 8] > 0.0 and inside > 0.0:
        inside = min(inside, abs(along - 0.5 * (panels[n, 1] + panels[n, 2])) + 0.02)
    return inside


@njit(cache=True, nogil=True, fastmath=True)
def _contact(point: np.ndarray, boxes: np.ndarray) -> float:
    """Return how much light reaches the floor beside the boxes that stand on it."""
    light = 1.0
    for n in range(len(boxes)):
        if boxes[n, 2] < 0.1:
            dx = max(max(boxes[n, 0] - point[0], point[0] - boxes[n, 3]), 0.0)
            dy = max(max(boxes[n, 1] - point[1], point[1] - boxes[n, 4]), 0.0)
            light *= 1.0 - 0.4 * math.exp(-9.0 * (dx + dy))
    return light


@njit(cache=True, nogil=True, fastmath=True)
def _softened(picture: np.ndarray) -> np.ndarray:
    """Return the picture with each pixel a mean of its neighbourhood, (1 2 1) both ways: edges without steps."""
    n = picture.shape[0]
    across, result = np.empty_like(picture), np.empty_like(picture)
    two, quarter = np.float32(2.0), np.float32(0.25)
    for i in range(n):
        for j in range(n):
            low, high = max(j - 1, 0), min(j + 1, n - 1)
            for k in range(3):
                across[i, j, k] = (picture[i, low, k] + two * picture[i, j, k] + picture[i, high, k]) * quarter
    for i in range(n):
        low, high = max(i - 1, 0), min(i + 1, n - 1)
        for j in range(n):
            for k in range(3):
                result[i, j, k] = (across[low, j, k] + two * across[i, j, k] + across[high, j, k]) * quarter
    return result


@njit(cache=True, nogil=True, fastmath=True)
def _finished(half: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """Return the picture at twice the size, between its pixels linear, with a little of a camera's noise."""
    n = half.shape[0]
    result = np.empty((2 * n, 2 * n, 3), np.uint8)
    state = seed
    for row in range(2 * n):
        i = min(max((row - 1) // 2, 0), n - 2)
        a = min(max(0.5 * row - 0.25 - i, 0.0), 1.0)
        for column in range(2 * n):
            j = min(max((column - 1) // 2, 0), n - 2)
            b = min(max(0.5 * column - 0.25 - j, 0.0), 1.0)
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            grain = noise * ((state >> 16) / 32768.0 - 1.0)
            for k in range(3):
                top = half[i, j, k] * (1 - b) + half[i, j + 1, k] * b
                low = half[i + 1, j, k] * (1 - b) + half[i + 1, j + 1, k] * b
                value = top * (1 - a) + low * a + grain
                result[row, column, k] = int(255.0 * min(max(value, 0.0), 1.0) + 0.5)
    return result
