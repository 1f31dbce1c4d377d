"""A small network that reads attributes off voxels: has it arms, how high is its back.

It learns from labelled shapes and is then shown generated ones, which are rougher; so what it learns from is
roughened. Its gradient tells how a shape would have to change to read differently.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from shapespace.nets.blocks import halve_by_blocks
from shapespace.nets.layout import check_range, doublings
from shapespace.tensors import Occupancy, Scalar

SIDE = 32
"""Voxels along a side that it looks at most; larger grids are averaged down to this."""

BASE = 4
"""Side of the grid its last layer sees."""

TOGETHER = 64
"""Shapes read at a time: 50 MB at 32^3."""

BATCH = 32
RATE = 3e-3

LUMPS, SPECKS = 0.1, 0.05
"""How a shape is roughened: at most this part of its lumps of 2^3 voxels taken away, of its bare neighbours added."""

STEEP = 3.0
"""How much steeper than the generator's own the step from outside to inside is, for the reader."""


class Reader(nn.Module):
    """Convolutions that halve the side down to 4, and a linear layer on all of it.

    Args:
        outputs: How many numbers it reads off a shape.
        resolution: Of the shapes, a power of two from 16.
        width: Channels of the first layer; each further one has twice as many.

    Raises:
        UsageError: If an argument is out of bounds.
    """

    def __init__(self, outputs: int, resolution: int, width: int = 8) -> None:
        """Build the layers and draw their first weights."""
        super().__init__()
        check_range("outputs", outputs, 64)
        check_range("width", width, 64)
        doublings(resolution, BASE)
        self.outputs, self.resolution, self.width = outputs, resolution, width
        self.side = min(resolution, SIDE)
        widths = [1, *(width << layer for layer in range(doublings(self.side, BASE)))]
        self.layers = nn.ModuleList(nn.Conv3d(a, b, 4, stride=2, padding=1) for a, b in pairwise(widths))
        self.last = nn.Linear(widths[-1] * BASE**3, outputs)

    @property
    def arguments(self) -> dict[str, int]:
        """All keywords that build this reader again."""
        return {name: getattr(self, name) for name in ("outputs", "resolution", "width")}

    def forward(self, grid: Occupancy) -> Tensor:
        """Return what it reads, (batch, outputs): logits of what is there or not, standard scores of numbers."""
        factor = grid.shape[-1] // self.side
        grid = functional.avg_pool3d(grid, factor) if factor > 1 else grid
        first, *rest = (cast("nn.Conv3d", layer) for layer in self.layers)
        grid = functional.relu(halve_by_blocks(grid, first.weight, first.bias))  # (batch, 8, 16, 16, 16)
        for layer in rest:
            grid = functional.relu(layer(grid))  # (batch, 16, 8, 8, 8), (batch, 32, 4, 4, 4)
        return self.last(grid.flatten(1))

    @torch.no_grad()
    def scores(self, voxels: np.ndarray) -> np.ndarray:
        """Return what it reads off each shape, (n, outputs) float32.

        Args:
            voxels: (n, r, r, r) bool.
        """
        parts = np.array_split(voxels, max(1, -(-len(voxels) // TOGETHER)))
        return np.concatenate([self(torch.from_numpy(part).float()[:, None]).numpy() for part in parts])


def fit(
    reader: Reader,
    voxels: np.ndarray,
    targets: np.ndarray,
    kinds: np.ndarray,
    *,
    epochs: int = 5,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Reader:
    """Return the reader after it has learned from labelled shapes.

    Args:
        reader: As it was built.
        voxels: (n, r, r, r) bool.
        targets: (n, outputs) float32: 0 or 1 of what is there or not, standard scores of numbers.
        kinds: (outputs,) bool: which of the outputs are there or not.
        epochs: How often each shape is seen.
        seed: Of order and roughening.
        progress: Told the fraction that is done.
    """
    source, order = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    steps = epochs * -(-len(voxels) // BATCH)
    adam = torch.optim.Adam(reader.parameters(), lr=RATE)
    rate = torch.optim.lr_scheduler.OneCycleLR(adam, RATE, total_steps=steps + 1)
    wanted, yes = torch.from_numpy(targets), torch.from_numpy(kinds)
    done = 0
    for _ in range(epochs):
        for rows in np.array_split(order.permutation(len(voxels)), steps // epochs):
            seen = torch.from_numpy(voxels[rows]).float()[:, None]
            error = loss(reader(roughened(seen, source)), wanted[rows], yes)
            adam.zero_grad()
            error.backward()
            adam.step()
            rate.step()
            done += 1
            if progress:
                progress(done / steps)
    return reader.eval()


def loss(read: Tensor, wanted: Tensor, kinds: Tensor) -> Scalar:
    """Return the cross-entropy of what is there or not and the squared error of numbers, summed over outputs."""
    surprise = functional.binary_cross_entropy_with_logits(read[:, kinds], wanted[:, kinds], reduction="none")
    miss = (read[:, ~kinds] - wanted[:, ~kinds]).square()
    return surprise.sum(1).mean() + miss.sum(1).mean()


def roughened(grid: Occupancy, source: torch.Generator) -> Occupancy:
    """Return shapes with lumps missing and specks added, each as rough as chance has it.

    Args:
        grid: (batch, 1, r, r, r) of 0 and 1.
        source: Of chance.
    """
    n, side = len(grid), grid.shape[-1]
    amount = torch.rand(n, 1, 1, 1, 1, generator=source)
    lumps = torch.rand(n, 1, *[side // 2] * 3, generator=source) < amount * LUMPS
    gone = functional.interpolate(lumps.float(), scale_factor=2)
    specks = torch.rand(grid.shape, generator=source) < amount * SPECKS
    near = functional.max_pool3d(grid, 3, stride=1, padding=1)
    return torch.maximum(grid, near * specks) * (1 - gone)


def hardened(occupancy: Occupancy, threshold: float) -> Occupancy:
    """Return occupancy that is nearly 0 or 1, and 0.5 at the threshold: what a reader of voxels can be shown.

    Args:
        occupancy: In [0, 1].
        threshold: Of the space.
    """
    level = float(np.log(threshold / (1 - threshold)))
    return (STEEP * (occupancy.clamp(1e-6, 1 - 1e-6).logit() - level)).sigmoid()
