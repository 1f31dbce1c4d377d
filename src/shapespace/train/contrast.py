"""A second task for the discriminator, without labels: to tell each real shape from the others of its batch.

Telling real from fake asks D only for what fakes still lack. Told to recognise a shape again after it was turned,
stretched, mirrored, moved and partly hidden, D must see what makes it this shape and no other, which is what a linear
classifier of its features needs. Nothing is added to D: its last hidden layer, pooled, is compared as it is, so there
is no further weight to train, to save or to resume.

Source: Chen et al. 2020 (SimCLR), the loss; Jeong and Shin 2021 (ContraD), that a GAN's D may learn by it.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from shapespace.nets.discriminator import Discriminator
from shapespace.tensors import Occupancy, Scalar

TEMPERATURE = 0.2
"""Of the cosines that are compared."""

SIDE = 2
"""Side of the grid that the last layer is pooled to: where a part is matters, to a quarter of a voxel grid."""

TURN = math.radians(15)
"""A view is turned about the vertical axis by up to this."""

STRETCH = 0.15
"""Each axis is scaled by up to exp of this, and of its negative."""

SHIFT = 0.125
"""A view is moved along each axis by up to this fraction of half the grid: two voxels at 32^3."""

HIDDEN = 0.4
"""Side of the block that is emptied, as a fraction of the grid's."""


def contrast(discriminator: nn.Module, shapes: Occupancy, generator: torch.Generator, *, empty: float = 0.0) -> Scalar:
    """Return the mean of -log of the share that a view's twin has among all views of the batch but itself.

    Args:
        discriminator: Judged by its last hidden layer.
        shapes: Real ones, (batch, 1, x, y, z); two views are taken of each.
        generator: A CPU generator; it draws the views.
        empty: Value of an empty voxel.
    """
    views = torch.cat([view(shapes, generator, empty=empty), view(shapes, generator, empty=empty)])
    last = cast("Discriminator", discriminator).features(views)[-1]
    return twins_apart(functional.adaptive_max_pool3d(last, SIDE).flatten(1))


def twins_apart(rows: Tensor, temperature: float = TEMPERATURE) -> Scalar:
    """Return the cross entropy of finding row i + n from row i, and the reverse, by their cosine.

    Args:
        rows: (2 n, numbers): row i and row i + n are two views of one shape.
        temperature: Divides the cosines.

    Source:
        Chen et al. 2020, eq. 1 (NT-Xent).
    """
    rows = functional.normalize(rows.float(), dim=1)
    cosines = rows @ rows.T / temperature
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    twin = torch.arange(len(rows), device=rows.device).roll(len(rows) // 2)
    return functional.cross_entropy(cosines.masked_fill(itself, -torch.inf), twin)


def view(shapes: Occupancy, generator: torch.Generator, *, empty: float = 0.0) -> Occupancy:
    """Return the shapes, each turned, stretched, moved, half of them mirrored, and a block of each emptied.

    Args:
        shapes: (batch, 1, x, y, z) of equal sides; not changed.
        generator: A CPU generator; each shape draws its own numbers.
        empty: Value of an empty voxel.
    """
    maps = _maps(len(shapes), generator).to(shapes)
    grid = functional.affine_grid(maps, list(shapes.shape), align_corners=False)
    moved = functional.grid_sample(shapes - empty, grid, align_corners=False)  # what comes from outside is 0
    return moved * _kept(len(shapes), shapes.shape[-1], generator).to(shapes.device) + empty


def _maps(count: int, generator: torch.Generator) -> Tensor:
    """Return a map each from a place in the view to its place in the shape, (count, 3, 4), axes z, y, x."""
    turn = _uniform(generator, count) * TURN
    scale = torch.exp(_uniform(generator, count, 3) * STRETCH)
    side = torch.where(_uniform(generator, count) < 0, -1.0, 1.0)
    zero, one = torch.zeros(count), torch.ones(count)
    z = torch.stack([one, zero, zero], 1)
    y = torch.stack([zero, turn.cos(), -turn.sin() * side], 1)
    x = torch.stack([zero, turn.sin(), turn.cos() * side], 1)
    shift = _uniform(generator, count, 3, 1) * SHIFT
    return torch.cat([torch.stack([z, y, x], 1) * scale[:, :, None], shift], 2)


def _kept(count: int, side: int, generator: torch.Generator) -> Tensor:
    """Return 0 in one block of each shape, its centre not at the rim, and 1 elsewhere: (count, 1, x, y, z)."""
    half, place = round(HIDDEN * side) / 2, torch.arange(side) + 0.5
    centres = side * (0.5 + 0.375 * _uniform(generator, count, 3))
    x, y, z = ((place - centres[:, axis, None]).abs() < half for axis in range(3))
    hidden = x[:, :, None, None] & y[:, None, :, None] & z[:, None, None, :]
    return (~hidden)[:, None].float()


def _uniform(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=generator) * 2 - 1
