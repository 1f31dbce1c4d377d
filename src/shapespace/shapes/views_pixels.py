"""Points on the picture, the z-buffer of 2 x 2 samples a pixel, and pixels of what it holds."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from shapespace.shapes.views_light import GROUND_STEP, Number

_NUMBER_BITS = 23
_NUMBERS = (1 << _NUMBER_BITS) - 1
_DEPTH_STEPS = float(1 << 30)
"""A sample holds the number of a triangle and, above it, 1 / depth in so many steps."""


@njit(cache=True, nogil=True, fastmath=True)
def projected(points: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """Return (W, 3) float32: right and down over depth, and 1 / depth.

    Args:
        points: (W, 3) float32, all before the camera.
        camera: (4, 3) float32: eye, right, up, forward.
    """
    result = np.empty((len(points), 3), np.float32)
    for w in range(len(points)):
        x, y, z = points[w, 0] - camera[0, 0], points[w, 1] - camera[0, 1], points[w, 2] - camera[0, 2]
        inverse = np.float32(1.0) / (camera[3, 0] * x + camera[3, 1] * y + camera[3, 2] * z)
        result[w, 0] = (camera[1, 0] * x + camera[1, 1] * y + camera[1, 2] * z) * inverse
        result[w, 1] = -(camera[2, 0] * x + camera[2, 1] * y + camera[2, 2] * z) * inverse
        result[w, 2] = inverse
    return result


@njit(cache=True, nogil=True, fastmath=True)
def outline(rays: np.ndarray) -> tuple[Number, Number, Number, Number]:
    """Return (low x, low y, high x, high y) of projected points."""
    low_x = low_y = np.float32(1e9)
    high_x = high_y = np.float32(-1e9)
    for w in range(len(rays)):
        low_x, high_x = min(low_x, rays[w, 0]), max(high_x, rays[w, 0])
        low_y, high_y = min(low_y, rays[w, 1]), max(high_y, rays[w, 1])
    return low_x, low_y, high_x, high_y


@njit(cache=True, nogil=True, fastmath=True)
def placed(rays: np.ndarray, scale: float, right: float, down: float) -> np.ndarray:
    """Return (W, 3) float32: projected points scaled and moved, x and y in samples; 1 / depth as it was."""
    screen = np.empty_like(rays)
    for w in range(len(rays)):
        screen[w, 0] = rays[w, 0] * scale + right
        screen[w, 1] = rays[w, 1] * scale + down
        screen[w, 2] = rays[w, 2]
    return screen


@njit(cache=True, nogil=True, fastmath=True)
def depths(screen: np.ndarray, triangles: np.ndarray, width: int, height: int, is_closed: bool) -> np.ndarray:
    """Return (height, width) int64 samples: 1 / depth in the high bits, number of the triangle + 1 in the low ones.

    One number holds both, so that the nearest triangle is a maximum and no branch has to be guessed.

    Args:
        screen: (W, 3) float32: x and y in samples, 1 / depth.
        triangles: (T, 3) int32.
        width: Samples.
        height: Samples.
        is_closed: Whether triangles that are seen from the back are hidden anyway.
    """
    buffer = np.zeros((height, width), np.int64)
    half, zero, one = np.float32(0.5), np.float32(0.0), np.float32(1.0)
    for t in range(len(triangles)):
        p, q, r = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        px, py, qx, qy, rx, ry = screen[p, 0], screen[p, 1], screen[q, 0], screen[q, 1], screen[r, 0], screen[r, 1]
        # Down is positive on the picture: what is counter-clockwise to the eye has a negative area here.
        area = (qx - px) * (ry - py) - (rx - px) * (qy - py)
        if area == zero or (is_closed and area > zero):
            continue
        low_y = max(math.ceil(min(min(py, qy), ry) - half), 0)
        high_y = min(math.floor(max(max(py, qy), ry) - half), height - 1)
        scale = one / area
        # Weights of p and q by column and by row; r has the rest.
        p_x, p_y, q_x, q_y = (qy - ry) * scale, (rx - qx) * scale, (ry - py) * scale, (px - rx) * scale
        p_left, q_left, r_left = p_x > zero, q_x > zero, p_x + q_x < zero
        p_skip, q_skip, r_skip = _inverse(p_x, not p_left), _inverse(q_x, not q_left), _inverse(p_x + q_x, r_left)
        base = screen[r, 2]
        p_depth, q_depth = screen[p, 2] - base, screen[q, 2] - base
        for row in range(low_y, high_y + 1):
            y = np.float32(row) + half - ry
            a, b = (half - rx) * p_x + y * p_y, (half - rx) * q_x + y * q_y
            low, high = zero, np.float32(width - 1)
            low, high = _narrowed(low, high, -a * p_skip, p_left)
            low, high = _narrowed(low, high, -b * q_skip, q_left)
            low, high = _narrowed(low, high, (one - a - b) * r_skip, r_left)
            value, slope = base + a * p_depth + b * q_depth, p_x * p_depth + q_x * q_depth
            # A thousandth of a sample more, so that no sample falls between two triangles; int() is the quick floor.
            for column in range(int(low + np.float32(0.999)), int(high + np.float32(1.001))):
                depth = np.int64((value + slope * np.float32(column)) * np.float32(_DEPTH_STEPS))
                buffer[row, column] = max(buffer[row, column], (depth << _NUMBER_BITS) | (t + 1))
    return buffer


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _inverse(value: Number, is_negative: bool) -> Number:
    """Return 1 / value, and a large number of the sign for an edge that stands upright."""
    if abs(value) > np.float32(1e-9):
        return np.float32(1.0) / value
    return np.float32(-1e9) if is_negative else np.float32(1e9)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _narrowed(low: Number, high: Number, edge: Number, is_left: bool) -> tuple[Number, Number]:
    """Return the span of columns cut at an edge, from the left or from the right."""
    return (
        (max(low, min(edge, high + np.float32(2.0))), high)
        if is_left
        else (low, min(high, max(edge, np.float32(-2.0))))
    )


@njit(cache=True, nogil=True, fastmath=True)
def shaded_ground(ground: np.ndarray, size: int) -> np.ndarray:
    """Return (size, size, 4) uint8: black, with the shadow on the ground as alpha, linear between its places."""
    picture = np.zeros((size, size, 4), np.uint8)
    step = GROUND_STEP
    for i in range(ground.shape[0] - 1):
        for j in range(ground.shape[1] - 1):
            a, b, c, d = ground[i, j], ground[i, j + 1], ground[i + 1, j], ground[i + 1, j + 1]
            if a + b + c + d < 1e-3:
                continue
            for row in range(max(i * step - step // 2, 0), min(i * step + step // 2, size)):
                v = np.float32((row + 0.5 + step // 2 - i * step) / step)
                for column in range(max(j * step - step // 2, 0), min(j * step + step // 2, size)):
                    u = np.float32((column + 0.5 + step // 2 - j * step) / step)
                    dark = (a + (b - a) * u) * (np.float32(1.0) - v) + (c + (d - c) * u) * v
                    picture[row, column, 3] = np.uint8(dark * np.float32(255.0) + np.float32(0.5))
    return picture


@njit(cache=True, nogil=True, fastmath=True)
def resolve(
    buffer: np.ndarray,
    screen: np.ndarray,
    triangles: np.ndarray,
    colours: np.ndarray,
    corner: tuple[int, int],
    picture: np.ndarray,
) -> None:
    """Put the shape, the mean of each pixel's four samples, before the ground in `picture`.

    Args:
        buffer: From `depths`.
        screen: (W, 3) float32: x and y in samples, 1 / depth.
        triangles: (T, 3) int32.
        colours: (W, 3) float32, 0 to 255.
        corner: Row and column of the buffer's first pixel in the picture.
        picture: (size, size, 4) uint8, black with the ground's shadow as alpha.
    """
    one, quarter = np.float32(1.0), np.float32(0.25)
    for row in range(buffer.shape[0] // 2):
        for column in range(buffer.shape[1] // 2):
            i, j = 2 * row, 2 * column
            samples = (buffer[i, j], buffer[i, j + 1], buffer[i + 1, j], buffer[i + 1, j + 1])
            top, left = corner[0] + row, corner[1] + column
            first = samples[0] & _NUMBERS
            if first and first == samples[1] & _NUMBERS == samples[2] & _NUMBERS == samples[3] & _NUMBERS:
                red, green, blue = _colour(screen, triangles, first - 1, colours, np.float32(j + 1), np.float32(i + 1))
                alpha = one
            else:
                red = green = blue = covered = np.float32(0.0)
                for k in range(4):
                    number = samples[k] & _NUMBERS
                    if number:
                        x, y = np.float32(j + 0.5 + k % 2), np.float32(i + 0.5 + k // 2)
                        part = _colour(screen, triangles, number - 1, colours, x, y)
                        red, green, blue = red + quarter * part[0], green + quarter * part[1], blue + quarter * part[2]
                        covered += quarter
                if covered == np.float32(0.0):
                    continue
                alpha = covered + (one - covered) * picture[top, left, 3] * np.float32(1 / 255)
                red, green, blue = red / alpha, green / alpha, blue / alpha
            picture[top, left, 0], picture[top, left, 1], picture[top, left, 2] = _byte(red), _byte(green), _byte(blue)
            picture[top, left, 3] = _byte(alpha * np.float32(255.0))


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _byte(value: Number) -> np.uint8:
    return np.uint8(min(max(value, np.float32(0.0)), np.float32(255.0)) + np.float32(0.5))


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _colour(
    screen: np.ndarray, triangles: np.ndarray, t: int, colours: np.ndarray, x: Number, y: Number
) -> tuple[Number, Number, Number]:
    """Return the colour of a triangle at a place of the picture."""
    p, q, r = triangles[t, 0], triangles[t, 1], triangles[t, 2]
    ax, ay = screen[p, 0] - screen[r, 0], screen[p, 1] - screen[r, 1]
    bx, by = screen[q, 0] - screen[r, 0], screen[q, 1] - screen[r, 1]
    x, y = x - screen[r, 0], y - screen[r, 1]
    scale = np.float32(1.0) / (ax * by - bx * ay)
    a, b = (x * by - bx * y) * scale, (ax * y - x * ay) * scale
    c = np.float32(1.0) - a - b
    return (
        a * colours[p, 0] + b * colours[q, 0] + c * colours[r, 0],
        a * colours[p, 1] + b * colours[q, 1] + c * colours[r, 1],
        a * colours[p, 2] + b * colours[q, 2] + c * colours[r, 2],
    )
