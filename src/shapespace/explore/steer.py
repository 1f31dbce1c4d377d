"""A latent vector moved until its shape reads as wanted: the attributes' lines, bent for this one shape.

The straight step is where it starts. Then it is corrected a few times: the shortest step that, by the reader's
gradient through the generator, brings what was asked for to where it should be and all else to where it was.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from shapespace.explore.attributes import SURE, Attributes
from shapespace.explore.reader import hardened
from shapespace.nets.prior import inside
from shapespace.space import ShapeSpace
from shapespace.tensors import Latent

CORRECTIONS = 4
DAMPING = 0.05
"""In squared typical changes a unit of z: directions in which attributes change less than this are hardly used."""

RADIUS = 1.5
"""Length of one correction at most; further away the gradient says nothing."""


def steer(
    space: ShapeSpace,
    attributes: Attributes,
    z: np.ndarray,
    amounts: Mapping[str, float],
    *,
    corrections: int = CORRECTIONS,
) -> np.ndarray:
    """Return latent vectors whose shapes have more or less of the attributes, float32 of the shape of `z`.

    Args:
        space: On the CPU, the one the attributes were learned on.
        attributes: Its.
        z: (d,) or (n, d).
        amounts: By name, in typical changes.
        corrections: Of the straight step; with 0 it is `attributes.move`. Each costs about as much as decoding once
            and twice more for every attribute.

    Raises:
        UsageError: If a name is not known or an amount not finite.

    Source:
        Levenberg 1944, Marquardt 1963, in the form of the shortest step (`J^T (J J^T + damping)^-1`).
    """
    rows = np.atleast_2d(np.asarray(z, np.float32))
    moved = torch.from_numpy(np.atleast_2d(attributes.move(rows, amounts)))
    wanted = torch.from_numpy(attributes.wanted(amounts))
    with torch.no_grad():
        target = _target(attributes, _scores(space, attributes, torch.from_numpy(rows)), wanted)
    best, least = moved.clone(), torch.full((len(rows),), torch.inf)
    for last in [False] * corrections + [True]:
        moved = moved.detach().requires_grad_(not last)
        scores = _scores(space, attributes, moved)
        miss = _miss(attributes, scores, target, wanted)
        better = miss.detach().square().sum(1) < least
        best = torch.where(better[:, None], moved.detach(), best)
        least = torch.where(better, miss.detach().square().sum(1), least)
        if not last:
            moved = inside(attributes.prior, moved.detach() + _step(attributes, scores, moved, miss.detach()))
    return best.numpy().reshape(np.shape(z))


def _scores(space: ShapeSpace, attributes: Attributes, z: Latent) -> Tensor:
    return attributes.reader(hardened(space.occupancy(z), space.threshold))


def _target(attributes: Attributes, before: Tensor, wanted: Tensor) -> Tensor:
    """Return the scores that are aimed at, (n, m): beyond `SURE` there is no more, and no less, of a thing."""
    kinds = torch.from_numpy(attributes.kinds)
    bounded = torch.where(kinds, before.clamp(-SURE, SURE), before)  # nor is the way back any longer
    target = bounded + wanted * torch.from_numpy(attributes.steps)
    return torch.where(kinds, target.clamp(-SURE, SURE), target)


def _miss(attributes: Attributes, scores: Tensor, target: Tensor, wanted: Tensor) -> Tensor:
    """Return what is missing to the target, (n, m), in typical changes."""
    unasked = torch.from_numpy(attributes.kinds) & (wanted == 0)
    bounded = torch.where(unasked, scores.clamp(-SURE, SURE), scores)
    return (target - bounded) / torch.from_numpy(attributes.steps)


def _step(attributes: Attributes, scores: Tensor, z: Latent, miss: Tensor) -> Tensor:
    """Return the damped shortest step towards the target, (n, d)."""
    count = scores.shape[1]
    # one attribute at a time, all shapes together: no shape's score depends on another's z
    rows = [torch.autograd.grad(scores[:, k].sum(), z, retain_graph=k + 1 < count)[0] for k in range(count)]
    slopes = torch.stack(rows, 1) / torch.from_numpy(attributes.steps)[:, None]  # (n, m, d)
    square = slopes @ slopes.transpose(1, 2) + DAMPING * torch.eye(count)
    step = (slopes.transpose(1, 2) @ torch.linalg.solve(square, miss[..., None]))[..., 0]
    return step * (RADIUS / step.norm(dim=1, keepdim=True).clamp_min(1e-12)).clamp_max(1)
