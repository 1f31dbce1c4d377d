"""Voxels -> the closed surface of their cubes: every edge in exactly two faces, wherever voxels touch."""

from __future__ import annotations

import numpy as np

from shapespace.shapes.mesh import Mesh

# The square on the high and the low side of a voxel along x, y, z: corners counter-clockwise seen from outside.
_HIGH_SQUARES = [np.roll([(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)], axis, axis=1) for axis in range(3)]
_LOW_SQUARES = [square[::-1] - np.eye(3, dtype=int)[axis] for axis, square in enumerate(_HIGH_SQUARES)]


def blocks(voxels: np.ndarray) -> Mesh:
    """Return the exposed sides of the cubes as triangles, in voxel units; voxel [0, 0, 0] is centred at the origin.

    Two voxels that touch along an edge or at a corner only are parted: each keeps vertices of its own there.

    Args:
        voxels: (x, y, z) bool, not empty.
    """
    squares, owners = _exposed_squares(voxels)
    starts, ends = _pairs(squares, owners, np.array(voxels.shape) + 1)
    vertex = _vertices_of_corners(starts, ends, len(squares))
    corners = squares.reshape(-1, 3)
    vertices = np.empty((vertex.max() + 1, 3))
    vertices[vertex] = corners - 0.5
    return _triangulate(vertices, vertex.reshape(-1, 4), starts, ends)


def _exposed_squares(voxels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (squares (Q, 4, 3) corners on the lattice, owners (Q,) number of the voxel each belongs to)."""
    padded = np.pad(voxels, 1)
    squares, owners = [], []
    for axis in range(3):
        for shift, square in ((-1, _HIGH_SQUARES[axis]), (1, _LOW_SQUARES[axis])):
            exposed = padded & ~np.roll(padded, shift, axis)
            cells = np.argwhere(exposed[1:-1, 1:-1, 1:-1])
            squares.append(cells[:, None] + square)
            owners.append(np.ravel_multi_index(tuple(cells.T), voxels.shape))
    return np.concatenate(squares), np.concatenate(owners)


def _pairs(squares: np.ndarray, owners: np.ndarray, lattice: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (first, second): the sides 4 q + s, from corner s of square q to the next, that lie on each other.

    Where four sides meet, two voxels touch along that edge; the two sides of each voxel are paired.
    """
    corner = np.ravel_multi_index(tuple(np.moveaxis(squares, -1, 0)), tuple(lattice))
    after = np.roll(corner, -1, axis=1)
    edge = (np.minimum(corner, after) * lattice.prod() + np.maximum(corner, after)).ravel()
    order = np.lexsort((np.repeat(owners, 4), edge))
    return order[::2], order[1::2]


def _vertices_of_corners(first: np.ndarray, second: np.ndarray, squares: int) -> np.ndarray:
    """Return (4 Q,) the vertex of each corner of each square: one for all corners that paired sides hold together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    here = np.concatenate([first, _next_corner(first)])
    there = np.concatenate([_next_corner(second), second])  # paired sides run in opposite directions
    links = coo_array((np.ones(len(here), bool), (here, there)), shape=(4 * squares, 4 * squares))
    return connected_components(links, directed=False)[1]


def _next_corner(corner: np.ndarray) -> np.ndarray:
    return corner // 4 * 4 + (corner + 1) % 4


def _triangulate(vertices: np.ndarray, quads: np.ndarray, first: np.ndarray, second: np.ndarray) -> Mesh:
    """Return two triangles a square, or a fan about its middle where an edge between the same vertices is not unique.

    That happens where two voxels touch along an edge and are joined around both of its ends; each then gets a
    vertex of its own in the middle of the edge.
    """
    ends = np.sort(np.stack([quads.ravel()[first], quads.ravel()[_next_corner(first)]], axis=1), axis=1)
    _, edge, uses = np.unique(ends, axis=0, return_inverse=True, return_counts=True)
    shared = np.flatnonzero(uses[edge.ravel()] > 1)
    middle = np.full(quads.size, -1)
    middle[first[shared]] = middle[second[shared]] = len(vertices) + np.arange(len(shared))
    middles = vertices[ends[shared]].mean(axis=1)
    fans = np.flatnonzero((middle.reshape(-1, 4) >= 0).any(axis=1))
    centres = vertices[quads[fans]].mean(axis=1)
    plain = np.delete(quads, fans, axis=0)
    faces = [plain[:, [0, 1, 2]], plain[:, [0, 2, 3]]]
    for i, quad in enumerate(fans):
        rim = np.stack([quads[quad], middle.reshape(-1, 4)[quad]], axis=1).ravel()
        rim = rim[rim >= 0]
        centre = np.full(len(rim), len(vertices) + len(shared) + i)
        faces.append(np.stack([rim, np.roll(rim, -1), centre], axis=1))
    return Mesh(np.concatenate([vertices, middles, centres]), np.concatenate(faces))
