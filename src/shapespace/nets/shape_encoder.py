"""The shape encoder: an occupancy grid in, where it lies in the latent space, and how surely.

It is no part of the paper and of no space: it teaches a generator to lay its shapes out so that like lies beside like,
and goes when that is done. An image encoder then has something to aim at.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from shapespace.nets import layout
from shapespace.nets.encoder import start_near_prior
from shapespace.nets.init import init_dcgan
from shapespace.nets.norm import BatchNorm3d
from shapespace.tensors import Latent, Occupancy

BASE = 4
"""Side of the grid that the last layer sees."""


class ShapeEncoder(nn.Module):
    """Shapes to means and log-variances: convolutions as the discriminator's, with batch norm as the image encoder's.

    Args:
        latent_dim: Numbers in a latent vector.
        resolution: Voxels along a side: 16, 32, 64, 128 or 256.
        widths: Channels of each layer but the last, narrowest first.

    Raises:
        UsageError: If an argument is out of bounds; it names the argument and its value.

    Source:
        A variational auto-encoder of shapes beside a GAN: Larsen et al. 2016. The layers are ours.
    """

    def __init__(self, latent_dim: int, resolution: int, *, widths: Sequence[int]) -> None:
        """Build the layers and draw their first weights."""
        super().__init__()
        layout.check_range("latent_dim", latent_dim, layout.MAX_LATENT_DIM)
        widths = layout.checked_widths(widths, resolution, BASE)
        layout.check_parameters(
            64 * sum(a * b for a, b in pairwise((1, *widths))) + 2 * BASE**3 * widths[-1] * latent_dim
        )
        self.latent_dim, self.resolution, self.widths = latent_dim, resolution, widths
        self.layers = nn.ModuleList(_layer(a, b) for a, b in pairwise((1, *widths)))
        self.output = nn.Conv3d(widths[-1], 2 * latent_dim, BASE)
        init_dcgan(self)
        start_near_prior(self.output)

    def forward(self, shapes: Occupancy) -> tuple[Latent, Latent]:
        """Return (means, log-variances), each (batch, latent).

        Args:
            shapes: (batch, 1, x, y, z).
        """
        grid = shapes
        for layer in self.layers:
            grid = layer(grid)  # (batch, 16, 16, 16, 16) at 32^3, then twice the channels, half the side
        mean, log_variance = self.output(grid).flatten(1).chunk(2, dim=1)
        return mean, log_variance


def _layer(width_in: int, width_out: int) -> nn.Sequential:
    conv = nn.Conv3d(width_in, width_out, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(conv, BatchNorm3d(width_out), nn.ReLU(inplace=True))
