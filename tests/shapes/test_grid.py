from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from shapespace.shapes import grid

BOOL_GRIDS = arrays(bool, st.tuples(*[st.integers(1, 9)] * 3))
CUBES = st.integers(1, 9).flatmap(lambda side: arrays(bool, (side,) * 3))


def symmetries(voxels):
    """All 48 rotations and mirror images of a cube."""
    for axes in itertools.permutations(range(3)):
        for flips in itertools.product([False, True], repeat=3):
            yield axes, flips, np.flip(voxels.transpose(axes), [i for i in range(3) if flips[i]])


def test_handed_has_no_symmetry_even_when_moved():
    centred = grid.centre(grid.handed())
    same = [axes for axes, flips, image in symmetries(grid.handed()) if (grid.centre(image) == centred).all()]
    assert same == [(0, 1, 2)]


def test_iou_of_grids_of_other_shapes_means_nothing():
    with pytest.raises(ValueError, match="have no IoU"):
        grid.iou(np.ones((4, 4, 4), bool), np.ones((1, 4, 4), bool))


def test_iou_known_answers():
    a, b = np.zeros((4, 4, 4), bool), np.zeros((4, 4, 4), bool)
    assert grid.iou(a, b) == 1
    a[:2] = b[1:3] = True
    assert grid.iou(a, b) == pytest.approx(1 / 3)


def test_bounding_box():
    low, high = grid.bounding_box(grid.handed())
    assert low.tolist() == [0, 0, 0]
    assert high.tolist() == [4, 6, 8]
    low, high = grid.bounding_box(np.zeros((3, 4, 5), bool))
    assert low.tolist() == high.tolist() == [0, 0, 0]


@given(BOOL_GRIDS)
@settings(max_examples=50, deadline=None)
def test_centre_keeps_the_voxels_and_is_idempotent(voxels):
    centred = grid.centre(voxels)
    low, high = grid.bounding_box(centred)
    assert centred.sum() == voxels.sum()
    if voxels.any():
        gap_low, gap_high = low, np.array(voxels.shape) - high
        assert ((gap_high - gap_low >= 0) & (gap_high - gap_low <= 1)).all()
    assert (grid.centre(centred) == centred).all()


@given(CUBES, st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_resize_up_then_down_is_identity(voxels, factor):
    assert (grid.resize(grid.resize(voxels, len(voxels) * factor), len(voxels)) == voxels).all()


def test_resize_down_keeps_a_thin_leg():
    leg = np.zeros((8, 8, 8), bool)
    leg[5, 5] = True
    assert (grid.resize(leg, 4)[2, 2]).all()
    assert grid.resize(leg, 4).sum() == 4


def test_resize_other_ratio_takes_cell_centres():
    line = np.zeros((3, 3, 3), np.int8)
    line[1:] = np.array([7, 9])[:, None, None]
    assert grid.resize(line, 2)[:, 0, 0].tolist() == [0, 9]
    assert grid.resize(line, 5)[:, 0, 0].tolist() == [0, 0, 7, 9, 9]


@given(BOOL_GRIDS, st.integers(9, 12))
@settings(max_examples=30, deadline=None)
def test_crop_undoes_pad(voxels, resolution):
    cube = grid.pad(voxels, 9)
    assert cube.sum() == voxels.sum()
    assert (grid.crop(grid.pad(cube, resolution), 9) == cube).all()


@pytest.mark.parametrize(("call", "resolution"), [(grid.pad, 7), (grid.crop, 9)])
def test_pad_and_crop_refuse_the_other_direction(call, resolution):
    with pytest.raises(ValueError, match="cannot"):
        call(grid.handed(), resolution)


def test_resize_refuses_a_box():
    with pytest.raises(ValueError, match="cube"):
        grid.resize(np.zeros((2, 3, 4), bool), 2)


def point(x, y, z):
    voxels = np.zeros((8, 8, 8), bool)
    voxels[x, y, z] = True
    return voxels


def test_mirror_and_batch():
    assert (grid.mirror(point(1, 2, 3)) == point(6, 2, 3)).all()
    assert (grid.mirror(point(1, 2, 3), axis=2) == point(1, 2, 4)).all()
    batch = np.stack([grid.handed(), point(1, 2, 3)])[:, None]
    assert (grid.mirror(batch)[1, 0] == point(6, 2, 3)).all()
    assert (grid.rotate_z(batch, 1)[1, 0] == grid.rotate_z(point(1, 2, 3), 1)).all()


def test_rotate_z_turns_x_towards_y():
    assert (grid.rotate_z(point(7, 0, 3), 1) == point(7, 7, 3)).all()
    shape = grid.handed()
    for turns in range(-4, 5):
        assert (grid.rotate_z(grid.rotate_z(shape, turns), -turns) == shape).all()
    assert (grid.rotate_z(shape, 4) == shape).all()


def test_to_z_up_moves_axes_and_is_a_proper_rotation():
    assert (grid.to_z_up(point(1, 7, 2), "y") == point(1, 5, 7)).all()
    assert (grid.to_z_up(point(7, 1, 2), "x") == point(1, 2, 7)).all()
    rotations = [
        image
        for axes, flips, image in symmetries(grid.handed())
        if np.linalg.det(np.eye(3)[list(axes)]) * (-1) ** sum(flips) > 0
    ]
    for up in "xyz":
        assert any((grid.to_z_up(grid.handed(), up) == image).all() for image in rotations)
    with pytest.raises(ValueError, match="'w'"):
        grid.to_z_up(grid.handed(), "w")


def test_components_equal_the_six_neighbour_oracle():
    from scipy import ndimage

    voxels = np.random.default_rng(0).random((12, 9, 10)) < 0.3
    labels, count = grid.components(voxels)
    oracle, oracle_count = ndimage.label(voxels)
    assert count == oracle_count
    assert labels.dtype == np.int32
    assert (labels == oracle).all()


def test_components_reach_is_manhattan_distance():
    voxels = point(0, 0, 0) | point(1, 1, 1) | point(1, 1, 5)
    assert [grid.components(voxels, reach)[1] for reach in (1, 2, 3, 4)] == [3, 3, 2, 1]


def test_largest_component():
    voxels = np.zeros((9, 9, 9), bool)
    voxels[:2, :2, :2] = voxels[5:, 5:, 5:] = True
    largest = grid.largest_component(voxels)
    assert largest.sum() == 64
    assert largest[5:, 5:, 5:].all()
    assert not grid.largest_component(np.zeros((4, 4, 4), bool)).any()


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_unpack_undoes_pack(resolution, seed):
    voxels = np.random.default_rng(seed).random((3, resolution, resolution, resolution)) < 0.5
    bits = grid.pack(voxels)
    assert bits.shape == (3, -(-(resolution**3) // 8))
    unpacked = grid.unpack(bits, resolution)
    assert unpacked.dtype == bool
    assert (unpacked == voxels).all()
