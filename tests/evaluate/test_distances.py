"""All pairs at once are each pair by itself, and a shift changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from shapespace.evaluate import distances
from shapespace.shapes import grid
from shapespace.shapes.furniture import make


@pytest.fixture(scope="module")
def chairs() -> np.ndarray:
    return np.stack([make("chair", seed, 16).voxels for seed in range(20)])


def slowly(a: np.ndarray, b: np.ndarray) -> float:
    """The symmetric Chamfer distance of two grids, centred, by all pairs of their voxels."""
    apart = cdist(np.argwhere(grid.centre(a)), np.argwhere(grid.centre(b)))
    return (apart.min(axis=1).mean() + apart.min(axis=0).mean()) / 2


def test_the_matrix_is_a_slow_plain_computation(chairs):
    a, b = distances.prepare(chairs[:12]), distances.prepare(chairs[8:])
    plain = np.array([[slowly(one, other) for other in chairs[8:]] for one in chairs[:12]])
    np.testing.assert_allclose(distances.chamfer(a, b), plain, rtol=1e-5, atol=1e-6)
    plain_iou = [[grid.iou(grid.centre(one), grid.centre(other)) for other in chairs[8:]] for one in chairs[:12]]
    np.testing.assert_allclose(distances.iou(a, b), plain_iou, rtol=1e-6)


def test_blocks_change_nothing(chairs, monkeypatch):
    prepared = distances.prepare(chairs)
    whole = distances.chamfer(prepared, prepared)
    monkeypatch.setattr(distances, "BLOCK_BYTES", 4 * 16**3 * 3)
    np.testing.assert_allclose(distances.chamfer(prepared, prepared), whole, rtol=1e-6)


@pytest.mark.parametrize("shift", [(2, 0, 0), (0, -1, 1), (-1, 2, -2)])
def test_a_shifted_copy_is_the_shape(chairs, shift):
    room = np.pad(chairs, [(0, 0)] + [(4, 4)] * 3)
    moved = np.roll(room, shift, axis=(1, 2, 3))
    own = np.diag(distances.chamfer(distances.prepare(room), distances.prepare(moved)))
    assert np.array_equal(own, np.zeros(len(chairs)))


def test_an_empty_shape_is_far_from_all_but_an_empty_one(chairs):
    shapes = distances.prepare(np.concatenate([chairs[:2], np.zeros((2, 16, 16, 16), bool)]))
    found = distances.chamfer(shapes, shapes)
    far = np.float32(np.sqrt(3) * 16)
    assert np.array_equal(found[2:], [[far, far, 0, 0]] * 2)
    assert np.array_equal(found[:2, 2:], [[far, far]] * 2)
    assert np.array_equal(distances.iou(shapes, shapes)[2:], [[0, 0, 1, 1]] * 2)


def test_two_voxels_are_as_far_as_they_look():
    shapes = np.zeros((2, 8, 8, 8), bool)
    shapes[0, 0, 0, 0] = True
    shapes[1, 0:7, 0, 0] = True  # a rod of seven, whose middle comes to lie on the single voxel
    prepared = distances.prepare(shapes)
    assert distances.directed(prepared, prepared)[0, 1] == 0
    assert distances.directed(prepared, prepared)[1, 0] == pytest.approx((3 + 2 + 1 + 0 + 1 + 2 + 3) / 7)
    assert distances.chamfer(prepared, prepared)[0, 1] == pytest.approx(12 / 14)
