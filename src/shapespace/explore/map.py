"""A map of a space: samples of the prior laid on a square so that like shapes lie near each other, to wander on.

The two axes are those along which blurred voxels vary most (their first two principal components), and shapes lie
evenly along each: of an axis only the order is kept, since a few odd shapes would else push all others together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shapespace import limits
from shapespace.errors import UsageError
from shapespace.explore.interpolate import centre_of
from shapespace.space import ShapeSpace

NEAR = 6
"""Shapes that a place is mixed from; the next one's distance is where their weight has faded to nothing."""

COARSE = 16
"""Voxels along a side after blurring."""


@dataclass(frozen=True, eq=False)
class ShapeMap:
    """Shapes of a space and their places on a square."""

    z: np.ndarray
    """(n, latent_dim) float32."""
    xy: np.ndarray
    """(n, 2) float32 in [-1, 1]."""
    prior: str = "normal"
    """Of the space: it says how long a mixture's vector is."""

    def at(self, xy: np.ndarray) -> np.ndarray:
        """Return the latent vector of a place, (latent_dim,) float32, or of several, (m, latent_dim).

        It changes without a jump from place to place; where a shape lies, it is that shape's own, bit for bit. The
        nearest shapes are mixed by weights that fall with distance, and the mixture is as far from the prior's middle
        as they are: a plain mean would lie where the generator was never taught.

        Args:
            xy: (2,) or (m, 2), finite; outside the square the nearest of it counts.

        Raises:
            UsageError: If it has another shape or is not finite.

        Source:
            Weights: Franke and Nielson 1980, *Smooth interpolation of large sets of scattered data*.
        """
        places = np.asarray(xy, np.float64)
        if places.ndim not in (1, 2) or places.shape[-1] != 2 or not np.isfinite(places).all():
            raise UsageError(f"a place is two finite numbers, or several in rows, not {places.shape}")
        found = [self._mixed(place)[None] for place in places.reshape(-1, 2).clip(-1, 1)]
        return found[0][0] if places.ndim == 1 else np.concatenate([self.z[:0], *found])

    def _mixed(self, place: np.ndarray) -> np.ndarray:
        distances = np.linalg.norm(self.xy - place, axis=1)
        order = np.argsort(distances, kind="stable")
        if distances[order[0]] == 0 or len(order) == 1:
            return self.z[order[0]].copy()
        near, end = order[: min(NEAR, len(order) - 1)], distances[order[min(NEAR, len(order) - 1)]]
        # All equally far: nothing tells them apart.
        fading = ((end - distances[near]) / (end * distances[near])) ** 2
        weights = fading / fading.sum() if fading.any() else np.full(len(near), 1 / len(near))
        return _on_shell(self.z[near], weights, self.prior)


def shape_map(space: ShapeSpace, count: int = 300, seed: int = 0) -> ShapeMap:
    """Return the map of `count` samples; the same ones for the same seed.

    Args:
        space: Decoded a few shapes at a time; 300 take about 2 s of one core at 32^3.
        count: From 3 to `limits.MAX_MAP_SHAPES`.
        seed: Of the samples.

    Raises:
        UsageError: If the count or the seed is out of bounds.
    """
    if not 3 <= count <= limits.MAX_MAP_SHAPES:
        raise UsageError(f"count is {count}; a map has 3 to {limits.MAX_MAP_SHAPES:,} shapes")
    z = space.latents(count, seed)
    blurred = np.stack([blur(shape.occupancy).ravel() for shape in space.stream(z)])
    return ShapeMap(z, laid_out(blurred), space.prior)


def laid_out(rows: np.ndarray) -> np.ndarray:
    """Return a place for each row, (n, 2) float32 in [-1, 1]: the order along each of the first two components.

    Args:
        rows: (n, numbers).
    """
    centred = rows - rows.mean(axis=0)
    # Of n x n products, not of numbers x numbers: there are a few hundred rows and thousands of numbers.
    values, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64))
    axes = vectors[:, np.argsort(values)[::-1][:2]]
    return np.stack([_evenly(_signed(axis, rows.sum(axis=1))) for axis in axes.T], axis=1).astype(np.float32)


def blur(grid: np.ndarray) -> np.ndarray:
    """Return a grid in which near is like equal, about `COARSE` along a side: means of blocks, then of neighbours.

    Args:
        grid: (r, r, r) occupancy.
    """
    factor = max(1, math.ceil(grid.shape[0] / COARSE))
    side = grid.shape[0] // factor
    blocks = grid.reshape(side, factor, side, factor, side, factor).mean(axis=(1, 3, 5), dtype=np.float32)
    for axis in range(3):
        low, high = (np.concatenate(parts, axis) for parts in _shifted(blocks, axis))
        blocks = (low + 2 * blocks + high) / 4
    return blocks


def _shifted(grid: np.ndarray, axis: int) -> Iterator[list[np.ndarray]]:
    """Yield what lies before each voxel and what lies behind, empty beyond the border."""
    nothing = np.zeros_like(np.take(grid, [0], axis))
    inner = np.arange(grid.shape[axis])
    yield [nothing, np.take(grid, inner[:-1], axis)]
    yield [np.take(grid, inner[1:], axis), nothing]


def _signed(axis: np.ndarray, fullness: np.ndarray) -> np.ndarray:
    """Return a component with the fuller shapes on its high side: its own sign is an accident of the solver."""
    return -axis if axis @ (fullness - fullness.mean()) < 0 else axis


def _evenly(values: np.ndarray) -> np.ndarray:
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return 2 * ranks / (len(values) - 1) - 1


def _on_shell(z: np.ndarray, weights: np.ndarray, prior: str) -> np.ndarray:
    """Return the weighed mean of latent vectors, as far from the prior's middle as they are in the weighed mean."""
    middle = centre_of(prior)
    offsets = z.astype(np.float64) - middle
    mean, length = weights @ offsets, weights @ np.linalg.norm(offsets, axis=1)
    mixed = middle + mean * (length / max(float(np.linalg.norm(mean)), 1e-12))
    return (mixed.clip(0, 1) if prior == "uniform" else mixed).astype(np.float32)
