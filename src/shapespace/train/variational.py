"""The two losses of the image encoder: how far its answers stray from the prior, and how well G rebuilds the shape.

Pure functions, one sentence and one source each. The reductions decide whether the encoder can learn at all: a sum
over 200 dimensions against a mean over 262,144 voxels makes it ignore the picture, whatever the data.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from shapespace.tensors import Latent, Occupancy, Scalar

ACTIVE = 0.01
"""Variance of a dimension's mean over pictures from which the dimension says something (Burda et al. 2016)."""


def divergences(mean: Latent, log_variance: Latent) -> Latent:
    """Return KL(N(mean, variance) || N(0, 1)) of each picture and dimension in nats, (batch, latent).

    Source: Kingma and Welling 2014, appendix B; Wu et al. 2016, section 3.2.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def divergences_from(teacher: tuple[Latent, Latent], mean: Latent, log_variance: Latent) -> Latent:
    """Return KL(teacher's N || N(mean, variance)) of each picture and dimension in nats, (batch, latent).

    What it is least at is the mean and the spread of all that the teacher says of shapes that look like this.

    Args:
        teacher: Means and log-variances, each (batch, latent).
        mean: (batch, latent), of the pupil.
        log_variance: The same.

    Source: Kingma and Welling 2014, appendix B, for two normal distributions.
    """
    wanted, log_spread = teacher
    apart = log_spread.exp() + (wanted - mean).square()
    return 0.5 * (log_variance - log_spread + apart * (-log_variance).exp() - 1)


def kl_sum(nats: Latent) -> Scalar:
    """Return nats a picture: summed over dimensions, averaged over the batch. Source: Wu et al. 2016, section 3.2."""
    return nats.sum(1).mean()


def kl_mean(nats: Latent) -> Scalar:
    """Return nats a picture and dimension: a wider latent vector does not weigh more."""
    return nats.mean()


def with_free_bits(nats: Latent, free: float) -> Latent:
    """Return the divergences, none below `free`: so far a dimension may stray from the prior at no cost.

    Source: Kingma et al. 2016, section C.8; there on the batch's mean, here on each picture, so that ranks need not
    ask one another.
    """
    return nats.clamp_min(free)


def norm(logits: Occupancy, target: Occupancy) -> Scalar:
    """Return ||G(E(y)) - x||_2 of a shape, averaged over the batch. Source: Wu et al. 2016, section 3.2, as printed."""
    return _differences(logits, target).norm(dim=1).mean()


def squares(logits: Occupancy, target: Occupancy) -> Scalar:
    """Return the squared differences, summed over a shape's voxels and averaged over the batch."""
    return _differences(logits, target).square().sum(1).mean()


def mean_square(logits: Occupancy, target: Occupancy) -> Scalar:
    """Return the squared differences, averaged over voxels and batch."""
    return _differences(logits, target).square().mean()


def bce(logits: Occupancy, target: Occupancy) -> Scalar:
    """Return -log p(x | z) of a shape in nats, its voxels independent, averaged over the batch.

    With a sum of nats on both sides this and `kl_sum` are the evidence bound (Kingma and Welling 2014, eq. 3).
    """
    return binary_cross_entropy_with_logits(logits, target, reduction="none").flatten(1).sum(1).mean()


KL: dict[str, Callable[[Latent], Scalar]] = {"sum": kl_sum, "mean": kl_mean}

RECONSTRUCTION: dict[str, Callable[[Occupancy, Occupancy], Scalar]] = {
    "norm": norm,
    "squares": squares,
    "mean_square": mean_square,
    "bce": bce,
}
"""Each of logits, whose sigmoid is the occupancy, and of a target in [0, 1], (batch, 1, x, y, z)."""


def active_dimensions(mean: Latent) -> int:
    """Return how many dimensions' means vary over the pictures by more than `ACTIVE`.

    Source: Burda et al. 2016, section 5.2.
    """
    return int((mean.var(dim=0, unbiased=False) > ACTIVE).sum())


def _differences(logits: Occupancy, target: Occupancy) -> Tensor:
    return (torch.sigmoid(logits) - target).flatten(1)  # (batch, voxels)
