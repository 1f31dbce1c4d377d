"""The generator: a latent vector in, an occupancy grid out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from shapespace.nets import layout
from shapespace.nets.blocks import double_by_blocks
from shapespace.nets.init import init_dcgan
from shapespace.nets.norm import BatchNorm3d
from shapespace.tensors import Latent, Occupancy

ACTIVATIONS = ("sigmoid", "tanh")

CHANNELS_LAST_FROM = 16
"""Side of a layer's input from which channels-last pays in training; on 4^3 it takes half as long again."""


class Generator(nn.Module):
    """3D-GAN's generator; the defaults are the paper's, 17,569,664 parameters.

    A first layer makes a grid of side 4 of the latent vector; each further one, a transposed convolution of kernel 4
    and stride 2, doubles the side. Batch norm and ReLU stand between the layers; no convolution has a bias.

    Args:
        latent_dim: Numbers in a latent vector.
        resolution: Voxels along a side: 16, 32, 64, 128 or 256.
        widths: Channels of each layer but the last, widest first; None means (512, 256, 128, 64) at 64^3, one layer
            less below and 512 more above.
        projection: "conv", or "linear": the variant in circulation, whose first layer is a `Linear` with a bias and
            without batch norm and ReLU, so that it has one nonlinearity less.
        activation: Of the output: "sigmoid" for [0, 1] or "tanh" for [-1, 1].
        base: Side of the grid the first layer makes.
        bias: Whether the convolutions have one.
        symmetric: Make every shape its own mirror image, left and right: logits are averaged with their reflection
            along x. Not in the paper.

    Raises:
        UsageError: If an argument is out of bounds; it names the argument and its value.

    Source:
        Wu et al. 2016, section 3.1 and the authors' code. The paper gives the first layer stride 2; on an input of
        1^3 that computes the same.
    """

    fast_last = True
    """Compute the last layer on blocks of 2^3 voxels: the same numbers, in half the time on a CPU."""

    def __init__(
        self,
        latent_dim: int = 200,
        resolution: int = 64,
        *,
        widths: Sequence[int] | None = None,
        projection: str = "conv",
        activation: str = "sigmoid",
        base: int = 4,
        bias: bool = False,
        symmetric: bool = False,
    ) -> None:
        """Build the layers and draw their first weights."""
        super().__init__()
        layout.check_range("latent_dim", latent_dim, layout.MAX_LATENT_DIM)
        layout.check_choice("projection", projection, layout.PROJECTIONS)
        layout.check_choice("activation", activation, ACTIVATIONS)
        layout.check_flag("bias", bias)
        layout.check_flag("symmetric", symmetric)
        narrow_first = None if widths is None else tuple(widths)[::-1]
        widths = layout.checked_widths(narrow_first, resolution, base)[::-1]
        layout.check_parameters(_parameters(latent_dim, widths, base))
        self.latent_dim, self.resolution, self.base = latent_dim, resolution, base
        self.projection, self.activation, self.widths = projection, activation, widths
        self.bias, self.symmetric = bias, symmetric
        self.project = _projection(latent_dim, widths[0], base, projection, bias)
        self.layers = nn.ModuleList(_layer(a, b, bias) for a, b in pairwise(widths))
        self.output = nn.ConvTranspose3d(widths[-1], 1, 4, stride=2, padding=1, bias=bias)
        init_dcgan(self)

    @property
    def arguments(self) -> dict[str, int | str | bool | list[int]]:
        """All keywords that build this generator again, as JSON can hold them."""
        names = ("latent_dim", "resolution", "projection", "activation", "base", "bias", "symmetric")
        return {name: getattr(self, name) for name in names} | {"widths": list(self.widths)}

    def forward(self, z: Latent) -> Occupancy:
        """Return the occupancy, (batch, 1, x, y, z), in [0, 1], or in [-1, 1] where the activation is tanh."""
        logits = self.logits(z)
        return logits.sigmoid() if self.activation == "sigmoid" else logits.tanh()

    def logits(self, z: Latent) -> Occupancy:
        """Return the output before its activation, (batch, 1, x, y, z)."""
        grid = _laid_out(self.hidden(z)[-1])  # (batch, 64, 32, 32, 32)
        fast = self.fast_last
        logits = double_by_blocks(grid, self.output.weight, self.output.bias) if fast else self.output(grid)
        return both_halves(logits) if self.symmetric else logits

    def hidden(self, z: Latent) -> list[Tensor]:
        """Return what each layer but the last makes of `z`, (batch, channels, side, side, side), side from 4 up."""
        grids = [self.project(z)]  # (batch, 512, 4, 4, 4)
        for layer in self.layers:
            grids.append(layer(_laid_out(grids[-1])))  # (batch, 256, 8, 8, 8), then half the channels, twice the side
        return grids


def both_halves(logits: Tensor) -> Tensor:
    """Return (batch, 1, x, y, z) averaged with its reflection along x."""
    return (logits + logits.flip(2)) / 2


def _projection(latent_dim: int, width: int, base: int, kind: str, bias: bool) -> nn.Sequential:
    if kind == "linear":
        return nn.Sequential(nn.Linear(latent_dim, width * base**3), nn.Unflatten(1, (width, base, base, base)))
    to_point = nn.Unflatten(1, (latent_dim, 1, 1, 1))
    conv = nn.ConvTranspose3d(latent_dim, width, base, bias=bias)
    return nn.Sequential(to_point, conv, BatchNorm3d(width), nn.ReLU(inplace=True))


def _layer(width_in: int, width_out: int, bias: bool) -> nn.Sequential:
    conv = nn.ConvTranspose3d(width_in, width_out, 4, stride=2, padding=1, bias=bias)
    return nn.Sequential(conv, BatchNorm3d(width_out), nn.ReLU(inplace=True))


def _laid_out(grid: Tensor) -> Tensor:
    """Return the grid in the memory layout that its next layer is fastest in; measured, 10 % of a layer's time."""
    order = torch.channels_last_3d if grid.shape[-1] >= CHANNELS_LAST_FROM else torch.contiguous_format
    return grid.contiguous(memory_format=order)


def _parameters(latent_dim: int, widths: Sequence[int], base: int) -> int:
    """Return the number of weights, but for biases and norms."""
    return latent_dim * widths[0] * base**3 + 64 * sum(a * b for a, b in pairwise((*widths, 1)))
