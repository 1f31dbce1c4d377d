"""Rays through the voxel centres along the three axes, counted with their sign: inside or outside, by vote."""

from __future__ import annotations

import numpy as np
from numba import njit

from shapespace.shapes.patches import SUBDIVISIONS

PITCH = 2 * SUBDIVISIONS
"""Integer units between two samples. Vertices are even and samples odd, so no ray meets a vertex."""


@njit(cache=True, nogil=True)
def tests(points: np.ndarray, faces: np.ndarray) -> float:
    """Return about how many times `vote` will test a ray against a face."""
    total = 0.0
    low, high = np.empty(3), np.empty(3)
    for i in range(len(faces)):
        for k in range(3):
            a, b, c = points[faces[i, 0], k], points[faces[i, 1], k], points[faces[i, 2], k]
            low[k], high[k] = min(a, b, c), max(a, b, c)
        x, y, z = (high - low) / PITCH
        total += x * y + y * z + z * x
    return total


@njit(cache=True, nogil=True)
def vote(points: np.ndarray, faces: np.ndarray, resolution: int) -> np.ndarray:
    """Return (r, r, r) uint8: for each axis (bits 0-1 for x, 2-3 for y, 4-5 for z) 0, 1 or 2 rays that say inside.

    Along each axis a ray comes from either side. It says inside where it has entered the shape more often than
    left it; in a closed shape the two agree, and where a face is missing one of them errs on each side of it.

    Args:
        points: (V, 3) int64 even; voxel i lies at PITCH * i.
        faces: (F, 3) int64, facing outward.
        resolution: r.
    """
    return _both_ways(points, faces, resolution, signed=True)


