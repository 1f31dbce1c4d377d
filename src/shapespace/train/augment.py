"""What D is shown instead of the plain grids: differentiable, so that G learns through it.

The same augmentation of real and fake shapes keeps G honest: it never has to make a shifted or cut shape itself
(Zhao et al. 2020, "Differentiable augmentation"). Mirroring is also true of the data, and softening changes the
target: see `blur` and `haloed`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from shapespace.tensors import Occupancy


def augment(
    shapes: Occupancy,
    *,
    generator: torch.Generator,
    mirror: bool = False,
    shift: int = 0,
    cutout: float = 0.0,
    soften: float = 0.0,
    halo: float = 0.0,
    empty: float = 0.0,
) -> Occupancy:
    """Return the shapes as D is to see them, same size; a pure function of its arguments and the generator's state.

    Args:
        shapes: (batch, 1, x, y, z); not changed.
        generator: A CPU generator; each shape draws its own numbers.
        mirror: Mirror left and right (along x) in half of the shapes.
        shift: Move by up to this many voxels along each axis.
        cutout: Side of a block that is emptied, as a fraction of the grid.
        soften: Standard deviation of a blur, in voxels.
        halo: Standard deviation of a halo, in voxels.
        empty: Value of an empty voxel: 0, or -1 for grids in [-1, 1].
    """
    if halo:
        shapes = haloed(shapes, halo, empty=empty)
    if soften:
        shapes = blur(shapes, soften, empty=empty)
    if mirror:
        shapes = mirrored(shapes, generator)
    if shift:
        shapes = shifted(shapes, shift, generator, empty=empty)
    return cut(shapes, cutout, generator, empty=empty) if cutout else shapes


def blur(shapes: Occupancy, sigma: float, *, empty: float = 0.0) -> Occupancy:
    """Return the shapes smoothed by a Gaussian of `sigma` voxels, cut off at 2 sigma; its weights sum to 1.

    Hard grids give D a shortcut: a voxel that is neither 0 nor 1 is fake, whatever the shape. Blurred ones are never
    all hard, so D must look at the shape, and a thin part's neighbourhood tells G where it ought to be.

    Source: ours, for the reason for which Wu et al. 2018 (ShapeHD) and their later work train on soft fields.
    """
    reach = max(1, math.ceil(2 * sigma))
    weights = torch.exp(torch.arange(-reach, reach + 1).double().square() / (-2 * sigma**2))
    weights = (weights / weights.sum()).tolist()
    grid = functional.pad(shapes, (reach,) * 6, value=empty)
    for axis in (2, 3, 4):
        side, wide = shapes.shape[axis], grid
        grid = torch.zeros_like(wide.narrow(axis, 0, side))
        for start, weight in enumerate(weights):
            grid = grid + weight * wide.narrow(axis, start, side)
    return grid


def haloed(shapes: Occupancy, sigma: float, *, empty: float = 0.0) -> Occupancy:
    """Return the shapes with a Gaussian of `sigma` voxels about what is full, cut off at 2 sigma; full stays full.

    Each voxel takes the highest of exp(-distance^2 / (2 sigma^2)) over all full voxels. As in a blur, no voxel is known
    for fake by being neither full nor empty. But a blur thins out a leg of one voxel, which then is the first to fall
    below a threshold; here it is as full as a seat.

    Source: ours, after the fields exp(-8 distance) on which the paper's authors trained this generator later.
    """
    reach = max(1, math.ceil(2 * sigma))
    field = functional.pad((shapes - empty) / (1 - empty), (reach,) * 6)
    for axis in (2, 3, 4):  # the Gaussian is a product over the axes, and so is the highest of it
        wide, side = field, shapes.shape[axis]
        field = wide.narrow(axis, reach, side)
        for far in range(1, reach + 1):
            beside = torch.maximum(wide.narrow(axis, reach - far, side), wide.narrow(axis, reach + far, side))
            field = torch.maximum(field, math.exp(far**2 / (-2 * sigma**2)) * beside)
    return field * (1 - empty) + empty


def mirrored(shapes: Occupancy, generator: torch.Generator) -> Occupancy:
    """Return the shapes, each mirrored along x with probability 1/2."""
    chosen = torch.rand(len(shapes), generator=generator) < 0.5
    return torch.where(_a_shape_each(chosen, shapes), shapes.flip(2), shapes)


def shifted(shapes: Occupancy, most: int, generator: torch.Generator, *, empty: float = 0.0) -> Occupancy:
    """Return the shapes, each moved by -most to most voxels along each axis; what leaves the grid is lost."""
    starts = torch.randint(0, 2 * most + 1, (len(shapes), 3), generator=generator).tolist()
    padded = functional.pad(shapes, (most,) * 6, value=empty)
    x, y, z = shapes.shape[2:]
    moved = [padded[i, :, u : u + x, v : v + y, w : w + z] for i, (u, v, w) in enumerate(starts)]
    return torch.stack(moved)


def cut(shapes: Occupancy, fraction: float, generator: torch.Generator, *, empty: float = 0.0) -> Occupancy:
    """Return the shapes, each with a block of `fraction` of the grid's side emptied; its centre is any voxel."""
    keep = torch.zeros(shapes.shape, dtype=torch.bool)
    for axis in (2, 3, 4):
        keep |= ~_in_block(len(shapes), axis, shapes.shape[axis], fraction, generator)
    return torch.where(keep.to(shapes.device), shapes, shapes.new_tensor(empty))


def _in_block(count: int, axis: int, side: int, fraction: float, generator: torch.Generator) -> Tensor:
    """Return which positions along an axis lie in each shape's block, (count, 1, ...), the axis filled in."""
    length = round(fraction * side)
    low = torch.randint(0, side, (count, 1), generator=generator) - length // 2
    place = torch.arange(side)
    inside = (place >= low) & (place < low + length)
    return inside.view(count, *(side if at == axis else 1 for at in range(1, 5)))


def _a_shape_each(values: Tensor, shapes: Occupancy) -> Tensor:
    return values.to(shapes.device).view(-1, 1, 1, 1, 1)
