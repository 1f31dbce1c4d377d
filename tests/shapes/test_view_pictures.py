"""Views for the encoder: sides and hands by the handed shape, looks as pure functions, light and shadow by order."""

from __future__ import annotations

import numpy as np
import pytest
from test_render import box_mesh, cube, silhouette

from shapespace.shapes import furniture, views
from shapespace.shapes.grid import handed, mirror, rotate_z
from shapespace.shapes.mesh import Mesh

STRAIGHT = views.Look(azimuth=0.0, elevation=0.0)


def seen(shape, azimuth: float, elevation: float = 0.0, **changes) -> np.ndarray:
    return views.picture(views.model(shape), views.Look(azimuth=azimuth, elevation=elevation, **changes))


def base_and_tower(outline: np.ndarray) -> tuple[float, float]:
    """Return the columns, from 0 to 1 over the outline, of the middle of its lowest tenth and of its upper half."""
    rows, columns = np.nonzero(outline)
    place = (columns - columns.min()) / (columns.max() - columns.min())
    height = (rows - rows.min()) / (rows.max() - rows.min())
    return place[height > 0.9].mean(), place[height < 0.5].mean()


# The handed shape: a tower at the corner (0, 0), a short arm of 4 along +x and a long one of 6 along +y.
@pytest.mark.parametrize(
    ("azimuth", "tower_is_left"),
    [(0, True), (90, True), (180, False), (270, False)],
    ids=["from -y: +x to the right", "from +x: +y to the right", "from +y: +x to the left", "from -x: +y to the left"],
)
def test_a_view_is_what_a_person_standing_there_sees(azimuth, tower_is_left):
    outline = silhouette(seen(np.pad(handed(), 4), azimuth))
    base, tower = base_and_tower(outline)
    assert (tower < base) == tower_is_left
    assert abs(tower - base) > 0.1


@pytest.mark.parametrize(("azimuth", "arm"), [(0, 4), (90, 6), (180, 4), (270, 6)])
def test_the_arm_seen_from_a_side_has_its_length(azimuth, arm):
    rows, columns = np.nonzero(silhouette(seen(np.pad(handed(), 4), azimuth, distance=40.0)))
    ratio = (np.ptp(columns) + 1) / (np.ptp(rows) + 1)
    assert ratio == pytest.approx(arm / 8, abs=0.04)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_the_shape_is_turning_the_camera_back(turns):
    shape = np.pad(handed(), 4)
    turned = silhouette(seen(rotate_z(shape, turns), 20 + 90 * turns, 20))
    assert (turned != silhouette(seen(shape, 20, 20))).mean() < 0.004


def test_a_mirrored_shape_gives_a_mirrored_outline_and_no_other():
    shape = np.pad(handed(), 4)
    straight, other = silhouette(seen(shape, 0)), silhouette(seen(mirror(shape), 0))
    assert (straight[:, ::-1] != other).mean() < 0.005
    assert (straight != other).mean() > 0.02


