"""Read and write shapes by extension: one small parser a format, all pure Python and NumPy over bytes.

No parser follows a path or an address that a file names, none runs code, and each compares what a header declares
with the bytes that are there before it takes memory. Whatever is wrong becomes one `BadInput`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput, UsageError
from shapespace.files import write_bytes
from shapespace.shapes.formats import arrays, binvox, glb, mat, nrrd, obj, off, ply, stl, threemf, vox
from shapespace.shapes.formats.arrays import Pack
from shapespace.shapes.formats.contents import Contents
from shapespace.shapes.formats.export import encode_mesh
from shapespace.shapes.mesh import Mesh

Parser = Callable[[bytes, str], Contents]

PARSERS: dict[str, Parser] = {
    ".off": off.parse,
    ".obj": obj.parse,
    ".stl": stl.parse,
    ".ply": ply.parse,
    ".glb": glb.parse,
    ".3mf": threemf.parse,
    ".binvox": binvox.parse,
    ".mat": mat.parse,
    ".npy": arrays.parse_npy,
    ".npz": arrays.parse_npz,
    ".vox": vox.parse,
    ".nrrd": nrrd.parse,
}
"""Bytes and a name for messages in, one shape out."""

MESH_EXTENSIONS = (".off", ".obj", ".stl", ".ply", ".glb", ".3mf")
VOXEL_EXTENSIONS = (".binvox", ".mat", ".npy", ".npz", ".vox", ".nrrd")

_VOXEL_ENCODERS: dict[str, Callable[[np.ndarray], bytes]] = {
    ".binvox": binvox.encode,
    ".npy": arrays.encode_npy,
    ".npz": arrays.encode_npz,
    ".vox": vox.encode,
    ".nrrd": nrrd.encode,
}

WRITE_EXTENSIONS = (*MESH_EXTENSIONS, *_VOXEL_ENCODERS)

__all__ = ["MESH_EXTENSIONS", "PARSERS", "VOXEL_EXTENSIONS", "WRITE_EXTENSIONS", "Contents", "Pack"]


def read(path: str | os.PathLike[str]) -> Contents:
    """Return the one shape in a file, as the file has it: its own axes, units and size.

    Raises:
        BadInput: If the file is missing, too large, of an unknown kind, broken, empty, or holds many shapes.
    """
    path = Path(path)
    extension = path.suffix.lower()
    if extension not in PARSERS:
        raise BadInput(path, f"{extension or 'no extension'} is not a format we read", f"we read {_known()}")
    return parse(read_bounded(path), extension, str(path))


def parse(data: bytes, extension: str, name: str) -> Contents:
    """Return the one shape in the bytes of a file.

    This is the boundary behind which parsers may stumble over anything: it all comes out as `BadInput`.

    Raises:
        BadInput: If the bytes are not a shape of that format.
    """
    if not data:
        raise BadInput(name, "the file is empty", "copy it again")
    try:
        return PARSERS[extension](data, name)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadInput(name, f"not a readable {extension} file ({error})"[:200], _hint(data, extension)) from None
    except MemoryError:
        raise BadInput(name, "needs more memory than there is") from None


def read_pack(path: str | os.PathLike[str]) -> Pack | None:
    """Return the many shapes of a .npy or .npz file, or None if the file holds one.

    Raises:
        BadInput: If the file is broken or too large.
    """
    path = Path(path)
    if path.suffix.lower() not in (".npy", ".npz"):
        return None
    return arrays.parse_pack(read_bounded(path), str(path))


def write(
    path: str | os.PathLike[str], shape: Mesh | np.ndarray, *, pitch: float = 1.0, origin: tuple[float, ...] = (0, 0, 0)
) -> None:
    """Write a mesh or a grid in the format its extension names.

    Args:
        path: Its extension decides; see `WRITE_EXTENSIONS`.
        shape: A mesh for mesh formats; a (x, y, z) grid, full where nonzero or above 0.5, for voxel formats.
        pitch: Side of a voxel in world units, kept where the format can (.binvox).
        origin: Centre of voxel [0, 0, 0] in world units, kept where the format can (.binvox).

    Raises:
        UsageError: If the extension and the shape do not go together.
        OutputError: If it cannot be written.
    """
    extension = Path(path).suffix.lower()
    if extension in MESH_EXTENSIONS and isinstance(shape, Mesh):
        write_bytes(path, encode_mesh(shape, extension))
    elif extension == ".binvox" and not isinstance(shape, Mesh):
        write_bytes(path, binvox.encode(shape, pitch=pitch, origin=origin))
    elif extension in _VOXEL_ENCODERS and not isinstance(shape, Mesh):
        write_bytes(path, _VOXEL_ENCODERS[extension](shape))
    else:
        kind = "mesh" if isinstance(shape, Mesh) else "grid"
        raise UsageError(f"{path}: cannot write a {kind} as {extension or 'nothing'}; we write {_listed()}")


def native_up(path: str | os.PathLike[str]) -> str:
    """Return the axis that points up by the format's own rule: "y" for .glb, whose standard says so, else "z"."""
    return "y" if Path(path).suffix.lower() == ".glb" else "z"


def read_bounded(path: Path) -> bytes:
    """Return the bytes of a file no larger than `limits.MAX_FILE_BYTES`.

    Raises:
        BadInput: If it is larger, missing, a folder or unreadable.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limits.MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BadInput(path, error.strerror or "cannot be read") from None
    if len(data) > limits.MAX_FILE_BYTES:
        raise BadInput(path, f"larger than the limit of {limits.MAX_FILE_BYTES >> 20} MB")
    return data


_SIGNATURES = {
    b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture", b"GIF8": "a GIF picture", b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "gzip data", b"glTF": "a .glb", b"ply": "a .ply", b"OFF": "an .off",
    b"#binvox": "a .binvox", b"<!DOCTYPE": "a web page", b"<html": "a web page", 
    b"version https://git-lfs": "a Git LFS pointer",
}  # fmt: skip


def _hint(data: bytes, extension: str) -> str:
    kind = next((what for sign, what in _SIGNATURES.items() if data.startswith(sign)), None)
    return f"it looks like {kind}" if kind else f"check that it is a whole {extension} file"


def _known() -> str:
    return " ".join((*MESH_EXTENSIONS, *VOXEL_EXTENSIONS))


def _listed() -> str:
    return f"meshes as {' '.join(MESH_EXTENSIONS)}, grids as {' '.join(_VOXEL_ENCODERS)}"
