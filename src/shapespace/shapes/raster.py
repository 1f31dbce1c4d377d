"""The inner loops of `render`: a z-buffer, and light on what it saw.

Everything is in the scene's frame: the shape inside the unit cube about the origin, z up. A `volume` is a
blurred occupancy grid (n, n, n) float32 over that cube; ambient occlusion and soft shadows are read from it.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

NEAR = 1e-3
_SHADOW_STEPS = 14
_SHADOW_REACH = 0.9
"""How far, in sides of the cube, something can be and still cast a shadow."""


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
def _sample(volume: np.ndarray, x: float, y: float, z: float) -> float:
    """Return the volume at a point of the scene, trilinear, 0 outside."""
    n = volume.shape[0]
    x, y, z = (x + 0.5) * n - 0.5, (y + 0.5) * n - 0.5, (z + 0.5) * n - 0.5
    if x < 0.0 or y < 0.0 or z < 0.0 or x >= n - 1 or y >= n - 1 or z >= n - 1:
        return 0.0
    i, j, k = int(x), int(y), int(z)
    u, v, w = x - i, y - j, z - k
    near = (volume[i, j, k] * (1 - w) + volume[i, j, k + 1] * w) * (1 - v)
    near += (volume[i, j + 1, k] * (1 - w) + volume[i, j + 1, k + 1] * w) * v
    far = (volume[i + 1, j, k] * (1 - w) + volume[i + 1, j, k + 1] * w) * (1 - v)
    far += (volume[i + 1, j + 1, k] * (1 - w) + volume[i + 1, j + 1, k + 1] * w) * v
    return near * (1 - u) + far * u


@njit(cache=True, nogil=True, fastmath=True)
def _openness(point: np.ndarray, normal: np.ndarray, fine: np.ndarray, coarse: np.ndarray) -> float:
    """Return how much of the sky a surface point sees, 1 for a free plane: two balls touching the surface."""
    blocked = 0.0
    for volume, reach, weight in ((fine, 2.5 / fine.shape[0], 0.55), (coarse, 7.0 / coarse.shape[0], 0.9)):
        blocked += weight * _sample(
            volume, point[0] + normal[0] * reach, point[1] + normal[1] * reach, point[2] + normal[2] * reach
        )
    return math.exp(-1.7 * blocked)


@njit(cache=True, nogil=True, fastmath=True)
def _sunlight(point: np.ndarray, normal: np.ndarray, light: np.ndarray, volume: np.ndarray) -> float:
    """Return the fraction of the key light that reaches a point, by a walk through the blurred volume."""
    start = 2.2 / volume.shape[0]
    x, y, z = point[0] + normal[0] * start, point[1] + normal[1] * start, point[2] + normal[2] * start
    thickness, step = 0.0, _SHADOW_REACH / _SHADOW_STEPS
    for i in range(_SHADOW_STEPS):
        distance = start + step * (i + 0.5)
        thickness += _sample(volume, x + light[0] * distance, y + light[1] * distance, z + light[2] * distance)
        if thickness > 2.0:
            break
    return math.exp(-3.0 * thickness)


@njit(cache=True, nogil=True, fastmath=True)
def _corner_weights(triangle: np.ndarray, point: np.ndarray) -> tuple[float, float, float]:
    ax, ay, az = triangle[1, 0] - triangle[0, 0], triangle[1, 1] - triangle[0, 1], triangle[1, 2] - triangle[0, 2]
    bx, by, bz = triangle[2, 0] - triangle[0, 0], triangle[2, 1] - triangle[0, 1], triangle[2, 2] - triangle[0, 2]
    px, py, pz = point[0] - triangle[0, 0], point[1] - triangle[0, 1], point[2] - triangle[0, 2]
    aa, ab, bb = ax * ax + ay * ay + az * az, ax * bx + ay * by + az * bz, bx * bx + by * by + bz * bz
    pa, pb = px * ax + py * ay + pz * az, px * bx + py * by + pz * bz
    scale = aa * bb - ab * ab
    if scale == 0.0:
        return 1.0, 0.0, 0.0
    b, c = (bb * pa - ab * pb) / scale, (aa * pb - ab * pa) / scale
    return 1.0 - b - c, b, c


@njit(cache=True, nogil=True, fastmath=True)
def _normal_towards(
    triangle: np.ndarray, normals: np.ndarray, point: np.ndarray, ray: np.ndarray, out: np.ndarray
) -> None:  # fills `out`: an array made for each pixel would cost more than the shading
    """Put the interpolated normal into `out`, turned to the camera: a mesh need not be oriented."""
    a, b, c = _corner_weights(triangle, point)
    for k in range(3):
        out[k] = a * normals[0, k] + b * normals[1, k] + c * normals[2, k]
    length = math.sqrt(out[0] ** 2 + out[1] ** 2 + out[2] ** 2)
    if length == 0.0:
        length = 1.0
    if out[0] * ray[0] + out[1] * ray[1] + out[2] * ray[2] > 0.0:
        length = -length
    for k in range(3):
        out[k] /= length


@njit(cache=True, nogil=True, fastmath=True)
def shade(  # noqa: PLR0913  numba takes no dataclass, and a tuple would hide the names
    nearest: np.ndarray,
    hit: np.ndarray,
    corners: np.ndarray,
    normals: np.ndarray,
    camera: np.ndarray,
    lights: np.ndarray,
    fine: np.ndarray,
    coarse: np.ndarray,
    colour: np.ndarray,
    floor: float,
) -> np.ndarray:
    """Return (size, size, 4) float32, linear colour times alpha, alpha: the shape, and its shadow on the floor.

    Args:
        nearest: (size, size) from `depth_buffer`.
        hit: (size, size) from `depth_buffer`.
        corners: (T, 3, 3) float32.
        normals: (T, 3, 3) float32, a unit normal for each corner.
        camera: (5, 3): eye, right, up, forward, and the focal length in pixels in its first place.
        lights: (2, 3) unit vectors towards the key and the fill light.
        fine: A volume blurred a little.
        coarse: A volume blurred widely.
        colour: (3,) linear colour of the shape.
        floor: Height of the ground; below -1 there is none.
    """
    size, focal = nearest.shape[0], camera[4, 0]
    upwards = np.array((0.0, 0.0, 1.0))
    picture = np.zeros((size, size, 4), np.float32)
    ray, point, normal = np.empty(3), np.empty(3), np.empty(3)
    for row in range(size):
        for column in range(size):
            right, up = (column + 0.5 - 0.5 * size) / focal, (0.5 * size - row - 0.5) / focal
            for k in range(3):
                ray[k] = camera[3, k] + right * camera[1, k] + up * camera[2, k]
            t = hit[row, column]
            if t >= 0:
                for k in range(3):
                    point[k] = camera[0, k] + ray[k] / nearest[row, column]
                _normal_towards(corners[t], normals[t], point, ray, normal)
                light = _light(point, normal, lights, fine, coarse, floor)
                for k in range(3):
                    picture[row, column, k] = colour[k] * light[k]
                picture[row, column, 3] = 1.0
            elif floor > -1.0 and ray[2] < 0.0:
                distance = (floor - camera[0, 2]) / ray[2]
                for k in range(3):
                    point[k] = camera[0, k] + ray[k] * distance
                edge = min(row, column, size - 1 - row, size - 1 - column) / (0.14 * size)
                fade = min(1.0, edge * edge)  # no shadow is cut off by the border
                picture[row, column, 3] = fade * _ground_shadow(point, upwards, lights[0], fine, coarse)
    return picture


@njit(cache=True, nogil=True, fastmath=True)
def _light(
    point: np.ndarray, normal: np.ndarray, lights: np.ndarray, fine: np.ndarray, coarse: np.ndarray, floor: float
) -> tuple[float, float, float]:
    """Return the light leaving a white surface: warm key, cool fill, and sky above ground, dimmed where enclosed."""
    key = max(0.0, normal[0] * lights[0, 0] + normal[1] * lights[0, 1] + normal[2] * lights[0, 2])
    fill = max(0.0, normal[0] * lights[1, 0] + normal[1] * lights[1, 1] + normal[2] * lights[1, 2])
    if key > 0.0 and floor > -1.0:
        key *= _sunlight(point, normal, lights[0], fine)
    openness = _openness(point, normal, fine, coarse)
    sky = (0.62 + 0.38 * normal[2]) * openness
    fill *= 0.35 + 0.65 * openness
    return (
        0.90 * key + 0.13 * fill + 0.33 * sky,
        0.865 * key + 0.145 * fill + 0.345 * sky,
        0.81 * key + 0.17 * fill + 0.37 * sky,
    )


@njit(cache=True, nogil=True, fastmath=True)
def _ground_shadow(
    point: np.ndarray, upwards: np.ndarray, light: np.ndarray, fine: np.ndarray, coarse: np.ndarray
) -> float:
    """Return the darkness of the ground, 0 to 1: the key light's shadow and the contact under the shape."""
    if abs(point[0]) > 1.6 or abs(point[1]) > 1.6:
        return 0.0
    lit = _sunlight(point, upwards, light, fine)
    contact = 1.0 - _openness(point, upwards, fine, coarse)
    return 1.0 - (1.0 - 0.30 * (1.0 - lit)) * (1.0 - 0.55 * contact)


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
