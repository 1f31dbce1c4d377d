"""What a surface has between the voxel centres: legs and panels too thin for any ray, and the shell of an open mesh."""

from __future__ import annotations

import numpy as np
from numba import njit

from shapespace.shapes.components import label
from shapespace.shapes.join import bridges
from shapespace.shapes.rays import PITCH

HALF = PITCH // 2

SPACING = 0.5
"""Voxels between two surface samples, at most."""

TOUCHING = np.array([step for step in np.ndindex(3, 3, 3) if step != (1, 1, 1)]) - 1
"""Steps to the 26 voxels that share a face, an edge or a corner."""


def parts(points: np.ndarray, faces: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """Return (r, r, r) bool: the voxels to add to `solid` so that no thin part of the surface is lost.

    Args:
        points: (V, 3) int64; voxel i lies at PITCH * i.
        faces: (F, 3) int64.
        solid: (r, r, r) bool.
    """
    halves = np.zeros(solid.shape, np.uint8)
    surface(points, faces, halves)
    added = lost(halves, solid)
    if added.any():
        clusters, count = label(added, TOUCHING)
        added = stands_out(clusters, count, solid)[clusters]
    return added | bridges(solid | added, touched(halves))


def touched(halves: np.ndarray) -> np.ndarray:
    """Return (r, r, r) bool: the voxels that hold some of the surface, from the result of `surface`."""
    voxels = np.zeros(halves.shape, bool)
    for x, y, z in np.ndindex(2, 2, 2):  # the eight places between voxels around one
        bits = (1 << x) | (4 << y) | (16 << z)
        here = (halves & bits) == bits
        voxels[x:, y:, z:] |= here[: len(here) - x, : len(here) - y, : len(here) - z]
    return voxels


@njit(cache=True, nogil=True)
def surface(points: np.ndarray, faces: np.ndarray, halves: np.ndarray) -> None:
    """Mark in `halves` (r, r, r) uint8 where the surface passes between the eight voxels [x:x+2, y:y+2, z:z+2].

    Bits 0, 2, 4 say that it passes nearer to the low voxel along x, y, z, bits 1, 3, 5 nearer to the high one.

    Args:
        points: (V, 3) int64; voxel i lies at PITCH * i.
        faces: (F, 3) int64.
        halves: Changed.
    """
    corners = np.empty((3, 3))
    for i in range(len(faces)):
        if _same_half(points, faces[i]):
            _mark(points[faces[i, 0], 0], points[faces[i, 0], 1], points[faces[i, 0], 2], halves)
            continue
        _longest_edge_last(points, faces[i], corners)
        rows = int(np.ceil(_distance(corners, 0, 1) / (SPACING * PITCH)))
        length = _distance(corners, 1, 2)
        for row in range(rows + 1):
            t = row / rows
            columns = int(np.ceil((1 - t) * length / (SPACING * PITCH)))
            for column in range(columns + 1):
                s = (1 - t) * column / max(columns, 1)
                _mark(
                    t * corners[0, 0] + (1 - t - s) * corners[1, 0] + s * corners[2, 0],
                    t * corners[0, 1] + (1 - t - s) * corners[1, 1] + s * corners[2, 1],
                    t * corners[0, 2] + (1 - t - s) * corners[1, 2] + s * corners[2, 2],
                    halves,
                )


@njit(cache=True, nogil=True)
def lost(halves: np.ndarray, solid: np.ndarray) -> np.ndarray:
    """Return (r, r, r) bool: one voxel wherever the surface passes between eight voxels of which none is solid.

    Of the eight it is the one on the side of the surface; where both sides have some, the lower, so that a thin
    panel or leg between two layers of voxels becomes one voxel thick.

    Args:
        halves: The result of `surface`.
        solid: (r, r, r) bool.
    """
    resolution = len(solid)
    found = np.zeros_like(solid)
    top = resolution - 1
    for x in range(resolution):
        for y in range(resolution):
            for z in range(resolution):
                bits = halves[x, y, z]
                if bits == 0:
                    continue
                u, v, w = min(x + 1, top), min(y + 1, top), min(z + 1, top)
                if _covered(solid, x, y, z):
                    continue
                i, j, k = x if bits & 1 else u, y if bits & 4 else v, z if bits & 16 else w
                found[i, j, k] = True
                # Where the next eight hold the surface and something solid, the part goes on up to that.
                if bits & 3 == 3 and halves[u, y, z] and _covered(solid, u, y, z):
                    found[u, j, k] = True
                if bits & 12 == 12 and halves[x, v, z] and _covered(solid, x, v, z):
                    found[i, v, k] = True
                if bits & 48 == 48 and halves[x, y, w] and _covered(solid, x, y, w):
                    found[i, j, w] = True
    return found


@njit(cache=True, nogil=True)
def _covered(solid: np.ndarray, x: int, y: int, z: int) -> bool:
    """Return whether one of the eight voxels from (x, y, z) on is solid."""
    top = len(solid) - 1
    u, v, w = min(x + 1, top), min(y + 1, top), min(z + 1, top)
    return (
        solid[x, y, z] or solid[x, y, w] or solid[x, v, z] or solid[x, v, w]
        or solid[u, y, z] or solid[u, y, w] or solid[u, v, z] or solid[u, v, w]
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _mark(x: float, y: float, z: float, halves: np.ndarray) -> None:
    """Mark the place of one sample; rounded first, so that a panel on the border of two halves lies in one."""
    top = len(halves) - 1
    bits = 0
    i, bits = _place(x, 0, top, bits)
    j, bits = _place(y, 2, top, bits)
    k, bits = _place(z, 4, top, bits)
    halves[i, j, k] |= np.uint8(bits)


@njit(cache=True, nogil=True)
def _place(coordinate: float, shift: int, top: int, bits: int) -> tuple[int, int]:
    """Return the voxel below the coordinate, kept inside the grid, and the bits with its half added."""
    half = int(np.rint(coordinate)) // HALF
    voxel = half >> 1
    if voxel < 0:
        return 0, bits | 1 << shift
    if voxel > top:
        return top, bits | 1 << shift
    return voxel, bits | 1 << (shift + (half & 1))


@njit(cache=True, nogil=True)
def _same_half(points: np.ndarray, face: np.ndarray) -> bool:
    for k in range(3):
        half = points[face[0], k] // HALF
        if points[face[1], k] // HALF != half or points[face[2], k] // HALF != half:
            return False
    return True


@njit(cache=True, nogil=True)
def _longest_edge_last(points: np.ndarray, face: np.ndarray, corners: np.ndarray) -> None:
    """Write the corner opposite the longest edge into row 0, and the ends of that edge into rows 1 and 2."""
    longest, apex = -1.0, 0
    for k in range(3):
        b, c = points[face[(k + 1) % 3]], points[face[(k + 2) % 3]]
        length = float(b[0] - c[0]) ** 2 + float(b[1] - c[1]) ** 2 + float(b[2] - c[2]) ** 2
        if length > longest:
            longest, apex = length, k
    for row in range(3):
        for k in range(3):
            corners[row, k] = points[face[(apex + row) % 3], k]


@njit(cache=True, nogil=True)
def _distance(corners: np.ndarray, a: int, b: int) -> float:
    return np.sqrt(((corners[a] - corners[b]) ** 2).sum())


@njit(cache=True, nogil=True)
def stands_out(clusters: np.ndarray, count: int, solid: np.ndarray) -> np.ndarray:
    """Return (count + 1,) bool: the clusters with a voxel that touches nothing solid, even at a corner.

    The others only lie along the solid, as a sharp edge between two samples does.

    Args:
        clusters: (r, r, r) int32 labels of lost voxels, from 1.
        count: Number of clusters.
        solid: (r, r, r) bool.
    """
    resolution = len(clusters)
    stands = np.zeros(count + 1, np.bool_)
    for x in range(resolution):
        for y in range(resolution):
            for z in range(resolution):
                mine = clusters[x, y, z]
                if mine == 0 or stands[mine]:
                    continue
                alone = True
                for u in range(max(x - 1, 0), min(x + 2, resolution)):
                    for v in range(max(y - 1, 0), min(y + 2, resolution)):
                        for w in range(max(z - 1, 0), min(z + 2, resolution)):
                            alone &= not solid[u, v, w]
                stands[mine] = alone
    return stands
