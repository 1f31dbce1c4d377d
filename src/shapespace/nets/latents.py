"""Latent vectors in a file, so that any shape can be made again: `z.npy` in a .npz, as NumPy reads it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from os import PathLike

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.files import atomic_file
from shapespace.shapes.formats.npy import read_array

MEMBER = "z.npy"

_NOT_A_ZIP = (
    OSError, KeyError, ValueError, EOFError, OverflowError, RuntimeError, zipfile.BadZipFile, zlib.error, struct.error,
)  # fmt: skip
"""All that Python's zipfile raises over damaged bytes."""


def write_latents(path: str | PathLike[str], z: np.ndarray) -> None:
    """Write (n, latent_dim) float32 latent vectors.

    Raises:
        OutputError: If the file cannot be written.
    """
    array = io.BytesIO()
    np.lib.format.write_array(array, np.ascontiguousarray(z, dtype="<f4"), version=(1, 0), allow_pickle=False)
    with atomic_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        # A fixed date: the same latents are the same bytes.
        archive.writestr(zipfile.ZipInfo(MEMBER, date_time=(2000, 1, 1, 0, 0, 0)), array.getvalue())


def read_latents(path: str | PathLike[str], latent_dim: int) -> np.ndarray:
    """Return (n, latent_dim) float32 latent vectors.

    Args:
        path: A .npz file with a float32 array `z`.
        latent_dim: Numbers the space wants in each.

    Raises:
        BadInput: If it is another kind of file, or its vectors have another length or are not finite.
    """
    # NumPy's own reader parses the header as Python, and a hostile one makes it fail in too many ways.
    found = read_array(_member(path), str(path))
    if found.dtype != np.dtype("<f4") or found.ndim != 2 or not found.flags.c_contiguous:
        raise BadInput(path, f"z is {found.dtype} of shape {found.shape}, not float32 in rows")
    if found.shape[1] != latent_dim or not 1 <= len(found) <= limits.MAX_SAMPLES:
        raise BadInput(path, f"z is {found.shape}; this space takes (1 to {limits.MAX_SAMPLES:,}, {latent_dim})")
    z = found.astype(np.float32)
    if not np.isfinite(z).all():
        raise BadInput(path, "z holds numbers that are not finite")
    return z


def _member(path: str | PathLike[str]) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(MEMBER)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise BadInput(path, f"{MEMBER} is packed in a way NumPy does not use")
            declared = info.file_size
            if declared > limits.MAX_UNPACKED_BYTES:
                raise BadInput(path, f"{MEMBER} unfolds to {declared:,} bytes; limit {limits.MAX_UNPACKED_BYTES:,}")
            with archive.open(MEMBER) as member:  # never more than was declared, whatever the stream holds
                return member.read(declared)
    except _NOT_A_ZIP as error:
        why = getattr(error, "strerror", None) or str(error)[:80]
        raise BadInput(path, f"holds no latent vectors: {why}", "give latents.npz of a sample") from error
