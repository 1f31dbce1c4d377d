"""Any grid, however rough or partial, brought to the nearest shape of the space.

The latent vector is looked for under which the target is most likely: each voxel of the target may be wrong with some
chance, and vectors far from the prior's middle are as unlikely as the prior says. How often voxels are wrong is not
known; it is taken from how far the present answer disagrees, so a target with a fifth of its voxels flipped is smoothed
out, and a clean one is followed closely.

The search starts from the best of a few hundred shapes of the space and goes down the slope with a few of them.

Source: Wu et al. 2016 have no projection; the objective is the posterior mode of a binary symmetric channel, the
starts and the descent are those of Zhu et al. 2016, *Generative visual manipulation on the natural image manifold*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from shapespace.errors import BadInput, UsageError
from shapespace.nets.prior import inside
from shapespace.shapes.grid import resize
from shapespace.space import ShapeSpace
from shapespace.tensors import Latent, Occupancy

BANK = 256
"""Shapes of the space among which the search begins."""

STARTS = 4
"""Of them that are followed for the first part of the way."""

FIRST = 0.2
"""Part of the steps after which only the best of them goes on."""

RATE = 0.2
"""Of Adam, at the beginning; it falls to a twentieth."""

STEPS = 150
"""Of the descent, if not said: about four seconds on one core at 32^3; 60 take two and come nearly as near."""

LEAST, MOST = 0.01, 0.4
"""Chance that a voxel of the target is wrong, at least and at most."""

FIRMEST = 20.0
"""Weight of the prior at likeness 0, in parts of what it has by rights."""

_banks: WeakKeyDictionary[ShapeSpace, dict[int, tuple[np.ndarray, np.ndarray]]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Snapped:
    """The shape of a space that is nearest to a target.

    Args:
        z: (latent_dim,) float32.
        occupancy: (r, r, r) float32 in [0, 1], what the space makes of it.
        joined: (r, r, r) float32, the target where it counts, the space's shape elsewhere: completed.
        iou_before: Of the target, where it counts, with the shape that the search started from.
        iou_after: Of the target, where it counts, with this shape.
        steps: That were taken.
    """

    z: np.ndarray
    occupancy: np.ndarray
    joined: np.ndarray
    iou_before: float
    iou_after: float
    steps: int


def snap(
    space: ShapeSpace,
    target: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    likeness: float = 0.5,
    steps: int = STEPS,
    seed: int = 0,
    progress: Callable[[float], object] = lambda _: None,
) -> Snapped:
    """Return the shape of the space that is nearest to a grid.

    Args:
        space: On the CPU or a GPU.
        target: (n, n, n) bool, or float above 0.5 where full; of any resolution.
        mask: (n, n, n) bool, True where the target counts; elsewhere the shape is completed. Everywhere if None.
        likeness: From 1, as like the target as can be, to 0, as like the data.
        steps: Of the descent.
        seed: Of the shapes it starts from; the answer follows from the arguments alone.
        progress: Told the part that is done.

    Raises:
        UsageError: If the likeness or the steps are out of bounds, or target and mask differ in shape.
        BadInput: If the target is empty where it counts.
    """
    wanted, counts = _prepared(space, target, mask)
    if not 0 <= likeness <= 1:
        raise UsageError(f"likeness is {likeness}; it must lie between 0, like the data, and 1, like the target")
    if not 1 <= steps <= 10_000:
        raise UsageError(f"steps is {steps}; it must be from 1 to 10,000")
    firmness = min(FIRMEST, (1 - likeness) / max(likeness, 1e-9))
    first = _starts(space, wanted, counts, seed)
    search = _Search(space, wanted, counts, firmness)
    begin = search.fit(first[:1])
    z = search.descend(first, max(1, round(FIRST * steps)), lambda part: progress(FIRST * part))
    z = search.descend(z[:1], steps, lambda part: progress(FIRST + (1 - FIRST) * part))
    answer = z[0].cpu().numpy()
    occupancy = space.decode(answer[None])[0]
    joined = np.where(counts.cpu().numpy() > 0, wanted.cpu().numpy(), occupancy)
    return Snapped(answer, occupancy, joined, begin, search.fit(z[:1]), steps)


class _Search:
    """A target, and how likely it is under a latent vector."""

    def __init__(self, space: ShapeSpace, wanted: Tensor, counts: Tensor, firmness: float) -> None:
        self._space, self._wanted, self._counts, self._firmness = space, wanted, counts, firmness

    def descend(self, z: Latent, steps: int, told: Callable[[float], object]) -> Latent:
        """Return the latent vectors after going down the slope, the best first."""
        own = z.clone().requires_grad_()
        adam = torch.optim.Adam([own], lr=RATE)
        plan = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps, eta_min=RATE / 20)
        for step in range(steps):
            (own.grad,) = torch.autograd.grad(self._cost(own).sum(), own)
            adam.step()
            plan.step()
            with torch.no_grad():
                own.copy_(inside(self._space.prior, own))
            told((step + 1) / steps)
        with torch.no_grad():
            order = self._cost(own).argsort()
        return own.detach()[order]

    def _cost(self, z: Latent) -> Tensor:
        """Return the negative logarithm of each vector's posterior, (n,), in nats and up to a constant."""
        found = self._space.occupancy(z)[:, 0]
        wrong = (found - self._wanted).abs() * self._counts  # (n, r, r, r): chance that space and target disagree
        chance = (wrong.detach().sum((1, 2, 3)) / self._counts.sum()).clamp(LEAST, MOST)[:, None, None, None]
        agree = 1 - chance + (2 * chance - 1) * wrong
        nats = -(agree.clamp_min(1e-6).log() * self._counts).sum((1, 2, 3))
        return nats + self._firmness * self._prior(z)

    def _prior(self, z: Latent) -> Tensor:
        if self._space.prior == "uniform":
            return torch.zeros(len(z), device=z.device)  # all of the cube is as likely, and z is kept inside
        return 0.5 * z.square().sum(1)

    @torch.no_grad()
    def fit(self, z: Latent) -> float:
        """Return the IoU of a vector's shape with the target, where it counts."""
        found = self._space.occupancy(z)[0, 0] > self._space.threshold
        return float(_ious(found[None], self._wanted > 0.5, self._counts > 0)[0])


