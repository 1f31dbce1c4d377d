"""Small sources for the tests of `data prepare`: good shapes, and files that mean harm."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np

from shapespace.shapes.grid import handed

CUBE_FACES = (
    "3 0 2 1\n3 0 3 2\n3 4 5 6\n3 4 6 7\n3 0 1 5\n3 0 5 4\n3 1 2 6\n3 1 6 5\n3 2 3 7\n3 2 7 6\n3 3 0 4\n3 3 4 7\n"
)


def box_off(x: float, y: float, z: float) -> str:
    """Return the OFF text of a box with these sides."""
    corners = [(0, 0, 0), (x, 0, 0), (x, y, 0), (0, y, 0), (0, 0, z), (x, 0, z), (x, y, z), (0, y, z)]
    return "OFF\n8 12 0\n" + "".join(f"{a} {b} {c}\n" for a, b, c in corners) + CUBE_FACES


def chair_off(width: float, height: float) -> str:
    """Return the OFF text of a chair of boxes: seat, back and one leg, so that no turn leaves it as it is."""
    parts = [(0, 0, 0.4, 1.0, width, 0.1), (0, 0, 0.5, 0.1, width, height), (0.8, 0, 0, 0.15, 0.2, 0.4)]
    vertices, faces = "", ""
    for number, (x, y, z, a, b, c) in enumerate(parts):
        corners = [(0, 0, 0), (a, 0, 0), (a, b, 0), (0, b, 0), (0, 0, c), (a, 0, c), (a, b, c), (0, b, c)]
        vertices += "".join(f"{x + i} {y + j} {z + k}\n" for i, j, k in corners)
        for line in CUBE_FACES.splitlines():
            _, *corner = line.split()
            faces += "3 " + " ".join(str(int(i) + 8 * number) for i in corner) + "\n"
    return f"OFF\n24 36 0\n{vertices}{faces}"


def write(root: Path, path: str, content: str | bytes) -> None:
    """Put a file below `root`."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content.encode() if isinstance(content, str) else content)


def good_folder(root: Path, shapes: int = 12) -> Path:
    """Make a folder of two categories of distinct boxes and chairs."""
    for i in range(shapes):
        write(root, f"table/{i:03d}.off", box_off(1 + 0.1 * i, 1, 0.5 + 0.3 * (i % 4)))
        write(root, f"chair/{i:03d}.off", chair_off(0.6 + 0.05 * i, 0.4 + 0.1 * (i % 5)))
    return root


def pack(grids: np.ndarray, **extra: np.ndarray) -> bytes:
    """Return an .npz of bit-packed grids as the shared packs have it."""
    file = io.BytesIO()
    np.savez(file, voxels=np.packbits(grids.reshape(len(grids), -1), axis=1), res=grids.shape[1], **extra)
    return file.getvalue()


