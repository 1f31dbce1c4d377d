"""Painters of solids into a bool grid, in voxels: voxel k spans [k, k + 1) and is centred at k + 1/2.

Each is at least one voxel thick wherever it goes: a box keeps the voxels that hold its middle, a sheet the
voxels its middle surface passes, a tube the voxels its axis passes.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def box(grid: np.ndarray, centre: np.ndarray, half: np.ndarray, radius: float) -> None:
    """Fill a box with rounded edges.

    Args:
        grid: (r, r, r) bool.
        centre: (3,).
        half: (3,) half its sides.
        radius: Of its edges.
    """
    r = grid.shape[0]
    h = np.maximum(half, 0.5)
    radius = min(radius, h.min() * 0.98)
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for k in range(3):
        low[k], high[k] = max(0, math.floor(centre[k] - h[k])), min(r, math.ceil(centre[k] + h[k]) + 1)
    for x in range(low[0], high[0]):
        a = _beyond(x, centre[0], h[0], radius)
        for y in range(low[1], high[1]):
            b = _beyond(y, centre[1], h[1], radius)
            for z in range(low[2], high[2]):
                c = _beyond(z, centre[2], h[2], radius)
                if a * a + b * b + c * c <= radius * radius:
                    grid[x, y, z] = True


@njit(cache=True, nogil=True)
def _beyond(index: int, centre: float, half: float, radius: float) -> float:
    """Return how far a voxel lies outside the box shrunk by the radius along one axis; far if outside the box."""
    offset = index + 0.5 - centre
    if offset < -half or offset >= half:  # half open, so that a box of whole size has whole thickness
        return 1e9
    return max(0.0, abs(offset) - (half - radius))


@njit(cache=True, nogil=True)
def height(surface: np.ndarray, u: float, v: float) -> float:
    """Return the third coordinate of a bent surface over (u, v).

    Args:
        surface: (6,): its height at (u0, v0); slope along v; bends along u and v; u0; v0.
        u: First of the two other coordinates.
        v: Second of them.
    """
    du, dv = u - surface[4], v - surface[5]
    return surface[0] + surface[1] * dv + surface[2] * du * du + surface[3] * dv * dv


@njit(cache=True, nogil=True)
def _inside(u: float, v: float, outline: np.ndarray, shrink: float) -> bool:
    """Return whether (u, v), from the middle, is in a tapered superellipse with another exponent above than below."""
    half_v = outline[3] - shrink
    half_u = outline[2] * (1.0 + outline[6] * v / outline[3]) - shrink
    if abs(v) > half_v or abs(u) > half_u:
        return False
    exponent = outline[5] if v > 0.0 else outline[4]
    if exponent >= 20.0:
        return True
    return (abs(u) / half_u) ** exponent + (abs(v) / half_v) ** exponent <= 1.0


@njit(cache=True, nogil=True)
def sheet(
    grid: np.ndarray, upright: bool, surface: np.ndarray, outline: np.ndarray, thickness: float, border: float
) -> None:
    """Fill a bent sheet: all that lies within half the thickness of a surface, inside an outline.

    Args:
        grid: (r, r, r) bool.
        upright: Whether the surface gives y over (x, z), a back, or z over (x, y), a seat.
        surface: (6,) as `height` takes it.
        outline: (7,): middle u, v; half sides u, v; exponents of its lower and upper half, 2 an ellipse and from 20
            on a rectangle; taper, the growth of its width at the top.
        thickness: Along the third axis.
        border: Width of the frame that is left of it, 0 for all.
    """
    r = grid.shape[0]
    outline = outline.copy()
    outline[2], outline[3] = max(outline[2], 0.501), max(outline[3], 0.501)
    reach = outline[2] * (1.0 + abs(outline[6]))
    for i in range(max(0, math.floor(outline[0] - reach)), min(r, math.ceil(outline[0] + reach) + 1)):
        for j in range(max(0, math.floor(outline[1] - outline[3])), min(r, math.ceil(outline[1] + outline[3]) + 1)):
            u, v = i + 0.5 - outline[0], j + 0.5 - outline[1]
            if not _inside(u, v, outline, 0.0) or (border > 0.0 and _inside(u, v, outline, max(border, 1.2))):
                continue
            low, high = _span(surface, i, j, thickness)
            for k in range(max(low, 0), min(high + 1, r)):
                if upright:
                    grid[i, k, j] = True
                else:
                    grid[i, j, k] = True


@njit(cache=True, nogil=True)
def _span(surface: np.ndarray, i: int, j: int, thickness: float) -> tuple[int, int]:
    """Return the first and last voxel of a column: those the surface passes over the cell, and the thickness.

    Neighbouring cells share the surface over their common edge, so their columns share a voxel: one piece.
    """
    middle = height(surface, i + 0.5, j + 0.5)
    lowest = highest = middle
    for a in range(2):
        for b in range(2):
            corner = height(surface, float(i + a), float(j + b))
            lowest, highest = min(lowest, corner), max(highest, corner)
    first, last = math.ceil(middle - thickness / 2 - 0.5), math.ceil(middle + thickness / 2 - 0.5) - 1
    return min(first, math.floor(lowest)), max(last, math.floor(highest))


@njit(cache=True, nogil=True)
def tube(grid: np.ndarray, points: np.ndarray, radii: np.ndarray, square: bool) -> None:
    """Fill a tube of changing radius along a line of points, flat at both ends, round or square across.

    Args:
        grid: (r, r, r) bool.
        points: (n, 3).
        radii: (n,).
        square: Whether the radius is measured along the axes of the grid.
    """
    last = len(points) - 2
    for i in range(last + 1):
        trace(grid, points[i], points[i + 1])
        if max(radii[i], radii[i + 1]) > 0.5:
            _segment(grid, points[i], points[i + 1], radii[i], radii[i + 1], square, i == 0, i == last)


@njit(cache=True, nogil=True)
def _segment(
    grid: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    start_radius: float,
    end_radius: float,
    square: bool,
    first: bool,
    last: bool,
) -> None:
    r, widest = grid.shape[0], max(start_radius, end_radius)
    length = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2 + (b[2] - a[2]) ** 2
    if length == 0.0:
        return
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for k in range(3):
        low[k] = max(0, math.floor(min(a[k], b[k]) - widest))
        high[k] = min(r, math.ceil(max(a[k], b[k]) + widest) + 1)
    for x in range(low[0], high[0]):
        for y in range(low[1], high[1]):
            for z in range(low[2], high[2]):
                p, q, s = x + 0.5 - a[0], y + 0.5 - a[1], z + 0.5 - a[2]
                t = (p * (b[0] - a[0]) + q * (b[1] - a[1]) + s * (b[2] - a[2])) / length
                if (t < 0.0 and first) or (t > 1.0 and last):
                    continue
                t = min(max(t, 0.0), 1.0)
                p, q, s = p - t * (b[0] - a[0]), q - t * (b[1] - a[1]), s - t * (b[2] - a[2])
                radius = start_radius + t * (end_radius - start_radius)
                distance = max(abs(p), abs(q), abs(s)) if square else math.sqrt(p * p + q * q + s * s)
                if distance <= radius:
                    grid[x, y, z] = True


@njit(cache=True, nogil=True)
def trace(grid: np.ndarray, a: np.ndarray, b: np.ndarray) -> None:
    """Fill every voxel a segment passes, one face after the other: 6-connected.

    Source: J. Amanatides and A. Woo, A Fast Voxel Traversal Algorithm for Ray Tracing, Eurographics 1987.
    """
    r = grid.shape[0]
    cell, step, goal = np.empty(3, np.int64), np.empty(3, np.int64), np.empty(3, np.int64)
    following, width = np.empty(3), np.empty(3)
    steps = 0
    for k in range(3):
        cell[k], goal[k] = math.floor(a[k]), math.floor(b[k])
        direction = b[k] - a[k]
        step[k] = 1 if direction > 0 else -1
        steps += abs(goal[k] - cell[k])
        width[k] = abs(1.0 / direction) if direction != 0.0 else np.inf
        ahead = cell[k] + 1 - a[k] if direction > 0 else a[k] - cell[k]
        following[k] = ahead * width[k] if direction != 0.0 else np.inf
    for _ in range(steps + 1):
        if min(cell) >= 0 and max(cell) < r:
            grid[cell[0], cell[1], cell[2]] = True
        axis = 0
        for k in range(1, 3):
            if following[k] < following[axis]:
                axis = k
        cell[axis] += step[axis]
        following[axis] += width[axis]


@njit(cache=True, nogil=True)
def wall(
    grid: np.ndarray, centre: np.ndarray, half: np.ndarray, thickness: float, span: np.ndarray, flare: float
) -> None:
    """Fill a wall that stands on an arc of an ellipse, open to the front (-y), as around a tub chair.

    Args:
        grid: (r, r, r) bool.
        centre: (2,) of the ellipse on the ground plane.
        half: (2,) its outer half axes along x and y.
        thickness: Of the wall.
        span: (4,): front end in y; foot in z; top in front; top behind.
        flare: How much wider the ellipse is at the top, per voxel of height.
    """
    r = grid.shape[0]
    thickness = max(thickness, 1.5)
    for z in range(max(0, math.floor(span[1])), min(r, math.ceil(max(span[2], span[3])) + 1)):
        grown = flare * (z + 0.5 - span[1])
        a, b = half[0] + grown, half[1] + grown
        if z + 0.5 < span[1] or a <= thickness or b <= thickness:
            continue
        for y in range(max(0, math.floor(span[0])), min(r, math.ceil(centre[1] + b) + 1)):
            q = y + 0.5 - centre[1]
            along = min(max((y + 0.5 - span[0]) / (centre[1] + b - span[0]), 0.0), 1.0)
            top = span[2] + (span[3] - span[2]) * along * along * (3.0 - 2.0 * along)
            if y + 0.5 < span[0] or z + 0.5 > top:
                continue
            for x in range(max(0, math.floor(centre[0] - a)), min(r, math.ceil(centre[0] + a) + 1)):
                p = abs(x + 0.5 - centre[0])
                if q <= 0.0:  # straight arms in front of the ellipse's widest place
                    inside = a - thickness <= p <= a
                else:
                    outer = (p / a) ** 2 + (q / b) ** 2
                    inner = (p / (a - thickness)) ** 2 + (q / (b - thickness)) ** 2
                    inside = outer <= 1.0 <= inner
                if inside:
                    grid[x, y, z] = True


@njit(cache=True, nogil=True)
def join(grid: np.ndarray, labels: np.ndarray) -> bool:
    """Fill a shortest 6-connected path from the component labelled 2 to another; return whether there was one.

    Args:
        grid: (r, r, r) bool, changed.
        labels: (r, r, r) int32 components of it, from 1.
    """
    r = grid.shape[0]
    parent = np.full(r * r * r, -2, np.int64)
    queue = np.empty(r * r * r, np.int64)
    head, tail = 0, 0
    flat, filled = labels.ravel(), grid.ravel()
    for i in range(len(flat)):
        if flat[i] == 2:
            parent[i] = -1
            queue[tail] = i
            tail += 1
    while head < tail:
        i = queue[head]
        head += 1
        if filled[i] and flat[i] != 2:
            while parent[i] >= 0:
                i = parent[i]
                filled[i] = True
            return True
        x, y, z = i // (r * r), i // r % r, i % r
        for dx, dy, dz in ((-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)):
            if 0 <= x + dx < r and 0 <= y + dy < r and 0 <= z + dz < r:
                j = i + dx * r * r + dy * r + dz
                if parent[j] == -2:
                    parent[j] = i
                    queue[tail] = j
                    tail += 1
    return False
