"""Light on what the z-buffer saw: a key and a fill light, the open sky, soft shadows on shape and ground.

A `volume` is a blurred occupancy grid (n, n, n) float32 over the unit cube about the origin; ambient occlusion and
shadows are read from it, so that they cost the same for a grid and for a mesh.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_SHADOW_STEPS = 14
_SHADOW_REACH = 0.9
"""How far, in sides of the cube, something can be and still cast a shadow."""
_GROUND_SIZE, _GROUND_REACH = 128, 1.5
"""Places along a side of the ground's map of shadows; how far it reaches from the middle."""
_GAMMA_STEPS = 4096


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
def _open(point: np.ndarray, normal: np.ndarray, fine: np.ndarray, coarse: np.ndarray) -> float:
    """Return how much of the sky a surface point sees, 1 for a free plane: two balls touching the surface."""
    near, far = 2.5 / fine.shape[0], 7.0 / coarse.shape[0]
    blocked = 0.55 * _sample(
        fine, point[0] + normal[0] * near, point[1] + normal[1] * near, point[2] + normal[2] * near
    )
    blocked += 0.9 * _sample(coarse, point[0] + normal[0] * far, point[1] + normal[1] * far, point[2] + normal[2] * far)
    return math.exp(-1.7 * blocked)


@njit(cache=True, nogil=True, fastmath=True)
def openness(points: np.ndarray, normals: np.ndarray, fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Return (n,) float32: how much of the sky each surface point sees, 1 for a free plane.

    Args:
        points: (n, 3) float32.
        normals: (n, 3) float32, unit.
        fine: A volume blurred a little.
        coarse: A volume blurred widely.
    """
    result = np.empty(len(points), np.float32)
    for i in range(len(points)):
        result[i] = _open(points[i], normals[i], fine, coarse)
    return result


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
def _ground(floor: float, light: np.ndarray, fine: np.ndarray, coarse: np.ndarray) -> np.ndarray:
    """Return (n, n) float32 darkness of the ground, 0 to 1: the key light's shadow, and contact under the shape.

    One map for a view: it is soft, and there are ten times as many pixels of ground as places in it.
    """
    n = _GROUND_SIZE
    shadow = np.zeros((n, n), np.float32)
    point, upwards = np.empty(3), np.array((0.0, 0.0, 1.0))
    point[2] = floor
    for i in range(1, n - 1):
        point[0] = ((i + 0.5) / n - 0.5) * 2 * _GROUND_REACH
        for j in range(1, n - 1):
            point[1] = ((j + 0.5) / n - 0.5) * 2 * _GROUND_REACH
            lit = _sunlight(point, upwards, light, fine)
            contact = 1.0 - _open(point, upwards, fine, coarse)
            shadow[i, j] = 1.0 - (1.0 - 0.30 * (1.0 - lit)) * (1.0 - 0.55 * contact)
    return shadow


@njit(cache=True, nogil=True, fastmath=True)
def _on_ground(shadow: np.ndarray, x: float, y: float) -> float:
    """Return the ground's darkness at a point of it, bilinear, 0 outside the map."""
    n = shadow.shape[0]
    u, v = (x / (2 * _GROUND_REACH) + 0.5) * n - 0.5, (y / (2 * _GROUND_REACH) + 0.5) * n - 0.5
    if u < 0.0 or v < 0.0 or u >= n - 1 or v >= n - 1:
        return 0.0
    i, j = int(u), int(v)
    a, b = u - i, v - j
    low = shadow[i, j] * (1 - b) + shadow[i, j + 1] * b
    return low * (1 - a) + (shadow[i + 1, j] * (1 - b) + shadow[i + 1, j + 1] * b) * a


@njit(cache=True, nogil=True, fastmath=True)
def _light(
    point: np.ndarray,
    normal: np.ndarray,
    key_light: np.ndarray,
    fill_light: np.ndarray,
    fine: np.ndarray,
    coarse: np.ndarray,
    floor: float,
) -> tuple[float, float, float]:
    """Return the light leaving a white surface: warm key, cool fill, and sky above ground, dimmed where enclosed."""
    key = max(0.0, normal[0] * key_light[0] + normal[1] * key_light[1] + normal[2] * key_light[2])
    fill = max(0.0, normal[0] * fill_light[0] + normal[1] * fill_light[1] + normal[2] * fill_light[2])
    if key > 0.0 and floor > -1.0:
        key *= _sunlight(point, normal, key_light, fine)
    openness = _open(point, normal, fine, coarse)
    sky = (0.62 + 0.38 * normal[2]) * openness
    fill *= 0.35 + 0.65 * openness
    return (
        0.90 * key + 0.13 * fill + 0.33 * sky,
        0.865 * key + 0.145 * fill + 0.345 * sky,
        0.81 * key + 0.17 * fill + 0.37 * sky,
    )


@njit(cache=True, nogil=True, fastmath=True)
def _corner_weights(corners: np.ndarray, t: int, point: np.ndarray) -> tuple[float, float, float]:
    """Return the barycentric coordinates of a point in triangle t."""
    ox, oy, oz = corners[t, 0, 0], corners[t, 0, 1], corners[t, 0, 2]
    ax, ay, az = corners[t, 1, 0] - ox, corners[t, 1, 1] - oy, corners[t, 1, 2] - oz
    bx, by, bz = corners[t, 2, 0] - ox, corners[t, 2, 1] - oy, corners[t, 2, 2] - oz
    px, py, pz = point[0] - ox, point[1] - oy, point[2] - oz
    aa, ab, bb = ax * ax + ay * ay + az * az, ax * bx + ay * by + az * bz, bx * bx + by * by + bz * bz
    pa, pb = px * ax + py * ay + pz * az, px * bx + py * by + pz * bz
    scale = aa * bb - ab * ab
    if scale == 0.0:
        return 1.0, 0.0, 0.0
    b, c = (bb * pa - ab * pb) / scale, (aa * pb - ab * pa) / scale
    return 1.0 - b - c, b, c


@njit(cache=True, nogil=True, fastmath=True)
def _normal_towards(
    corners: np.ndarray, normals: np.ndarray, t: int, point: np.ndarray, ray: np.ndarray, out: np.ndarray
) -> None:  # fills `out`: an array made for each pixel would cost more than the shading
    """Put the interpolated normal of triangle t into `out`, turned to the camera: a mesh need not be oriented."""
    a, b, c = _corner_weights(corners, t, point)
    for k in range(3):
        out[k] = a * normals[t, 0, k] + b * normals[t, 1, k] + c * normals[t, 2, k]
    length = math.sqrt(out[0] ** 2 + out[1] ** 2 + out[2] ** 2)
    if length == 0.0:
        length = 1.0
    if out[0] * ray[0] + out[1] * ray[1] + out[2] * ray[2] > 0.0:
        length = -length
    for k in range(3):
        out[k] /= length


@njit(cache=True, nogil=True, fastmath=True)
def _ray(camera: np.ndarray, right: float, up: float, out: np.ndarray) -> None:
    """Put the direction through a place on the picture into `out`; its length is 1 at depth 1."""
    for k in range(3):
        out[k] = camera[3, k] + (right * camera[1, k] + up * camera[2, k]) / camera[4, 0]


@njit(cache=True, nogil=True, fastmath=True)
def _alike(normals: np.ndarray, a: int, b: int, a_depth: float, b_depth: float) -> bool:
    """Return whether two samples of a pixel are lit alike: the same depth to 1 % and normals within 10 degrees.

    Most pixels of a voxel picture are inside one wall of cubes; they are lit once, not four times.
    """
    if abs(a_depth - b_depth) > 0.01 * a_depth:
        return False
    dot = (
        normals[a, 0, 0] * normals[b, 0, 0] + normals[a, 0, 1] * normals[b, 0, 1] + normals[a, 0, 2] * normals[b, 0, 2]
    )
    return abs(dot) > 0.985


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
    supersampling: int,
) -> np.ndarray:
    """Return (size, size, 4) float32, linear colour times alpha, alpha: the shape, and its shadow on the floor.

    Args:
        nearest: (samples, samples) from `raster.depth_buffer`, samples = size * supersampling.
        hit: (samples, samples) from `raster.depth_buffer`.
        corners: (T, 3, 3) float32.
        normals: (T, 3, 3) float32, a unit normal for each corner.
        camera: (5, 3): eye, right, up, forward, and the focal length in samples in its first place.
        lights: (2, 3) unit vectors towards the key and the fill light.
        fine: A volume blurred a little.
        coarse: A volume blurred widely.
        colour: (3,) linear colour of the shape.
        floor: Height of the ground; below -1 there is none.
        supersampling: Samples along the side of a pixel.
    """
    samples, share = nearest.shape[0], 1.0 / supersampling**2
    size = samples // supersampling
    key, fill = lights[0].copy(), lights[1].copy()
    ground = _ground(floor, key, fine, coarse) if floor > -1.0 else np.zeros((2, 2), np.float32)
    picture = np.zeros((size, size, 4), np.float32)
    ray, point, normal = np.empty(3), np.empty(3), np.empty(3)
    for pixel in range(size * size):
        row, column = pixel // size, pixel % size
        lit, lit_depth, light = -1, 0.0, (0.0, 0.0, 0.0)
        for sample in range(supersampling * supersampling):
            i, j = row * supersampling + sample // supersampling, column * supersampling + sample % supersampling
            t, depth = hit[i, j], nearest[i, j]
            if t < 0 and floor <= -1.0:
                continue
            _ray(camera, (j + 0.5 - 0.5 * samples), (0.5 * samples - i - 0.5), ray)
            if t >= 0:
                if lit < 0 or not _alike(normals, lit, t, lit_depth, depth):
                    for k in range(3):
                        point[k] = camera[0, k] + ray[k] / depth
                    _normal_towards(corners, normals, t, point, ray, normal)
                    light = _light(point, normal, key, fill, fine, coarse, floor)
                    lit, lit_depth = t, depth
                for k in range(3):
                    picture[row, column, k] += share * colour[k] * light[k]
                picture[row, column, 3] += share
            elif ray[2] < 0.0:
                edge = min(row, column, size - 1 - row, size - 1 - column) / (0.14 * size)
                fade = share * min(1.0, edge * edge)  # no shadow is cut off by the border
                distance = (floor - camera[0, 2]) / ray[2]
                x, y = camera[0, 0] + ray[0] * distance, camera[0, 1] + ray[1] * distance
                picture[row, column, 3] += fade * _on_ground(ground, x, y)
    return picture


@njit(cache=True, nogil=True)
def developed(picture: np.ndarray) -> np.ndarray:
    """Return uint8 RGBA of linear colour times alpha: divided by alpha, gamma applied."""
    size = picture.shape[0]
    table = (255.0 * (np.arange(_GAMMA_STEPS + 1) / _GAMMA_STEPS) ** (1 / 2.2) + 0.5).astype(np.uint8)
    result = np.zeros((size, size, 4), np.uint8)
    for row in range(size):
        for column in range(size):
            alpha = min(picture[row, column, 3], 1.0)
            if alpha > 0.0:
                for k in range(3):
                    result[row, column, k] = table[int(min(1.0, picture[row, column, k] / alpha) * _GAMMA_STEPS)]
                result[row, column, 3] = int(255.0 * alpha + 0.5)
    return result
