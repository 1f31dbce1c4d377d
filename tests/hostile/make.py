"""Files made by code: small good ones of every format, seeds of the fuzzer, and hostile ones with what must be said."""

from __future__ import annotations

import base64
import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np

from shapespace.shapes.formats import binvox, glb, gltf, nrrd, obj, off, ply, stl, threemf, vox
from shapespace.shapes.formats.archive import pack
from shapespace.shapes.formats.npy import encode_array
from shapespace.shapes.grid import handed
from shapespace.shapes.mesh import Mesh

CORNERS = np.array([[0.0, 0, 0], [4, 0, 0], [0, 6, 0], [0, 0, 8.5]])
HANDED_MESH = Mesh(CORNERS, np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]))
"""A corner with arms of 4, 6 and 8.5: no rotation or mirror image maps it to itself. Its volume is 34."""


def mat_element(code: int, content: bytes, order: str = "<") -> bytes:
    """Return a data element of a .mat file."""
    return struct.pack(f"{order}II", code, len(content)) + content + b"\0" * (-len(content) % 8)


def mat_matrix(array: np.ndarray, label: bytes = b"instance", *, code: int = 2, order: str = "<") -> bytes:
    """Return a uint8 array as a matrix element; `code` is the type its values claim to have."""
    values = array.astype("u1").tobytes(order="F")
    flags = struct.pack(f"{order}II", 9, 0)
    sides = struct.pack(f"{order}{array.ndim}i", *array.shape)
    parts = [(6, flags), (5, sides), (1, label), (code, values)]
    return mat_element(14, b"".join(mat_element(kind, content, order) for kind, content in parts), order)


def mat_file(*elements: bytes, order: str = "<") -> bytes:
    """Return a .mat file of elements."""
    mark = struct.pack(f"{order}HH", 0x0100, 0x4D49)
    return b"MATLAB 5.0 MAT-file".ljust(124) + mark + b"".join(elements)


def mat_packed(element: bytes) -> bytes:
    """Return an element as a compressed one."""
    content = zlib.compress(element)
    return struct.pack("<II", 15, len(content)) + content


def npz(**arrays: np.ndarray) -> bytes:
    """Return an .npz file."""
    return pack({f"{key}.npy": encode_text(array) for key, array in arrays.items()})


def two_boxes() -> np.ndarray:
    """Return a box of 4 x 2 x 6 about (1, 0, 0), and the same as a left-handed triple of half-vectors."""
    box = np.array([1, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3], np.float32)
    return np.stack([box, np.concatenate([box[:3], box[6:9], box[3:6], box[9:]])])


