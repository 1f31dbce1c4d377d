"""Wholeness: nothing is asked of a whole shape, a gap is closed at its saddle, a speck is taken away."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from shapespace.shapes.furniture import make
from shapespace.shapes.grid import components
from shapespace.train.augment import blur, haloed
from shapespace.train.whole import FLOOR, push


def batch(field: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(field.astype(np.float32))[None, None]


def two_cubes(gap: float) -> np.ndarray:
    """Return a field of two cubes, of 27 and 18 voxels, with one voxel of the height `gap` between them."""
    field = np.zeros((9, 6, 6))
    field[1:4, 1:4, 1:4], field[5:7, 1:4, 1:4], field[4, 2, 2] = 1.0, 0.9, gap
    return field


def places(slope: torch.Tensor) -> dict[tuple[int, ...], float]:
    """Return the voxels that are moved, and by how much."""
    return {tuple(place[2:]): float(slope[tuple(place)]) for place in slope.nonzero().tolist()}


def test_nothing_is_asked_of_a_whole_shape():
    shapes = torch.stack([batch(make("chair", seed, 32).voxels)[0] for seed in range(6)])
    for seen in (shapes, haloed(shapes, 0.7), torch.zeros_like(shapes)):
        assert not push(seen).any()


def test_legs_that_a_blur_has_thinned_are_strengthened():
    slopes = push(torch.cat([blur(batch(make("chair", seed, 32).voxels), 0.5) for seed in range(20)]))
    assert 0 < slopes.flatten(1).any(1).sum() < 20
    assert slopes.sum() < 0


def test_the_saddle_of_a_gap_is_raised():
    assert places(push(batch(two_cubes(0.3)))) == {(4, 2, 2): -1.0}


def test_a_gap_that_is_not_deep_is_none():
    assert not push(batch(two_cubes(0.85))).any()


def test_what_no_way_leads_to_is_lowered_at_its_peak():
    field = two_cubes(FLOOR / 2)
    field[6, 2, 2] = 0.95
    assert places(push(batch(field))) == {(6, 2, 2): 1.0}


def test_a_speck_is_lowered_and_not_joined():
    field = two_cubes(0.9)
    field[1, 5, 5], field[1, 4, 5] = 0.7, 0.1
    field[1, 4, 4], field[1, 3, 4] = 0.1, 0.1
    assert places(push(batch(field))) == {(1, 5, 5): 1.0}


def test_it_is_a_mean_over_the_batch():
    field = batch(two_cubes(0.3))
    assert torch.equal(push(torch.cat([field, torch.ones_like(field)]))[:1], push(field) / 2)


@pytest.mark.parametrize("turn", [lambda f: f.flip(2), lambda f: f.flip(3, 4), lambda f: f.permute(0, 1, 4, 2, 3)])
def test_no_axis_is_special(turn):
    field = torch.rand(2, 1, 7, 8, 9, generator=torch.Generator().manual_seed(0)) ** 4
    assert push(field).any()
    assert torch.equal(push(turn(field).contiguous()), turn(push(field)))


def test_following_it_makes_shapes_whole():
    field = blur((torch.rand(4, 1, 12, 12, 12, generator=torch.Generator().manual_seed(1)) < 0.05).float(), 0.7) * 3
    field = field.clamp(0, 1)
    for _ in range(600):
        field = (field - 0.2 * push(field)).clamp(0, 1)
    assert not push(field).any()
    for shape in field[:, 0].numpy():
        labels, count = components(shape > 0.4)
        assert sum(shape[labels == part].max() > 0.6 for part in range(1, count + 1)) == 1
