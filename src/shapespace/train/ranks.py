"""Several processes as one: plain torch under `torchrun`, gradients and decisions summed, no wrapper.

Without `torchrun` there is one rank and every function here costs nothing. DistributedDataParallel is not used: its
buffer broadcast breaks a GAN's step (two passes of D, one backward) on CUDA.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed

from shapespace.errors import PeerLost

DEADLINE = timedelta(seconds=float(os.environ.get("SHAPESPACE_RANK_DEADLINE", "300")))


@dataclass(frozen=True)
class Ranks:
    """This process among its peers."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this rank writes files and speaks."""
        return self.rank == 0

    def add(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return the sum of `numbers` over all ranks."""
        if self.size > 1:
            distributed.all_reduce(numbers)
        return numbers

    def average_gradients(self, parameters: Iterable[torch.nn.Parameter], share: float) -> None:
        """Replace each gradient by its mean over the whole batch, in one message.

        Args:
            parameters: With gradients of the mean loss over this rank's shapes.
            share: This rank's part of the whole batch; parts are unequal in the last batch of an epoch.
        """
        if self.size == 1:
            return
        gradients = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([g.flatten() for g in gradients]).mul_(share)
        distributed.all_reduce(flat)
        for gradient, piece in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(piece.view_as(gradient))

    def part(self, whole: torch.Tensor) -> torch.Tensor:
        """Return this rank's rows of a tensor that every rank has drawn alike, cut as `Batches` cuts a batch."""
        return whole.tensor_split(self.size)[self.rank]

    def wait(self) -> None:
        """Return when every rank has come here."""
        if self.size > 1:
            distributed.barrier()


def join(device: torch.device) -> Ranks:
    """Return this process's place as `torchrun` set it, having met the others."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Ranks()
    if not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=DEADLINE)
    return Ranks(distributed.get_rank(), distributed.get_world_size())


def leave() -> None:
    """Part from the other ranks."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


@contextmanager
def watched() -> Iterator[None]:
    """Turn what torch raises when a peer is gone, wherever it was waited for, into `PeerLost`."""
    try:
        yield
    except RuntimeError as error:
        if not _is_about_a_peer(error):
            raise
        reason = str(error).splitlines()[0][:160]
        raise PeerLost(
            f"rank {os.environ.get('RANK')}: another rank stopped answering ({reason}); start again with --resume"
        ) from error


def _is_about_a_peer(error: RuntimeError) -> bool:
    said = str(error).lower()
    return isinstance(error, distributed.DistError) or "gloo" in said or "nccl" in said
