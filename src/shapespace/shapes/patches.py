"""Triangles as a file gives them -> each once, in patches that face outward: what `voxelize` counts rays through.

Points are integers here, so that two vertices are the same or not, a sample lies left of an edge or right of
it, and no rounding can make a closed surface leak.
"""

from __future__ import annotations

import numpy as np
from numba import njit

SUBDIVISIONS = 1 << 16
"""Integer steps in one voxel: vertices nearer to each other than this are one vertex."""

TRUSTED = 0.5
"""Part of an open patch's area whose stored windings must agree, or the windings of the file are not believed."""

OPEN = 0.1
"""Opening of a patch, as a part of its area (a box without a lid: 1/5), from which it counts as wide open."""


@njit(cache=True, nogil=True)
def weld(points: np.ndarray) -> np.ndarray:
    """Return (V,) int64: for each point the index of the first equal one. `points` are (V, 3) int64."""
    size = _table_size(len(points))
    table = np.full(size, -1, np.int64)
    first = np.empty(len(points), np.int64)
    for i in range(len(points)):
        slot = _hash(points[i, 0], points[i, 1], points[i, 2]) & (size - 1)
        while True:
            other = table[slot]
            if other < 0:
                table[slot] = first[i] = i
                break
            if (
                points[other, 0] == points[i, 0]
                and points[other, 1] == points[i, 1]
                and points[other, 2] == points[i, 2]
            ):
                first[i] = other
                break
            slot = (slot + 1) & (size - 1)
    return first


