from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from winding import winding_grid

from shapespace.errors import BadInput
from shapespace.shapes import grid
from shapespace.shapes.mesh import Mesh
from shapespace.shapes.voxelize import voxelize

BOX = np.array(
    [
        *([0, 1, 3], [0, 3, 2], [4, 7, 5], [4, 6, 7], [0, 5, 1], [0, 4, 5]),
        *([2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ]
)


def box(low, high):
    """A closed box, counter-clockwise from outside."""
    corners = np.stack([low, high])
    vertices = np.array([[corners[i, 0], corners[j, 1], corners[k, 2]] for i, j, k in np.ndindex(2, 2, 2)])
    return Mesh(vertices, BOX)


def together(*meshes):
    starts = np.cumsum([0, *[len(mesh.vertices) for mesh in meshes]])
    faces = [mesh.faces + start for mesh, start in zip(meshes, starts, strict=False)]
    return Mesh(np.vstack([mesh.vertices for mesh in meshes]), np.vstack(faces))


def reverse(mesh):
    return Mesh(mesh.vertices, mesh.faces[:, ::-1])


def sphere(subdivisions=3, radius=1.0):
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions, radius)
    return Mesh(ball.vertices, ball.faces)


def table(*, leg=0.06):
    """A top and four legs that overlap it, as most furniture is made."""
    legs = [
        box((x, y, 0), (x + leg, y + leg, 0.76))
        for x in (0.02, 0.98 - leg)
        for y in (0.02, 0.58 - leg)
    ]  # fmt: skip
    return together(box((0, 0, 0.7), (1, 0.6, 0.78)), *legs)


MESHES = {"table": table(), "sphere": sphere(1), "shells": together(sphere(1), sphere(1, 0.5))}


def sampled(mesh, resolution=64, **options):
    return voxelize(mesh, resolution, thin_parts=False, **options).voxels


def oracle(mesh, resolution=64):
    result = voxelize(mesh, resolution)
    return winding_grid(mesh.vertices, mesh.faces, resolution, result.pitch, result.origin)


def test_box_known_answer():
    result = voxelize(box((0, 0, 0), (1, 0.5, 0.25)), 64)
    assert result.voxels.sum() == 56 * 28 * 14
    low, high = grid.bounding_box(result.voxels)
    assert low.tolist() == [4, 18, 25]
    assert high.tolist() == [60, 46, 39]
    assert result.pitch == pytest.approx(1 / 56)
    assert result.rule == "rays"
    centres = np.argwhere(result.voxels) * result.pitch + result.origin
    assert ((centres > 0) & (centres < [1, 0.5, 0.25])).all()


def test_handed_keeps_its_axes():
    cells = np.argwhere(grid.handed())
    mesh = together(*[box(cell - 0.5, cell + 0.5) for cell in cells])
    assert (voxelize(mesh, 8, margin=0).voxels == grid.centre(grid.handed())).all()
    turned = voxelize(Mesh(mesh.vertices[:, [0, 2, 1]] * [1, 1, -1], mesh.faces), 8, margin=0, up="y").voxels
    assert (turned == grid.centre(grid.handed())).all()


@pytest.mark.parametrize("name", MESHES)
def test_equals_the_winding_number(name):
    assert (sampled(MESHES[name], 32) == oracle(MESHES[name], 32)).all()


def test_overlapping_parts_are_a_union_and_abutting_ones_too():
    block = box((0, 0, 0), (2, 1, 1))
    overlapping = together(box((0, 0, 0), (1.25, 1, 1)), box((0.75, 0, 0), (2, 1, 1)))
    abutting = together(box((0, 0, 0), (1, 1, 1)), box((1, 0, 0), (2, 1, 1)))
    for mesh in (overlapping, abutting):
        assert (voxelize(mesh, 32).voxels == voxelize(block, 32).voxels).all()


def test_a_closed_shell_inside_is_filled_however_it_is_wound():
    outer, inner = sphere(2), sphere(2, 0.5)
    for mesh in (together(outer, inner), together(outer, reverse(inner)), together(reverse(outer), inner)):
        assert (voxelize(mesh, 32).voxels == voxelize(outer, 32).voxels).all()


def test_a_tub_with_a_lining_of_its_own_stays_hollow():
    tub, hollow = box((0, 0, 0), (2, 1, 1)), box((0.2, 0.2, 0.2), (1.8, 0.8, 1))
    open_tub = Mesh(tub.vertices, np.delete(tub.faces, lids(tub), axis=0))
    lining = Mesh(hollow.vertices, np.delete(hollow.faces, lids(hollow), axis=0)[:, ::-1])
    voxels = voxelize(together(open_tub, lining), 32, thin_parts=False).voxels
    assert not voxels[16, 16, 16:].any()
    assert voxels[16, 16, 10]
    assert voxels[3, 16, 20]


def lids(mesh):
    return np.flatnonzero((mesh.vertices[mesh.faces][:, :, 2] == mesh.vertices[:, 2].max()).all(axis=1))


@pytest.mark.parametrize("name", MESHES)
def test_every_face_twice_with_opposite_windings_is_the_solid(name):
    mesh = MESHES[name]
    doubled = Mesh(mesh.vertices, np.vstack([mesh.faces, mesh.faces[:, ::-1]]))
    unwelded = Mesh(mesh.vertices[doubled.faces].reshape(-1, 3), np.arange(3 * len(doubled.faces)).reshape(-1, 3))
    for other in (doubled, unwelded):
        assert (voxelize(other, 32).voxels == voxelize(mesh, 32).voxels).all()


@pytest.mark.parametrize("lost", [0.02, 0.05])
def test_survives_missing_faces(lost):
    mesh, rng = together(sphere(4), box((0.2, 0.2, 0.2), (1.5, 1.5, 1.5))), np.random.default_rng(0)
    whole = sampled(mesh)
    holed = Mesh(mesh.vertices, mesh.faces[rng.random(len(mesh.faces)) >= lost])
    assert grid.iou(sampled(holed), whole) >= 0.98


def test_box_without_a_lid_is_filled():
    mesh = box((0, 0, 0), (1, 1, 1))
    assert sampled(Mesh(mesh.vertices, np.delete(mesh.faces, lids(mesh), axis=0)), 16).sum() == 14**3


@pytest.mark.parametrize("leg", [0.004, 0.01, 0.02])
def test_thin_legs_stay_and_stay_connected(leg):
    result = voxelize(table(leg=leg), 64)
    low, high = grid.bounding_box(result.voxels)
    assert high[2] - low[2] >= 43  # 0.78 of 56
    assert grid.components(result.voxels)[1] == 1
    assert result.voxels[:, :, low[2] + 4].sum() <= 4 * 4


def test_legs_between_the_rays_are_lost_without_that_rule():
    assert grid.bounding_box(sampled(table(leg=0.004)))[0][2] > 40
    assert voxelize(table(leg=0.004), 64).rule == "rays + thin"


def test_slanted_wire_is_connected_face_to_face():
    wire = together(box((0, 0, 0), (1, 1, 0.2)), Mesh(np.array([[0.1, 0.1, 0.2], [0.9, 0.7, 2], [0.9, 0.702, 2]]),
                                                       np.array([[0, 1, 2]])))  # fmt: skip
    voxels = voxelize(wire, 64).voxels
    assert grid.components(voxels)[1] == 1
    assert grid.bounding_box(voxels)[1][2] >= 59


def test_a_flat_sheet_is_one_voxel_thick():
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    voxels = voxelize(Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]])), 32).voxels
    assert voxels.any(axis=2).sum() >= 28**2
    assert voxels.sum(axis=2).max() == 1


