"""The running average of G's weights, which is what samples are drawn from."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

RAMP = 0.1
"""Longest half-life, as a fraction of the shapes seen so far: the first weights, which know nothing, are soon gone."""


class Ema(nn.Module):
    """An exponential moving average of a network's weights, itself a module: its `state_dict` resumes it exactly.

    The half-life is counted in shapes, so that another batch size averages over the same stretch of training.
    Buffers, such as batch norm's statistics, are copied: they are averages already.

    Args:
        network: To be averaged; its weights now are the first average.
        half_life: Shapes after which a weight counts half; 0 follows the network without averaging.

    Source:
        Karras et al. 2018, section 4 (the average); Karras et al. 2020 (its half-life in shapes and the ramp).
    """

    shapes: Tensor

    def __init__(self, network: nn.Module, *, half_life: float) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.half_life = half_life
        self.register_buffer("shapes", torch.zeros((), dtype=torch.int64))

    def train(self, mode: bool = True) -> Ema:
        """Return self; the average is only ever evaluated."""
        del mode
        return super().train(False)

    @torch.no_grad()
    def update(self, network: nn.Module, count: int) -> None:
        """Take in the network's weights after a step on `count` shapes."""
        self.shapes += count
        share = 1 - self.decay(count)
        for mean, now in zip(self.network.parameters(), network.parameters(), strict=True):
            mean.lerp_(now, share)
        for mean, now in zip(self.network.buffers(), network.buffers(), strict=True):
            mean.copy_(now)

    def decay(self, count: int) -> float:
        """Return how much of the average stays after a step on `count` shapes, in [0, 1)."""
        half_life = min(self.half_life, RAMP * int(self.shapes))
        return 0.5 ** (count / half_life) if half_life else 0.0