def zip_bomb(unpacked: int) -> bytes:
    """Return an .npz whose one array of zeros unfolds to `unpacked` bytes, about 1:1000."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "|u1", "fortran_order": False, "shape": (unpacked,)})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("voxels.npy", "w") as member:
        member.write(head.getvalue())
        for _ in range(unpacked >> 20):
            member.write(bytes(1 << 20))
    return file.getvalue()


def glb_bomb(count: int) -> bytes:
    """Return a .glb of some hundred bytes that declares `count` vertices."""
    scene = {
        "asset": {"version": "2.0"},
        "accessors": [{"componentType": 5126, "count": count, "type": "VEC3"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
    }
    text = json.dumps(scene).encode()
    text += b" " * (-len(text) % 4)
    chunk = struct.pack("<I4s", len(text), b"JSON") + text
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunk)) + chunk


def hostile_files() -> dict[str, bytes]:
    """Return names and contents of files that a person could meet and none that shows a shape."""
    off = box_off(1, 2, 3)
    files: dict[str, bytes] = {
        "picture.stl": b"\x89PNG\r\n\x1a\n" + bytes(200),
        "empty.off": b"",
        "spaces.obj": b" \n" * 100,
        "truncated.off": off[: len(off) // 2].encode(),
        "nan.off": off.replace("1 0 0", "nan 0 0").encode(),
        "infinite.off": off.replace("1 0 0", "1e999 0 0").encode(),
        "huge.off": off.replace("1 0 0", "1e308 -1e308 0").encode(),
        "flat.off": b"OFF\n3 1 0\n0 0 0\n0 0 0\n0 0 0\n3 0 1 2\n",
        "no-faces.off": b"OFF\n3 0 0\n0 0 0\n1 0 0\n0 1 0\n",
        "wild-index.off": b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 9\n",
        "negative.off": b"OFF\n-3 -1 0\n",
        "absurd-header.off": b"OFF\n3000000000 3000000000 0\n0 0 0\n",
        "polygon.off": b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n200000 " + b"0 1 2 " * 66_667 + b"\n",
        "absurd.stl": bytes(80) + struct.pack("<I", 2**32 - 1) + bytes(50),
        "absurd.ply": b"ply\nformat binary_little_endian 1.0\n"
        b"element vertex 4000000000\nproperty float x\nend_header\n",
        "absurd.binvox": b"#binvox 1\ndim 100000 100000 100000\ntranslate 0 0 0\nscale 1\ndata\n\x01\xff",
        "overrun.binvox": b"#binvox 1\ndim 8 8 8\ntranslate 0 0 0\nscale 1\ndata\n" + b"\x01\xff" * 100,
        "empty.binvox": b"#binvox 1\ndim 8 8 8\ntranslate 0 0 0\nscale 1\ndata\n" + b"\x00\xff\x00\xff\x00\x02",
        "code.npy": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(128)
        + b"\n",
        "absurd.npy": b"\x93NUMPY\x01\x00v\x00"
        + b"{'descr': '|b1', 'fortran_order': False, 'shape': (100000, 100000, 9), }".ljust(118),
        "empty-grid.npz": pack(np.zeros((1, 8, 8, 8), bool)),
        "no-zip.npz": b"PK\x03\x04" + bytes(50),
        "cells.mat": b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM" + bytes([100, 0, 0, 0, 8, 0, 0, 0]) + bytes(64),
        "absurd.vox": b"VOX " + struct.pack("<I", 150) + b"MAIN" + struct.pack("<II", 0, 2**31),
        "bomb.nrrd": b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 8 8 8\nencoding: gzip\n\n"
        + gzip.compress(bytes(64 << 20)),
        "beside.gltf": b'{"asset": {"version": "2.0"}, "nodes": [{"mesh": 0}],'
        b' "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],'
        b' "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"}],'
        b' "bufferViews": [{"buffer": 0, "byteLength": 36}], "buffers": [{"byteLength": 36, "uri": "scene.bin"}]}',
        "absurd.3mf": b"PK\x05\x06" + bytes(18),
    }
    return files


def handed_pack() -> bytes:
    """Return a pack of the handed test shape."""
    return pack(handed()[None])


def bombs() -> dict[str, bytes]:
    """Return about 200 small files that declare or unfold to 10^3 to 10^12 times what they are."""
    found: dict[str, bytes] = {}
    for power in range(3, 13):
        for digit in (1, 7):
            count = digit * 10**power
            found |= {f"{digit}e{power}-{name}": data for name, data in _bombs_of(count).items()}
    found |= {f"gzip-{size}.nrrd": _nrrd_bomb(size << 20) for size in (1, 4, 16, 32)}
    found |= {f"zeros-{size}.npz": zip_bomb(size << 20) for size in (1, 4, 16, 32)}
    return found


def _bombs_of(count: int) -> dict[str, bytes]:
    side = round(count ** (1 / 3)) + 20
    little = min(count, 2**32 - 1)
    return {
        "a.off": f"OFF\n{count} 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n".encode(),
        "b.off": f"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n{count} 0 1 2\n".encode(),
        "a.obj": f"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 {count}\n".encode(),
        "a.stl": bytes(80) + struct.pack("<I", little) + bytes(50),
        "a.ply": f"ply\nformat ascii 1.0\nelement vertex {count}\nproperty float x\nend_header\n0\n".encode(),
        "a.glb": glb_bomb(count),
        "a.binvox": f"#binvox 1\ndim {side} {side} {side}\ntranslate 0 0 0\nscale 1\ndata\n\x01\x01".encode(),
        "a.nrrd": f"NRRD0004\ntype: uchar\ndimension: 3\nsizes: {side} {side} {count}\nencoding: raw\n\nx".encode(),
        "a.npy": b"\x93NUMPY\x01\x00\x76\x00"
        + f"{{'descr': '|b1', 'fortran_order': False, 'shape': ({side}, {side}, {count}), }}".encode().ljust(118),
        "a.vox": b"VOX " + struct.pack("<I", 150) + b"MAIN" + struct.pack("<II", little, little),
    }


def _nrrd_bomb(size: int) -> bytes:
    head = b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 8 8 8\nencoding: gzip\n\n"
    return head + gzip.compress(bytes(size))