def _prepared(space: ShapeSpace, target: np.ndarray, mask: np.ndarray | None) -> tuple[Tensor, Tensor]:
    """Return target and mask at the space's resolution, (r, r, r) of 0 and 1, on its device."""
    if target.ndim != 3 or len(set(target.shape)) != 1:
        raise UsageError(f"the target is {target.shape}; give a grid of equal sides")
    if mask is not None and mask.shape != target.shape:
        raise UsageError(f"the mask is {mask.shape}, the target {target.shape}")
    grids = [np.asarray(target) > 0.5, np.ones(target.shape, bool) if mask is None else np.asarray(mask) > 0.5]
    wanted, counts = (resize(grid, space.resolution) for grid in grids)
    if not (wanted & counts).any():
        raise BadInput("the target", "is empty where it counts", "draw something first")
    device = next(space.generator.parameters()).device
    return torch.from_numpy(wanted).float().to(device), torch.from_numpy(counts).float().to(device)


def _starts(space: ShapeSpace, wanted: Occupancy, counts: Occupancy, seed: int) -> Latent:
    """Return the latent vectors of the shapes of the bank most like the target, (STARTS, latent_dim), best first."""
    z, bits = _bank(space, seed)
    found = np.unpackbits(bits, axis=1, count=wanted.numel()).reshape(-1, *wanted.shape).astype(bool)
    likeness = _ious(torch.from_numpy(found), wanted.cpu() > 0.5, counts.cpu() > 0)
    return torch.from_numpy(z[likeness.argsort(descending=True)[:STARTS].numpy()]).to(wanted.device)


def _bank(space: ShapeSpace, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return latent vectors and their shapes' bits; made once for a space and a seed."""
    banks = _banks.setdefault(space, {})
    if seed not in banks:
        z = space.latents(BANK, seed)
        grids = space.decode(z) > space.threshold
        banks.clear()  # one a space: a server that is asked for many seeds must not keep them all
        banks[seed] = (z, np.packbits(grids.reshape(BANK, -1), axis=1))
    return banks[seed]


def _ious(found: Tensor, wanted: Tensor, counts: Tensor) -> Tensor:
    """Return the IoU of each of (n, r, r, r) bool grids with one, where it counts."""
    here, there = found & counts, wanted & counts
    both, either = (here & there).sum((1, 2, 3)), (here | there).sum((1, 2, 3))
    return both / either.clamp_min(1)
