"""Wholeness: the slope is a mean over the batch, blurred legs are strengthened, following it makes shapes whole."""

from __future__ import annotations

import numpy as np
import torch

from shapespace.shapes.furniture import make
from shapespace.shapes.grid import components
from shapespace.train.augment import blur, haloed
from shapespace.train.whole import push


def batch(field: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(field.astype(np.float32))[None, None]


def test_nothing_is_asked_of_a_whole_shape():
    shapes = torch.stack([batch(make("chair", seed, 32).voxels)[0] for seed in range(6)])
    for seen in (shapes, haloed(shapes, 0.7), torch.zeros_like(shapes)):
        assert not push(seen).any()


def test_legs_that_a_blur_has_thinned_are_strengthened():
    slopes = push(torch.cat([blur(batch(make("chair", seed, 32).voxels), 0.5) for seed in range(20)]))
    assert 0 < slopes.flatten(1).any(1).sum() < 20
    assert slopes.sum() < 0


def test_it_is_a_mean_over_the_batch():
    field = torch.rand(1, 1, 7, 8, 9, generator=torch.Generator().manual_seed(0)) ** 4
    assert push(field).any()
    assert torch.equal(push(torch.cat([field, torch.ones_like(field)]))[:1], push(field) / 2)


def test_following_it_makes_shapes_whole():
    field = blur((torch.rand(4, 1, 12, 12, 12, generator=torch.Generator().manual_seed(1)) < 0.05).float(), 0.7) * 3
    field = field.clamp(0, 1)
    for _ in range(600):
        field = (field - 0.2 * push(field)).clamp(0, 1)
    assert not push(field).any()
    for shape in field[:, 0].numpy():
        labels, count = components(shape > 0.4)
        assert sum(shape[labels == part].max() > 0.6 for part in range(1, count + 1)) == 1
