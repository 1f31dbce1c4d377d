"""The ways in which mesh files are written, one known answer each."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hostile import make
from hostile.make import CORNERS, HANDED_MESH
from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats import glb, gltf, obj, off, parse, ply, read, stl, threemf
from shapespace.shapes.formats.archive import pack
from shapespace.shapes.formats.contents import fans, merge_corners

SQUARE = b"0 0 0\n1 0 0\n1 1 0\n0 1 0\n"


@pytest.mark.parametrize(
    "text",
    [
        b"OFF\n4 1 0\n" + SQUARE + b"4 0 1 2 3\n",
        b"OFF4 1 0\n" + SQUARE + b"4 0 1 2 3\n",
        b"OFF 4 1 0\n" + SQUARE + b"4 0 1 2 3\n",
        b"\xef\xbb\xbfoff\r\n4 1\r\n" + SQUARE.replace(b"\n", b"\r\n") + b"4 0 1 2 3\r\n",
        b"# made by\nOFF # here\n\n4 1 0 # counts\n" + SQUARE + b"\n# faces\n  4   0\t1 2 3 \n",
        b"COFF\n4 1 0\n" + SQUARE.replace(b"\n", b" 255 0 0 255\n") + b"4 0 1 2 3 0.5 0.5 0.5\n",
        b"NOFF\n4 1 0\n" + SQUARE.replace(b"\n", b" 0 0 1\n") + b"4 0 1 2 3 7\n",
        b"OFF\r4 1 0\r" + SQUARE.replace(b"\n", b"\r") + b"4 0 1 2 3",
        b"OFF\n4 3 0\n" + SQUARE + b"2 0 1\n4 0 1 2 3\n1 0\n",
    ],
)
def test_off_as_it_comes(text):
    mesh = off.parse(text, "a.off").mesh
    assert mesh.vertices.tolist() == [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]]


def test_off_joined_to_two_numbers():
    body = b"".join(b"%d %d 0\n" % (k, k % 7) for k in range(123)) + b"3 0 1 2\n" * 456
    mesh = off.parse(b"OFF123 456 0\n" + body, "a.off").mesh
    assert (len(mesh.vertices), len(mesh.faces)) == (123, 456)


@pytest.mark.parametrize(
    "text", [b"OFF BINARY\n1 1 0\n", b"4OFF\n1 1 0\n", b"nOFF 3\n", b"PLY\n", b"OFF\n", b"OFF\n3\n"]
)
def test_off_of_other_kinds_is_refused(text):
    with pytest.raises(BadInput):
        off.parse(text + bytes(10), "a.off")


def test_off_longer_than_a_block():
    count = 40_000
    body = b"".join(b"%d %d 1\n" % (k, -k) for k in range(count)) + b"".join(
        b"3 %d %d 0\n" % (k, (k + 1) % count) for k in range(count)
    )
    mesh = off.parse(b"OFF\n%d %d 0\n" % (count, count) + body, "a.off").mesh
    assert np.array_equal(mesh.vertices[:, 1], -np.arange(count))
    assert np.array_equal(mesh.faces[:, 0], np.arange(count))


def test_obj_as_it_comes():
    mesh = obj.parse(make.OBJ_TEXT, "a.obj").mesh
    assert mesh.vertices.tolist() == [[0, 0, 0], [4, 0, 0], [4, 6, 0], [0, 0, 8.5]]
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 3]]


def test_obj_counts_backwards_from_what_was_seen():
    text = b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf -3 -2 -1\nv 0 0 5\r\nv 1 0 5\nv 0 1 5\nf -3/-1 -2/-1/-1 -1//-1\n"
    assert obj.parse(text, "a.obj").mesh.faces.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_obj_counts_backwards_over_blocks():
    filler = b"# " + b"x" * (1 << 20) + b"\n"
    text = b"v 0 0 0\nv 1 0 0\n" + filler + b"v 0 1 0\nf -3 -2 -1\n" + filler + b"f 1 2 3\n"
    assert obj.parse(text, "a.obj").mesh.faces.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_stl_of_text_and_of_the_name_solid():
    text = stl.parse(make.STL_TEXT, "a.stl").mesh
    assert len(text.vertices) == 4
    assert text.vertices[text.faces].tolist()[0] == [[0, 0, 0], [0, 6, 0], [4, 0, 0]]
    binary = b"solid but binary".ljust(80) + stl.encode(HANDED_MESH)[80:]
    assert stl.parse(binary, "a.stl").mesh.volume == pytest.approx(34)
    assert stl.parse(stl.encode(HANDED_MESH) + b"more", "a.stl").mesh.volume == pytest.approx(34)


def test_stl_written_has_outward_normals():
    records = np.frombuffer(stl.encode(HANDED_MESH), stl._RECORD, offset=84)
    assert np.allclose(np.linalg.norm(records["normal"], axis=1), 1)
    middle = CORNERS.mean(axis=0)
    assert (np.einsum("ij,ij->i", records["normal"], records["corners"].mean(axis=1) - middle) > 0).all()


def test_corners_at_one_place_become_one_vertex():
    dice = np.random.default_rng(0)
    corners = dice.integers(0, 4, (300, 3)).astype(np.float32)
    corners[::3, 1] *= -1  # makes -0.0, which is where 0.0 is
    vertices, faces = merge_corners(corners)
    assert len(vertices) == len(np.unique(corners + 0, axis=0))
    assert np.array_equal(vertices[faces.ravel()], corners)


@pytest.mark.parametrize("data", [make.PLY_TEXT, make.mixed_ply("<"), make.mixed_ply(">")], ids=["text", "<", ">"])
def test_ply_with_other_elements_properties_and_quads(data):
    mesh = ply.parse(data, "a.ply").mesh
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 3]]
    assert mesh.vertices[3].tolist() == [0, 0, 8.5]
    assert len(mesh.vertices) == 4


@pytest.mark.parametrize("order", ["little", "big"])
def test_ply_of_triangles_in_either_byte_order(order):
    import io

    import trimesh

    data = ply.encode(HANDED_MESH)
    if order == "big":
        head, _, body = data.partition(b"end_header\n")
        vertices = np.frombuffer(body, "<f8", 12).astype(">f8").tobytes()
        faces = np.frombuffer(body, [("n", "u1"), ("c", "<i4", 3)], offset=96)
        turned = faces.astype([("n", "u1"), ("c", ">i4", 3)]).tobytes()
        data = head.replace(b"little", b"big") + b"end_header\n" + vertices + turned
    ours, other = ply.parse(data, "a.ply").mesh, trimesh.load(io.BytesIO(data), file_type="ply", process=False)
    assert np.array_equal(ours.vertices, other.vertices)
    assert np.array_equal(ours.faces, other.faces)


def test_ply_with_carriage_returns_in_its_header():
    data = make.PLY_TEXT.replace(b"\n", b"\r\n")
    assert len(ply.parse(data, "a.ply").mesh.faces) == 3


def glb_with(nodes, **primitive):
    document, binary = make.glb_parts(glb.encode(HANDED_MESH))
    document["nodes"] = nodes
    document["meshes"][0]["primitives"][0].update(primitive)
    return make.glb_of(document, binary)


def test_glb_puts_nodes_where_their_transforms_say():
    half = np.sqrt(0.5)
    nodes = [
        {"children": [1], "translation": [10, 20, 30], "scale": [2, 2, 2]},
        {"mesh": 0, "rotation": [0, 0, half, half]},  # a quarter turn about z: x goes to y, y to -x
    ]
    found = glb.parse(glb_with(nodes), "a.glb")
    x, y, z = glb.parse(glb.encode(HANDED_MESH), "a.glb").mesh.vertices.T
    expected = np.stack([-y, x, z], axis=1) * 2 + [10, 20, 30]
    assert np.allclose(found.mesh.vertices, expected, atol=1e-6)
    assert found.mesh.volume == pytest.approx(8 * 34)
    assert found.unit == "metre"


def test_glb_by_matrix_equals_glb_by_parts():
    matrix = [2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0, 5, 6, 7, 1]  # columns one after the other
    parts = [{"mesh": 0, "scale": [2, 3, 4], "translation": [5, 6, 7]}]
    found = [glb.parse(glb_with(nodes), "a.glb").mesh for nodes in ([{"mesh": 0, "matrix": matrix}], parts)]
    assert np.allclose(found[0].vertices, found[1].vertices)


def test_glb_mirrored_stays_outside_out():
    assert glb.parse(glb_with([{"mesh": 0, "scale": [-1, 1, 1]}]), "a.glb").mesh.volume == pytest.approx(34)


def test_glb_equals_what_another_reader_makes_of_a_scene():
    import io

    import trimesh

    scene = trimesh.Scene()
    for k in range(3):
        turn = trimesh.transformations.rotation_matrix(k, [1, 2, 3], [4, 5, 6])
        scene.add_geometry(trimesh.creation.box((1, 2, 3)), transform=turn @ np.diag([1, 1 + k, 2, 1]))
    data = scene.export(file_type="glb")
    ours = glb.parse(data, "a.glb").mesh
    other = trimesh.load(io.BytesIO(data), file_type="glb", force="mesh", process=False)
    assert ours.volume == pytest.approx(other.volume)
    assert np.allclose(ours.bounds, other.bounds)
    assert len(ours.faces) == len(other.faces)


@pytest.mark.parametrize(("mode", "expected"), [(5, [[0, 1, 2], [1, 3, 2]]), (6, [[1, 2, 0], [2, 3, 0]])])
def test_glb_strips_and_fans(mode, expected):
    document, binary = make.glb_parts(glb.encode(HANDED_MESH))
    document["meshes"][0]["primitives"] = [{"attributes": {"POSITION": 0}, "mode": mode}]
    assert glb.parse(make.glb_of(document, binary), "a.glb").mesh.faces.tolist() == expected


@pytest.mark.parametrize(("component", "kind"), [(5121, "u1"), (5123, "<u2"), (5125, "<u4")])
def test_glb_indices_and_strides_of_every_width(component, kind):
    rows = np.zeros(4, [("corner", "<f4", 3), ("colour", "u1", 4)])
    rows["corner"] = CORNERS
    indices = HANDED_MESH.faces.astype(kind).tobytes()
    document, _ = make.glb_parts(glb.encode(HANDED_MESH))
    document["bufferViews"] = [
        {"buffer": 0, "byteLength": 64, "byteStride": 16}, {"buffer": 0, "byteOffset": 66, "byteLength": len(indices)},
    ]  # fmt: skip
    document["accessors"][1]["componentType"] = component
    mesh = glb.parse(make.glb_of(document, rows.tobytes() + b"\0\0" + indices), "a.glb").mesh
    assert np.array_equal(mesh.vertices, CORNERS)
    assert np.array_equal(mesh.faces, HANDED_MESH.faces)


def test_glb_without_scenes_shows_every_root():
    document, binary = make.glb_parts(glb.encode(HANDED_MESH))
    document["nodes"] = [{"mesh": 0}, {"children": [0]}, {"mesh": 0, "translation": [100, 0, 0]}]
    del document["scenes"], document["scene"]
    assert len(glb.parse(make.glb_of(document, binary), "a.glb").mesh.faces) == 8


def test_gltf_holds_what_glb_holds():
    one, other = gltf.parse(gltf.encode(HANDED_MESH), "a.gltf"), glb.parse(glb.encode(HANDED_MESH), "a.glb")
    assert np.array_equal(one.mesh.vertices, other.mesh.vertices)
    assert np.array_equal(one.mesh.faces, other.mesh.faces)
    assert one.unit == other.unit


def test_gltf_reads_each_view_from_its_own_buffer():
    whole, parts = (gltf.parse(data, "a.gltf").mesh for data in make.seeds()[".gltf"])
    assert np.array_equal(whole.vertices, parts.vertices)
    assert np.array_equal(whole.faces, parts.faces)


def test_a_glb_may_hold_a_second_buffer_as_text():
    document, binary = glb.described(HANDED_MESH)
    split = document["bufferViews"][1]["byteOffset"]
    told = json.loads(make.gltf_two_buffers())
    told["buffers"][0] = {"byteLength": split}
    mesh = glb.parse(make.glb_of(told, binary[:split]), "a.glb").mesh
    assert np.array_equal(mesh.faces, HANDED_MESH.faces)


def test_a_buffer_that_nobody_needs_may_lie_elsewhere():
    """Nothing of the shape is in it: only what a view of the mesh names is looked for."""
    document = json.loads(gltf.encode(HANDED_MESH))
    document["buffers"].append({"byteLength": 5, "uri": "animation.bin"})
    assert len(gltf.parse(json.dumps(document).encode(), "a.gltf").mesh.faces) == 4


def test_a_gltf_never_reads_the_file_it_names(tmp_path, monkeypatch):
    document, binary = glb.described(HANDED_MESH)
    document["buffers"][0]["uri"] = "scene.bin"
    (tmp_path / "scene.bin").write_bytes(binary)
    (tmp_path / "scene.gltf").write_bytes(json.dumps(document).encode())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=r"scene\.bin', which is never read"):
        read("scene.gltf")


def test_gltf_equals_what_another_program_writes():
    import trimesh
    from trimesh.exchange.gltf import export_gltf

    box = trimesh.creation.box((1, 2, 3))
    told = export_gltf(trimesh.Scene(box), merge_buffers=False, embed_buffers=True)
    mesh = gltf.parse(told["model.gltf"], "a.gltf").mesh
    assert mesh.volume == pytest.approx(6)
    assert np.allclose(mesh.bounds, box.bounds)


def test_gltf_of_more_text_than_is_read(monkeypatch):
    monkeypatch.setattr(limits, "MAX_JSON_BYTES", 100)
    with pytest.raises(BadInput, match=r"bytes of JSON, at most 100 are read; a \.glb"):
        gltf.parse(gltf.encode(HANDED_MESH), "a.gltf")


MESH_XML = (
    '<mesh><vertices><vertex x="0" y="0" z="0"/><vertex x="4" y="0" z="0"/><vertex x="0" y="6" z="0"/>'
    '<vertex x="0" y="0" z="8.5"/></vertices><triangles><triangle v1="0" v2="2" v3="1"/>'
    '<triangle v1="0" v2="1" v3="3"/><triangle v1="0" v2="3" v3="2"/><triangle v1="1" v2="2" v3="3"/>'
    "</triangles></mesh>"
)


def test_3mf_puts_together_components_of_other_parts():
    turned = "0 1 0 -1 0 0 0 0 1 10 20 30"  # rows: x goes to y, y to -x, then a shift
    main = (
        '<model unit="inch"><resources><object id="8"><components><component p:path="/3D/Objects/o.model" '
        f'objectid="1" transform="{turned}"/></components></object></resources><build>'
        '<item objectid="8" transform="1 0 0 0 1 0 0 0 1 0 0 100"/></build></model>'
    ).replace("<model ", '<model xmlns:p="p" ')
    part = f'<model unit="inch"><resources><object id="1">{MESH_XML}</object></resources></model>'
    data = pack({"3D/Objects/o.model": part.encode(), threemf.MODEL: main.encode()})
    found = threemf.parse(data, "a.3mf")
    x, y, z = CORNERS.T
    assert np.array_equal(found.mesh.vertices, np.stack([-y + 10, x + 20, z + 130], axis=1))
    assert found.mesh.volume == pytest.approx(34)
    assert found.unit == "inch"


def test_3mf_mirrored_stays_outside_out():
    model = (
        f'<model><object id="1">{MESH_XML}</object><item objectid="1" transform="-1 0 0 0 1 0 0 0 1 0 0 0"/></model>'
    )
    assert threemf.parse(pack({threemf.MODEL: model.encode()}), "a.3mf").mesh.volume == pytest.approx(34)


def test_3mf_of_another_writer():
    import trimesh

    other = trimesh.Trimesh(HANDED_MESH.vertices, HANDED_MESH.faces, process=False)
    mesh = parse(other.export(file_type="3mf"), "a.3mf").mesh
    assert mesh.volume == pytest.approx(34)
    assert np.allclose(mesh.bounds, HANDED_MESH.bounds)


def test_fans_of_mixed_polygons():
    corners, counts = np.arange(13), np.array([3, 1, 5, 0, 4])
    expected = [[0, 1, 2], [4, 5, 6], [4, 6, 7], [4, 7, 8], [9, 10, 11], [9, 11, 12]]
    assert fans("a", corners, counts).tolist() == expected
    assert fans("a", corners[:0], counts[:0]).shape == (0, 3)


def test_a_large_text_mesh_takes_well_under_a_second():
    import time

    dice = np.random.default_rng(0)
    from shapespace.shapes.mesh import Mesh

    mesh = Mesh(dice.normal(size=(26_000, 3)).round(9), dice.integers(0, 26_000, (52_000, 3)))
    for writer, parser in ((off.encode, off.parse), (obj.encode, obj.parse)):
        data = writer(mesh)
        start = time.thread_time()
        found = parser(data, "a").mesh
        assert time.thread_time() - start < 1
        assert np.array_equal(found.vertices, mesh.vertices)
        assert np.array_equal(found.faces, mesh.faces)


def test_glb_of_many_parts_over_one_table_stops_at_the_limit():
    import tracemalloc

    document = {
        "buffers": [{"byteLength": 240_000}],
        "bufferViews": [{"buffer": 0, "byteLength": 240_000}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "type": "VEC3", "count": 20_000}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}] * 8_000}],
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
    }
    data = make.glb_of(document, bytes(240_000))
    tracemalloc.start()
    with pytest.raises(BadInput, match="at most 5000000"):
        glb.parse(data, "a.glb")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300 << 20  # without a bound within the mesh it took 5 GB


@pytest.mark.parametrize("element", ["<a/>", '<vertex x="0" y="0" z="0"/>'])
def test_3mf_that_unfolds_a_thousandfold_is_refused_before_it_is_read(element):
    data = pack({threemf.MODEL: b"<model>" + element.encode() * 1_000_000 + b"</model>"})
    with pytest.raises(BadInput, match=r"declares \d+ bytes, at most"):
        threemf.parse(data, "a.3mf")


def test_text_with_an_endless_line_is_refused():
    for parser, text in ((off.parse, b"OFF\n3 1 0\n" + SQUARE[:18]), (obj.parse, b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf ")):
        with pytest.raises(BadInput, match="a line of"):
            parser(text + b"1 " * 600_000, "a")