def test_numbers_count_azimuths_within_elevations():
    assert (len(views.AZIMUTHS), len(views.ELEVATIONS), views.COUNT) == (24, 3, 72)
    assert [views.angles(v) for v in (0, 1, 23, 24, 71)] == [
        (0, 5),
        (15, 5),
        (345, 5),
        (0, 20),
        (345, 35),
    ]
    assert all(views.number(v % 24, v // 24) == v for v in range(views.COUNT))


def test_a_look_is_near_its_place_on_the_ring_and_depends_on_every_number():
    for view in range(views.COUNT):
        how = views.look((1, 2), view)
        azimuth, elevation = views.angles(view)
        assert abs(how.azimuth - azimuth) <= views.AZIMUTH_JITTER
        assert abs(how.elevation - elevation) <= views.ELEVATION_JITTER
    assert views.look((1, 2), 3) == views.look((1, 2), 3)
    assert len({views.look(seed, view) for seed in ((1, 2), (1, 3), (2, 2)) for view in range(72)}) == 3 * 72


def test_there_is_no_view_beyond_the_ring():
    with pytest.raises(ValueError, match="0 to 71"):
        views.look((0,), views.COUNT)


def test_the_outline_is_framed_as_asked():
    for fill, shift in ((0.7, (0.0, 0.0)), (0.9, (0.03, -0.03))):
        rows, columns = np.nonzero(silhouette(seen(cube(), 30, 20, fill=fill, shift=shift)))
        longest = max(np.ptp(rows), np.ptp(columns)) + 1
        assert longest == pytest.approx(fill * views.SIZE, abs=2)
        middle = 128 + np.array(shift) * 256
        assert [(columns.min() + columns.max() + 1) / 2, (rows.min() + rows.max() + 1) / 2] == pytest.approx(
            middle, abs=1.5
        )


def test_alpha_is_full_on_the_shape_and_below_half_on_its_shadow():
    picture = seen(furniture.make("chair", 3, 32).voxels, 30, 30)
    alpha = picture[..., 3]
    shadow = (alpha > 8) & (alpha < 128)
    assert shadow.sum() > 500
    assert not picture[shadow & (alpha < 60)][:, :3].any() or picture[shadow][:, :3].mean() < 40
    assert (alpha == 255).mean() > 0.1
    assert not picture[alpha == 0].any()


def test_the_lamp_lights_its_side_and_the_colour_is_the_material():
    left, right = (seen(cube(), 45, 20, light_azimuth=side, colour=(0.9, 0.2, 0.2)) for side in (-60, 60))
    halves = [(p[120:140, 80:110, :3].mean(), p[120:140, 146:176, :3].mean()) for p in (left, right)]
    assert halves[0][0] > halves[0][1] * 1.15
    assert halves[1][1] > halves[1][0] * 1.15
    assert left[130, 100, 0] > 2 * left[130, 100, 1]


def test_below_the_division_the_shape_has_its_second_colour():
    picture = seen(cube(), 0, 10, division=0.5, colour=(0.9, 0.1, 0.1), second=(0.1, 0.1, 0.9))
    assert picture[90, 128, 0] > picture[90, 128, 2]
    assert picture[190, 128, 2] > picture[190, 128, 0]


def test_what_stands_between_lamp_and_surface_darkens_it():
    bare = np.zeros((32, 32, 32), bool)
    bare[2:30, 2:30, 2:6] = True
    roofed = bare.copy()
    roofed[2:30, 2:30, 26:28] = True
    light = {"light_elevation": 75.0, "colour": (0.6, 0.6, 0.6), "sky": 0.05}
    free, shaded = (seen(v, 0, 15, **light) for v in (bare, roofed))
    # The slab's top lies low in the picture: compare its brightest rows.
    assert np.percentile(shaded[180:, 100:156, :3][shaded[180:, 100:156, 3] == 255], 75) < 0.8 * np.percentile(
        free[..., :3][free[..., 3] == 255], 75
    )


def test_nothing_shows_through_a_closed_wall():
    picture = seen(cube(16, 2, 14), 37, 23)
    rows = np.nonzero(picture[..., 3] == 255)[0]
    for row in range(rows.min() + 3, rows.max() - 3):
        line = np.flatnonzero(picture[row, :, 3] == 255)
        assert len(line) == np.ptp(line) + 1


def test_a_mesh_and_its_grid_have_one_outline_and_a_turned_inside_out_mesh_looks_the_same():
    grid, mesh = cube(16, 1, 15), box_mesh()
    outlines = [silhouette(seen(shape, 30, 20)) for shape in (grid, mesh)]
    assert (outlines[0] != outlines[1]).mean() < 0.02
    flipped = Mesh(mesh.vertices, mesh.faces[:, ::-1])
    assert np.abs(seen(flipped, 30, 20).astype(int) - seen(mesh, 30, 20)).max() <= 1


def test_a_staircase_at_a_slope_is_lit_like_a_slope():
    slope = np.zeros((32, 32, 32), bool)
    for y in range(32):
        slope[4:28, y, : 4 + y // 2] = True
    picture = seen(slope, 0, 30, colour=(0.6, 0.6, 0.6))
    line = picture[:, 128, :3].mean(axis=1)[picture[:, 128, 3] == 255]
    inner = line[len(line) // 4 : len(line) // 2]
    assert np.abs(np.diff(inner)).max() < 14  # blocks would alternate between treads and risers by 60 and more


def test_empty_shapes_are_empty_pictures():
    assert not seen(np.zeros((8, 8, 8), bool), 0).any()
    assert not seen(Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)), 0).any()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 2), (40, 8, 8)])
def test_full_boxes_of_any_size_are_drawn(shape):
    assert silhouette(seen(np.ones(shape, bool), 30, 20)).mean() > 0.02


def test_the_surface_is_closed_and_stays_within_half_a_voxel():
    from shapespace.shapes.views_surface import exposed, relaxed

    voxels = np.random.default_rng(0).random((9, 9, 9)) < 0.5
    vertices, quads = exposed(voxels)
    edges = np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2)
    forward, backward = edges @ [1 << 20, 1], edges @ [1, 1 << 20]
    assert np.array_equal(np.sort(forward), np.sort(backward))  # each edge is walked as often one way as the other
    corners = vertices[quads].astype(np.float64)
    triangles = corners[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3, 3)
    assert np.linalg.det(triangles).sum() / 6 == pytest.approx(voxels.sum())
    assert np.abs(relaxed(vertices, quads) - vertices).max() <= 0.5 + 1e-6


def test_a_cut_triangle_keeps_its_area_and_its_sides_are_short():
    from shapespace.shapes.views_surface import cut

    corners = np.array([[[0, 0, 0], [1, 0, 0], [0, 0.5, 0]]], np.float32)
    points, normals, triangles = cut(corners, np.tile(np.float32([0, 0, 1]), (1, 3, 1)), 0.25)
    a, b, c = points[triangles].transpose(1, 0, 2)
    areas = np.cross(b - a, c - a)[:, 2] / 2
    assert areas.sum() == pytest.approx(0.25)
    assert (areas > 0).all()
    assert max(np.linalg.norm(b - a, axis=1).max(), np.linalg.norm(c - b, axis=1).max()) <= 0.25 + 1e-6
    assert np.allclose(normals, [0, 0, 1])


def test_rooms_are_pure_functions_and_differ():
    from shapespace.shapes.views_room import room

    assert np.array_equal(room(5, elevation=20.0), room(5, elevation=20.0))
    pictures = [room(number, size=64) for number in range(12)]
    assert len({picture.tobytes() for picture in pictures}) == 12
    assert min(picture.std() for picture in pictures) > 3
    assert pictures[0].shape == (64, 64, 3)


def test_a_view_before_a_background_shows_both_and_a_clear_view_shows_the_background():
    from shapespace.shapes.views_compose import composed

    picture = seen(cube(), 30, 20, colour=(0.9, 0.1, 0.1))
    behind = np.full((256, 256, 3), (20, 140, 60), np.uint8)
    plain = np.array([0.5, 0.5, 0.0, 0.0])  # exposure and contrast as they are, no noise
    result = composed(picture, behind, plain)
    assert result.shape == (3, 256, 256)
    clear = (picture[..., 3] == 0)[None] & np.ones((3, 1, 1), bool)
    assert np.abs(result.astype(int) - behind.transpose(2, 0, 1))[clear].max() <= 1
    assert result[0, 128, 128] > result[1, 128, 128]