def encode_text(array: np.ndarray) -> bytes:
    """Return a .npy file by NumPy itself, which knows every type."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=True)
    return buffer.getvalue()


def vox_text(text: str) -> bytes:
    """Return a string of a .vox file."""
    return struct.pack("<i", len(text)) + text.encode()


def vox_dictionary(**entries: str) -> bytes:
    """Return a dictionary of a .vox file."""
    pairs = b"".join(vox_text(key) + vox_text(value) for key, value in entries.items())
    return struct.pack("<i", len(entries)) + pairs


def vox_model(size: tuple[int, int, int], voxels: list[tuple[int, int, int]]) -> bytes:
    """Return the chunks of a model."""
    rows = b"".join(bytes((*voxel, 1)) for voxel in voxels)
    return vox.chunk(b"SIZE", struct.pack("<3i", *size)) + vox.chunk(b"XYZI", struct.pack("<i", len(voxels)) + rows)


def vox_transform(number: int, child: int, **frame: str) -> bytes:
    """Return the chunk of a transform node."""
    head = struct.pack("<i", number) + vox_dictionary() + struct.pack("<4i", child, -1, 0, 1)
    return vox.chunk(b"nTRN", head + vox_dictionary(**frame))


def vox_group(number: int, *children: int) -> bytes:
    """Return the chunk of a group node."""
    head = struct.pack("<i", number) + vox_dictionary()
    return vox.chunk(b"nGRP", head + struct.pack(f"<{len(children) + 1}i", len(children), *children))


def vox_shape(number: int, model: int) -> bytes:
    """Return the chunk of a shape node."""
    head = struct.pack("<i", number) + vox_dictionary() + struct.pack("<ii", 1, model)
    return vox.chunk(b"nSHP", head + vox_dictionary())


def vox_scene() -> bytes:
    """Return a .vox file of two models, one of them turned."""
    models = vox_model((4, 2, 2), [(0, 0, 0), (3, 1, 1)]) + vox_model((2, 2, 2), [(1, 0, 0)])
    nodes = vox_transform(0, 1) + vox_group(1, 2, 4) + vox_transform(2, 3, _t="5 -3 2") + vox_shape(3, 0)
    return vox.assemble(models + nodes + vox_transform(4, 5, _r="17", _t="0 0 1") + vox_shape(5, 1))


def glb_of(document: dict, binary: bytes = b"") -> bytes:
    """Return a .glb file."""
    return glb.assemble(json.dumps(document).encode(), binary)


def glb_parts(data: bytes) -> tuple[dict, bytes]:
    """Return the document and the binary chunk of a .glb file."""
    length = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + length]), data[28 + length :]


def gltf_of(document: dict, *buffers: bytes) -> bytes:
    """Return a .gltf file with its buffers in it."""
    addresses = [f"data:application/gltf-buffer;base64,{base64.b64encode(each).decode()}" for each in buffers]
    told = [{"byteLength": len(each), "uri": uri} for each, uri in zip(buffers, addresses, strict=True)]
    return json.dumps({**document, "buffers": told}, indent=1).encode()


def gltf_two_buffers() -> bytes:
    """Return a .gltf file whose vertices and faces lie in a buffer each."""
    document, binary = glb.described(HANDED_MESH)
    first, second = document["bufferViews"]
    split = second["byteOffset"]
    document["bufferViews"] = [first, {**second, "buffer": 1, "byteOffset": 0}]
    return gltf_of(document, binary[:split], binary[split:])


PLY_TEXT = b"""ply
format ascii 1.0
comment made by hand
element vertex 4
property float x
property float y
property float z
property uchar red
element face 2
property list uchar int vertex_indices
property uchar flag
element edge 1
property int vertex1
property int vertex2
end_header
0 0 0 255
4 0 0 255
4 6 0 255
0 0 8.5 255
4 0 1 2 3 7
3 0 1 3 7
0 1
"""

STL_TEXT = b"""solid corner
facet normal 0 0 -1
 outer loop
  vertex 0 0 0
  vertex 0 6 0
  vertex 4 0 0
 endloop
endfacet
facet normal 0 -1 0
 outer loop
  vertex 0 0 0
  vertex 4 0 0
  vertex 0 0 8.5
 endloop
endfacet
endsolid corner
"""

OBJ_TEXT = b"""# made by hand
mtllib /etc/passwd
o one
v 0 0 0
v 4 0 0 1 0 0
v 4 6 0
v 0 0 8.5
vt 0 0
vn 0 0 1
usemtl red
f 1/1/1 2//1 3/1 \\
  4
