"""The inner loops of pictures, each against a slower way to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.shapes import lighting, raster, render


@pytest.mark.parametrize("radius", [1, 2, 4])
def test_blurred_is_the_mean_of_the_cube(radius):
    volume = np.random.default_rng(radius).random((12, 12, 12)) < 0.3
    padded = np.pad(volume.astype(float), radius)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1,) * 3)
    assert np.allclose(raster.blurred(volume, radius), windows.mean((3, 4, 5)), atol=1e-5)


def test_depth_of_a_slanted_plane_is_exact():
    camera = render.camera_at(0, 0, 64)
    plane = np.array([[[-1, 0.2, -1], [1, -0.2, -1], [0, 0.0, 1]]], np.float32)
    nearest, hit = raster.depth_buffer(plane, camera[0], camera[1:4], camera[4, 0], 64)
    rows, columns = np.nonzero(hit == 0)
    assert len(rows) > 500
    rays = np.stack([(columns + 0.5 - 32) / camera[4, 0], np.ones(len(rows)), (32 - rows - 0.5) / camera[4, 0]], 1)
    points = camera[0] + rays / nearest[rows, columns, None]
    assert np.allclose(points[:, 1], -0.2 * points[:, 0], atol=1e-4)


def test_what_is_behind_the_camera_or_flat_is_not_drawn():
    camera = render.camera_at(0, 0, 32)
    behind = np.array([[[-1, -9, -1], [1, -9, -1], [0, -9, 1]]], np.float32)
    flat = np.array([[[0, 0, 0], [1, 0, 0], [2, 0, 0]]], np.float32)
    for corners in (behind, flat):
        assert (raster.depth_buffer(corners, camera[0], camera[1:4], camera[4, 0], 32)[1] == -1).all()


def test_splat_fills_the_cells_a_triangle_passes():
    triangle = np.array([[[-0.5, -0.5, 0.01], [0.5, -0.5, 0.01], [-0.5, 0.5, 0.01]]], np.float32)
    cells = raster.splat(triangle, 8)
    assert not cells[:, :, [0, 1, 2, 3, 5, 6, 7]].any()
    assert 36 <= cells[:, :, 4].sum() <= 44


def test_trilinear_sampling_is_linear_between_centres_and_zero_outside():
    volume = np.arange(64, dtype=np.float32).reshape(4, 4, 4)
    centre = lambda i: (i + 0.5) / 4 - 0.5
    assert lighting._sample(volume, centre(1), centre(2), centre(1)) == pytest.approx(volume[1, 2, 1])
    assert lighting._sample(volume, centre(1.5), centre(1.25), centre(0.5)) == pytest.approx(16 * 1.5 + 4 * 1.25 + 0.5)
    assert lighting._sample(volume, 0.6, 0.0, 0.0) == 0.0


def test_a_free_plane_sees_the_whole_sky_and_a_corner_less():
    voxels = np.zeros((64, 64, 64), bool)
    voxels[8:56, 8:56, 20:32] = True
    fine, coarse = render._volumes(voxels)
    top, up = np.array([0.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
    assert lighting._open(top, up, fine, coarse) > 0.9
    voxels[8:56, 30:56, 32:60] = True
    fine, coarse = render._volumes(voxels)
    assert lighting._open(np.array([0.0, -0.04, 0.0]), up, fine, coarse) < 0.75


def test_light_stops_behind_a_wall():
    voxels = np.zeros((64, 64, 64), bool)
    voxels[40:44, 4:60, 4:60] = True
    fine, _ = render._volumes(voxels)
    towards, away = np.array([1.0, 0.0, 0.0]), np.array([-1.0, 0.0, 0.0])
    assert lighting._sunlight(np.array([-0.2, 0.0, 0.0]), towards, towards, fine) < 0.3
    assert lighting._sunlight(np.array([-0.2, 0.0, 0.0]), away, away, fine) > 0.99


def test_gamma_and_division_by_alpha():
    picture = np.zeros((3, 3, 4), np.float32)
    picture[0, 0] = (0.25, 0.5, 1.0, 1.0)
    picture[0, 1] = (0.1, 0.2, 0.4, 0.4)
    found = lighting.developed(picture)[0]
    expected = 255 * np.array([0.25, 0.5, 1.0]) ** (1 / 2.2)
    assert np.abs(found[:2, :3] - expected).max() <= 1
    assert found[:, 3].tolist() == [255, 102, 0]
