"""The two one-channel layers, computed on blocks of 2^3 voxels: exact, and faster than the library's own.

A convolution of kernel 4 and stride 2 is one of kernel 2 and stride 1 on a grid whose cells hold 2^3 voxels as
8 channels; a transposed one is the same backwards. With one channel the library's kernels leave most of the machine
idle; with eight they do not. The weights keep the shape and the name they have in `Conv3d` and `ConvTranspose3d`.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def halve_by_blocks(grid: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return `conv3d(grid, weight, bias, stride=2, padding=1)` of a one-channel grid.

    Args:
        grid: (batch, 1, x, y, z), even sides.
        weight: (channels, 1, 4, 4, 4), as `Conv3d` keeps it.
        bias: (channels,) or None.
    """
    blocks = _to_blocks(functional.pad(grid, (1,) * 6))  # (batch, 8, x/2 + 1, y/2 + 1, z/2 + 1)
    return functional.conv3d(blocks, _to_blocks(weight), bias)


def double_by_blocks(grid: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return `conv_transpose3d(grid, weight, bias, stride=2, padding=1)` where the result has one channel.

    Args:
        grid: (batch, channels, x, y, z).
        weight: (channels, 1, 4, 4, 4), as `ConvTranspose3d` keeps it.
        bias: (1,) or None.
    """
    # Eight results a cell, one for each corner of its 2^3 block: the transposed kernel-2 convolution, written as an
    # ordinary one (flipped, padded), which is the faster of the two.
    phases = _to_blocks(weight).flip(2, 3, 4).transpose(0, 1)  # (8, channels, 2, 2, 2)
    blocks = functional.conv3d(grid, phases, None if bias is None else bias.expand(8), padding=1)
    return _from_blocks(blocks)[..., 1:-1, 1:-1, 1:-1]


def _to_blocks(grid: Tensor) -> Tensor:
    """Return (n, 1, x, y, z) as (n, 8, x/2, y/2, z/2): each 2^3 block of voxels becomes the channels of one cell."""
    n, _, x, y, z = grid.shape
    split = grid.reshape(n, x // 2, 2, y // 2, 2, z // 2, 2)
    return split.permute(0, 2, 4, 6, 1, 3, 5).reshape(n, 8, x // 2, y // 2, z // 2)


def _from_blocks(blocks: Tensor) -> Tensor:
    """Return (n, 8, x, y, z) as (n, 1, 2x, 2y, 2z): the opposite of `_to_blocks`."""
    n, _, x, y, z = blocks.shape
    split = blocks.reshape(n, 2, 2, 2, x, y, z).permute(0, 4, 1, 5, 2, 6, 3)
    return split.reshape(n, 1, 2 * x, 2 * y, 2 * z)
