from __future__ import annotations

import numpy as np
import pytest
import torch

from shapespace.train.snapshot import THRESHOLDS, choose_threshold, diversity


def grids(levels: list[float], count: int = 8) -> torch.Tensor:
    """Return shapes whose voxels are `levels`, a plane each."""
    planes = torch.tensor(levels).view(1, 1, -1, 1, 1)
    return planes.expand(count, 1, len(levels), 4, 4).clone()


def test_samples_as_full_as_real_shapes_keep_one_half():
    assert choose_threshold(grids([1.0, 1.0, 0.0, 0.0]), np.full(8, 0.5)) == 0.5


@pytest.mark.parametrize(("share", "threshold"), [(0.25, 0.65), (0.75, 0.30)])
def test_fuller_or_emptier_samples_move_it_as_little_as_is_needed(share, threshold):
    assert choose_threshold(grids([0.905, 0.605, 0.305, 0.105]), np.full(8, share)) == threshold


def test_the_luck_of_a_few_large_shapes_does_not_move_it():
    some = grids([1.0, 0.7, 0.0, 0.0], 16)
    some[:8] = 0.0
    assert choose_threshold(some, np.array([0.5, 0.0] * 8) * 1.1) == 0.5


def test_among_thresholds_as_full_the_one_that_keeps_shapes_whole_is_taken():
    dumbbell = torch.zeros(8, 1, 12, 12, 12)
    dumbbell[:, :, :, :, 0:5] = 1.0
    dumbbell[:, :, :, :, 7:12] = 1.0
    dumbbell[:, :, 5, 5, 5:7] = 0.32  # a thin link, hardly any of the volume
    full = np.full(8, float((dumbbell > 0.5).float().mean()))
    assert choose_threshold(dumbbell, full) == 0.3


def test_samples_that_never_fit_get_the_nearest():
    assert choose_threshold(torch.zeros(4, 1, 4, 4, 4), np.full(4, 0.3)) in THRESHOLDS


def test_diversity_is_0_for_one_shape_and_1_for_shapes_apart():
    assert diversity(grids([1.0, 0.0])) == pytest.approx(0.0)
    apart = torch.eye(4).view(4, 1, 4, 1, 1).expand(4, 1, 4, 4, 4)
    assert diversity(apart) == pytest.approx(1.0)
