"""The image encoder: a picture in, where its shape lies in the latent space, and how surely."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from shapespace.errors import UsageError
from shapespace.nets import layout
from shapespace.nets.init import init_dcgan
from shapespace.nets.norm import BatchNorm2d
from shapespace.tensors import Images, Latent

SIDE = 256
"""Pixels along a side of the pictures it takes."""

WIDTHS = (64, 128, 256, 512)
KERNELS, STRIDES, PADDINGS = (11, 5, 5, 5), (4, 2, 2, 2), (4, 2, 2, 2)
"""Of the layers but the last. The paper gives the first two rows; the sizes of its maps force the paddings."""

LAST_KERNEL = 8

FIRST_SPREAD = 0.3
"""Of the last layer's weights, in parts of 1/sqrt(fan-in): E begins near the prior, means near 0, variances near 1."""


class ImageEncoder(nn.Module):
    """3D-VAE-GAN's image encoder; the defaults are the paper's, 17,433,552 parameters.

    Four convolutions, each with batch norm and ReLU, take 256 x 256 pixels to 64, 32, 16 and 8 a side; a fifth of
    kernel 8 makes 2 * latent_dim numbers of that, means and log-variances. Nothing follows it.

    Args:
        latent_dim: Numbers in a latent vector.
        widths: Channels of each layer but the last.

    Raises:
        UsageError: If an argument is out of bounds; it names the argument and its value.

    Source:
        Wu et al. 2016, section 3.2. Only the last layer has a bias, the others are followed by a norm; the paper does
        not say.
    """

    def __init__(self, latent_dim: int = 200, *, widths: Sequence[int] = WIDTHS) -> None:
        """Build the layers and draw their first weights."""
        super().__init__()
        layout.check_range("latent_dim", latent_dim, layout.MAX_LATENT_DIM)
        if len(widths) != len(KERNELS):
            raise UsageError(f"widths {tuple(widths)} has {len(widths)} numbers; the encoder takes {len(KERNELS)}")
        for width in widths:
            layout.check_range("a width", width, layout.MAX_WIDTH)
        layout.check_parameters(_parameters(latent_dim, widths))
        self.latent_dim, self.widths = latent_dim, tuple(widths)
        sizes = zip(pairwise((3, *widths)), KERNELS, STRIDES, PADDINGS, strict=True)
        self.layers = nn.ModuleList(_layer(a, b, kernel, stride, pad) for (a, b), kernel, stride, pad in sizes)
        self.output = nn.Conv2d(widths[-1], 2 * latent_dim, LAST_KERNEL)
        init_dcgan(self)
        start_near_prior(self.output)

    @property
    def arguments(self) -> dict[str, int | list[int]]:
        """All keywords that build this encoder again, as JSON can hold them."""
        return {"latent_dim": self.latent_dim, "widths": list(self.widths)}

    def forward(self, images: Images) -> tuple[Latent, Latent]:
        """Return (means, log-variances), each (batch, latent).

        Args:
            images: (batch, 3, 256, 256), red, green, blue, in [-1, 1]; see `as_seen`.

        Raises:
            UsageError: If they have another shape: most mistakes are pixels first, channels last.
        """
        if images.shape[1:] != (3, SIDE, SIDE):
            raise UsageError(f"images are {tuple(images.shape)}; the encoder takes (batch, 3, {SIDE}, {SIDE})")
        # Channels last is the faster layout from 24 channels up, by a third.
        grid = images.contiguous(memory_format=torch.channels_last)
        for layer in self.layers:
            grid = layer(grid)  # (batch, 64, 64, 64), then twice the channels, half the side
        mean, log_variance = self.output(grid).flatten(1).chunk(2, dim=1)  # (batch, 400, 1, 1) to two of (batch, 200)
        return mean, log_variance


@torch.no_grad()
def start_near_prior(last: nn.Conv2d | nn.Conv3d) -> None:
    """Give an encoder's last layer, whose weights are drawn from N(0, 0.02), those of `FIRST_SPREAD`."""
    last.weight.mul_(FIRST_SPREAD / (0.02 * math.sqrt(last.weight[0].numel())))


def as_seen(pictures: Tensor) -> Images:
    """Return (batch, 3, 256, 256) uint8 pictures as the encoder expects them: float32, 0 at -1 and 255 at 1."""
    return pictures.float() / 127.5 - 1


def reparameterised(mean: Latent, log_variance: Latent, standard: Latent) -> Latent:
    """Return z = mean + exp(log_variance / 2) * standard, through which the encoder learns.

    Args:
        mean: (batch, latent).
        log_variance: (batch, latent), of the variance, not of the standard deviation.
        standard: (batch, latent) drawn from N(0, I).

    Source: Kingma and Welling 2014, section 2.4. At test time z is the mean.
    """
    return mean + torch.exp(0.5 * log_variance) * standard


def widths_from(first: int) -> tuple[int, ...]:
    """Return channels a layer where the first has `first`: twice as many in each that follows."""
    return tuple(first << layer for layer in range(len(KERNELS)))


def _layer(width_in: int, width_out: int, kernel: int, stride: int, padding: int) -> nn.Sequential:
    conv = nn.Conv2d(width_in, width_out, kernel, stride=stride, padding=padding, bias=False)
    return nn.Sequential(conv, BatchNorm2d(width_out), nn.ReLU(inplace=True))


def _parameters(latent_dim: int, widths: Sequence[int]) -> int:
    """Return the number of weights, but for biases and norms."""
    hidden = sum(k * k * a * b for k, (a, b) in zip(KERNELS, pairwise((3, *widths)), strict=True))
    return hidden + LAST_KERNEL**2 * widths[-1] * 2 * latent_dim
