from __future__ import annotations

import numpy as np
import pytest

from shapespace.errors import BadInput
from shapespace.shapes import grid
from shapespace.shapes.mesh import Mesh

TETRAHEDRON = Mesh(
    np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]), np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
)


def test_tetrahedron_known_answers():
    assert TETRAHEDRON.vertices.dtype == np.float64
    assert TETRAHEDRON.faces.dtype == np.int32
    assert TETRAHEDRON.volume == pytest.approx(1 / 6)
    assert TETRAHEDRON.scaled(3).volume == pytest.approx(27 / 6)
    assert TETRAHEDRON.is_closed
    assert TETRAHEDRON.is_oriented
    assert TETRAHEDRON.bounds.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_volume_far_from_the_origin():
    far = Mesh(TETRAHEDRON.vertices + 2.0**40, TETRAHEDRON.faces)
    assert far.volume == pytest.approx(1 / 6)


def test_open_doubled_and_flipped_meshes():
    vertices, faces = TETRAHEDRON.vertices, TETRAHEDRON.faces
    assert not Mesh(vertices, faces[1:]).is_closed
    assert not Mesh(vertices, np.vstack([faces, faces])).is_closed
    flipped = faces.copy()
    flipped[0] = flipped[0, ::-1]
    assert Mesh(vertices, flipped).is_closed
    assert not Mesh(vertices, flipped).is_oriented


def test_empty_mesh():
    empty = Mesh(np.zeros((0, 3)), np.zeros((0, 3), int))
    assert empty.volume == 0
    assert not empty.is_closed
    assert empty.bounds.shape == (2, 3)


@pytest.mark.parametrize(
    ("vertices", "faces"),
    [
        (np.zeros((4, 2)), np.zeros((1, 3), int)),
        (np.zeros((4, 3)), np.zeros((1, 4), int)),
        (np.zeros((4, 3)), np.array([[0, 1, 4]])),
        (np.zeros((4, 3)), np.array([[0, 1, -1]])),
    ],
)
def test_refuses_arrays_that_are_no_mesh(vertices, faces):
    with pytest.raises(BadInput):
        Mesh(vertices, faces)


def test_to_z_up_turns_as_the_grid_does():
    cells = np.argwhere(grid.handed())
    for up in "xyz":
        turned = Mesh(cells - 3.5, np.zeros((0, 3), int)).to_z_up(up).vertices + 3.5
        assert set(map(tuple, turned.astype(int))) == set(map(tuple, np.argwhere(grid.to_z_up(grid.handed(), up))))
    with pytest.raises(ValueError, match="'q'"):
        TETRAHEDRON.to_z_up("q")


def test_to_trimesh_changes_nothing():
    other = TETRAHEDRON.to_trimesh()
    assert other.is_watertight
    assert (other.faces == TETRAHEDRON.faces).all()
