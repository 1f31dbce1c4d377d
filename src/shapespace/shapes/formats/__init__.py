"""Shapes from files and into files, by the ending of their names: one small module a format.

A parser is a pure function of bytes. It compares every number it meets with the bytes that are there and with
`shapespace.limits` before it takes memory, and returns contents or raises `BadInput`. No file it is given makes it
read another one.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from stat import S_ISREG
from typing import Literal

import numpy as np

from shapespace import files, limits
from shapespace.errors import BadInput, UsageError
from shapespace.shapes.formats import binvox, glb, gltf, mat, npy, nrrd, obj, off, pack, ply, stl, threemf, vox
from shapespace.shapes.formats.boxes import BoxPack
from shapespace.shapes.formats.contents import Contents
from shapespace.shapes.formats.pack import Pack
from shapespace.shapes.mesh import Mesh

__all__ = [
    "MESH_EXTENSIONS", "PACK_PARSERS", "PARSERS", "VOXEL_EXTENSIONS", "WRITE_EXTENSIONS",
    "BoxPack", "Contents", "Pack", "native_up", "parse", "read", "read_pack", "write",
]  # fmt: skip

PARSERS: dict[str, Callable[[bytes, str], Contents]] = {
    ".off": off.parse, ".obj": obj.parse, ".stl": stl.parse, ".ply": ply.parse, ".glb": glb.parse,
    ".gltf": gltf.parse, ".3mf": threemf.parse, ".binvox": binvox.parse, ".mat": mat.parse, ".npy": pack.parse_npy,
    ".npz": pack.parse_npz, ".vox": vox.parse, ".nrrd": nrrd.parse,
}  # fmt: skip
"""What turns the bytes of a file, and its name for messages, into one shape."""

PACK_PARSERS: dict[str, Callable[[bytes, str], Pack | BoxPack | None]] = {
    ".npy": pack.parse_npy_pack,
    ".npz": pack.parse_npz_pack,
}
"""What turns the bytes of a file of many shapes into a pack; None for a single shape."""

_MESH_ENCODERS: dict[str, Callable[[Mesh], bytes]] = {
    ".stl": stl.encode, ".glb": glb.encode, ".obj": obj.encode, ".ply": ply.encode, ".off": off.encode,
    ".3mf": threemf.encode, ".gltf": gltf.encode,
}  # fmt: skip
_VOXEL_ENCODERS: dict[str, Callable[[np.ndarray], bytes]] = {
    ".binvox": binvox.encode, ".vox": vox.encode, ".npz": pack.encode_npz, ".npy": npy.encode_array,
    ".nrrd": nrrd.encode,
}  # fmt: skip
_KEEPS_FLOATS = (".npz", ".npy", ".nrrd")

MESH_EXTENSIONS = tuple(_MESH_ENCODERS)
VOXEL_EXTENSIONS = tuple(extension for extension in PARSERS if extension not in _MESH_ENCODERS)
WRITE_EXTENSIONS = (*_MESH_ENCODERS, *_VOXEL_ENCODERS)

_FOREIGN = {
    b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture", b"%PDF": "a PDF",
    b"version https://git-lfs": "a Git LFS pointer, not the file itself", b"<!DOCTYPE html": "a web page",
    b"<html": "a web page", b"\x1f\x8b": "a gzip archive; unpack it first", b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
}  # fmt: skip


def read(path: str | PathLike[str]) -> Contents:
    """Return the shape in a file; nothing is turned.

    Raises:
        BadInput: If the file cannot be read, is broken or hostile, or holds several shapes.
    """
    return parse(_bytes(path), str(path))


def parse(data: bytes, name: str) -> Contents:
    """Return the shape in the bytes of a file with that name.

    Raises:
        BadInput: If they are broken or hostile, or hold several shapes.
    """
    parser = PARSERS.get(Path(name).suffix.lower())
    if parser is None:
        raise BadInput(name, "is of no format that is read", f"known are {' '.join(PARSERS)}")
    _refuse_foreign(data, name)
    return parser(data, name)


def read_pack(path: str | PathLike[str]) -> Pack | BoxPack | None:
    """Return the shapes of a file of many, or None if it holds a single one.

    Raises:
        BadInput: If the file cannot be read, is broken or hostile.
    """
    parser = PACK_PARSERS.get(Path(path).suffix.lower())
    if parser is None:
        return None
    data = _bytes(path)
    _refuse_foreign(data, str(path))
    return parser(data, str(path))


def native_up(path: str | PathLike[str]) -> Literal["y", "z"]:
    """Return the axis that a format takes as up: y for .glb and .gltf by their specification, else z."""
    return "y" if Path(path).suffix.lower() in (".glb", ".gltf") else "z"


def write(path: str | PathLike[str], shape: Mesh | np.ndarray) -> None:
    """Write a mesh, or an (x, y, z) grid, in the format that the ending of the name says.

    Args:
        path: What stands there is replaced once the new file is whole.
        shape: z up. Grids of numbers stay numbers where the format has them, elsewhere above 0.5 is full.

    Raises:
        UsageError: If nothing writes that ending, or it does not hold this kind of shape.
        OutputError: If the disk is full or the folder cannot be written.
    """
    files.write_bytes(path, _encoded(shape, Path(path)))


def _encoded(shape: Mesh | np.ndarray, path: Path) -> bytes:
    extension = path.suffix.lower()
    if extension not in WRITE_EXTENSIONS:
        raise UsageError(f"{path}: cannot write {extension or 'without an ending'}; use {' '.join(WRITE_EXTENSIONS)}")
    if isinstance(shape, Mesh):
        if extension not in _MESH_ENCODERS:
            raise UsageError(f"{path}: {extension} holds voxels, not a mesh; use {' '.join(_MESH_ENCODERS)}")
        return _MESH_ENCODERS[extension](shape)
    if extension not in _VOXEL_ENCODERS:
        raise UsageError(f"{path}: {extension} holds a mesh, not voxels; use {' '.join(_VOXEL_ENCODERS)}")
    if shape.ndim != 3 or not shape.size:
        raise UsageError(f"{path}: a grid of {shape.shape} is no shape; three axes are needed")
    is_float = shape.dtype.kind == "f"
    if is_float and extension in _KEEPS_FLOATS:
        return _VOXEL_ENCODERS[extension](shape.astype(np.float32))
    return _VOXEL_ENCODERS[extension](shape > (0.5 if is_float else 0))


def _bytes(path: str | PathLike[str]) -> bytes:
    try:
        facts = Path(path).stat()
        if not S_ISREG(facts.st_mode):
            raise BadInput(path, "is not a regular file")
        if facts.st_size > limits.MAX_FILE_BYTES:
            raise BadInput(path, f"has {facts.st_size} bytes, at most {limits.MAX_FILE_BYTES} are read")
        data = Path(path).read_bytes()
    except OSError as error:
        raise BadInput(path, f"cannot be read: {error.strerror or error}") from None
    if not data:
        raise BadInput(path, "is empty", "copy or export it again")
    return data


def _refuse_foreign(data: bytes, name: str) -> None:
    for beginning, what in _FOREIGN.items():
        if data.startswith(beginning):
            raise BadInput(name, f"is {what}", f"{Path(name).suffix} was expected")