def test_soup_without_an_inside_is_carved():
    rng = np.random.default_rng(0)
    ball = sphere(3)
    corners = ball.vertices[ball.faces]
    middle = corners.mean(axis=1, keepdims=True)
    corners = middle + (corners - middle) * 1.05  # every face on its own, overlapping its neighbours
    turn = rng.random(len(corners)) < 0.5
    corners[turn] = corners[turn][:, ::-1]
    soup = voxelize(Mesh(corners.reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3)), 64)
    assert soup.rule.startswith("carve")
    assert grid.iou(soup.voxels, voxelize(ball, 64).voxels) > 0.9


# Properties (SAFETY D5): the same shape, told otherwise, is the same grid.


@given(st.sampled_from(sorted(MESHES)), st.integers(0, 2**32 - 1))
def check_order_copies_and_windings(name, seed):
    rng, mesh = np.random.default_rng(seed), MESHES[name]
    order = rng.permutation(len(mesh.vertices))
    faces = np.argsort(order)[mesh.faces]
    faces = np.array([np.roll(face, rng.integers(3)) for face in faces])
    turn = rng.random(len(faces)) < 0.3
    faces[turn] = faces[turn][:, ::-1]
    copies = faces[rng.integers(0, len(faces), rng.integers(0, 2 * len(faces)))]
    copies = np.where(rng.random(len(copies))[:, None] < 0.5, copies[:, ::-1], copies)
    told = Mesh(mesh.vertices[order], rng.permutation(np.vstack([faces, copies])))
    assert (voxelize(told, 32).voxels == voxelize(mesh, 32).voxels).all()


