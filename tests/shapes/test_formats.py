"""Every format there and back by the handed shape, and real meshes against another reader."""

from __future__ import annotations

import numpy as np
import pytest

from hostile.make import HANDED_MESH
from shapespace.errors import OutputError, UsageError
from shapespace.shapes import formats
from shapespace.shapes.grid import handed
from shapespace.shapes.mesh import Mesh

VOXEL_WRITERS = [extension for extension in formats.WRITE_EXTENSIONS if extension in formats.VOXEL_EXTENSIONS]
EXACT = (".off", ".obj", ".ply", ".3mf")
"""Formats that keep every bit of a coordinate; the others keep 24."""


def triangles(mesh: Mesh) -> np.ndarray:
    return mesh.vertices[mesh.faces]


def as_sets(corners: np.ndarray) -> np.ndarray:
    """Return triangles in an order of their own, each from its lowest corner on: equal for equal oriented surfaces."""
    lowest = np.array([np.lexsort(triangle.T[::-1])[0] for triangle in corners])
    turned = np.stack([np.roll(triangle, -first, axis=0) for triangle, first in zip(corners, lowest, strict=True)])
    return turned[np.lexsort(turned.reshape(len(turned), -1).T[::-1])]


@pytest.mark.parametrize("extension", VOXEL_WRITERS)
@pytest.mark.parametrize("shape", [(8, 8, 8), (4, 6, 8), (9, 5, 7)])
def test_a_grid_comes_back_with_its_axes(extension, shape, tmp_path):
    grid = np.zeros(shape, bool)
    low = np.minimum(shape, 8)
    grid[: low[0], : low[1], : low[2]] = handed()[: low[0], : low[1], : low[2]]
    formats.write(tmp_path / f"a{extension}", grid)
    found = formats.read(tmp_path / f"a{extension}")
    assert found.mesh is None
    assert found.voxels.dtype == bool
    assert np.array_equal(found.voxels, grid)


@pytest.mark.parametrize("extension", VOXEL_WRITERS)
def test_random_grids_come_back(extension, tmp_path):
    for seed, filled in enumerate((0.001, 0.5, 0.999)):
        grid = np.random.default_rng(seed).random((17, 30, 23)) < filled
        formats.write(tmp_path / f"a{extension}", grid)
        assert np.array_equal(formats.read(tmp_path / f"a{extension}").voxels, grid)


@pytest.mark.parametrize("extension", VOXEL_WRITERS)
def test_occupancies_are_kept_or_become_voxels(extension, tmp_path):
    grid = np.random.default_rng(0).random((6, 7, 8)).astype(np.float32)
    formats.write(tmp_path / f"a{extension}", grid)
    found = formats.read(tmp_path / f"a{extension}").voxels
    assert np.array_equal(found, grid if found.dtype == np.float32 else grid > 0.5)
    assert (found.dtype == np.float32) == (extension in (".npy", ".npz", ".nrrd"))


@pytest.mark.parametrize("extension", formats.MESH_EXTENSIONS)
def test_a_mesh_comes_back_with_its_axes(extension, tmp_path):
    path = tmp_path / f"a{extension}"
    formats.write(path, HANDED_MESH)
    found = formats.read(path)
    assert found.voxels is None
    mesh = found.mesh.to_z_up(formats.native_up(path))
    assert np.array_equal(as_sets(triangles(mesh)), as_sets(triangles(HANDED_MESH)))
    assert len(mesh.vertices) == 4
    assert mesh.is_closed
    assert mesh.volume == pytest.approx(34)


@pytest.mark.parametrize("extension", formats.MESH_EXTENSIONS)
def test_coordinates_keep_their_bits(extension, tmp_path):
    dice = np.random.default_rng(0)
    mesh = Mesh(dice.normal(size=(50, 3)) * 10.0 ** dice.integers(-8, 8, (50, 1)), dice.integers(0, 50, (99, 3)))
    path = tmp_path / f"a{extension}"
    mesh.save(path)
    found = triangles(formats.read(path).mesh.to_z_up(formats.native_up(path)))
    expected = triangles(mesh) if extension in EXACT else triangles(mesh).astype(np.float32)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("extension", formats.WRITE_EXTENSIONS)
def test_equal_shapes_give_equal_bytes(extension, tmp_path):
    shape = HANDED_MESH if extension in formats.MESH_EXTENSIONS else handed()
    for name in ("a", "b"):
        formats.write(tmp_path / (name + extension), shape)
    assert (tmp_path / f"a{extension}").read_bytes() == (tmp_path / f"b{extension}").read_bytes()


@pytest.mark.parametrize("extension", formats.MESH_EXTENSIONS)
def test_other_programs_read_what_is_written(extension, tmp_path):
    import trimesh

    path = tmp_path / f"a{extension}"
    HANDED_MESH.save(path)
    other = trimesh.load(path, force="mesh", process=True)
    assert other.volume == pytest.approx(34)
    assert other.is_watertight
    size = (4, 8.5, 6) if extension in (".glb", ".gltf") else (4, 6, 8.5)
    assert other.extents.tolist() == pytest.approx(size)


def test_endings_are_read_in_either_case(tmp_path):
    formats.write(tmp_path / "A.STL", HANDED_MESH)
    assert len(formats.read(str(tmp_path / "A.STL")).mesh.faces) == 4


def test_up_is_y_only_where_the_format_says_so():
    ups = {extension: formats.native_up(f"a{extension.upper()}") for extension in formats.PARSERS}
    assert {extension for extension, up in ups.items() if up == "y"} == {".glb", ".gltf"}


def test_the_registry_is_whole():
    assert set(formats.PARSERS) == {*formats.MESH_EXTENSIONS, *formats.VOXEL_EXTENSIONS}
    assert set(formats.WRITE_EXTENSIONS) == set(formats.PARSERS) - {".mat"}


@pytest.mark.parametrize(
    ("name", "shape", "said"),
    [
        ("a.blend", handed(), "cannot write .blend"),
        ("a", HANDED_MESH, "without an ending"),
        ("a.mat", handed(), "cannot write .mat"),
        ("a.stl", handed(), "holds a mesh"),
        ("a.binvox", HANDED_MESH, "holds voxels"),
        ("a.npy", np.ones((2, 2)), "three axes"),
        ("a.npy", np.ones((2, 0, 2)), "three axes"),
        ("a.vox", np.ones((257, 1, 1)), "at most 256"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_left(name, shape, said, tmp_path):
    with pytest.raises(UsageError, match=said):
        formats.write(tmp_path / name, shape)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(OutputError):
        formats.write(tmp_path / "file" / "a.stl", HANDED_MESH)


def test_real_meshes_equal_what_another_reader_reads(real_data):
    import trimesh

    for extension in (".off", ".obj", ".stl", ".ply", ".glb"):
        paths = sorted((real_data / "sweethome").rglob(f"*{extension}"))
        assert paths
        for path in paths[:: max(1, len(paths) // 5)]:
            ours = formats.read(path).mesh
            other = trimesh.load(path, force="mesh", process=False)
            assert len(ours.faces) == len(other.faces), path
            assert np.array_equal(triangles(ours), other.triangles), path


def test_every_real_mesh_is_read(real_data):
    paths = [path for path in (real_data / "sweethome").rglob("*") if path.suffix in formats.MESH_EXTENSIONS]
    assert len(paths) == 177
    for path in paths[::4]:
        mesh = formats.read(path).mesh
        assert (mesh.bounds[1] > mesh.bounds[0]).all(), path
