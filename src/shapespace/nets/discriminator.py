"""The discriminator: an occupancy grid in, one logit out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from shapespace.nets import layout
from shapespace.nets.blocks import halve_by_blocks
from shapespace.nets.init import init_dcgan
from shapespace.nets.norm import BatchNorm3d
from shapespace.tensors import Logits, Occupancy

NORMS = ("batch", "none", "spectral")


class Discriminator(nn.Module):
    """3D-GAN's discriminator; the defaults are the paper's, 11,048,832 parameters.

    Convolutions of kernel 4 and stride 2 halve the side down to 4; a last one of kernel 4 makes one logit of it.
    LeakyReLU(0.2) follows each but the last. There is never a norm on the output: it would make D blind.

    Args:
        resolution: Voxels along a side: 16, 32, 64, 128 or 256.
        widths: Channels of each layer but the last, narrowest first; None means (64, 128, 256, 512) at 64^3, one
            layer less below and 512 more above.
        norm: "batch" after each hidden convolution as in the paper, "none", or "spectral" on every weight.
        projection: "conv", or "linear": the variant in circulation, whose last layer is a `Linear` with a bias.
        minibatch_std: Whether the last layer also sees how much the shapes of a batch differ. It then matters what
            is in a batch: show real and fake shapes apart.
        base: Side of the grid the last layer sees.
        bias: Whether the convolutions have one.

    Raises:
        UsageError: If an argument is out of bounds; it names the argument and its value.

    Source:
        Wu et al. 2016, section 3.1. The paper gives the last layer stride 2; on an input of 4^3 that computes the
        same. Minibatch standard deviation: Karras et al. 2018, over the whole batch.
    """

    fast_first = True
    """Compute the first layer on blocks of 2^3 voxels: the same numbers, faster backward."""

    def __init__(
        self,
        resolution: int = 64,
        *,
        widths: Sequence[int] | None = None,
        norm: str = "batch",
        projection: str = "conv",
        minibatch_std: bool = False,
        base: int = 4,
        bias: bool = False,
    ) -> None:
        """Build the layers and draw their first weights."""
        super().__init__()
        layout.check_choice("norm", norm, NORMS)
        layout.check_choice("projection", projection, layout.PROJECTIONS)
        layout.check_flag("minibatch_std", minibatch_std)
        layout.check_flag("bias", bias)
        widths = layout.checked_widths(widths, resolution, base)
        layout.check_parameters(64 * sum(a * b for a, b in pairwise((1, *widths))) + widths[-1] * base**3)
        self.resolution, self.widths, self.norm, self.base = resolution, widths, norm, base
        self.projection, self.minibatch_std, self.bias = projection, minibatch_std, bias
        self.layers = nn.ModuleList(_layer(a, b, norm, bias) for a, b in pairwise((1, *widths)))
        self.score = _score(widths[-1] + minibatch_std, base, projection, bias)
        init_dcgan(self)
        if norm == "spectral":
            self.apply(_constrain)

    @property
    def arguments(self) -> dict[str, int | str | bool | list[int]]:
        """All keywords that build this discriminator again, as JSON can hold them."""
        names = ("resolution", "norm", "projection", "minibatch_std", "base", "bias")
        return {name: getattr(self, name) for name in names} | {"widths": list(self.widths)}

    def forward(self, x: Occupancy) -> Logits:
        """Return one logit a shape, (batch,); above 0 means real."""
        grid = self.features(x)[-1]  # (batch, 512, 4, 4, 4)
        if self.minibatch_std:
            grid = torch.cat([grid, _spread(grid)], dim=1)  # (batch, 513, 4, 4, 4)
        return self.score(grid).flatten()  # flatten, not squeeze: a batch of one stays a batch

    def features(self, x: Occupancy) -> list[Tensor]:
        """Return each hidden layer's responses after its activation, (batch, channels, side, side, side)."""
        grids = [self._first(x)]  # (batch, 64, 32, 32, 32)
        for layer in list(self.layers)[1:]:
            grids.append(layer(grids[-1]))  # (batch, 128, 16, 16, 16), then twice the channels, half the side
        return grids

    def _first(self, x: Occupancy) -> Tensor:
        first, *rest = self.layers[0].children()
        conv = cast("nn.Conv3d", first)
        grid = halve_by_blocks(x, conv.weight, conv.bias) if self.fast_first else conv(x)
        for part in rest:
            grid = part(grid)
        return grid


def _layer(width_in: int, width_out: int, norm: str, bias: bool) -> nn.Sequential:
    conv = nn.Conv3d(width_in, width_out, 4, stride=2, padding=1, bias=bias)
    normed = [BatchNorm3d(width_out)] if norm == "batch" else []
    return nn.Sequential(conv, *normed, nn.LeakyReLU(0.2, inplace=True))


def _score(width: int, base: int, kind: str, bias: bool) -> nn.Module:
    if kind == "linear":
        return nn.Sequential(nn.Flatten(), nn.Linear(width * base**3, 1))
    return nn.Conv3d(width, 1, base, bias=bias)


def _constrain(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv3d, nn.Linear)):
        spectral_norm(module)


def _spread(grid: Tensor) -> Tensor:
    """Return the mean standard deviation over the batch as one more channel, (batch, 1, side, side, side)."""
    variance = grid.var(dim=0, unbiased=False)
    # The small number keeps the gradient finite where all shapes agree, as in a batch of one.
    spread = (variance + 1e-8).sqrt().mean()
    return spread.expand(len(grid), 1, *grid.shape[2:])
