"""A latent vector moved until the outline of its shape is the outline in the picture.

The camera is not known: of the ring of 72 the one is taken whose outline fits best, both outlines brought to one box,
so that neither distance nor place in the picture matters. Rays are parallel, which a photograph's are not quite.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from shapespace.errors import BadInput
from shapespace.shapes.views import AZIMUTHS, ELEVATIONS
from shapespace.space import ShapeSpace
from shapespace.tensors import Occupancy

SIDE = 48
"""Pixels of an outline along a side, and samples along a ray."""

REACH = 1.6
"""Half the side of the window that rays cross, in half sides of the cube: a little less than its half diagonal."""

LEVEL = 0.5
"""Occupancy of a ray from which a pixel belongs to the outline."""


@dataclass(frozen=True)
class Refined:
    """A latent vector and how well its outlines fit before and after."""

    z: np.ndarray
    """(latent_dim,) float32."""
    before: float
    """Mean IoU of the outlines, of the vector that was given."""
    after: float
    """The same of `z`."""
    cameras: list[tuple[int, int]]
    """(azimuth, elevation) in degrees of each picture, as the outline has it."""


def refine(
    space: ShapeSpace, z: np.ndarray, masks: list[np.ndarray], *, steps: int = 80, rate: float = 0.03, hold: float = 0.5
) -> Refined:
    """Return the latent vector near `z` whose shape has the outlines of the pictures; `z` itself if none is better.

    Args:
        space: A trained space.
        z: (latent_dim,) where to start: what the encoder answered.
        masks: (height, width) bool of each picture, True on the object.
        steps: Of Adam.
        rate: Of Adam.
        hold: Weight of the mean squared distance from `z`; an outline says little of depth, the encoder knows more.

    Raises:
        BadInput: If a mask is empty.
    """
    targets = torch.stack([boxed(torch.from_numpy(mask).float(), _box(mask)) for mask in masks])
    start = torch.as_tensor(z, dtype=torch.float32)[None]
    cameras = [best_camera(space.occupancy(start), target) for target in targets]
    own = start.clone().requires_grad_()
    adam = torch.optim.Adam([own], lr=rate)
    best, best_fit, first_fit = start, -1.0, 0.0
    for step in range(steps + 1):
        outlines = torch.stack([_in_box(outline(space.occupancy(own), *camera)) for camera in cameras])
        fit = float(overlap(outlines.detach(), targets).mean())
        first_fit = fit if step == 0 else first_fit
        if fit > best_fit:
            best, best_fit = own.detach().clone(), fit
        loss = functional.binary_cross_entropy(outlines.clamp(1e-4, 1 - 1e-4), targets)
        (own.grad,) = torch.autograd.grad(loss + hold * (own - start).square().mean(), own)
        adam.step()
    return Refined(best[0].numpy(), first_fit, best_fit, cameras)


def camera_of(grid: Tensor, mask: np.ndarray, *, otherwise: tuple[int, int] = (30, 20)) -> tuple[int, int]:
    """Return (azimuth, elevation) in degrees from which a shape has the outline of a picture most nearly.

    Args:
        grid: (x, y, z) occupancy in [0, 1].
        mask: (height, width) bool, True on the object.
        otherwise: Returned if mask or shape is empty.
    """
    if not mask.any() or not (grid > LEVEL).any():
        return otherwise
    return best_camera(grid[None, None], boxed(torch.from_numpy(mask).float(), _box(mask)))


def best_camera(grid: Occupancy, target: Tensor) -> tuple[int, int]:
    """Return (azimuth, elevation) in degrees of the ring's camera from which the outline is most like the target's.

    Args:
        grid: (1, 1, x, y, z) occupancy.
        target: (SIDE, SIDE) of 0 and 1, brought to its box.
    """
    ring = [(azimuth, elevation) for elevation in ELEVATIONS for azimuth in AZIMUTHS]
    with torch.no_grad():
        fits = [float(overlap(_in_box(outline(grid, *camera))[None], target[None])) for camera in ring]
    return ring[int(np.argmax(fits))]


def outline(grid: Occupancy, azimuth: float, elevation: float) -> Tensor:
    """Return how surely each parallel ray meets the shape, (SIDE, SIDE), top row first; differentiable.

    Args:
        grid: (1, 1, x, y, z) occupancy in [0, 1].
        azimuth: Of the camera in degrees: 0 looks from -y, and it grows counter-clockwise seen from above.
        elevation: Of the camera above the horizon, in degrees.
    """
    seen = functional.grid_sample(grid, _rays(azimuth, elevation).to(grid), align_corners=False)[0, 0]
    return 1 - (1 - seen).clamp_min(1e-6).log().sum(-1).exp()


def boxed(picture: Tensor, box: tuple[int, int, int, int]) -> Tensor:
    """Return what lies in a box of a picture, (SIDE, SIDE): its longer side fills the square, its middle is the middle.

    Args:
        picture: (height, width).
        box: Top, bottom, left, right, the second and fourth just outside.
    """
    top, bottom, left, right = box
    half = 1.05 * max(bottom - top, right - left) / 2
    steps = torch.linspace(-half, half, SIDE)
    down, across = (top + bottom) / 2 + steps, (left + right) / 2 + steps
    height, width = picture.shape
    # pixel i covers i to i + 1, and grid_sample runs from -1 to 1 over the whole picture
    at = torch.stack(torch.meshgrid(2 * down / height - 1, 2 * across / width - 1, indexing="ij")[::-1], dim=-1)
    return functional.grid_sample(picture[None, None], at[None].to(picture), align_corners=False)[0, 0]


def overlap(outlines: Tensor, targets: Tensor) -> Tensor:
    """Return the IoU of each pair of outlines, (n,), both cut at `LEVEL`."""
    a, b = (outlines > LEVEL).flatten(1), (targets > LEVEL).flatten(1)
    return (a & b).sum(1) / (a | b).sum(1).clamp_min(1)


def _in_box(picture: Tensor) -> Tensor:
    """Return an outline brought to the box of what it shows now; an empty one as it is."""
    inside = (picture.detach() > LEVEL).numpy()
    return boxed(picture, _box(inside) if inside.any() else (0, SIDE, 0, SIDE))


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        raise BadInput("the picture's outline", "is empty: nothing stands out from the background", "give a mask")
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _rays(azimuth: float, elevation: float) -> Tensor:
    """Return where `grid_sample` is to look, (1, SIDE, SIDE, SIDE, 3): rows from the top, columns, then depth."""
    a, e = math.radians(azimuth), math.radians(elevation)
    right = torch.tensor([math.cos(a), math.sin(a), 0.0])
    forward = torch.tensor([-math.sin(a) * math.cos(e), math.cos(a) * math.cos(e), -math.sin(e)])
    up = torch.linalg.cross(right, forward)
    steps = torch.linspace(-REACH, REACH, SIDE)
    v, u, w = torch.meshgrid(-steps, steps, steps, indexing="ij")
    points = u[..., None] * right + v[..., None] * up + w[..., None] * forward
    return points.flip(-1)[None]  # its last axis is z, y, x, as the grid's axes are seen from behind