f -4 -3 -1
"""


def mixed_ply(order: str = "<") -> bytes:
    """Return a binary .ply file with triangles and a quad, a list before the corners and an element between."""
    name = {"<": "little", ">": "big"}[order]
    head = (
        f"ply\nformat binary_{name}_endian 1.0\nelement vertex 4\nproperty double x\nproperty float y\n"
        "property float z\nproperty uchar red\nelement extra 2\nproperty list uchar short s\n"
        "element face 2\nproperty list uchar float uv\nproperty uchar flag\n"
        "property list uint int vertex_index\nend_header\n"
    )
    rows = [struct.pack(f"{order}dffB", *corner, 9) for corner in CORNERS]
    rows += [struct.pack(f"{order}Bhh", 2, 5, 6), struct.pack("B", 0)]
    rows += [struct.pack(f"{order}BfBI4i", 1, 0.5, 7, 4, 0, 1, 2, 3), struct.pack(f"{order}BBI3i", 0, 7, 3, 0, 1, 3)]
    return head.encode() + b"".join(rows)


def seeds() -> dict[str, list[bytes]]:
    """Return small good files by their ending, the first of them of our own writers."""
    grid, mesh, small = handed(), HANDED_MESH, handed()[::2, ::2, ::2]
    colours = b"COFF # colours\r\n4 2 0\r\n" + b"".join(b"%d %d %d 1 0 0 1\r\n" % tuple(c) for c in CORNERS.astype(int))
    packed = np.packbits(np.stack([grid, grid[::-1]]).reshape(2, -1), axis=1)
    raw = b"NRRD0005\ntype: float\ndimension: 3\nsizes: 4 4 4\nendian: big\nencoding: raw\nspace: LPS\n\n"
    matrix = mat_matrix(small)
    return {
        ".off": [off.encode(mesh), colours + b"4 0 1 2 3 1 0 0\r\n3 0 1 3\r\n", b"OFF4 1 0\n0 0 0 1 0 0 0 1 0\n"],
        ".obj": [obj.encode(mesh), OBJ_TEXT],
        ".stl": [stl.encode(mesh), STL_TEXT],
        ".ply": [ply.encode(mesh), PLY_TEXT, mixed_ply("<"), mixed_ply(">")],
        ".glb": [glb.encode(mesh)],
        ".gltf": [gltf.encode(mesh), gltf_two_buffers()],
        ".3mf": [threemf.encode(mesh)],
        ".binvox": [binvox.encode(grid), binvox.encode(small)],
        ".mat": [mat_file(mat_packed(matrix)), mat_file(mat_matrix(np.ones((2, 2)), b"a"), matrix)],
        ".npy": [encode_array(small), encode_array(small.astype("<f4")), encode_array(np.stack([small, small]))],
        ".npz": [
            npz(voxels=small),
            npz(voxels=packed, res=np.int64(8), label=np.arange(2, dtype=np.uint8), classes=np.array(["a", "b"])),
            npz(box=two_boxes(), start=np.array([0, 1, 2]), ids=np.array([7, 9])),
        ],
        ".vox": [vox.encode(small), vox_scene()],
        ".nrrd": [nrrd.encode(small), raw + small.astype(">f4").tobytes(order="F")],
    }


def wrapped() -> dict[str, list[tuple[bytes, Callable[[bytes], bytes]]]]:
    """Return (content, closing function) by ending: what lies within a container that mutations would only break."""
    small = handed()[::2, ::2, ::2]
    document, binary = glb_parts(glb.encode(HANDED_MESH))
    document["nodes"] = [{"children": [1], "scale": [1, 2, -3]}, {"mesh": 0, "rotation": [0, 0, 1, 0]}]
    archive = zipfile.ZipFile(io.BytesIO(threemf.encode(HANDED_MESH)))
    model = archive.read(threemf.MODEL)
    places = (
        b'<object id="2"><components><component objectid="1" transform="1 0 0 0 1 0 0 0 -1 2 3 4"/></components>'
        b'</object></resources><build><item objectid="2"/><item objectid="1"/></build></model>'
    )
    bits = np.packbits(np.stack([small, small]).reshape(2, -1), axis=1)
    head = b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 4 4 4\nencoding: gzip\n\n"
    return {
        ".glb": [(json.dumps(document).encode(), lambda text: glb.assemble(text, binary))],
        ".gltf": [(binary, lambda data: gltf_of(document, data))],
        ".3mf": [
            (model, lambda text: pack({threemf.MODEL: text})),
            (model[: model.index(b"</resources>")] + places, lambda text: pack({threemf.MODEL: text})),
        ],
        ".mat": [(mat_matrix(small), lambda element: mat_file(mat_packed(element)))],
        ".npz": [
            (encode_array(bits), lambda rows: pack({"voxels.npy": rows, "res.npy": encode_array(np.int64(4))})),
            (encode_array(np.int64(4)), lambda res: pack({"voxels.npy": encode_array(bits), "res.npy": res})),
            (
                encode_text(np.array(["a", "bc"])),
                lambda names: pack({"voxels.npy": encode_array(np.stack([small] * 2)), "names.npy": names}),
            ),
        ],
        ".nrrd": [(small.tobytes(order="F"), lambda values: head + gzip.compress(values, mtime=0))],
    }


def _off(vertices: object = 3, faces: object = 1, body: str = "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n") -> bytes:
    return f"OFF\n{vertices} {faces} 0\n{body}".encode()


def _stl_nan() -> bytes:
    return stl.encode(HANDED_MESH)[:-6] + struct.pack("<fH", float("nan"), 0)


def _zip_bomb(member: str, size: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(member, "w") as file:
        for _ in range(size >> 20):
            file.write(bytes(1 << 20))
    return buffer.getvalue()


def _lying_zip() -> bytes:
    """Return an archive whose member says that it unfolds to 100 bytes, and unfolds to megabytes."""
    data = bytearray(_zip_bomb("voxels.npy", 4 << 20))
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", 100)
    return bytes(data)


def _three_d(xml: str) -> bytes:
    return pack({threemf.MODEL: xml.encode()})


def _many_components() -> bytes:
    objects = '<object id="0"><mesh/></object>'
    for k in range(1, 30):
        twice = f'<component objectid="{k - 1}"/>' * 2
        objects += f'<object id="{k}"><components>{twice}</components></object>'
    return _three_d(f'<model><resources>{objects}</resources><build><item objectid="29"/></build></model>')


def _glb(**changes: object) -> bytes:
    document, binary = glb_parts(glb.encode(HANDED_MESH))
    return glb_of({**document, **changes}, binary)


def _outside(uri: str) -> bytes:
    return _glb(buffers=[{"byteLength": 112, "uri": uri}])


def _gltf(**changes: object) -> bytes:
    """Return a .gltf file whose buffer, or whose document, is changed."""
    document = json.loads(gltf.encode(HANDED_MESH))
    for key, value in changes.items():
        (document if key in document else document["buffers"][0])[key] = value
    return json.dumps(document).encode()


def _nested_cells(depth: int) -> bytes:
    inner = b""
    for _ in range(depth):
        flags, sides = mat_element(6, struct.pack("<II", 1, 0)), mat_element(5, struct.pack("<ii", 1, 1))
        inner = mat_element(14, flags + sides + mat_element(1, b"") + inner)
    return mat_file(inner)


def _npy(described: str, values: bytes = b"") -> bytes:
    header = described.encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + values


def hostile() -> dict[str, tuple[bytes, str]]:
    """Return name -> (bytes, pattern of what must be said) of files that must be refused."""
    picture, big_grid = b"\x89PNG\r\n\x1a\n" + bytes(300), np.zeros((1, 1))
    polygon = "0 0 0\n1 0 0\n0 1 0\n200000 " + " ".join(["0 1 2 0"] * 50_000) + "\n"
    gzipped = b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 16 16 16\nencoding: gzip\n\n" + gzip.compress(
        bytes(1 << 24)
    )
    lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    entity = '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><model>&b;</model>'
    accessor = [{"componentType": 5126, "type": "VEC3", "count": 30_000_000}]
    files = {
        "picture.stl": (picture, "PNG picture"),
        "pointer.obj": (lfs, "Git LFS pointer"),
        "page.off": (b"<!DOCTYPE html><html></html>", "web page"),
        "polygon.off": (_off(3, 1, polygon), "200000 corners, at most 1000|has a line of 400006 bytes"),
        "corners.off": (_off(3, 1, "0 0 0\n1 0 0\n0 1 0\n1001" + " 1" * 1001), "1001 corners, at most 1000"),
        "nan.off": (_off(body="0 0 nan\n1 0 0\n0 1 0\n3 0 1 2\n"), "vertex 0 is not finite"),
        "inf.off": (_off(body="0 0 0\n1 0 0\n0 -1e999 0\n3 0 1 2\n"), "vertex 2 is not finite"),
        "absurd.off": (_off(4_000_000_000, 1), "declares 4000000000 vertices, at most 5000000"),
        "promising.off": (_off(5_000_000, 1), "only 42 are there"),
        "negative.off": (_off(-1, 1), "declares -1 vertices"),
        "digits.off": (_off("9" * 5000, 1), "whole number"),
        "words.off": (_off(body="a b c\n" * 4), "expected a number"),
        "index.off": (_off(body="0 0 0\n1 0 0\n0 1 0\n3 0 1 3\n"), "names vertex 3, there are 3"),
        "below.off": (_off(body="0 0 0\n1 0 0\n0 1 0\n3 0 1 -1\n"), "names vertex -1"),
        "half.off": (_off(body="0 0 0\n1 0 0\n0 1 0\n3 0 1 1.5\n"), "whole number, found 1.5"),
        "nothing.off": (_off(0, 0, ""), "no face|no vertex"),
        "points.off": (_off(3, 0), "no face; points alone"),
        "zero.obj": (b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 0 1 2\n", "counts from 1"),
        "far.obj": (b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf -4 1 2\n", "names vertex -1"),
        "binary.obj": (bytes(range(256)) * 8, "no vertex"),
        "nan.stl": (_stl_nan(), "not finite"),
        "short.stl": (stl.encode(HANDED_MESH)[:-1], "4 declared triangles take 284 bytes, the file has 283"),
        "absurd.stl": (bytes(80) + b"\xff\xff\xff\xff", "4294967295 declared"),
        "cut.stl": (STL_TEXT[:-20], "not closed by endsolid"),
        "absurd.ply": (PLY_TEXT.replace(b"vertex 4", b"vertex 99999999999"), "at most 5000000"),
        "promising.ply": (PLY_TEXT.replace(b"vertex 4", b"vertex 4000000"), "only"),
        "points.ply": (PLY_TEXT.replace(b"face 2", b"face 0"), "no face|strange|no face; points"),
        "void.ply": (b"ply\nformat ascii 1.0\nelement vertex 5\nend_header\n", "without properties"),
        "endless.ply": (b"ply\nformat binary_little_endian 1.0\nelement x 999999999999\nend_header\n", "without"),
        "bomb.glb": (_glb(accessors=accessor), "accessor|at most|compressed"),
        "passwd.glb": (_outside("../../etc/passwd"), "bytes outside, in '../../etc/passwd'"),
        "address.glb": (_outside("http://127.0.0.1/x.bin"), "bytes outside, in 'http"),
        "beside.gltf": (_gltf(uri="scene.bin"), "outside, in 'scene.bin', which is never read; export one .glb"),
        "passwd.gltf": (_gltf(uri="file:///etc/passwd"), "outside, in 'file:///etc/passwd'"),
        "address.gltf": (_gltf(uri="http://127.0.0.1/x.bin"), "outside, in 'http"),
        "long.gltf": (_gltf(uri="\n" * 100_000), "outside, in"),
        "number.gltf": (_gltf(uri=7), "outside, in '7'"),
        "nowhere.gltf": (_gltf(uri=None), "a buffer that has no bytes"),
        "percent.gltf": (_gltf(uri="data:application/octet-stream,%00%01"), "no base64"),
        "bare.gltf": (_gltf(uri="data:"), "no base64"),
        "letters.gltf": (_gltf(uri="data:;base64,AAA*AAAA"), "broken base64"),
        "unicode.gltf": (_gltf(uri="data:;base64,\u00e4\u00f6\u00fc="), "broken base64"),
        "padding.gltf": (_gltf(uri="data:;base64,AAAAA"), "broken base64"),
        "absurd.gltf": (_gltf(byteLength=10**12), "a buffer take 1000000000000 bytes, only"),
        "beyond.gltf": (_gltf(byteLength=10**30), "not a number from 0"),
        "nan.gltf": (gltf_of(glb.described(HANDED_MESH)[0], b"\x01\x00\xa0\x7f" * 12 + bytes(48)), "not finite"),
        "short.gltf": (_gltf(uri="data:;base64,AAAA"), "only 3 are there"),
        "bomb.gltf": (_gltf(accessors=accessor), "accessor|at most|compressed"),
        "buffers.gltf": (_gltf(buffers=[]), "names buffer 0, there are 0"),
        "old.gltf": (_gltf(asset={"version": "1.0"}), "version '1.0'; version 2 is read"),
        "any.gltf": (b"{}", "version 'None'"),
        "deep.gltf": (b"[" * 100_000, "broken JSON"),
        "binary.gltf": (glb.encode(HANDED_MESH), "broken JSON"),
        "loop.glb": (_glb(nodes=[{"mesh": 0, "children": [0]}]), "stands in two places"),
        "deep.glb": (glb.assemble(b"[" * 100_000, b""), "broken JSON"),
        "list.glb": (glb.assemble(b"[]", b""), "no object"),
        "infinite.glb": (_glb(nodes=[{"mesh": 0, "translation": [1e300, 0, 0]}]), "not finite or absurd"),
        "version.glb": (b"glTF\x01" + glb.encode(HANDED_MESH)[5:], "version 1"),
        "entity.3mf": (_three_d(entity), "declares a document type"),
        "laughs.3mf": (_many_components(), "5000 places"),
        "digits.3mf": (_three_d(f'<model><object><triangle v1="{"9" * 400}"/></object></model>'), "names vertex 9"),
        "encoding.3mf": (_three_d('<?xml version="1.0" encoding="rot13"?><model></model>'), "no face|no vertex"),
        "kind.glb": (_glb(accessors=[{"componentType": [], "count": 4, "type": "VEC3"}]), "not a number"),
        "cycle.3mf": (
            _three_d('<model><object id="1"><component objectid="1"/></object><item objectid="1"/></model>'),
            "places",
        ),
        "bomb.3mf": (_zip_bomb(threemf.MODEL, 600 << 20), "declares 629145600 bytes, at most"),
        "text.3mf": (b"PK\x03\x04 nothing", "no zip archive"),
        "bomb.npz": (_zip_bomb("voxels.npy", 600 << 20), "at most 536870912"),
        "lying.npz": (_lying_zip(), "voxels.npy|no .npy|broken"),
        "pickled.npz": (npz(voxels=np.array([{"a": 1}], dtype=object)), "objects and records are never read"),
        "pickled.npy": (encode_text(np.array([{"a": 1}], dtype=object)), "objects and records are never read"),
        "records.npy": (encode_text(np.zeros(3, [("a", "u1")])), "objects and records are never read"),
        "code.npy": (_npy("{'descr': __import__('os').system('x'), 'shape': (1,)}"), "no plain array"),
        "absurd.npy": (
            _npy("{'descr': '<f8', 'fortran_order': False, 'shape': (512, 512, 512), }"), "take 1073741824 bytes"
        ),
        "huge.npy": (
            _npy("{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999, 9999999999, 9), }"), "bytes, only 0"
        ),
        "matrix.npy": (encode_array(big_grid), "array of"),
        "empty.npy": (encode_array(np.zeros((8, 8, 8), bool)), "no voxel is full"),
        "nan.npy": (encode_array(np.full((4, 4, 4), np.nan)), "not finite"),
        "unpaired.npz": (npz(voxels=np.zeros((2, 64), np.uint8)), "no resolution"),
        "resolution.npz": (npz(voxels=np.zeros((2, 64), np.uint8), res=np.int64(10**12)), "declares a grid"),
        "start.npz": (npz(box=two_boxes(), start=np.array([0, 3])), "divides 2 boxes"),
        "backwards.npz": (npz(box=two_boxes(), start=np.array([0, 2, 1, 2])), "divides 2 boxes"),
        "thin.npz": (npz(box=two_boxes()[:, :9], start=np.array([0, 2])), "boxes of"),
        "nan.npz": (npz(box=two_boxes() * np.nan, start=np.array([0, 2])), "not finite"),
        "labels.npz": (npz(voxels=np.zeros((2, 64), np.uint8), res=np.int64(8), label=np.arange(5)), "5 labels"),
        "absurd.binvox": (b"#binvox 1\ndim 99999 99999 99999\ndata\n", "declares a grid of 99999"),
        "short.binvox": (binvox.encode(handed())[:-2], "its runs fill"),
        "promising.binvox": (b"#binvox 1\ndim 512 512 512\ndata\n\x00\xff", "fill 255 of 134217728"),
        "nested.mat": (_nested_cells(20_000), "no array of numbers"),
        "bomb.mat": (
            mat_file(mat_packed(mat_matrix(np.ones((4, 4, 4))) + bytes(64 << 20))), "unfolds to more than 136"
        ),
        "zeros.mat": (mat_file(mat_packed(bytes(300 << 20))), "no array of numbers"),
        "absurd.mat": (mat_file(mat_matrix(np.zeros((2, 2, 2))).replace(b"\2\0\0\0" * 3, b"\xff\0\0\0" * 3)), "255"),
        "new.mat": (b"MATLAB 7.3 MAT-file".ljust(126) + b"IM", "save it with the option -v7"),
        "short.mat": (mat_file(mat_matrix(handed()))[:-40], "only"),
        "far.vox": (
            vox.assemble(vox_model((2, 2, 2), [(0, 0, 0)]) * 2 + vox_transform(0, 1, _t="9999999 0 0")
                         + vox_transform(1, 2) + vox_shape(2, 0)), "too far away"
        ),
        "wide.vox": (vox.assemble(vox_model((256, 256, 256), [(0, 0, 0)]) * 2 + vox_transform(0, 1) + vox_group(1, 2, 4)
                     + vox_transform(2, 3, _t="0 0 0") + vox_shape(3, 0) + vox_transform(4, 5, _t="256 256 256")
                     + vox_shape(5, 1)), "voxels are read"),
        "loop.vox": (vox.assemble(vox_model((2, 2, 2), [(0, 0, 0)]) * 2 + vox_transform(0, 1) + vox_group(1, 0, 0)),
                     "places|too deep"),
        "outside.vox": (vox.assemble(vox_model((2, 2, 2), [(2, 0, 0)])), "outside of its model"),
        "promising.vox": (vox.assemble(vox.chunk(b"SIZE", struct.pack("<3i", 2, 2, 2)) + vox.chunk(b"XYZI",
                          struct.pack("<i", 2**31 - 1))), "only 0 are there"),
        "bomb.nrrd": (gzipped, "unfolds to more than 4096"),
        "detached.nrrd": (b"NRRD0004\ntype: uint8\nsizes: 8 8 8\ndata file: /etc/passwd\n\n", "another file"),
        "absurd.nrrd": (b"NRRD0004\ntype: double\nsizes: 512 512 512\nencoding: raw\n\n", "1073741824 bytes"),
    }  # fmt: skip
    for code in (0, 8, 10, 19, 20, 100, 32767):  # each ended the interpreter within a compiled reader
        files[f"type{code}.mat"] = (mat_file(mat_matrix(np.ones((2, 2, 2)), code=code)), f"type {code}")
    return files
