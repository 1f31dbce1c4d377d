"""Fitting: stated rules for grids of other sizes, and copies that keep handedness."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.data.fit import (
    FEWEST_VOXELS,
    Copy,
    check_filled,
    copies,
    each_copy,
    fit,
    grid_copy,
    mesh_copy,
    occupied,
)
from shapespace.errors import BadInput
from shapespace.shapes.grid import handed, mirror, pad, rotate_z
from shapespace.shapes.mesh import Mesh
from shapespace.shapes.voxelize import voxelize

WEDGE = Mesh(
    np.array([[0, 0, 0], [8, 0, 0], [0, 4.3, 0], [0, 0, 2.9]]), np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
)


@pytest.mark.parametrize(
    ("side", "resolution", "low", "filled", "rule"),
    [
        (24, 32, 4, 24, "voxels 24 x1"),
        (24, 64, 8, 48, "voxels 24 x2"),
        (30, 64, 2, 60, "voxels 30 x2"),
        (30, 32, 1, 30, "voxels 30 x1"),
        (32, 32, 0, 32, "voxels as they are"),
        (64, 32, 0, 32, "voxels 64, pooled 2"),
        (128, 64, 0, 64, "voxels 128, pooled 2"),
        (30, 24, 4, 16, "voxels 30, pooled 2"),
    ],
)
def test_the_stated_sizes(side: int, resolution: int, low: int, filled: int, rule: str) -> None:
    fitted, used = fit(np.ones((side,) * 3, bool), resolution)
    assert used == rule
    expected = np.zeros((resolution,) * 3, bool)
    expected[(slice(low, low + filled),) * 3] = True
    assert (fitted == expected).all()


def test_thin_legs_survive_pooling() -> None:
    voxels = np.zeros((64, 64, 64), bool)
    voxels[31, 17, :50] = voxels[8, 9, 3:50] = True
    fitted, _ = fit(voxels, 32)
    assert fitted[15, 8, :25].all()
    assert fitted[4, 4, 1:25].all()
    assert np.count_nonzero(fitted) == 49


def test_a_grid_that_is_no_cube_is_centred_in_one() -> None:
    fitted, _ = fit(np.ones((16, 8, 4), bool), 32)
    low, high = np.argwhere(fitted).min(axis=0), np.argwhere(fitted).max(axis=0) + 1
    assert (low.tolist(), high.tolist()) == ([0, 8, 12], [32, 24, 20])


@pytest.mark.parametrize("resolution", [8, 16, 32])
def test_the_handed_shape_keeps_its_hand(resolution: int) -> None:
    factor = resolution // 8
    fitted, _ = fit(handed(), resolution)
    assert (fitted[::factor, ::factor, ::factor] == handed()).all()


def test_copies_are_named_apart() -> None:
    assert [copy.suffix for copy in copies(1, mirror=False)] == [""]
    assert [copy.suffix for copy in copies(2, mirror=True)] == ["", "@r180", "@m", "@r180@m"]
    assert len({copy.suffix for copy in copies(12, mirror=True)}) == 24


def test_a_turn_is_added_to_every_copy_and_not_to_its_name() -> None:
    turned = copies(2, mirror=True, turn=90)
    assert [copy.suffix for copy in turned] == ["", "@r180", "@m", "@r180@m"]
    assert [copy.degrees for copy in turned] == [90, 270, 90, 270]
    assert (grid_copy(handed(), turned[0]) == rotate_z(handed(), 1)).all()
    assert (grid_copy(handed(), turned[2]) == mirror(rotate_z(handed(), 1))).all()


@pytest.mark.parametrize("copy", copies(4, mirror=True), ids=lambda copy: copy.suffix or "itself")
def test_a_grid_and_its_mesh_turn_alike(copy: Copy) -> None:
    turned_mesh = voxelize(mesh_copy(WEDGE, copy), 32, thin_parts=False).voxels
    turned_grid = grid_copy(voxelize(WEDGE, 32, thin_parts=False).voxels, copy)
    differ = np.count_nonzero(turned_mesh ^ turned_grid)
    assert differ <= 0.1 * np.count_nonzero(turned_grid)


def test_mirrored_meshes_still_face_outward() -> None:
    assert mesh_copy(WEDGE, Copy("@m", 0, True)).volume == pytest.approx(WEDGE.volume)


def test_a_grid_turns_by_quarters_only() -> None:
    with pytest.raises(BadInput, match="cannot turn by 30 degrees; use 1, 2 or 4 rotations"):
        grid_copy(handed(), Copy("@r30", 30, False))
    four = [grid_copy(handed(), copy).tobytes() for copy in copies(4, mirror=True)]
    assert len(set(four)) == 8


@pytest.mark.parametrize("count", range(FEWEST_VOXELS))
def test_grids_that_show_nothing_are_refused(count: int) -> None:
    voxels = np.zeros((8, 8, 8), bool)
    voxels.ravel()[:count] = True
    with pytest.raises(BadInput, match=r"empty|only 1 voxel"):
        check_filled(voxels)
    with pytest.raises(BadInput):
        list(each_copy(voxels, copies(1, mirror=False), 16))


def test_probabilities_and_counts() -> None:
    assert occupied(np.array([0.0, 0.5, 0.51, 1.0])).tolist() == [False, False, True, True]
    assert occupied(np.array([0, 1, 255], np.uint8)).tolist() == [False, True, True]
    for wild in (np.nan, np.inf, -np.inf):
        with pytest.raises(BadInput, match="not finite"):
            occupied(np.array([0.0, wild]))


def test_padding_is_undone_by_taking_the_middle() -> None:
    fitted, _ = fit(handed(), 12)
    assert (fitted == pad(handed(), 12)).all()
