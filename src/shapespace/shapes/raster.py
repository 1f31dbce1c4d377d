"""The z-buffer of `render`, and what is made once for a shape: normals, occupancy, blurred volumes.

Everything is in the scene's frame: the shape inside the unit cube about the origin, z up.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

NEAR = 1e-3


@njit(cache=True, nogil=True, fastmath=True)
def depth_buffer(corners: np.ndarray, eye: np.ndarray, axes: np.ndarray, focal: float, size: int) -> tuple:
    """Return (nearest, hit): 1 / depth float32 and triangle index int32 (-1 where nothing is), each (size, size).

    Args:
        corners: (T, 3, 3) float32, the corners of each triangle.
        eye: (3,) the camera.
        axes: (3, 3) rows right, up, forward of the camera.
        focal: Half the picture's side over the tangent of half the field of view, in pixels.
        size: Pixels along a side.
    """
    nearest = np.zeros((size, size), np.float32)
    hit = np.full((size, size), -1, np.int32)
    px, py, inverse = np.empty(3), np.empty(3), np.empty(3)
    for t in range(corners.shape[0]):
        visible = True
        for k in range(3):
            x, y, z = corners[t, k, 0] - eye[0], corners[t, k, 1] - eye[1], corners[t, k, 2] - eye[2]
            depth = axes[2, 0] * x + axes[2, 1] * y + axes[2, 2] * z
            if depth < NEAR:
                visible = False
                break
            inverse[k] = 1.0 / depth
            px[k] = 0.5 * size + focal * (axes[0, 0] * x + axes[0, 1] * y + axes[0, 2] * z) * inverse[k]
            py[k] = 0.5 * size - focal * (axes[1, 0] * x + axes[1, 1] * y + axes[1, 2] * z) * inverse[k]
        if visible:
            _fill(px, py, inverse, t, nearest, hit)
    return nearest, hit


@njit(cache=True, nogil=True, fastmath=True)
def _fill(px: np.ndarray, py: np.ndarray, inverse: np.ndarray, t: int, nearest: np.ndarray, hit: np.ndarray) -> None:
    size = nearest.shape[0]
    area = (px[1] - px[0]) * (py[2] - py[0]) - (px[2] - px[0]) * (py[1] - py[0])
    if abs(area) < 1e-12:
        return
    low_x, high_x = max(0, math.floor(min(px))), min(size - 1, math.ceil(max(px)))
    low_y, high_y = max(0, math.floor(min(py))), min(size - 1, math.ceil(max(py)))
    for row in range(low_y, high_y + 1):
        y = row + 0.5
        for column in range(low_x, high_x + 1):
            x = column + 0.5
            a = ((px[1] - x) * (py[2] - y) - (px[2] - x) * (py[1] - y)) / area
            b = ((px[2] - x) * (py[0] - y) - (px[0] - x) * (py[2] - y)) / area
            c = 1.0 - a - b
            if a < 0.0 or b < 0.0 or c < 0.0:
                continue
            value = a * inverse[0] + b * inverse[1] + c * inverse[2]  # 1 / depth is linear on the picture
            if value > nearest[row, column]:
                nearest[row, column], hit[row, column] = value, t


@njit(cache=True, nogil=True, fastmath=True)
def corner_normals(corners: np.ndarray, faces: np.ndarray, count: int, crease: float) -> np.ndarray:
    """Return (T, 3, 3) float32 unit normals: the mean over a corner's faces that turn less than the crease.

    Args:
        corners: (T, 3, 3) float32.
        faces: (T, 3) int, vertex of each corner.
        count: Vertices there are.
        crease: Cosine of the angle from which on an edge stays sharp.
    """
    face_normals = np.empty((len(faces), 3))
    for t in range(len(faces)):
        face_normals[t] = np.cross(corners[t, 1] - corners[t, 0], corners[t, 2] - corners[t, 0])
    first, members = _faces_of_vertices(faces, count)
    normals = np.empty((len(faces), 3, 3), np.float32)
    total = np.empty(3)
    for t in range(len(faces)):
        own = face_normals[t]
        own_length = math.sqrt(own[0] ** 2 + own[1] ** 2 + own[2] ** 2)
        for k in range(3):
            total[:] = 0.0
            for m in range(first[faces[t, k]], first[faces[t, k] + 1]):
                other = face_normals[members[m]]
                dot = own[0] * other[0] + own[1] * other[1] + own[2] * other[2]
                length = math.sqrt(other[0] ** 2 + other[1] ** 2 + other[2] ** 2)
                if dot > crease * own_length * length or members[m] == t:
                    total += other
            size = math.sqrt(total[0] ** 2 + total[1] ** 2 + total[2] ** 2)
            for a in range(3):
                normals[t, k, a] = total[a] / size if size > 0.0 else 0.0
    return normals


@njit(cache=True, nogil=True, fastmath=True)
def _faces_of_vertices(faces: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (first, members): the faces of vertex v are members[first[v]:first[v + 1]]."""
    first = np.zeros(count + 1, np.int64)
    for t in range(len(faces)):
        for k in range(3):
            first[faces[t, k] + 1] += 1
    first = np.cumsum(first)
    place, members = first.copy(), np.empty(3 * len(faces), np.int64)
    for t in range(len(faces)):
        for k in range(3):
            members[place[faces[t, k]]] = t
            place[faces[t, k]] += 1
    return first, members


