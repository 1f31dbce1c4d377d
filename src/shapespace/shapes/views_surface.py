"""The surface of a shape as points and triangles: faces between voxels and air, relaxed; creases; small triangles."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_ROUNDS = 7
_SHRINK, _GROW = 0.5, -0.53
"""Taubin's smoothing: each round shrinks and grows again, so that steps go and thin legs stay."""
_NORMAL_ROUNDS = 4
"""How often normals are evened out between creases: what is left of steps in the shape goes from the light."""
_MOST = 0.5
"""How far, in voxels, a corner may leave its place along each axis."""

# The corners of a voxel's six faces, counter-clockwise from outside, in the order of the sides -x +x -y +y -z +z.
_CORNERS = np.array(
    [
        [[0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0]],
        [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1]],
        [[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]],
        [[0, 1, 0], [0, 1, 1], [1, 1, 1], [1, 1, 0]],
        [[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0]],
        [[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]],
    ]
)


def exposed(voxels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (vertices, quads): (V, 3) float32 in voxels and (Q, 4) int32, counter-clockwise from outside.

    Args:
        voxels: (x, y, z) bool.
    """
    padded = np.pad(voxels, 1)
    faces = int(sum(np.count_nonzero(np.diff(padded, axis=axis)) for axis in range(3)))
    return _exposed(padded, faces)


@njit(cache=True, nogil=True)
def _exposed(padded: np.ndarray, faces: int) -> tuple[np.ndarray, np.ndarray]:
    nx, ny, nz = padded.shape
    flat, numbers = padded.ravel(), np.full(nx * ny * nz, -1, np.int32)
    steps = np.array([-ny * nz, ny * nz, -nz, nz, -1, 1])
    vertices, quads = np.empty((4 * faces, 3), np.float32), np.empty((faces, 4), np.int32)
    used = made = 0
    for cell in np.flatnonzero(flat):
        for side in range(6):
            if flat[cell + steps[side]]:
                continue
            for corner in range(4):
                i, j, k = _CORNERS[side, corner, 0], _CORNERS[side, corner, 1], _CORNERS[side, corner, 2]
                place = cell + i * ny * nz + j * nz + k
                if numbers[place] < 0:
                    numbers[place] = used
                    vertices[used, 0], vertices[used, 1] = place // (ny * nz) - 1, place // nz % ny - 1
                    vertices[used, 2] = place % nz - 1
                    used += 1
                quads[made, corner] = numbers[place]
            made += 1
    return vertices[:used].copy(), quads


@njit(cache=True, nogil=True, fastmath=True)
def relaxed(vertices: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Return (V, 3) float32: the vertices moved so that steps become slopes, by half a voxel at most.

    Source:
        Taubin, A signal processing approach to fair surface design (1995); clamped as in surface nets.
    """
    places = vertices.copy()
    shares = np.zeros(len(vertices), np.float32)
    for q in range(len(quads)):
        for c in range(4):
            shares[quads[q, c]] += 2.0
    total = np.empty_like(places)
    for step in range(2 * _ROUNDS):
        factor = np.float32(_SHRINK if step % 2 == 0 else _GROW)
        total[:] = 0.0
        for q in range(len(quads)):
            for k in range(3):
                a, b = places[quads[q, 0], k], places[quads[q, 1], k]
                c, d = places[quads[q, 2], k], places[quads[q, 3], k]
                total[quads[q, 0], k] += b + d
                total[quads[q, 1], k] += a + c
                total[quads[q, 2], k] += b + d
                total[quads[q, 3], k] += a + c
        for v in range(len(places)):
            for k in range(3):
                moved = places[v, k] + factor * (total[v, k] / shares[v] - places[v, k])
                low, high = vertices[v, k] - np.float32(_MOST), vertices[v, k] + np.float32(_MOST)
                places[v, k] = min(max(moved, low), high)
    return places


@njit(cache=True, nogil=True, fastmath=True)
def creased(vertices: np.ndarray, quads: np.ndarray, crease: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (points, normals, triangles): vertices once for each group of faces that meet there without a crease.

    Args:
        vertices: (V, 3) float32.
        quads: (Q, 4) int32.
        crease: Cosine of the angle from which on an edge stays sharp.
    """
    face_normals = _quad_normals(vertices, quads)
    first, members = _around(quads, len(vertices))
    points = np.empty((4 * len(quads), 3), np.float32)
    leaders = np.empty(4 * len(quads), np.int32)
    corners = np.empty((len(quads), 4), np.int32)
    used = 0
    for v in range(len(vertices)):
        start = used
        for m in range(first[v], first[v + 1]):
            q = members[m] // 4
            group = -1
            for g in range(start, used):
                other = leaders[g]
                dot = face_normals[q, 0] * face_normals[other, 0] + face_normals[q, 1] * face_normals[other, 1]
                if dot + face_normals[q, 2] * face_normals[other, 2] > crease:
                    group = g
                    break
            if group < 0:
                group, used = used, used + 1
                leaders[group] = q
                points[group] = vertices[v]
            corners[q, members[m] % 4] = group
    for _ in range(_NORMAL_ROUNDS):
        face_normals = _of_faces(corners, _of_points(corners, face_normals, used))
    return points[:used].copy(), _of_points(corners, face_normals, used), _halved(corners)


@njit(cache=True, nogil=True, fastmath=True)
def _of_points(corners: np.ndarray, face_normals: np.ndarray, count: int) -> np.ndarray:
    """Return (count, 3) float32: the mean normal of the faces at each point."""
    normals = np.zeros((count, 3), np.float32)
    for q in range(len(corners)):
        for c in range(4):
            for k in range(3):
                normals[corners[q, c], k] += face_normals[q, k]
    return _unit(normals)


@njit(cache=True, nogil=True, fastmath=True)
def _of_faces(corners: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Return (Q, 3) float32: the mean normal of each face's points."""
    face_normals = np.zeros((len(corners), 3), np.float32)
    for q in range(len(corners)):
        for c in range(4):
            for k in range(3):
                face_normals[q, k] += normals[corners[q, c], k]
    return _unit(face_normals)


@njit(cache=True, nogil=True, fastmath=True)
def _unit(vectors: np.ndarray) -> np.ndarray:
    """Return the (n, 3) vectors, which are changed, at length 1."""
    for i in range(len(vectors)):
        length = math.sqrt(vectors[i, 0] ** 2 + vectors[i, 1] ** 2 + vectors[i, 2] ** 2)
        scale = np.float32(1.0 / max(length, 1e-12))
        for k in range(3):
            vectors[i, k] *= scale
    return vectors


@njit(cache=True, nogil=True)
def _halved(quads: np.ndarray) -> np.ndarray:
    """Return (2 Q, 3) int32: the two triangles of each quad."""
    triangles = np.empty((2 * len(quads), 3), np.int32)
    for q in range(len(quads)):
        a, b, c, d = quads[q, 0], quads[q, 1], quads[q, 2], quads[q, 3]
        triangles[2 * q, 0], triangles[2 * q, 1], triangles[2 * q, 2] = a, b, c
        triangles[2 * q + 1, 0], triangles[2 * q + 1, 1], triangles[2 * q + 1, 2] = a, c, d
    return triangles


@njit(cache=True, nogil=True, fastmath=True)
def _quad_normals(vertices: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """Return (Q, 3) float32 unit normals: across the two diagonals."""
    normals = np.empty((len(quads), 3), np.float32)
    for q in range(len(quads)):
        a, b, c, d = quads[q, 0], quads[q, 1], quads[q, 2], quads[q, 3]
        ux, uy, uz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        vx, vy, vz = vertices[d, 0] - vertices[b, 0], vertices[d, 1] - vertices[b, 1], vertices[d, 2] - vertices[b, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        scale = 1.0 / max(math.sqrt(x * x + y * y + z * z), 1e-12)
        normals[q, 0], normals[q, 1], normals[q, 2] = x * scale, y * scale, z * scale
    return normals


@njit(cache=True, nogil=True)
def _around(quads: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (first, members): the corners 4 q + c at vertex v are members[first[v]:first[v + 1]]."""
    first = np.zeros(count + 1, np.int32)
    for q in range(len(quads)):
        for c in range(4):
            first[quads[q, c] + 1] += 1
    for v in range(count):
        first[v + 1] += first[v]
    place, members = first.copy(), np.empty(4 * len(quads), np.int32)
    for q in range(len(quads)):
        for c in range(4):
            members[place[quads[q, c]]] = 4 * q + c
            place[quads[q, c]] += 1
    return first, members


@njit(cache=True, nogil=True, fastmath=True)
def cut(corners: np.ndarray, normals: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (points, normals, triangles): each triangle cut into equal ones with sides of `spacing` at most.

    Args:
        corners: (T, 3, 3) float32.
        normals: (T, 3, 3) float32, a normal for each corner.
        spacing: Longest side.
    """
    parts = np.empty(len(corners), np.int32)
    point_count = triangle_count = 0
    for t in range(len(corners)):
        longest = 0.0
        for c in range(3):
            side = corners[t, c] - corners[t, c - 1]
            longest = max(longest, (side * side).sum())
        parts[t] = max(1, math.ceil(math.sqrt(longest) / spacing - 1e-6))
        point_count += (parts[t] + 1) * (parts[t] + 2) // 2
        triangle_count += parts[t] ** 2
    points, point_normals = np.empty((point_count, 3), np.float32), np.empty((point_count, 3), np.float32)
    triangles = np.empty((triangle_count, 3), np.int32)
    used = made = 0
    for t in range(len(corners)):
        n = parts[t]
        for i in range(n + 1):
            for j in range(n + 1 - i):
                a, b = i / n, j / n
                for k in range(3):
                    points[used, k] = _mixed(corners, t, k, a, b)
                    point_normals[used, k] = _mixed(normals, t, k, a, b)
                # This point, the next of its row, and the one above both in the next row.
                above = used + n + 1 - i
                if i + j < n:
                    triangles[made, 0], triangles[made, 1], triangles[made, 2] = used, above, used + 1
                    made += 1
                if i + j < n - 1:
                    triangles[made, 0], triangles[made, 1], triangles[made, 2] = used + 1, above, above + 1
                    made += 1
                used += 1
    return points, point_normals, triangles


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _mixed(values: np.ndarray, t: int, k: int, a: float, b: float) -> float:
    return values[t, 0, k] * (1 - a - b) + values[t, 1, k] * a + values[t, 2, k] * b


@njit(cache=True, nogil=True)
def pooled(voxels: np.ndarray, size: int) -> np.ndarray:
    """Return (size, size, size) float32: the filled part of each cell of a grid that is no coarser."""
    side = max(voxels.shape)
    result = np.zeros((size, size, size), np.float32)
    share = np.float32((size / side) ** 3)
    for x, y, z in np.ndindex(voxels.shape):
        if voxels[x, y, z]:
            result[x * size // side, y * size // side, z * size // side] += share
    return result


@njit(cache=True, nogil=True, fastmath=True)
def grain(points: np.ndarray) -> np.ndarray:
    """Return (W,) float32 in [-1, 1]: bent bands across x and z, as of sawn wood or woven cloth."""
    result = np.empty(len(points), np.float32)
    for w in range(len(points)):
        x, y, z = points[w, 0], points[w, 1], points[w, 2]
        bend = math.sin(7.0 * z + 2.0 * y) + 0.6 * math.sin(11.0 * y - 4.0 * x)
        result[w] = 0.65 * math.sin(58.0 * (x + 0.45 * z) + 1.5 * bend) + 0.35 * math.sin(23.0 * y + 2.0 * bend)
    return result
