"""The prior: the distribution a latent vector is drawn from. It belongs to the trained space and is saved with it."""

from __future__ import annotations

import torch

from shapespace.errors import UsageError
from shapespace.tensors import Latent

PRIORS = ("uniform", "normal")


def inside(name: str, z: Latent) -> Latent:
    """Return latent vectors brought to where a prior has any, same shape: the uniform one's lie in [0, 1].

    Args:
        name: Of the prior.
        z: (batch, latent).
    """
    return z.clamp(0, 1) if name == "uniform" else z


def sample_prior(name: str, count: int, latent_dim: int, *, generator: torch.Generator | None) -> Latent:
    """Return `count` latent vectors, float32 on the CPU, shape (count, latent_dim).

    Args:
        name: "uniform" on [0, 1], the paper's choice for 3D-GAN, or "normal", N(0, I), for 3D-VAE-GAN.
        count: How many.
        latent_dim: Numbers in each.
        generator: The source of randomness, on the CPU; None means torch's global one.

    Raises:
        UsageError: If the prior has another name.

    Source:
        Wu et al. 2016, section 3.1 and the authors' sampling code.
    """
    if name == "uniform":
        return torch.rand(count, latent_dim, generator=generator)
    if name == "normal":
        return torch.randn(count, latent_dim, generator=generator)
    raise UsageError(f"prior {name!r} is not known; use one of {', '.join(PRIORS)}")