@njit(cache=True, nogil=True)
def distinct_faces(faces: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (faces, sure): each set of three different vertices once, and whether its copies agree on a winding.

    Copies that cancel (a face and its reverse) leave a face of arbitrary winding that is not `sure`.

    Args:
        faces: (F, 3) int32.
        first: The result of `weld`.
    """
    size = _table_size(len(faces))
    table = np.full(size, -1, np.int64)
    kept = np.empty((len(faces), 3), np.int64)  # corners in rising order
    winding = np.zeros(len(faces), np.int64)  # copies that run a < b < c, less those that run the other way
    count = 0
    for i in range(len(faces)):
        a, b, c, turn = _sorted_corners(first[faces[i, 0]], first[faces[i, 1]], first[faces[i, 2]])
        if a == b or b == c:
            continue
        slot = _hash(a, b, c) & (size - 1)
        while True:
            other = table[slot]
            if other < 0:
                table[slot] = other = count
                kept[count, 0], kept[count, 1], kept[count, 2] = a, b, c
                count += 1
                break
            if kept[other, 0] == a and kept[other, 1] == b and kept[other, 2] == c:
                break
            slot = (slot + 1) & (size - 1)
        winding[other] += turn
    for i in range(count):
        if winding[i] < 0:
            kept[i, 1], kept[i, 2] = kept[i, 2], kept[i, 1]
    return kept[:count].copy(), winding[:count] != 0


@njit(cache=True, nogil=True)
def is_wall(faces: np.ndarray, sure: np.ndarray, vertices: int) -> np.ndarray:
    """Return (F,) bool: the faces between two solids that touch, each of which has brought its own copy.

    Faces that are not sure and hang together are such a wall if along most of its rim the sure faces close
    without it: an even number of them meets there. A surface with every face twice has no sure face.

    Args:
        faces: (F, 3) int64.
        sure: (F,) bool, both of `distinct_faces`.
        vertices: Number of vertices.
    """
    edge, count = _edges(faces, vertices)
    root = np.arange(len(faces))
    last = np.full(count, -1, np.int64)
    meeting = np.zeros(count, np.int32)
    for half in range(len(edge)):
        if sure[half // 3]:
            meeting[edge[half]] += 1
        elif last[edge[half]] >= 0:
            root[find(root, half // 3)] = find(root, last[edge[half]])
        if not sure[half // 3]:
            last[edge[half]] = half // 3
    closes = np.zeros(len(faces), np.int64)
    for half in range(len(edge)):
        if not sure[half // 3] and meeting[edge[half]] > 0:
            closes[find(root, half // 3)] += 1 if meeting[edge[half]] % 2 == 0 else -1
    wall = np.zeros(len(faces), np.bool_)
    for i in range(len(faces)):
        wall[i] = not sure[i] and closes[find(root, i)] > 0
    return wall


@njit(cache=True, nogil=True)
def find(root: np.ndarray, member: int) -> int:
    """Return the number of the set that `member` is in, and shorten the way to it."""
    while root[member] != member:
        root[member] = root[root[member]]
        member = root[member]
    return member


@njit(cache=True, nogil=True)
def face_outward(points: np.ndarray, faces: np.ndarray, sure: np.ndarray) -> None:
    """Turn the faces, in place, so that each patch is consistent and faces outward.

    A patch is what hangs together over edges of exactly two faces. A patch that is closed, but for small holes,
    gets a positive volume, so a shell inside a shell is a second solid and no cavity. A wide open one (the
    lining of a tub) keeps the winding that most of its area has in the file, all of them turned if the file is
    inside out; where the file contradicts itself it too gets a positive volume, about its own middle.

    Args:
        points: (V, 3) int64.
        faces: (F, 3) int64, changed.
        sure: (F,) bool, of `distinct_faces`.
    """
    patch, turned = _patches(faces, _opposite_halves(faces, len(points)))
    volume, stored, open_wide = _measure(points, faces, sure, patch, turned)
    inside_out = (stored * volume).sum() < 0
    for i in range(len(faces)):
        mine = patch[i]
        by_file = open_wide[mine] and stored[mine] != 0
        flip = (stored[mine] < 0) != inside_out if by_file else volume[mine] < 0
        if flip != turned[i]:
            faces[i, 1], faces[i, 2] = faces[i, 2], faces[i, 1]


@njit(cache=True, nogil=True)
def _measure(
    points: np.ndarray, faces: np.ndarray, sure: np.ndarray, patch: np.ndarray, turned: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each patch: volume about its middle; the file's winding, +1, -1 or 0 (contradictory); open wide."""
    count = patch.max() + 1 if len(patch) else 0
    normals = np.empty((len(faces), 3))
    area, votes, volume = np.zeros(count), np.zeros(count), np.zeros(count)
    middle, opening = np.zeros((count, 3)), np.zeros((count, 3))
    for i in range(len(faces)):
        mine, sign = patch[i], -1.0 if turned[i] else 1.0
        _normal(points, faces[i], normals[i])
        twice_area = np.sqrt((normals[i] ** 2).sum())
        area[mine] += twice_area
        votes[mine] += sign * twice_area if sure[i] else 0.0
        for k in range(3):
            middle[mine, k] += twice_area * points[faces[i, 0], k]
            opening[mine, k] += sign * normals[i, k]
    for i in range(len(faces)):
        mine, sign = patch[i], -1.0 if turned[i] else 1.0
        for k in range(3):
            arm = points[faces[i, 0], k] - middle[mine, k] / max(area[mine], 1.0)
            volume[mine] += sign * normals[i, k] * arm
    stored = np.sign(votes) * (np.abs(votes) > TRUSTED * area)
    open_wide = np.sqrt((opening**2).sum(axis=1)) > OPEN * area
    return volume, stored, open_wide


@njit(cache=True, nogil=True)
def _edges(faces: np.ndarray, vertices: int) -> tuple[np.ndarray, int]:
    """Return (edge, count): for half-edge 3 f + k, from corner k of face f to the next, the number of its edge."""
    size = _table_size(3 * len(faces))
    keys = np.full(size, -1, np.int64)
    numbers = np.empty(size, np.int64)
    edge = np.empty(3 * len(faces), np.int64)
    count = 0
    for half in range(3 * len(faces)):
        a, b = faces[half // 3, half % 3], faces[half // 3, (half + 1) % 3]
        key = min(a, b) * vertices + max(a, b)
        slot = _hash(key, 0, 0) & (size - 1)
        while keys[slot] >= 0 and keys[slot] != key:
            slot = (slot + 1) & (size - 1)
        if keys[slot] < 0:
            keys[slot], numbers[slot] = key, count
            count += 1
        edge[half] = numbers[slot]
    return edge, count


@njit(cache=True, nogil=True)
def _opposite_halves(faces: np.ndarray, vertices: int) -> np.ndarray:
    """Return (3 F,) int64: for each half-edge the other one of an edge of exactly two faces, else -1."""
    edge, count = _edges(faces, vertices)
    last = np.full(count, -1, np.int64)
    uses = np.zeros(count, np.int32)
    opposite = np.full(len(edge), -1, np.int64)
    for half in range(len(edge)):
        other = last[edge[half]]
        if other >= 0:
            opposite[half], opposite[other] = other, half
        last[edge[half]] = half
        uses[edge[half]] += 1
    for half in range(len(edge)):
        if uses[edge[half]] != 2:
            opposite[half] = -1
    return opposite


@njit(cache=True, nogil=True)
def _patches(faces: np.ndarray, opposite: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (patch, turned): the patch of each face, and whether it must turn to agree with the patch's first."""
    patch = np.full(len(faces), -1, np.int64)
    turned = np.zeros(len(faces), np.bool_)
    queue = np.empty(len(faces), np.int64)
    count = 0
    for seed in range(len(faces)):
        if patch[seed] >= 0:
            continue
        patch[seed] = count
        queue[0] = seed
        head, tail = 0, 1
        while head < tail:
            here = queue[head]
            head += 1
            for k in range(3):
                half = opposite[3 * here + k]
                if half < 0 or patch[half // 3] >= 0:
                    continue
                other = half // 3
                same_way = faces[here, k] == faces[other, half % 3]  # two faces that agree run along it both ways
                turned[other] = turned[here] != same_way
                patch[other] = count
                queue[tail] = other
                tail += 1
        count += 1
    return patch, turned


@njit(cache=True, nogil=True)
def _normal(points: np.ndarray, face: np.ndarray, out: np.ndarray) -> None:
    """Write the face's normal, as long as twice its area, into `out`."""
    a, b, c = points[face[0]], points[face[1]], points[face[2]]
    for k in range(3):
        m, n = (k + 1) % 3, (k + 2) % 3
        out[k] = float(b[m] - a[m]) * float(c[n] - a[n]) - float(b[n] - a[n]) * float(c[m] - a[m])


@njit(cache=True, nogil=True)
def _sorted_corners(a: int, b: int, c: int) -> tuple[int, int, int, int]:
    """Return the corners in rising order and +1 or -1, whether that took an even number of swaps."""
    turn = 1
    if a > b:
        a, b, turn = b, a, -turn
    if b > c:
        b, c, turn = c, b, -turn
    if a > b:
        a, b, turn = b, a, -turn
    return a, b, c, turn


@njit(cache=True, nogil=True)
def _table_size(entries: int) -> int:
    """Return the power of two that leaves a hash table at most half full."""
    size = 16
    while size < 2 * entries:
        size *= 2
    return size


@njit(cache=True, nogil=True)
def _hash(a: int, b: int, c: int) -> int:
    """Return a mixed non-negative integer; multiplication wraps, the high bits are folded down."""
    mixed = (a * 0x9E3779B1 + b) * 0x85EBCA77 + c
    mixed = (mixed ^ (mixed >> 29)) * 0x27D4EB2F165667C5
    return (mixed ^ (mixed >> 32)) & 0x7FFFFFFFFFFFFFFF
