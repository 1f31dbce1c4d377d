"""What the discriminator's layers answer to shapes: for neighbours by features, and to look at single units."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from shapespace.errors import UsageError
from shapespace.nets.discriminator import Discriminator
from shapespace.space import ShapeSpace

TOGETHER = 64
"""Shapes seen at a time: about 70 MB of responses at 32^3 with the paper's widths."""


def discriminator_of(space: ShapeSpace) -> Discriminator:
    """Return the discriminator, in evaluation mode.

    Raises:
        UsageError: If the space was saved without it.
    """
    if space.discriminator is None:
        raise UsageError("the space was saved without its discriminator; search by voxels or by latent instead")
    return space.discriminator.eval()


def as_seen(space: ShapeSpace, voxels: np.ndarray) -> Tensor:
    """Return shapes as the discriminator learned to see them, (n, 1, r, r, r) on its device.

    Args:
        space: With a discriminator.
        voxels: (n, r, r, r) bool.

    Raises:
        UsageError: If they have another resolution.
    """
    network = discriminator_of(space)
    side = network.resolution
    if voxels.ndim != 4 or voxels.shape[1:] != (side,) * 3:
        raise UsageError(f"shapes are {voxels.shape[1:]}; the discriminator sees {side}^3: prepare them at {side}")
    grids = torch.from_numpy(np.ascontiguousarray(voxels))[:, None].to(next(network.parameters()))
    return grids * 2 - 1 if space.generator.activation == "tanh" else grids  # beside tanh, empty is -1


@torch.no_grad()
def responses(space: ShapeSpace, voxels: np.ndarray, layer: int) -> np.ndarray:
    """Return what the units of a layer answer after their activation, (n, channels, side, side, side) float32.

    Args:
        space: With a discriminator.
        voxels: (n, r, r, r) bool; not many, all are held.
        layer: From 1, the first; -1 is the last.

    Raises:
        UsageError: If there is no discriminator or no such layer, or the shapes have another resolution.
    """
    network, at = discriminator_of(space), position(space, layer)
    parts = [network.features(as_seen(space, part))[at].cpu() for part in _blocks(voxels)]
    return torch.cat(parts).numpy()


@torch.no_grad()
def features(space: ShapeSpace, voxels: np.ndarray) -> np.ndarray:
    """Return the features that neighbours are looked for by, (n, numbers) float32.

    Args:
        space: With a discriminator.
        voxels: (n, r, r, r) bool.

    Raises:
        UsageError: If there is no discriminator, or the shapes have another resolution.

    Source:
        Wu et al. 2016, section 4.1: the last convolutional layer, with 2x pooling.
    """
    network = discriminator_of(space)
    parts = [_pooled(network.features(as_seen(space, part))[-1]) for part in _blocks(voxels)]
    return torch.cat(parts).numpy()


def position(space: ShapeSpace, layer: int) -> int:
    """Return where a layer stands in what `Discriminator.features` returns.

    Raises:
        UsageError: If there is no such layer.
    """
    count = len(discriminator_of(space).widths)
    if not 1 <= layer <= count and layer != -1:
        raise UsageError(f"layer is {layer}; the discriminator has layers 1 to {count}")
    return layer - 1 if layer > 0 else count - 1


def _blocks(voxels: np.ndarray) -> list[np.ndarray]:
    return [voxels[start : start + TOGETHER] for start in range(0, max(1, len(voxels)), TOGETHER)]


def _pooled(grids: Tensor) -> Tensor:
    return functional.max_pool3d(grids, 2).flatten(1).float().cpu()
