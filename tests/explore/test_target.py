"""Where the shape of a file lies: as in a store, or where the user says that it lies."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.errors import BadInput, UsageError
from shapespace.explore.placing import SIDES, Placing
from shapespace.explore.target import half, target_of
from shapespace.shapes import formats
from shapespace.shapes.furniture import make
from shapespace.shapes.grid import handed, iou
from shapespace.shapes.mesh import Mesh
from shapespace.shapes.surface import to_mesh


@pytest.fixture(scope="module")
def chair() -> np.ndarray:
    return make("chair", 3, 32).voxels


def lies(path, *, resolution: int = 32, **placing) -> np.ndarray:
    return target_of(str(path), resolution, Placing(**placing))


def test_each_half_has_half_of_the_grid():
    for one, other in (("left", "right"), ("front", "back"), ("bottom", "top")):
        assert np.array_equal(half(8, one), ~half(8, other))
        assert half(8, one).mean() == 0.5
    assert half(8, "top")[..., 7].all()
    assert half(8, "front")[:, 0].all()
    assert half(8, "left")[0].all()


def test_a_grid_lies_as_in_a_store(tmp_path):
    formats.write(tmp_path / "a.binvox", handed())
    for frame in ("box", "grid"):
        placed = lies(tmp_path / "a.binvox", resolution=16, frame=frame)
        assert np.array_equal(placed, handed().repeat(2, 0).repeat(2, 1).repeat(2, 2))


@pytest.mark.parametrize("ending", ["stl", "glb"])
@pytest.mark.parametrize("side", SIDES)
def test_a_part_written_from_a_grid_comes_back_where_it_was(tmp_path, chair, side, ending):
    part = chair & half(32, side)
    formats.write(tmp_path / f"a.{ending}", to_mesh(part, style="blocks"))
    assert np.array_equal(lies(tmp_path / f"a.{ending}", frame="grid"), part)
    assert iou(lies(tmp_path / f"a.{ending}"), part) < 0.5  # by its own box it fills the grid


def test_a_smooth_part_does_too_but_for_its_surface(tmp_path, chair):
    part = chair & half(32, "left")
    formats.write(tmp_path / "a.stl", to_mesh(part))
    assert iou(lies(tmp_path / "a.stl", frame="grid"), part) > 0.9


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_box_of_a_half_is_half_of_the_wholes(tmp_path, chair, side):
    """Chairs are alike left and right, so a cut in the middle of the chair is one in the middle of the grid."""
    whole = to_mesh(chair, style="blocks")
    formats.write(tmp_path / "whole.stl", whole)
    formats.write(tmp_path / "part.stl", to_mesh(chair & half(32, side), style="blocks"))
    wanted = lies(tmp_path / "whole.stl") & half(32, side)
    assert np.array_equal(lies(tmp_path / "part.stl", frame="half", keep=side), wanted)


def test_a_mesh_outside_the_grid_is_refused_by_name(tmp_path, chair):
    mesh = to_mesh(chair)
    formats.write(tmp_path / "a.stl", Mesh(mesh.vertices + 20, mesh.faces))
    with pytest.raises(BadInput, match=r"a\.stl: it reaches from .*out of the box"):
        lies(tmp_path / "a.stl", frame="grid")


def test_a_half_that_is_not_named_is_refused():
    with pytest.raises(UsageError, match="which half"):
        Placing(frame="half")


@pytest.mark.parametrize("ending", ["binvox", "stl"])
def test_what_is_up_can_be_said(tmp_path, ending):
    """The handed shape is tallest along z; turned so that y is tallest, it is y that is up."""
    lying = np.pad(np.swapaxes(handed(), 1, 2)[:, :, ::-1], 4)  # (x, y, z) -> (x, z, -y): up is y
    formats.write(tmp_path / f"a.{ending}", lying if ending == "binvox" else to_mesh(lying, style="blocks"))
    sides = {up: (np.ptp(np.argwhere(lies(tmp_path / f"a.{ending}", up=up)), axis=0) + 1).tolist() for up in "yz"}
    assert np.argsort(sides["y"]).tolist() == [0, 1, 2]
    assert np.argsort(sides["z"]).tolist() == [0, 2, 1]
