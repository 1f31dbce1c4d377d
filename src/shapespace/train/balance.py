"""The balance rule: the discriminator learns only while it is not too good."""

from __future__ import annotations

import torch

from shapespace.tensors import Logits, Scalar


def accuracy(real: Logits, fake: Logits) -> Scalar:
    """Return the fraction of all 2B decisions D got right: real above 0.5, fake below.

    Source: Wu et al. 2016, section 3.1. A probability above 0.5 is a logit above 0.
    """
    right = (real > 0).sum() + (fake < 0).sum()
    return right / (real.numel() + fake.numel())


def pair_accuracy(real: Logits, fake: Logits) -> Scalar:
    """Return the fraction of pairs in which D scores the real shape higher.

    A relativistic D knows only differences, so its zero has no meaning and `accuracy` would measure nothing.
    """
    return (real > fake).float().mean()


def is_open(last_accuracy: float | None, limit: float) -> bool:
    """Return whether D is updated in this batch: its accuracy in the *last* batch was not higher than `limit`.

    Args:
        last_accuracy: D's accuracy in the batch before, over all ranks; None before the first.
        limit: 0.8 in the paper; 1 always updates.

    Source: Wu et al. 2016, section 3.1: "we only update the discriminator if its accuracy in the last batch is not
    higher than 80 %". Most implementations take the current batch or a strict inequality; both train another system.
    """
    return last_accuracy is None or last_accuracy <= limit


def gather_counts(real: Logits, fake: Logits, paired: bool) -> torch.Tensor:
    """Return (right decisions, decisions) as two numbers that add up over ranks."""
    rate, decisions = (pair_accuracy(real, fake), real.numel()) if paired else (accuracy(real, fake), 2 * real.numel())
    return torch.stack([rate * decisions, torch.full_like(rate, decisions)])
