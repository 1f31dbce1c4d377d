"""The adversarial losses and the penalties on D's slope: pure functions of logits, one sentence and one source each.

All take the score before the sigmoid, which keeps `log(1 - D)` finite where D is sure. In the docstrings D is the
sigmoid of a logit; `real` and `fake` are logits, (batch,). Every result is a mean over the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, relu, softplus

from shapespace.errors import UsageError
from shapespace.tensors import Logits, Occupancy, Scalar


@dataclass(frozen=True)
class Loss:
    """What D and what G minimise.

    Attributes:
        discriminator: (real, fake) to D's loss.
        generator: (real, fake) to G's loss; real may be None unless the loss is paired.
        paired: Whether only differences of real and fake logits count, so that G's loss needs the real ones too and
            a logit alone means nothing.
        on_real: D's loss as a sum of two parts, this one and `on_fake`; None where it is no such sum.
        on_fake: See `on_real`.
    """

    discriminator: Callable[[Logits, Logits], Scalar]
    generator: Callable[[Logits | None, Logits], Scalar]
    paired: bool = False
    on_real: Callable[[Logits], Scalar] | None = None
    on_fake: Callable[[Logits], Scalar] | None = None

    @property
    def separate(self) -> bool:
        """Whether D can be shown real and fake shapes one after the other, each with its own backward pass."""
        return self.on_real is not None and self.on_fake is not None


def bce_real(real: Logits, smoothing: float = 0.0) -> Scalar:
    """Return -log D(x), or the cross entropy to the label `1 - smoothing`.

    Source: Wu et al. 2016, eq. 1; one-sided smoothing: Salimans et al. 2016, section 3.4.
    """
    return binary_cross_entropy_with_logits(real, torch.full_like(real, 1.0 - smoothing))


def bce_fake(fake: Logits) -> Scalar:
    """Return -log(1 - D(G(z))). Source: Wu et al. 2016, eq. 1."""
    return softplus(fake).mean()


def minimax(_real: Logits | None, fake: Logits) -> Scalar:
    """Return log(1 - D(G(z))): no slope left where D is sure. Source: Wu et al. 2016, eq. 1, as printed."""
    return -softplus(fake).mean()


def non_saturating(_real: Logits | None, fake: Logits) -> Scalar:
    """Return -log D(G(z)): the same optimum, steepest where D is sure. Source: Goodfellow et al. 2014, section 3."""
    return softplus(-fake).mean()


def hinge_real(real: Logits) -> Scalar:
    """Return max(0, 1 - real). Source: Lim and Ye 2017, eq. 6."""
    return relu(1 - real).mean()


def hinge_fake(fake: Logits) -> Scalar:
    """Return max(0, 1 + fake). Source: Lim and Ye 2017, eq. 6."""
    return relu(1 + fake).mean()


def wgan_real(real: Logits) -> Scalar:
    """Return minus the score. Source: Arjovsky et al. 2017, algorithm 1."""
    return -real.mean()


def wgan_fake(fake: Logits) -> Scalar:
    """Return the score. Source: Arjovsky et al. 2017, algorithm 1."""
    return fake.mean()


def raise_score(_real: Logits | None, fake: Logits) -> Scalar:
    """Return minus the score of the fakes, G's side of `hinge` and `wgan`. Source: Arjovsky et al. 2017."""
    return -fake.mean()


def relativistic_discriminator(real: Logits, fake: Logits) -> Scalar:
    """Return -log sigmoid(real - fake) of each pair. Source: RpGAN in Huang et al. 2024 (R3GAN), eq. 2."""
    return softplus(fake - real).mean()


def relativistic_generator(real: Logits | None, fake: Logits) -> Scalar:
    """Return -log sigmoid(fake - real) of each pair. Source: RpGAN in Huang et al. 2024 (R3GAN), eq. 2.

    Raises:
        ValueError: Without the real logits.
    """
    if real is None:
        raise ValueError("the relativistic loss compares fake with real: the real logits are needed")
    return softplus(real - fake).mean()


def _sum_of(
    on_real: Callable[[Logits], Scalar],
    on_fake: Callable[[Logits], Scalar],
    generator: Callable[[Logits | None, Logits], Scalar],
) -> Loss:
    return Loss(lambda real, fake: on_real(real) + on_fake(fake), generator, on_real=on_real, on_fake=on_fake)