@given(st.sampled_from(sorted(MESHES)), st.floats(1e-30, 1e30), st.tuples(*[st.floats(-100, 100)] * 3))
def check_scale_and_place(name, factor, shift):
    mesh = MESHES[name]
    moved = Mesh((mesh.vertices + shift) * factor, mesh.faces)
    assert (voxelize(moved, 32).voxels == voxelize(mesh, 32).voxels).all()


EXTREMES = st.sampled_from([0.0, 1.0, -1.0, 5e-324, 1e-310, 1e-30, 1e30, 1e300, 1.7e308, -1.7e308, np.nan, np.inf])


@given(st.lists(st.tuples(*[EXTREMES] * 3), min_size=3, max_size=12), st.integers(0, 2**32 - 1))
def check_extreme_numbers(points, seed):
    faces = np.random.default_rng(seed).integers(0, len(points), (8, 3))
    try:
        result = voxelize(Mesh(np.array(points), faces), 16)
    except BadInput:
        return
    assert result.voxels.any()


def test_order_copies_and_windings_do_not_matter():
    settings(max_examples=200, deadline=None)(check_order_copies_and_windings)()


def test_scale_and_place_do_not_matter():
    settings(max_examples=200, deadline=None)(check_scale_and_place)()


def test_extreme_numbers_give_bad_input_or_a_grid_never_an_empty_one():
    settings(max_examples=200, deadline=None)(check_extreme_numbers)()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("check", [check_order_copies_and_windings, check_scale_and_place, check_extreme_numbers])
def test_none_of_thousands_matters(check):
    settings(max_examples=10_000, deadline=None, database=None)(check)()


@pytest.mark.parametrize(
    ("mesh", "what"),
    [
        (Mesh(np.zeros((0, 3)), np.zeros((0, 3), int)), "no faces"),
        (Mesh(np.array([[0, 0, 0], [1, 0, 0], [0, np.nan, 0]]), np.array([[0, 1, 2]])), "not finite"),
        (Mesh(np.ones((3, 3)), np.array([[0, 1, 2]])), "longest side"),
        (Mesh(np.eye(3), np.array([[0, 1, 1]])), "area"),
        (Mesh(np.array([[-1.7e308] * 3, [1.7e308] * 3, [0, 0, 1]]), np.array([[0, 1, 2]])), "too far"),
    ],
)
def test_refuses_what_has_no_shape(mesh, what):
    with pytest.raises(BadInput, match=what):
        voxelize(mesh, 16)


def test_vertices_that_no_face_uses_do_not_matter():
    mesh = table()
    far = Mesh(np.vstack([mesh.vertices, [[1e9, 0, 0], [np.nan, np.inf, 0]]]), mesh.faces)
    assert (voxelize(far, 32).voxels == voxelize(mesh, 32).voxels).all()


def test_refuses_a_bomb_before_it_counts(monkeypatch):
    monkeypatch.setattr("shapespace.shapes.voxelize.MAX_RAY_TESTS", 1000)
    with pytest.raises(BadInput, match="ray tests"):
        voxelize(table(), 64)


@pytest.mark.parametrize("options", [{"margin": 0.5}, {"margin": -0.1}, {"up": "w"}])
def test_refuses_options_without_meaning(options):
    with pytest.raises(ValueError):
        voxelize(table(), 16, **options)


def test_margin_zero_fills_the_grid():
    low, high = grid.bounding_box(voxelize(box((0, 0, 0), (1, 1, 1)), 16, margin=0).voxels)
    assert low.tolist() == [0, 0, 0]
    assert high.tolist() == [16, 16, 16]


def test_real_meshes(real_data):
    from shapespace.shapes import formats

    paths = sorted((real_data / "sweethome" / "chair").iterdir())[::12]
    for path in paths:
        result = voxelize(formats.read(path).mesh, 32, up=formats.native_up(path))
        assert result.voxels.any()
        assert grid.largest_component(result.voxels).sum() > 0.9 * result.voxels.sum()
