"""Batch normalisation whose statistics are those of the whole batch, however many ranks share it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class _OverRanks(_BatchNorm):
    """Batch normalisation with the statistics of all ranks' samples together while training.

    In one process it is torch's own. Under `torch.distributed` the moments are summed over the ranks, forward and
    backward, so that outputs, gradients and running statistics equal those of one process given the whole batch.
    `torch.nn.SyncBatchNorm` does the same but refuses the CPU.

    Every rank must call it the same number of times in training mode: a rank that does not makes the others wait.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return `input` normalised, same shape."""
        if not self.training or _world() == 1:
            return super().forward(input)
        mean, variance, count = _moments(input)
        self._remember(mean.detach(), variance.detach(), count)
        scale = torch.rsqrt(variance + self.eps) * self.weight
        shift = self.bias - mean * scale
        return torch.addcmul(_channels(shift, input), input, _channels(scale, input))

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        unbiased = variance * (count / (count - 1))
        share = self.momentum or 0.0
        self.get_buffer("running_mean").lerp_(mean, share)
        self.get_buffer("running_var").lerp_(unbiased, share)
        self.get_buffer("num_batches_tracked").add_(1)


class BatchNorm2d(_OverRanks, nn.BatchNorm2d):
    """`torch.nn.BatchNorm2d`, for pictures."""


class BatchNorm3d(_OverRanks, nn.BatchNorm3d):
    """`torch.nn.BatchNorm3d`, for grids."""


@contextmanager
def gathered(network: nn.Module) -> Iterator[None]:
    """Within, batch norm takes the statistics it has gathered so far, as after training, and gathers none."""
    learning = [part for part in network.modules() if isinstance(part, _BatchNorm) and part.training]
    try:
        for norm in learning:
            norm.eval()
        yield
    finally:
        for norm in learning:
            norm.train()


class _SumOverRanks(torch.autograd.Function):
    """The sum of a tensor over all ranks; its gradient is the sum of the gradients, so it differentiates again."""

    @staticmethod
    def forward(ctx, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, *gradients: Tensor) -> Tensor:
        return _SumOverRanks.apply(gradients[0].contiguous())


def _moments(input: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return mean and biased variance of each channel over all ranks, and the number of values a channel."""
    everything_else = [0, *range(2, input.dim())]
    count = input.new_tensor([input.numel() / input.shape[1]])
    summed = _SumOverRanks.apply(torch.cat([input.sum(everything_else), count]))
    mean, count = summed[:-1] / summed[-1], summed[-1].detach()
    # A second pass, not E[x^2] - E[x]^2, which cancels where the mean is large beside the spread.
    squares = (input - _channels(mean, input)).square().sum(everything_else)
    return mean, _SumOverRanks.apply(squares) / count, count


def _channels(values: Tensor, like: Tensor) -> Tensor:
    return values.view(1, -1, *[1] * (like.dim() - 2))


def _world() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1