@njit(cache=True, nogil=True)
def decide(votes: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Return (inside (r, r, r) bool: at least four of six rays say so; how many; how many one axis denies another).

    Args:
        votes: The result of `vote`.
    """
    inside = np.zeros(votes.shape, np.bool_)
    filled, disputed = 0, 0
    flat, out = votes.ravel(), inside.ravel()
    for i in range(len(flat)):
        bits = flat[i]
        if bits == 0:
            continue
        x, y, z = bits & 3, bits >> 2 & 3, bits >> 4
        out[i] = x + y + z >= 4
        filled += x + y + z >= 4
        disputed += max(x, y, z) == 2 and min(x, y, z) == 0
    return inside, filled, disputed


@njit(cache=True, nogil=True)
def shadow(points: np.ndarray, faces: np.ndarray, resolution: int) -> np.ndarray:
    """Return what `vote` does for rays that are inside once they have met any face: 2, 2, 2 where no ray arrives."""
    return _both_ways(points, faces, resolution, signed=False)


@njit(cache=True, nogil=True)
def _both_ways(points: np.ndarray, faces: np.ndarray, resolution: int, signed: bool) -> np.ndarray:
    votes = np.zeros((resolution, resolution, resolution), np.uint8)
    for axis in range(3):
        steps = np.zeros((resolution, resolution, resolution), np.int16)
        totals = np.zeros((resolution, resolution), np.int32)
        for i in range(len(faces)):
            _cross(points, faces[i], axis, signed, steps, totals)
        _sum_along(steps, totals, axis, signed, votes)
    return votes


@njit(cache=True, nogil=True)
def _cross(
    points: np.ndarray, face: np.ndarray, axis: int, signed: bool, steps: np.ndarray, totals: np.ndarray
) -> None:
    """Add the face's crossings to the first voxel behind them: +1 where a ray along `axis` enters, -1 where it leaves.

    Unsigned, each crossing adds 1.
    """
    u, v = (axis + 1) % 3, (axis + 2) % 3
    a, b, c = points[face[0]], points[face[1]], points[face[2]]
    au, av, bu, bv, cu, cv = a[u], a[v], b[u], b[v], c[u], c[v]
    resolution = len(totals)
    first_u, last_u = _samples(min(au, bu, cu), max(au, bu, cu), resolution)
    first_v, last_v = _samples(min(av, bv, cv), max(av, bv, cv), resolution)
    if first_u > last_u or first_v > last_v:
        return
    twice_area = (bu - au) * (cv - av) - (bv - av) * (cu - au)
    if twice_area == 0:
        return
    sign = -1
    if twice_area < 0:
        bu, bv, cu, cv, sign, twice_area = cu, cv, bu, bv, 1, -twice_area
        b, c = c, b
    if not signed:
        sign = 1
    # Depth is a[axis] + slope_u * (u - au) + slope_v * (v - av).
    slope_u = (float(b[axis] - a[axis]) * (cv - av) - float(c[axis] - a[axis]) * (bv - av)) / twice_area
    slope_v = (float(c[axis] - a[axis]) * (bu - au) - float(b[axis] - a[axis]) * (cu - au)) / twice_area
    nearest, farthest = min(a[axis], b[axis], c[axis]), max(a[axis], b[axis], c[axis])
    for i in range(first_u, last_u + 1):
        pu = i * PITCH + 1
        # Twice the area left of each edge; zero counts for one of the two faces that share the edge.
        left_a = (bu - au) * (first_v * PITCH + 1 - av) - (bv - av) * (pu - au) - _owes(bu - au, bv - av)
        left_b = (cu - bu) * (first_v * PITCH + 1 - bv) - (cv - bv) * (pu - bu) - _owes(cu - bu, cv - bv)
        left_c = (au - cu) * (first_v * PITCH + 1 - cv) - (av - cv) * (pu - cu) - _owes(au - cu, av - cv)
        for j in range(first_v, last_v + 1):
            if (left_a | left_b | left_c) >= 0:
                depth = a[axis] + slope_u * (pu - au) + slope_v * (j * PITCH + 1 - av)
                depth = 2 * int(np.rint(min(max(depth, nearest), farthest) / 2))
                k = max((depth - 1) // PITCH + 1, 0)
                totals[i, j] += sign
                if k < resolution:
                    x, y, z = (k, i, j) if axis == 0 else ((j, k, i) if axis == 1 else (i, j, k))
                    if abs(steps[x, y, z]) < 32_000:  # a bomb of faces in one place stops counting
                        steps[x, y, z] += sign
            left_a += (bu - au) * PITCH
            left_b += (cu - bu) * PITCH
            left_c += (au - cu) * PITCH


@njit(cache=True, nogil=True)
def _samples(low: int, high: int, resolution: int) -> tuple[int, int]:
    """Return the first and last sample in [low, high]."""
    return max(-((1 - low) // PITCH), 0), min((high - 1) // PITCH, resolution - 1)


@njit(cache=True, nogil=True)
def _owes(du: int, dv: int) -> int:
    """Return 1 for an edge that does not own the samples exactly on it, 0 for its reverse, which does."""
    return 0 if dv > 0 or (dv == 0 and du > 0) else 1


@njit(cache=True, nogil=True)
def _sum_along(steps: np.ndarray, totals: np.ndarray, axis: int, signed: bool, votes: np.ndarray) -> None:
    """Add 1 to the axis' two bits where a ray from below is inside and 1 where a ray from above is."""
    resolution = len(votes)
    passed = np.zeros((resolution, resolution), np.int32)
    one = np.uint8(1 << (2 * axis))
    for x in range(resolution):
        for y in range(resolution):
            for z in range(resolution):
                i, j = (y, z) if axis == 0 else ((z, x) if axis == 1 else (x, y))
                passed[i, j] += steps[x, y, z]
                if passed[i, j] > 0:
                    votes[x, y, z] += one
                # From above the other crossings have been passed, and entering is leaving.
                if (passed[i, j] > totals[i, j]) if signed else (passed[i, j] < totals[i, j]):
                    votes[x, y, z] += one
