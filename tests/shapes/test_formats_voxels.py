"""The ways in which voxel files are written, each against another program or a known answer."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from hostile import make
from shapespace.errors import BadInput
from shapespace.shapes import formats
from shapespace.shapes.formats import binvox, mat, nrrd, vox
from shapespace.shapes.formats.npy import encode_array, read_array
from shapespace.shapes.formats.pack import MODELNET10, parse_npy, parse_npy_pack, parse_npz_pack
from shapespace.shapes.grid import handed, iou
from shapespace.shapes.voxelize import voxelize

SMALL = handed()[:5, :7, :8]


def test_binvox_equals_what_another_reader_reads():
    import trimesh.exchange.binvox as other
    from trimesh.voxel import VoxelGrid

    found = other.load_binvox(io.BytesIO(binvox.encode(handed())))
    assert np.array_equal(found.encoding.dense, handed())
    assert np.array_equal(binvox.parse(other.export_binvox(VoxelGrid(handed())), "a.binvox").voxels, handed())


def test_binvox_runs_go_along_y_then_z_then_x():
    data = b"#binvox 1\n# by hand\ndim 2 3 4\ntranslate 0 0 0\nscale 1\ndata\n" + bytes([1, 1, 0, 2, 1, 3, 0, 18])
    expected = np.zeros((2, 3, 4), bool)
    expected[0, 0, 0] = expected[0, :, 1] = True
    assert np.array_equal(binvox.parse(data, "a.binvox").voxels, expected)


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", "?"])
@pytest.mark.parametrize("packed", [False, True])
def test_mat_equals_what_scipy_wrote(kind, packed):
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, {"other": np.ones((2, 2, 2)), "instance": SMALL.astype(kind), "note": "x"}, do_compression=packed)
    found = mat.parse(buffer.getvalue(), "a.mat").voxels
    assert found.dtype == (np.float32 if kind[0] == "f" else bool)
    assert np.array_equal(found > 0, SMALL)


def test_mat_of_shapenets_is_30_voxels_wide():
    from scipy.io import savemat

    grid = np.random.default_rng(0).random((30, 30, 30)) < 0.2
    buffer = io.BytesIO()
    savemat(buffer, {"instance": grid.astype(np.uint8)}, do_compression=True)
    assert np.array_equal(mat.parse(buffer.getvalue(), "a.mat").voxels, grid)


def test_mat_of_large_machines():
    data = make.mat_file(make.mat_matrix(SMALL, order=">"), order=">")
    assert np.array_equal(mat.parse(data, "a.mat").voxels, SMALL)


def test_mat_takes_the_first_grid_when_none_is_called_instance():
    data = make.mat_file(make.mat_matrix(np.ones((2, 2)), b"table"), make.mat_matrix(SMALL, b"grid"))
    assert np.array_equal(mat.parse(data, "a.mat").voxels, SMALL)


@pytest.mark.parametrize("value", [{"a": [1, 2]}, 1 + 2j * np.ones((2, 2, 2)), "text", np.ones((2, 2))])
def test_mat_without_numbers_in_three_axes(value):
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, {"instance": value})
    with pytest.raises(BadInput, match="no array of numbers with three axes"):
        mat.parse(buffer.getvalue(), "a.mat")


@pytest.mark.parametrize("kind", ["?", "u1", "i1", "<i2", ">i4", "<u8", "<f2", ">f4", "<f8"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_npy_equals_what_numpy_wrote(kind, order, version):
    grid = np.asarray(SMALL.astype(kind), order=order)
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, grid, version=version)
    assert np.array_equal(parse_npy(buffer.getvalue(), "a.npy").voxels > 0, SMALL)
    assert np.array_equal(read_array(buffer.getvalue(), "a.npy"), grid)


@pytest.mark.parametrize("shape", [(), (1,), (0,), (3, 4, 5)])
def test_numpy_reads_the_npy_that_is_written(shape):
    array = np.random.default_rng(0).random(shape).astype(np.float32)
    found = np.lib.format.read_array(io.BytesIO(encode_array(array)))
    assert np.array_equal(found, array)
    assert found.dtype == array.dtype


def test_integers_below_zero_are_empty():
    grid = np.where(SMALL, 1, -1).astype(np.int8)
    assert np.array_equal(parse_npy(encode_array(grid), "a.npy").voxels, SMALL)


def test_a_pack_of_bits_with_labels_and_names():
    grids = np.random.default_rng(0).random((3, 5, 5, 5)) < 0.5
    data = make.npz(
        voxels=np.packbits(grids.reshape(3, -1), axis=1), res=np.int64(5), label=np.array([1, 0, 7], np.uint8),
        classes=np.array(["chair", "table"]), ids=np.array([30, 10, 20]), loose=np.zeros((2, 2)),
    )  # fmt: skip
    pack = parse_npz_pack(data, "a.npz")
    assert len(pack) == 3
    assert [pack.category(i) for i in range(3)] == ["table", "chair", "7"]
    assert [pack.name(i) for i in range(3)] == ["30", "10", "20"]
    assert all(np.array_equal(pack.voxels(i), grids[i]) for i in range(3))
    assert pack.voxels(0).dtype == bool


def test_a_pack_of_grids_without_labels():
    grids = np.random.default_rng(0).random((3, 4, 5, 6)).astype(np.float32)
    for pack in (parse_npy_pack(encode_array(grids), "a.npy"), parse_npz_pack(make.npz(arr_0=grids), "a.npz"),
                 parse_npy_pack(encode_array(grids[:, None]), "a.npy")):  # fmt: skip
        assert len(pack) == 3
        assert pack.category(0) is None
        assert pack.name(2) == "2"
        assert np.array_equal(pack.voxels(1), grids[1] > 0.5)


def test_labels_of_modelnet10_have_names_only_in_its_files():
    arrays = {"voxels": np.ones((2, 4, 4, 4), np.uint8), "labels": np.array([2, 9])}
    assert parse_npz_pack(make.npz(**arrays), "x/ModelNet10/a.npz").category(1) == MODELNET10[9] == "toilet"
    assert parse_npz_pack(make.npz(**arrays), "x/digits.npz").category(1) == "9"


def test_names_as_text_in_either_byte_order():
    for kind in ("<U5", ">U5"):
        names = np.array(["chair", "t\xe9"], kind)
        pack = parse_npz_pack(make.npz(voxels=np.ones((2, 4, 4, 4), np.uint8), category=names, names=names), "a.npz")
        assert [pack.category(i) for i in range(2)] == ["chair", "t\xe9"]
        assert pack.name(1) == "t\xe9"


def test_one_shape_is_no_pack_and_many_are_no_shape(tmp_path):
    (tmp_path / "one.npz").write_bytes(make.npz(voxels=SMALL))
    (tmp_path / "many.npz").write_bytes(make.npz(voxels=np.stack([SMALL, SMALL])))
    (tmp_path / "a.binvox").write_bytes(binvox.encode(SMALL))
    assert formats.read_pack(tmp_path / "one.npz") is None
    assert formats.read_pack(tmp_path / "a.binvox") is None
    assert np.array_equal(formats.read(tmp_path / "one.npz").voxels, SMALL)
    assert len(formats.read_pack(tmp_path / "many.npz")) == 2
    with pytest.raises(BadInput, match="holds 2 shapes"):
        formats.read(tmp_path / "many.npz")


def test_a_pack_of_one_is_that_shape():
    assert np.array_equal(formats.parse(encode_array(SMALL[None]), "a.npy").voxels, SMALL)


EXPECTED_PACKS = {
    "modelnet10/train_24.npz": (3991, 24, "bathtub"),
    "modelnet10/bed_train_64.npz": (515, 64, None),
    "modelnet10/chair_train_32.npz": (887, 32, None),
    "modelnet10/chair_train_32_solid.npz": (889, 32, None),
    "modelnet10/chair_train_32_surface.npz": (889, 32, None),
    "modelnet10/monitor_train_32_solid.npz": (465, 32, None),
    "partnet_boxes/storage_64.npz": (1435, 64, None),
    "ikea/ikea.npz": (23, 20, "bed"),
    "peer_samples/generated_chairs_64.npz": (100, 64, None),
}


@pytest.mark.parametrize("name", EXPECTED_PACKS)
def test_real_packs(real_data, name):
    count, resolution, category = EXPECTED_PACKS[name]
    path = real_data / name
    pack = formats.read_pack(path)
    with np.load(path) as arrays:
        rows = arrays["voxels"]
    assert len(pack) == count
    assert pack.category(0) == category
    for i in range(0, count, max(1, count // 20)):
        expected = np.unpackbits(rows[i])[: resolution**3].reshape((resolution,) * 3).astype(bool)
        assert np.array_equal(pack.voxels(i), expected)


def test_real_labels_are_the_names_of_the_file(real_data):
    path = real_data / "modelnet10" / "train_24.npz"
    pack = formats.read_pack(path)
    with np.load(path) as arrays:
        expected = arrays["classes"][arrays["label"]].tolist()
    assert [pack.category(i) for i in range(len(pack))] == expected
    assert tuple(dict.fromkeys(expected)) == MODELNET10


def test_boxes_are_closed_parts_that_face_outward_however_their_vectors_turn():
    pack = parse_npz_pack(make.npz(box=make.two_boxes(), start=np.array([0, 1, 2]), ids=np.array([7, 9])), "a.npz")
    assert (len(pack), pack.name(1), pack.category(0)) == (2, "9", None)
    for mesh in (pack.mesh(0), pack.mesh(1)):
        assert mesh.is_closed
        assert mesh.volume == pytest.approx(4 * 2 * 6)
        assert np.array_equal(mesh.bounds, [[-1, -1, -3], [3, 1, 3]])


def test_real_boxes_are_the_grids_made_of_them(real_data):
    """The grids beside them were made by others, with a margin of two voxels."""
    folder = real_data / "partnet_boxes"
    boxes, grids = formats.read_pack(folder / "chair_boxes.npz"), formats.read_pack(folder / "chair_64.npz")
    assert [boxes.name(i) for i in range(len(boxes))] == [grids.name(i) for i in range(len(grids))]
    picks = range(0, 3_000, 100)
    ours = (voxelize(boxes.mesh(i), 64, margin=2 / 64, up="y").voxels for i in picks)
    assert np.mean([iou(made, grids.voxels(i)) for made, i in zip(ours, picks, strict=True)]) > 0.98


def test_vox_of_one_model_keeps_its_size():
    data = vox.assemble(make.vox_model((3, 4, 5), [(2, 0, 0), (0, 3, 4)]))
    expected = np.zeros((3, 4, 5), bool)
    expected[2, 0, 0] = expected[0, 3, 4] = True
    assert np.array_equal(vox.parse(data, "a.vox").voxels, expected)


def test_vox_scene_moves_models_by_their_middle():
    models = make.vox_model((2, 2, 2), [(0, 0, 0)]) + make.vox_model((4, 2, 2), [(3, 1, 1)])
    nodes = make.vox_transform(0, 1) + make.vox_group(1, 2, 4) + make.vox_transform(2, 3, _t="1 1 1")
    nodes += make.vox_shape(3, 0) + make.vox_transform(4, 5, _t="4 1 1") + make.vox_shape(5, 1)
    expected = np.zeros((6, 2, 2), bool)  # the first from 0 to 2, the second from 2 to 6
    expected[0, 0, 0] = expected[5, 1, 1] = True
    assert np.array_equal(vox.parse(vox.assemble(models + nodes), "a.vox").voxels, expected)


def test_vox_scene_turns_models():
    # 17 = 0b0010001: row 0 takes column 1, row 1 column 0 with a minus in row 0: a quarter turn about z.
    models = make.vox_model((4, 2, 2), [(0, 0, 0), (3, 0, 0), (3, 0, 1)]) + make.vox_model((2, 2, 2), [(0, 0, 0)])
    nodes = make.vox_transform(0, 1) + make.vox_group(1, 2) + make.vox_transform(2, 3, _r="17") + make.vox_shape(3, 0)
    found = vox.parse(vox.assemble(models + nodes), "a.vox").voxels
    turned = np.rot90(vox.parse(vox.assemble(models[: len(models) // 2 + 8]), "a.vox").voxels, 1, axes=(0, 1))
    assert np.array_equal(found, turned)


@pytest.mark.parametrize("rotation", [4, 17, 24, 33, 40, 2, 9, 66, 73, 100, 1, 6])
def test_every_turn_of_a_vox_scene_is_exact(rotation):
    first, second = rotation & 3, rotation >> 2 & 3
    matrix = np.zeros((3, 3), int)
    for row, column in enumerate((first, second, 3 - first - second)):
        matrix[row, column] = -1 if rotation >> (4 + row) & 1 else 1
    places = np.argwhere(SMALL)
    filler = make.vox_model((1, 1, 1), [(0, 0, 0)])
    nodes = make.vox_transform(0, 1, _r=str(rotation)) + make.vox_shape(1, 0)
    data = vox.assemble(make.vox_model(SMALL.shape, [tuple(p) for p in places.tolist()]) + filler + nodes)
    found = vox.parse(data, "a.vox").voxels
    # The same turn of the corners of the box and the centres of voxels, in halves.
    middle = (2 * places + 1 - np.array(SMALL.shape)) @ matrix.T
    expected = np.zeros(np.abs(matrix) @ SMALL.shape, bool)
    expected[tuple(((middle + np.array(expected.shape) - 1) // 2).T)] = True
    assert np.array_equal(found, expected)


def test_vox_hidden_parts_and_frames_without_a_scene():
    models = make.vox_model((2, 2, 2), [(1, 0, 0)]) + make.vox_model((2, 2, 2), [(0, 1, 1)])
    assert vox.parse(vox.assemble(models), "a.vox").voxels.nonzero()[0].tolist() == [1]
    hidden = struct.pack("<i", 4) + make.vox_dictionary(_hidden="1") + struct.pack("<4i", 5, -1, 0, 1)
    nodes = make.vox_transform(0, 1) + make.vox_group(1, 2, 4) + make.vox_transform(2, 3) + make.vox_shape(3, 1)
    nodes += vox.chunk(b"nTRN", hidden + make.vox_dictionary()) + make.vox_shape(5, 0)
    found = vox.parse(vox.assemble(models + nodes), "a.vox").voxels
    assert np.argwhere(found).tolist() == [[0, 1, 1]]


def nrrd_file(fields, values):
    return ("NRRD0005\n# by hand\ndimension: 3\nsizes: 5 7 8\n" + fields + "\n\n").encode() + values


@pytest.mark.parametrize(
    ("word", "kind"), [("uchar", "u1"), ("short", "<i2"), ("unsigned int", "<u4"), ("double", "<f8")]
)
def test_nrrd_raw_with_x_fastest(word, kind):
    values = SMALL.astype(kind).tobytes(order="F")
    data = nrrd_file(f"type: {word}\nendian: little\nencoding: raw\nkey:=value", values)
    assert np.array_equal(nrrd.parse(data, "a.nrrd").voxels > 0, SMALL)


@pytest.mark.parametrize(
    ("fields", "is_mirrored"),
    [
        ("space: right-anterior-superior\nspace directions: (1,0,0) (0,1,0) (0,0,1)", False),
        ("space: LPS\nspace directions: (2.0,0,0) (0,2,0) (0,0,2)", False),
        ("space: LPS\nspace directions: (-1,0,0) (0,-1,0) (0,0,1)", False),
        ("space: LPS\nspace directions: (-1,0,0) (0,1,0) (0,0,1)", True),
        ("space: left-anterior-superior", True),
        ("space: LAS\nspace directions: (-1e0,0,0) (0,1,0) (0,0,1)", False),
        ("space directions: none none none", False),
    ],
)
def test_nrrd_keeps_handedness(fields, is_mirrored):
    data = nrrd_file(f"type: uint8\nencoding: raw\n{fields}", SMALL.tobytes(order="F"))
    assert np.array_equal(nrrd.parse(data, "a.nrrd").voxels, SMALL[::-1] if is_mirrored else SMALL)
