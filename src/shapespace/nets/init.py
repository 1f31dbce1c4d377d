"""How weights start."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

_LINEAR_MAPS = (nn.Linear, nn.Conv2d, nn.Conv3d, nn.ConvTranspose3d)
_NORMS = (nn.BatchNorm2d, nn.BatchNorm3d)


def init_dcgan(module: nn.Module, generator: torch.Generator | None = None) -> nn.Module:
    """Return `module` with its weights drawn from N(0, 0.02), norm scales from N(1, 0.02), biases 0.

    Args:
        module: A network; changed in place.
        generator: The source of randomness, on the CPU; None means torch's global one.

    Source:
        Radford et al. 2016 (DCGAN). The 3D-GAN paper does not say how it starts.
    """
    return _init(module, lambda part: 0.02, generator)


def init_he(module: nn.Module, generator: torch.Generator | None = None) -> nn.Module:
    """Return `module` with weights of spread sqrt(2 / fan-in), biases 0: signals keep their size without a norm.

    Args:
        module: A network; changed in place.
        generator: The source of randomness, on the CPU; None means torch's global one.

    Source:
        He et al. 2015.
    """
    return _init(module, lambda part: math.sqrt(2 / _fan_in(part)), generator)


@torch.no_grad()
def _init(module: nn.Module, spread: Callable[..., float], generator: torch.Generator | None) -> nn.Module:
    for part in module.modules():
        if isinstance(part, _LINEAR_MAPS):
            _draw(part.weight, 0.0, spread(part), generator)
        elif isinstance(part, _NORMS):
            _draw(part.weight, 1.0, 0.02, generator)
        else:
            continue
        if part.bias is not None:
            part.bias.zero_()
    return module


def _fan_in(part: nn.Linear | nn.Conv2d | nn.Conv3d | nn.ConvTranspose3d) -> float:
    """Return how many weighted inputs add up in one output."""
    if isinstance(part, nn.ConvTranspose3d):  # (in, out, k, k, k); with a stride each output meets a part of the kernel
        return part.weight[:, 0].numel() / math.prod(part.stride)
    return part.weight[0].numel()


def _draw(weight: Tensor, mean: float, spread: float, generator: torch.Generator | None) -> None:
    # Drawn on the CPU, so that a seed gives the same weights on every device.
    weight.copy_(torch.randn(weight.shape, generator=generator).mul_(spread).add_(mean))
