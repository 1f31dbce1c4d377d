"""What single units of the networks have learned: the shapes and parts that excite a unit of D; a latent number of G.

A unit is one channel of one layer of D; a shape excites it as much as its largest answer anywhere. The part that did it
is where that answer's gradient by the voxels is: of the shape's voxels the fewest that hold half of it.

Source: Wu et al. 2016, section 4.4, *Visualizing neurons*: for each neuron the shapes with the highest activation,
coloured by the gradients of the activation with respect to the voxels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from shapespace.errors import UsageError
from shapespace.explore.neighbours import Collection
from shapespace.explore.responses import as_seen, discriminator_of, position, responses
from shapespace.space import ShapeSpace

REACH = 2.5
"""Ends of a walk along one number of a normal prior, in standard deviations: one draw in eighty lies beyond."""

HALF = 0.5
"""Part of the gradient that the marked voxels hold."""

BLOCK = 64
"""Shapes read at a time."""

BASES = 2
"""Shapes on which a latent number's effect is tried."""


@dataclass(frozen=True, eq=False)
class Excited:
    """The shapes that excite one unit most, the strongest first."""

    unit: int
    ids: np.ndarray
    """(k,) int64, their numbers."""
    strengths: np.ndarray
    """(k,) float32, the unit's largest answers."""
    voxels: np.ndarray
    """(k, r, r, r) bool."""
    marks: np.ndarray
    """(k, r, r, r) bool: the part that did it."""


def strengths(
    space: ShapeSpace, shapes: Collection, layer: int = -1, *, told: Callable[[int], object] = lambda _: None
) -> np.ndarray:
    """Return how much each shape excites each unit of a layer, (shapes, units) float32.

    Args:
        space: With a discriminator.
        shapes: At its resolution.
        layer: From 1, the first; -1 is the last.
        told: Called with the shapes that have been seen.

    Raises:
        UsageError: If there is no discriminator or no such layer, or the shapes have another resolution.
    """
    rows = []
    for start in range(0, shapes.count, BLOCK):
        ids = np.arange(start, min(start + BLOCK, shapes.count))
        rows.append(responses(space, shapes.read(ids), layer).max(axis=(2, 3, 4)))
        told(int(ids[-1]) + 1)
    return np.concatenate(rows)


def selective(table: np.ndarray) -> np.ndarray:
    """Return the units, the choosiest first: those whose strongest shapes stand out most from the others.

    Args:
        table: (shapes, units), of `strengths`.
    """
    spread = table.std(axis=0).clip(1e-6)
    return np.argsort(-(np.quantile(table, 0.99, axis=0) - table.mean(axis=0)) / spread, kind="stable")


def most_excited(
    space: ShapeSpace, shapes: Collection, table: np.ndarray, unit: int, *, layer: int = -1, count: int = 8
) -> Excited:
    """Return the shapes that excite one unit most, and the part of each that does.

    Args:
        space: With a discriminator.
        shapes: Those of the table.
        table: (shapes, units), of `strengths`, of the same layer.
        unit: From 0.
        layer: From 1, the first; -1 is the last.
        count: How many shapes; fewer if there are fewer.

    Raises:
        UsageError: If there is no such unit or layer, or count is below 1.
    """
    if not 0 <= unit < table.shape[1]:
        raise UsageError(f"unit is {unit}; the layer has units 0 to {table.shape[1] - 1}")
    if count < 1:
        raise UsageError(f"count is {count}; it must be at least 1")
    ids = np.argsort(-table[:, unit], kind="stable")[:count]
    voxels = shapes.read(ids)
    marks = np.stack([_half(*pair) for pair in zip(voxels, gradients(space, voxels, layer, unit), strict=True)])
    return Excited(unit, ids, table[ids, unit], voxels, marks)


def gradients(space: ShapeSpace, voxels: np.ndarray, layer: int, unit: int) -> np.ndarray:
    """Return how much a unit's largest answer would change with each voxel, (n, r, r, r) float32, not negative.

    Args:
        space: With a discriminator.
        voxels: (n, r, r, r) bool, few.
        layer: From 1, the first; -1 is the last.
        unit: From 0.
    """
    network, at = discriminator_of(space), position(space, layer)
    grids = as_seen(space, voxels).requires_grad_()
    # Of equal answers max takes one, where amax would spread the gradient over all of them.
    answers = network.features(grids)[at][:, unit].flatten(1).max(dim=1).values
    (found,) = torch.autograd.grad(answers.sum(), grids)
    return found[:, 0].abs().cpu().numpy()


def traversed(space: ShapeSpace, dimension: int, z: np.ndarray, steps: int = 7) -> np.ndarray:
    """Return latent vectors that differ in one number alone, (n, steps, latent_dim) float32.

    It goes evenly from one end of the prior to the other: -2.5 to 2.5 of a normal one, 0 to 1 of a uniform one.

    Args:
        space: Whose prior it is.
        dimension: Of the latent vector, from 0.
        z: (n, latent_dim), whose other numbers stay.
        steps: From 2.

    Raises:
        UsageError: If there is no such dimension, or steps are fewer than 2.
    """
    if not 0 <= dimension < space.latent_dim:
        raise UsageError(f"dimension is {dimension}; the space has 0 to {space.latent_dim - 1}")
    if steps < 2:
        raise UsageError(f"steps is {steps}; it must be at least 2")
    low, high = (0.0, 1.0) if space.prior == "uniform" else (-REACH, REACH)
    rows = np.repeat(np.asarray(z, np.float32)[:, None], steps, axis=1)
    rows[:, :, dimension] = np.linspace(low, high, steps, dtype=np.float32)
    return rows


def effects(
    space: ShapeSpace, dimensions: Sequence[int] | None = None, *, told: Callable[[int], object] = lambda _: None
) -> np.ndarray:
    """Return the part of the voxels that changes from one end of each latent number to the other, (dimensions,).

    Args:
        space: Two of its samples are changed.
        dimensions: All if None.
        told: Called with the dimensions that have been tried.
    """
    found = []
    for dimension in range(space.latent_dim) if dimensions is None else dimensions:
        ends = traversed(space, dimension, space.latents(BASES), 2)
        low, high = (space.decode(ends[:, end]) > space.threshold for end in (0, 1))
        found.append(np.count_nonzero(low ^ high) / low.size)
        told(len(found))
    return np.array(found)


def _half(voxels: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return the fewest of a shape's voxels that hold half of the gradient within it, (r, r, r) bool."""
    inside = np.flatnonzero(voxels)
    values = gradient.ravel()[inside]
    order = np.argsort(-values, kind="stable")
    enough = np.searchsorted(np.cumsum(values[order]), HALF * values.sum()) + 1
    marks = np.zeros(voxels.size, bool)
    marks[inside[order[:enough]]] = True
    return marks.reshape(voxels.shape)