LOSSES: dict[str, Loss] = {
    "bce": _sum_of(bce_real, bce_fake, non_saturating),
    "hinge": _sum_of(hinge_real, hinge_fake, raise_score),
    "wgan": _sum_of(wgan_real, wgan_fake, raise_score),
    "relativistic": Loss(relativistic_discriminator, relativistic_generator, paired=True),
}

GENERATOR_LOSSES = {"non_saturating": non_saturating, "minimax": minimax}


def named(loss: str, generator_loss: str = "non_saturating", one_sided_smoothing: float = 0.0) -> Loss:
    """Return the loss of that name.

    Args:
        loss: One of `LOSSES`.
        generator_loss: With `bce`, which of `GENERATOR_LOSSES` G minimises.
        one_sided_smoothing: With `bce`, real is labelled 1 minus this. A label above 1 would leave the loss without a
            lower bound, which is why none can be asked for.

    Raises:
        UsageError: An unknown name, or smoothing outside [0, 0.5).
    """
    if loss not in LOSSES:
        raise UsageError(f"no loss {loss!r}; there are: {', '.join(LOSSES)}")
    if generator_loss not in GENERATOR_LOSSES:
        raise UsageError(f"no generator loss {generator_loss!r}; there are: {', '.join(GENERATOR_LOSSES)}")
    if not 0 <= one_sided_smoothing < 0.5:
        raise UsageError(f"one-sided smoothing is {one_sided_smoothing}; it must lie in [0, 0.5)")
    if loss != "bce":
        return LOSSES[loss]
    return _sum_of(partial(bce_real, smoothing=one_sided_smoothing), bce_fake, GENERATOR_LOSSES[generator_loss])


def penalties(
    discriminator: nn.Module,
    real: Occupancy,
    fake: Occupancy,
    *,
    r1: float = 0.0,
    r2: float = 0.0,
    gradient_penalty: float = 0.0,
    generator: torch.Generator | None = None,
) -> Iterator[Scalar]:
    """Yield each penalty on D's slope that has a weight, weighted, one at a time so that one graph is held at a time.

    Applied in every k-th step only, they must be multiplied by k (Karras et al. 2020, appendix B).

    Args:
        discriminator: (batch, 1, x, y, z) to (batch,) logits.
        real: What D was shown of the data.
        fake: What it was shown of G.
        r1: Weight of `zero_centred` at real shapes; half of it is used, as everywhere.
        r2: The same at fake shapes.
        gradient_penalty: Weight of `one_centred` between the two.
        generator: Draws the points between real and fake.
    """
    if r1:
        yield r1 / 2 * zero_centred(discriminator, real)
    if r2:
        yield r2 / 2 * zero_centred(discriminator, fake)
    if gradient_penalty:
        yield gradient_penalty * one_centred(discriminator, real, fake, generator=generator)


def zero_centred(discriminator: nn.Module, shapes: Occupancy) -> Scalar:
    """Return the mean squared norm of D's gradient at the shapes: R1 at real ones, R2 at fake ones.

    Source: Mescheder et al. 2018, section 4.1.
    """
    return _slopes(discriminator, shapes).square().sum(1).mean()


def one_centred(
    discriminator: nn.Module, real: Occupancy, fake: Occupancy, *, generator: torch.Generator | None = None
) -> Scalar:
    """Return the mean of (norm of D's gradient - 1)^2 at points between real and fake shapes, one a pair.

    Source: Gulrajani et al. 2017, algorithm 1. The norm is that of a whole shape's gradient, over all its axes.
    """
    share = torch.rand(len(real), 1, 1, 1, 1, generator=generator).to(real.device)
    return (_slopes(discriminator, torch.lerp(fake.detach(), real, share)).norm(dim=1) - 1).square().mean()


def _slopes(discriminator: nn.Module, shapes: Occupancy) -> Tensor:
    """Return the gradient of each logit by its own shape, (batch, voxels), differentiable again.

    In float32 whatever surrounds it: squares of small slopes vanish in half precision.
    """
    with torch.enable_grad(), torch.autocast(shapes.device.type, enabled=False):
        at = shapes.detach().float().requires_grad_()
        (slopes,) = torch.autograd.grad(discriminator(at).sum(), at, create_graph=True)
    return slopes.flatten(1)
