"""The running average of G's weights, which is what samples are drawn from."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

RAMP = 0.1
"""Longest half-life, as a fraction of the shapes seen so far: the first weights, which know nothing, are soon gone."""


class Ema(nn.Module):
    """An exponential moving average of a network's weights, itself a module: its `state_dict` resumes it exactly.

    The half-life is counted in shapes, so that another batch size averages over the same stretch of training.
    Buffers, such as batch norm's statistics, are copied; `recalibrate` measures them anew before sampling.

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
        self.eval()

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

    @torch.no_grad()
    def recalibrate(self, latents: Iterable[Tensor]) -> None:
        """Measure batch norm's statistics anew, under the averaged weights: call it before sampling.

        The copied ones belong to the network as it is now. While the rates are high the two differ, and shapes of the
        average come out too empty or too full.

        Args:
            latents: Batches of the prior; 8 of 64 are plenty. Where several ranks share the statistics, all must call.

        Source: Wu and Johnson 2021, "Rethinking batch in batch norm", section 3 (precise batch norm).
        """
        norms = [part for part in self.network.modules() if isinstance(part, _BatchNorm)]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.train()
        for number, batch in enumerate(latents, start=1):
            for norm in norms:
                norm.momentum = 1 / number  # the plain mean over the batches so far; the first replaces what was there
            self.network(batch)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
