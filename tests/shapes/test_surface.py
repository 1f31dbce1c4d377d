from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shapespace.errors import BadInput
from shapespace.shapes import grid
from shapespace.shapes.surface import to_mesh
from shapespace.shapes.voxelize import voxelize

SEEDS = st.integers(0, 2**32 - 1)


def random_grid(seed, kind):
    rng = np.random.default_rng(seed)
    shape = rng.integers(1, 8, 3)
    if kind == "bool":
        voxels = rng.random(shape) < rng.uniform(0.05, 0.95)
    elif kind == "quarters":  # many values exactly at the level
        voxels = rng.integers(0, 5, shape) / 4
    else:
        voxels = rng.random(shape).astype(np.float32)
    voxels.flat[0] = 1
    return voxels


def assert_closed(mesh):
    assert mesh.is_closed
    assert mesh.is_oriented
    assert mesh.volume > 0


@given(SEEDS, st.sampled_from(["bool", "quarters", "float"]), st.sampled_from(["smooth", "blocks"]))
@settings(max_examples=200, deadline=None)
def test_every_edge_lies_in_exactly_two_faces(seed, kind, style):
    assert_closed(to_mesh(random_grid(seed, kind), style=style))


@given(SEEDS)
@settings(max_examples=50, deadline=None)
def test_blocks_have_the_volume_of_the_voxels(seed):
    voxels = random_grid(seed, "bool")
    mesh = to_mesh(voxels, style="blocks", pitch=0.5)
    assert mesh.volume == pytest.approx(voxels.sum() / 8)


def test_one_voxel_is_a_cube_about_its_centre():
    voxels = np.zeros((3, 4, 5), bool)
    voxels[1, 2, 3] = True
    mesh = to_mesh(voxels, style="blocks", pitch=2, origin=(10, 20, 30))
    assert mesh.bounds.tolist() == [[11, 23, 35], [13, 25, 37]]
    assert (len(mesh.vertices), len(mesh.faces)) == (8, 12)


def test_voxels_that_touch_at_an_edge_or_a_corner_have_their_own_vertices():
    for other in ([1, 1, 0], [1, 1, 1]):
        voxels = np.zeros((2, 2, 2), bool)
        voxels[0, 0, 0] = voxels[tuple(other)] = True
        mesh = to_mesh(voxels, style="blocks")
        assert_closed(mesh)
        assert len(mesh.vertices) == 16


def test_an_edge_whose_voxels_are_joined_around_both_its_ends():
    voxels = np.ones((2, 2, 3), bool)
    voxels[0, 1, 1] = voxels[1, 0, 1] = False
    mesh = to_mesh(voxels, style="blocks")
    assert_closed(mesh)
    assert mesh.volume == pytest.approx(10)


@pytest.mark.parametrize("style", ["smooth", "blocks"])
def test_handed_keeps_its_axes_there_and_back(style):
    shape = grid.pad(grid.handed(), 10)
    mesh = to_mesh(shape, style=style)
    back = voxelize(mesh, 10, margin=0.1, thin_parts=False).voxels  # its longest side, 8, fills 10 * (1 - 2 / 10)
    if style == "blocks":
        assert (grid.centre(back) == grid.centre(shape)).all()
    else:
        assert grid.iou(grid.centre(back), grid.centre(shape)) > 0.8


def test_a_full_grid_is_closed_at_the_border():
    mesh = to_mesh(np.ones((4, 4, 4), np.float32))
    assert_closed(mesh)
    assert mesh.volume == pytest.approx(64, rel=0.15)


@pytest.mark.parametrize(("smoothing", "least"), [(0, 0.45), (10, 0.15)])
def test_a_leg_one_voxel_thick_stays(smoothing, least):
    voxels = np.zeros((9, 9, 24), bool)
    voxels[4, 4] = True
    mesh = to_mesh(voxels, smoothing=smoothing)
    assert_closed(mesh)
    assert least <= mesh.volume / 24 <= 1.1
    assert mesh.bounds[1, 2] - mesh.bounds[0, 2] > 22


def test_smooth_surface_of_a_ball_is_round():
    cells = np.indices((24,) * 3) - 11.5
    ball = (cells**2).sum(axis=0) < 9**2
    mesh = to_mesh(ball, smoothing=5)
    distance = np.linalg.norm(mesh.vertices - 11.5, axis=1)
    assert distance.std() < 0.15
    assert mesh.volume == pytest.approx(ball.sum(), rel=0.03)


def test_level_is_where_the_surface_lies():
    ramp = np.broadcast_to(np.linspace(1, 0, 11)[:, None, None], (11, 6, 6)).copy()
    for level in (0.15, 0.5, 0.85):
        inner = to_mesh(ramp, level=level).vertices
        middle = inner[(np.abs(inner[:, 1] - 2.5) < 1) & (np.abs(inner[:, 2] - 2.5) < 1)]
        assert middle[:, 0].max() == pytest.approx(10 * (1 - level), abs=0.01)


@given(SEEDS, st.integers(0, 400), st.sampled_from(["smooth", "blocks"]))
@settings(max_examples=40, deadline=None)
def test_simplified_and_smoothed_is_closed_still(seed, goal, style):
    mesh = to_mesh(random_grid(seed, "bool"), style=style, smoothing=3, faces=goal)
    assert mesh.is_closed
    assert mesh.is_oriented


def test_simplification_reaches_its_goal_on_a_plain_shape():
    cells = np.indices((32,) * 3) - 15.5
    mesh = to_mesh((cells**2).sum(axis=0) < 12**2, smoothing=5, faces=500)
    assert len(mesh.faces) <= 500
    assert_closed(mesh)
    assert mesh.volume == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.05)


@pytest.mark.parametrize("occupancy", [np.zeros((4, 4, 4), bool), np.full((4, 4, 4), 0.4), np.full((3, 3, 3), np.nan)])
def test_refuses_a_shape_without_voxels(occupancy):
    with pytest.raises(BadInput, match="no voxel"):
        to_mesh(occupancy)


def test_refuses_infinite_occupancy_and_options_without_meaning():
    endless = np.full((3, 3, 3), np.inf)
    with pytest.raises(BadInput, match="finite"):
        to_mesh(endless)
    with pytest.raises(ValueError, match="style"):
        to_mesh(grid.handed(), style="cubes")
    with pytest.raises(ValueError, match="x, y, z"):
        to_mesh(np.ones((1, 4, 4, 4), bool))
