"""Outlines: seen from the right side, fitted by moving z, and never for the worse."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shapespace.errors import BadInput
from shapespace.explore import silhouette
from shapespace.nets.card import SpaceCard
from shapespace.nets.generator import Generator
from shapespace.shapes.grid import handed
from shapespace.space import ShapeSpace


def grid_of(voxels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(voxels).float()[None, None]


def centre_of(picture: torch.Tensor) -> tuple[float, float]:
    """Return how far right and how far up the middle of what is seen lies, from -1 to 1."""
    rows, columns = np.nonzero(picture.numpy() > 0.5)
    middle = (silhouette.SIDE - 1) / 2
    return (columns.mean() - middle) / middle, (middle - rows.mean()) / middle


@pytest.mark.parametrize(
    ("place", "azimuth", "expected"),
    [
        ((14, 8, 8), 0, (1, 0)),  # from the front, -y, +x is on the right
        ((14, 8, 8), 180, (-1, 0)),
        ((8, 14, 8), 90, (1, 0)),  # from +x, +y is on the right
        ((8, 14, 8), 270, (-1, 0)),
        ((8, 8, 14), 0, (0, 1)),  # z is up from everywhere
        ((8, 8, 14), 135, (0, 1)),
    ],
)
def test_a_block_is_seen_where_it_stands(place, azimuth, expected):
    voxels = np.zeros((16, 16, 16), bool)
    voxels[tuple(slice(p - 2, p + 2) for p in place)] = True
    right, up = centre_of(silhouette.outline(grid_of(voxels), azimuth, 0))
    assert np.sign(round(right, 1)) == expected[0]
    assert np.sign(round(up, 1)) == expected[1]


def test_from_above_what_is_behind_is_higher():
    voxels = np.zeros((16, 16, 16), bool)
    voxels[6:10, 12:16, 6:10] = True
    assert centre_of(silhouette.outline(grid_of(voxels), 0, 35))[1] > 0.1


@pytest.mark.parametrize(("azimuth", "elevation"), [(0, 5), (75, 20), (210, 35)])
def test_the_camera_of_an_outline_is_found_again_and_it_is_the_renderer_s(azimuth, elevation):
    from shapespace.shapes import views

    voxels = np.kron(handed(), np.ones((4, 4, 4), bool)) if handed().shape[0] == 8 else handed()
    alpha = views.picture(views.model(voxels), views.Look(azimuth=azimuth, elevation=elevation, distance=40.0))[..., 3]
    mask = alpha > 127
    target = silhouette.boxed(torch.from_numpy(mask).float(), silhouette._box(mask))
    found = silhouette.best_camera(grid_of(voxels), target)
    assert found == (azimuth, elevation)


def space() -> ShapeSpace:
    torch.manual_seed(0)
    generator = Generator(6, 16, widths=(8, 4))
    for parameter in generator.parameters():
        parameter.data.mul_(4)
    return ShapeSpace(generator.eval(), SpaceCard(prior="normal"))


def test_refining_brings_the_outline_nearer_and_never_away():
    own = space()
    wanted, start = own.latents(2, seed=3)
    grid = torch.from_numpy(own.decode(wanted[None]))[:, None]
    mask = (silhouette.outline(grid, 30, 20) > 0.5).numpy()
    found = silhouette.refine(own, start, [mask], steps=20, hold=0.0)
    assert found.after >= found.before
    assert found.z.shape == (6,)
    same = silhouette.refine(own, start, [mask], steps=0)
    assert np.array_equal(same.z, start)
    assert same.after == same.before


def test_an_empty_mask_is_refused():
    with pytest.raises(BadInput, match="nothing stands out"):
        silhouette.refine(space(), np.zeros(6, np.float32), [np.zeros((8, 8), bool)])
