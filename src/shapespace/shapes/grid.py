"""The axis law, and what can be done to a grid without knowing what it shows.

`grid[x, y, z]`, right-handed, z up; voxel [0, 0, 0] is centred at the origin in voxel units. Functions that
only move voxels accept leading axes as well, so a batch (n, x, y, z) goes through them unchanged.
"""

from __future__ import annotations

import numpy as np

HANDED_SIZE = 8


def handed() -> np.ndarray:
    """Return the (8, 8, 8) bool test shape that no rotation or mirror image maps to itself.

    Three arms leave the corner at the origin: 4 voxels along x, 6 along y, 8 along z, each two voxels thick.
    """
    voxels = np.zeros((HANDED_SIZE,) * 3, bool)
    voxels[:4, :2, :2] = voxels[:2, :6, :2] = voxels[:2, :2, :8] = True
    return voxels


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Return the intersection over union of two bool grids, in [0, 1]; two empty grids are equal: 1.

    Raises:
        ValueError: If they are of different shapes, which numpy would stretch to fit.
    """
    if a.shape != b.shape:
        raise ValueError(f"grids of {a.shape} and {b.shape} have no IoU")
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def bounding_box(voxels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (low, high), integer corners in voxels with `high` exclusive; both are 0 for an empty grid.

    Args:
        voxels: (x, y, z) bool.
    """
    low, high = np.zeros(3, np.int64), np.zeros(3, np.int64)
    for axis in range(3):
        filled = np.flatnonzero(voxels.any(axis=tuple({0, 1, 2} - {axis})))
        if len(filled):
            low[axis], high[axis] = filled[0], filled[-1] + 1
    return low, high


def centre(voxels: np.ndarray) -> np.ndarray:
    """Return the grid with its bounding box in the middle; half a voxel too low where it cannot be exact."""
    low, high = bounding_box(voxels)
    start = (np.array(voxels.shape) - (high - low)) // 2
    centred = np.zeros_like(voxels)
    centred[_box(start, start + high - low)] = voxels[_box(low, high)]
    return centred


def resize(voxels: np.ndarray, resolution: int) -> np.ndarray:
    """Return the cube at another resolution: (r, r, r), same dtype.

    A whole factor down pools by maximum, so that a leg one voxel thick stays; a whole factor up repeats. Any
    other ratio takes the voxel under the centre of each new cell.

    Raises:
        ValueError: If the grid is not a cube.
    """
    old = _side(voxels)
    if old % resolution == 0:
        factor = old // resolution
        for axis in range(3):  # an axis at a time: fifty times as fast as one maximum over a grid of six axes
            voxels = np.maximum.reduce([np.take(voxels, np.arange(k, old, factor), axis) for k in range(factor)])
        return voxels
    nearest = (2 * np.arange(resolution) + 1) * old // (2 * resolution)
    return voxels[np.ix_(nearest, nearest, nearest)]


def pad(voxels: np.ndarray, resolution: int) -> np.ndarray:
    """Return the grid in the middle of an empty cube of `resolution`; an odd remainder goes to the high side.

    Raises:
        ValueError: If the grid is larger than the cube along an axis.
    """
    room = resolution - np.array(voxels.shape)
    if (room < 0).any():
        raise ValueError(f"cannot pad a grid of {voxels.shape} to {resolution}")
    return np.pad(voxels, [(space // 2, space - space // 2) for space in room.tolist()])


def crop(voxels: np.ndarray, resolution: int) -> np.ndarray:
    """Return a copy of the middle cube of `resolution`; undoes `pad`.

    Raises:
        ValueError: If the grid is smaller than the cube along an axis.
    """
    start = np.array(voxels.shape) - resolution
    if (start < 0).any():
        raise ValueError(f"cannot crop a grid of {voxels.shape} to {resolution}")
    return voxels[_box(start // 2, start // 2 + resolution)].copy()


def mirror(voxels: np.ndarray, axis: int = 0) -> np.ndarray:
    """Return the mirror image along x (0), y (1) or z (2) of the last three axes."""
    return np.ascontiguousarray(np.flip(voxels, axis - 3))


def rotate_z(voxels: np.ndarray, quarter_turns: int) -> np.ndarray:
    """Return the grid turned about the vertical, +x towards +y, by quarter turns; the last three axes are x, y, z."""
    return np.ascontiguousarray(np.rot90(voxels, quarter_turns, axes=(-3, -2)))


def to_z_up(voxels: np.ndarray, up: str) -> np.ndarray:
    """Return the grid turned so that its `up` axis ("x", "y" or "z") is z. A proper rotation: handedness stays.

    y up goes (x, y, z) -> (x, -z, y); x up goes (x, y, z) -> (y, z, x).

    Raises:
        ValueError: If `up` is another word.
    """
    if up == "z":
        return voxels.copy()
    if up == "y":
        return np.ascontiguousarray(np.flip(np.swapaxes(voxels, -1, -2), -2))
    if up == "x":
        return np.ascontiguousarray(np.moveaxis(voxels, -3, -1))
    raise ValueError(f"up must be x, y or z, not {up!r}")


def components(voxels: np.ndarray, reach: int = 1) -> tuple[np.ndarray, int]:
    """Return (labels, count): int32 labels from 1 in the order of their first voxel, 0 where empty.

    Args:
        voxels: (x, y, z) bool.
        reach: Voxels are neighbours up to this Manhattan distance: 1 is the six faces, 3 bridges gaps of two.

    Source:
        The paper's own display code keeps the largest component with neighbours within distance 3.
    """
    from shapespace.shapes.components import label  # numba loads only when it is needed

    return label(np.ascontiguousarray(voxels, dtype=bool), _offsets(reach))


def largest_component(voxels: np.ndarray, reach: int = 1) -> np.ndarray:
    """Return the bool grid of the component with most voxels, the first one of equals; empty stays empty."""
    labels, count = components(voxels, reach)
    if count == 0:
        return np.zeros_like(voxels, dtype=bool)
    return labels == 1 + np.argmax(np.bincount(labels.ravel(), minlength=count + 1)[1:])


def pack(voxels: np.ndarray) -> np.ndarray:
    """Return (n, ceil(r^3 / 8)) uint8, eight voxels a byte, first voxel in the highest bit.

    Args:
        voxels: (n, r, r, r) bool.
    """
    return np.packbits(np.ascontiguousarray(voxels, dtype=bool).reshape(len(voxels), -1), axis=1)


def unpack(bits: np.ndarray, resolution: int) -> np.ndarray:
    """Return (n, r, r, r) bool: undoes `pack`."""
    flat = np.unpackbits(bits, axis=1, count=resolution**3)
    return flat.view(bool).reshape(len(bits), resolution, resolution, resolution)


def _box(low: np.ndarray, high: np.ndarray) -> tuple[slice, ...]:
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _side(voxels: np.ndarray) -> int:
    if voxels.ndim != 3 or len(set(voxels.shape)) != 1:
        raise ValueError(f"expected a cube, got a grid of {voxels.shape}")
    return voxels.shape[0]


def _offsets(reach: int) -> np.ndarray:
    if reach < 1:
        raise ValueError(f"reach must be at least 1, not {reach}")
    steps = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    distance = np.abs(steps).sum(1)
    return steps[(distance > 0) & (distance <= reach)]