@njit(cache=True, nogil=True, fastmath=True)
def splat(corners: np.ndarray, size: int) -> np.ndarray:
    """Return (size, size, size) bool: the cells of the unit cube that the triangles pass through, by dense points."""
    grid = np.zeros((size, size, size), np.bool_)
    for t in range(len(corners)):
        a, b, c = corners[t, 0], corners[t, 1], corners[t, 2]
        longest = max(np.abs(b - a).max(), np.abs(c - a).max(), np.abs(c - b).max())
        steps = math.ceil(longest * size * 1.5) + 1
        for i in range(steps + 1):
            for j in range(steps + 1 - i):
                u, v = i / steps, j / steps
                x = int((a[0] + (b[0] - a[0]) * u + (c[0] - a[0]) * v + 0.5) * size)
                y = int((a[1] + (b[1] - a[1]) * u + (c[1] - a[1]) * v + 0.5) * size)
                z = int((a[2] + (b[2] - a[2]) * u + (c[2] - a[2]) * v + 0.5) * size)
                grid[min(max(x, 0), size - 1), min(max(y, 0), size - 1), min(max(z, 0), size - 1)] = True
    return grid


@njit(cache=True, nogil=True)
def blurred(volume: np.ndarray, radius: int) -> np.ndarray:
    """Return (n, n, n) float32, the mean over cubes of 2 radius + 1 cells; air surrounds the volume."""
    n = volume.shape[0]
    result = _slid(volume.astype(np.float32).reshape(1, n, n * n), radius)
    result = _slid(result.reshape(n, n, n), radius)
    return _slid(result.reshape(n * n, n, 1), radius).reshape(n, n, n)


@njit(cache=True, nogil=True)
def _slid(source: np.ndarray, radius: int) -> np.ndarray:
    """Return (a, n, b) running means along the middle axis; the last one is contiguous and goes through as a whole."""
    a, n, b = source.shape
    result, total = np.empty((a, n, b), np.float32), np.zeros(b, np.float32)
    share = np.float32(1.0 / (2 * radius + 1))
    for i in range(a):
        total[:] = 0.0
        for j in range(-radius, n):
            if j + radius < n:
                for k in range(b):
                    total[k] += source[i, j + radius, k]
            if j - radius > 0:
                for k in range(b):
                    total[k] -= source[i, j - radius - 1, k]
            if j >= 0:
                for k in range(b):
                    result[i, j, k] = total[k] * share
    return result
