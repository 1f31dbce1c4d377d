"""A latent vector moved a little, until its shape is in one piece: nothing is cut off, nothing added by hand.

The slope of a shape's brokenness at its voxels says which of them would join a loose part, or end a speck. Carried back
through the generator it says in which direction of the space such shapes lie. Most are a step or two away.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from shapespace.nets.prior import inside
from shapespace.shapes.grid import components
from shapespace.shapes.parts import brokenness_slope
from shapespace.space import ShapeSpace
from shapespace.tensors import Latent

STEPS = 40
"""Before a shape is given up."""

RATE = 0.05
"""Length of a step, in standard deviations of one latent number: of a normal prior most vectors are 11 long at 128."""

MOMENTUM = 0.8
"""Part of the last step that goes on in the next: without it one shape in twenty swings from one break to another."""

SHALLOW = 0.005
"""Depth of gaps that are mended last: the threshold may lie within one."""

SPREAD = {"normal": 1.0, "uniform": 12**-0.5}
"""Standard deviation of one latent number, by prior."""


def mend(
    space: ShapeSpace,
    z: np.ndarray,
    *,
    threshold: float | None = None,
    steps: int = STEPS,
    progress: Callable[[float], object] = lambda _: None,
) -> np.ndarray:
    """Return latent vectors whose shapes are in one piece, (n, latent_dim) float32; each follows from its row alone.

    What is in one piece already, and what cannot be mended in so many steps, is returned as it was.

    Args:
        space: On the CPU or a GPU.
        z: (n, latent_dim).
        threshold: Above which a voxel is inside; the space's own if None.
        steps: At most; each costs about four times as much as decoding.
        progress: Told after each step how many are done, of the last one a part; what it raises ends the work.

    Source: the slope is that of persistent components (`shapes.parts`); to follow it in latent space is ours.
    """
    cut = space.threshold if threshold is None else threshold
    rows = np.asarray(z, np.float32)
    mended = np.empty_like(rows)
    for number, row in enumerate(rows):
        mended[number] = _mended(space, row, cut, steps, lambda part, done=number: progress(done + part))
        progress(number + 1)
    return mended


def in_one_piece(space: ShapeSpace, z: np.ndarray, threshold: float | None = None) -> bool:
    """Return whether the voxels of a vector's shape hang together by their faces; an empty shape's do.

    Args:
        space: Any.
        z: (latent_dim,).
        threshold: Above which a voxel is inside; the space's own if None.
    """
    cut = space.threshold if threshold is None else threshold
    return components(space.decode(z[None])[0] > cut)[1] <= 1


def _mended(
    space: ShapeSpace, z: np.ndarray, threshold: float, steps: int, told: Callable[[float], object]
) -> np.ndarray:
    device = next(space.generator.parameters()).device
    here = torch.from_numpy(z.copy()).to(device)
    speed = torch.zeros_like(here)
    for step in range(steps + 1):
        told(step / (steps + 1))
        now = here.cpu().numpy()
        if in_one_piece(space, now, threshold):
            return now
        speed = MOMENTUM * speed + _downhill(space, here)
        here = inside(space.prior, here + RATE * SPREAD[space.prior] * speed)
    return z


def _downhill(space: ShapeSpace, z: Latent) -> Latent:
    """Return the direction, of length 1, in which a shape's brokenness falls; 0 where it is level."""
    own = z.detach().requires_grad_()
    field = space.occupancy(own[None])[0, 0]
    slope = torch.from_numpy(_slope(field.detach().cpu().numpy())).to(field)
    (uphill,) = torch.autograd.grad((slope * field).sum(), own)
    return -uphill / uphill.norm().clamp_min(1e-12)


def _slope(field: np.ndarray) -> np.ndarray:
    """Return the slope of the deeper gaps' brokenness; of shallow ones only where there are no others."""
    slope = brokenness_slope(field)
    return slope if slope.any() else brokenness_slope(field, SHALLOW)
