"""Binvox: runs of empty and full voxels, stored x by x, then z, then y."""

from __future__ import annotations

import numpy as np

from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import CUT_SHORT, Contents, check_sides, voxel_contents

_LONGEST_HEADER = 1 << 12
_LONGEST_RUN = 255


def parse(data: bytes, name: str) -> Contents:
    """Return the grid of a .binvox file as (x, y, z) bool.

    Raises:
        BadInput: If it is no .binvox file, or its runs do not fill the grid it declares.
    """
    sides, start = _header(data, name)
    check_sides(name, sides)
    runs = np.frombuffer(data, np.uint8, offset=start)
    runs = runs[: len(runs) // 2 * 2].reshape(-1, 2)
    cells = sides[0] * sides[1] * sides[2]
    filled = int(runs[:, 1].sum(dtype=np.int64))
    if filled != cells:
        raise BadInput(name, f"its runs fill {filled} of {cells} voxels", CUT_SHORT)
    if (runs[:, 0] > 1).any():
        raise BadInput(name, "a run is neither empty nor full", CUT_SHORT)
    x, y, z = sides
    grid = np.repeat(runs[:, 0].astype(bool), runs[:, 1]).reshape(x, z, y)
    return voxel_contents(name, grid.transpose(0, 2, 1))


def encode(voxels: np.ndarray) -> bytes:
    """Return the bytes of a .binvox file.

    Args:
        voxels: (x, y, z) bool.
    """
    header = "#binvox 1\ndim {} {} {}\ntranslate 0 0 0\nscale 1\ndata\n".format(*voxels.shape)
    flat = np.ascontiguousarray(voxels.transpose(0, 2, 1)).ravel()
    starts = np.flatnonzero(np.diff(flat, prepend=not flat[0]))
    lengths = np.diff(starts, append=len(flat))
    pieces = -(-lengths // _LONGEST_RUN)  # a run longer than 255 is written as several
    runs = np.empty((pieces.sum(), 2), np.uint8)
    runs[:, 0] = np.repeat(flat[starts], pieces)
    runs[:, 1] = _LONGEST_RUN
    runs[np.cumsum(pieces) - 1, 1] = lengths - (pieces - 1) * _LONGEST_RUN
    return header.encode() + runs.tobytes()


def _header(data: bytes, name: str) -> tuple[tuple[int, ...], int]:
    """Return the sides of the grid, and where its runs begin."""
    if not data.startswith(b"#binvox"):
        raise BadInput(name, "does not begin with #binvox", "is it what its ending says?")
    start, sides = 0, None
    while start < min(len(data), _LONGEST_HEADER):
        end = data.find(b"\n", start, _LONGEST_HEADER) + 1
        if not end:
            break
        words, start = data[start:end].split(), end
        if words[:1] == [b"dim"]:
            sides = _sides(words[1:], name)
        if words[:1] == [b"data"] and sides:
            return sides, start
    raise BadInput(name, "has no complete header: dim and data lines", CUT_SHORT)


def _sides(words: list[bytes], name: str) -> tuple[int, ...]:
    if len(words) != 3 or not all(word.isdigit() and len(word) < 10 for word in words):
        shown = b" ".join(words)[:60].decode("ascii", "replace")
        raise BadInput(name, f"declares a grid of {shown!r}", "three whole numbers are needed")
    return tuple(map(int, words))
