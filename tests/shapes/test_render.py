"""Pictures: geometry by known answers, light by order, sheets by their layout."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.shapes import render
from shapespace.shapes.grid import handed, mirror, rotate_z
from shapespace.shapes.mesh import Mesh

PLAIN = {"shadow": False, "size": 96}


def cube(resolution: int = 16, low: int = 4, high: int = 12) -> np.ndarray:
    voxels = np.zeros((resolution,) * 3, bool)
    voxels[low:high, low:high, low:high] = True
    return voxels


def silhouette(picture: np.ndarray) -> np.ndarray:
    return picture[..., 3] > 127


def test_a_cube_from_the_front_is_a_square_of_the_projected_size():
    found = silhouette(render.render(cube(), azimuth=0, elevation=0, size=200, shadow=False))
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    camera = render.camera_at(0, 0, 200)
    side = 2 * camera[4, 0] * 0.25 / (np.linalg.norm(camera[0]) - 0.25)  # the near face, by similar triangles
    assert abs(len(rows) - side) <= 1.5
    assert abs(len(columns) - side) <= 1.5
    assert found[rows[1] : rows[-1], columns[1] : columns[-1]].all()
    assert abs(rows[0] + rows[-1] - 199) <= 1
    assert abs(columns[0] + columns[-1] - 199) <= 1


def test_axes_are_the_law_in_the_picture():
    tower = np.zeros((16, 16, 16), bool)
    tower[14, 8, 12] = True  # right (+x) and up (+z) seen from the front
    rows, columns = np.nonzero(silhouette(render.render(tower, azimuth=0, elevation=0, **PLAIN)))
    assert columns.mean() > 60
    assert rows.mean() < 40


def test_a_nearer_voxel_hides_a_farther_one():
    near, both = np.zeros((2, 16, 16, 16), bool)
    near[8, 2, 8] = both[8, 2, 8] = both[8, 13, 8] = True
    pictures = [render.render(v, azimuth=0, elevation=0, **PLAIN) for v in (near, both)]
    assert np.array_equal(silhouette(pictures[0]), silhouette(pictures[1]))
    assert not np.array_equal(
        silhouette(render.render(both, azimuth=90, elevation=0, **PLAIN)), silhouette(pictures[0])
    )


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_the_shape_is_turning_the_camera_back(turns):
    shape = np.pad(handed(), 4)
    turned = render.render(rotate_z(shape, turns), azimuth=20 + 90 * turns, **PLAIN)
    assert np.abs(turned.astype(int) - render.render(shape, azimuth=20, **PLAIN)).max() <= 2


def test_a_mirrored_shape_gives_a_mirrored_silhouette_and_no_other():
    shape = np.pad(handed(), 4)
    straight = silhouette(render.render(shape, azimuth=0, **PLAIN))
    mirrored = silhouette(render.render(mirror(shape, 0), azimuth=0, **PLAIN))
    assert (straight[:, ::-1] != mirrored).mean() < 0.005
    assert (straight != mirrored).mean() > 0.02


def box_mesh() -> Mesh:
    quads, _ = render._exposed_faces(cube(2, 0, 1))
    triangles = render._split(quads)
    return Mesh(triangles.reshape(-1, 3), np.arange(36).reshape(-1, 3))


def test_exposed_faces_are_closed_counter_clockwise_and_where_the_voxels_are():
    triangles = render._split(render._exposed_faces(np.pad(handed(), 1))[0])
    vertices, index = np.unique(triangles.reshape(-1, 3), axis=0, return_inverse=True)
    mesh = Mesh(vertices, index.reshape(-1, 3))
    assert mesh.volume == pytest.approx(handed().sum())
    assert mesh.bounds.tolist() == [[1, 1, 1], [5, 7, 9]]


def test_exposed_normals_agree_with_the_corners():
    quads, normals = render._exposed_faces(handed())
    cross = np.cross(quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 0])
    assert np.allclose(cross[:, None], normals)


def test_mesh_and_grid_of_one_cube_give_the_same_picture():
    grid = render.render(cube(16, 1, 15), **PLAIN)
    mesh = render.render(box_mesh(), **PLAIN)
    assert np.array_equal(grid[..., 3], mesh[..., 3])
    assert np.abs(grid.astype(int) - mesh)[silhouette(grid)].mean() < 12


def test_a_mesh_turned_inside_out_looks_the_same():
    mesh = box_mesh()
    flipped = Mesh(mesh.vertices, mesh.faces[:, ::-1])
    assert np.abs(render.render(mesh, **PLAIN).astype(int) - render.render(flipped, **PLAIN)).max() <= 1


def test_corner_normals_smooth_gentle_edges_and_keep_sharp_ones():
    angles = np.linspace(0, 2 * np.pi, 25)[:-1]
    ring = np.stack([np.cos(angles), np.sin(angles)], 1)
    vertices = np.concatenate([np.insert(ring, 2, 0, axis=1), np.insert(ring, 2, 1, axis=1)])
    a, b = np.arange(24), (np.arange(24) + 1) % 24
    side = np.concatenate([np.stack([a, b, b + 24], 1), np.stack([a, b + 24, a + 24], 1)])
    cap = np.stack([np.full(22, 24), np.arange(25, 47), np.arange(26, 48)], 1)
    seen = render.scene(Mesh(vertices, np.concatenate([side, cap])))
    outward = seen.corners[:48] * [1, 1, 0]
    outward /= np.linalg.norm(outward, axis=2, keepdims=True)
    assert np.allclose((outward * seen.normals[:48]).sum(2), 1, atol=0.01)
    assert np.allclose(seen.normals[48:], [0, 0, 1], atol=1e-5)


def test_the_top_is_lighter_than_the_side_away_from_the_light_and_corners_are_darker():
    picture = render.render(cube(), azimuth=30, elevation=30, size=128, shadow=False)
    column = picture[:, 64, :3].mean(axis=1)[silhouette(picture)[:, 64]]
    assert column[3] > column[-3]
    step = np.zeros((32, 32, 32), bool)
    step[4:28, 4:28, 4:10] = step[4:28, 18:28, 4:28] = True
    above = render.render(step, azimuth=0, elevation=90, size=128, shadow=False)[:, 64]
    rows = np.flatnonzero(above[:, 3] == 255)[2:-2]
    light = above[rows, :3].mean(axis=1)
    assert light.min() < light[-8] - 10  # where seat and wall meet, against the free end of the seat
    assert 0.3 < np.argmin(light) / len(light) < 0.7


def test_without_shadow_alpha_is_the_silhouette_and_with_it_the_ground_darkens_softly():
    bare, grounded = render.render(cube(), **PLAIN), render.render(cube(), size=96)
    assert set(np.unique(bare[..., 3])) <= {0, 63, 64, 127, 128, 191, 192, 255}
    assert ((grounded[..., 3] > 8) & (bare[..., 3] == 0)).sum() > 50
    assert grounded[[0, -1]].max() == grounded[:, [0, -1]].max() == 0


def test_an_empty_grid_and_an_empty_mesh_are_empty_pictures():
    assert not render.render(np.zeros((8, 8, 8), bool)).any()
    assert not render.render(Mesh(np.zeros((0, 3)), np.zeros((0, 3), int))).any()


def test_a_probability_grid_is_drawn_at_half():
    assert np.array_equal(render.render(cube() * 0.9, **PLAIN), render.render(cube(), **PLAIN))


def test_a_degenerate_mesh_does_not_stop_the_sheet():
    flat = Mesh(np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 0, 0.0]]), np.array([[0, 1, 2], [0, 0, 3]]))
    assert render.render(flat, **PLAIN).shape == (96, 96, 4)


def test_vertices_that_are_nowhere_take_only_their_faces_with_them():
    mesh = box_mesh()
    broken = Mesh(
        np.concatenate([[[np.nan, 0, 0]], mesh.vertices, [[np.inf, 1, 1]]]),
        np.concatenate([mesh.faces + 1, [[0, 1, 2], [1, 2, 37]]]),
    )
    assert np.array_equal(render.render(broken, **PLAIN), render.render(mesh, **PLAIN))


def test_the_ring_has_every_camera_and_one_view_equals_it():
    pictures = render.ring(cube(), size=24)
    assert pictures.shape == (3, 24, 24, 24, 4)
    one = render.render(cube(), azimuth=render.AZIMUTHS[5], elevation=render.ELEVATIONS[1], size=24, shadow=False)
    assert np.array_equal(pictures[1, 5], one)


def test_a_sheet_places_every_shape_and_writes_captions():
    sheet = np.asarray(render.contact_sheet([cube()] * 5, columns=3, size=48, captions=["chair"] * 4 + ["m" * 99]))
    line = 11 + 11 // 2
    assert sheet.shape == (2 * (48 + line), 144, 3)
    assert np.array_equal(sheet[:48, :48], sheet[48 + line : -line, 48:96])
    assert (sheet[48:60, :48] != render.BACKGROUND).any()
    assert (sheet[48 + line :, 96:] == render.BACKGROUND).all()
    assert (sheet[-line:, 48:50] == render.BACKGROUND).all()


def test_a_sheet_of_nothing_is_a_picture():
    assert render.contact_sheet([]).size[0] > 0


def test_a_saved_sheet_is_the_sheet(tmp_path):
    from PIL import Image

    render.save_sheet(tmp_path / "deep" / "sheet.png", [cube(), handed()], size=40)
    with Image.open(tmp_path / "deep" / "sheet.png") as written:
        assert np.array_equal(np.asarray(written), np.asarray(render.contact_sheet([cube(), handed()], size=40)))
