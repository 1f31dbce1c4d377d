"""binvox: run lengths of a grid that runs over x, then z, then y (Min 2004)."""

from __future__ import annotations

import numpy as np

from shapespace.errors import BadInput
from shapespace.shapes.formats.contents import Contents, check_sides, grid_contents

MAX_HEADER_BYTES = 4_096


def parse(data: bytes, name: str) -> Contents:
    """Return the (x, y, z) bool grid of a .binvox file.

    Raises:
        BadInput: If it is broken or beyond the limits.
    """
    end = data.find(b"\ndata", 0, MAX_HEADER_BYTES)
    start = data.find(b"\n", end + 1) + 1
    if not data.startswith(b"#binvox") or end < 0 or start == 0:
        raise BadInput(name, "no binvox header")
    sides = _sides(data[:end], name)
    runs = np.frombuffer(data, np.uint8, offset=start)
    if len(runs) % 2:
        raise BadInput(name, "its runs end in the middle", "it is cut off")
    lengths = runs[1::2].astype(np.int64)
    wanted = int(np.prod(sides))
    if lengths.sum() != wanted:
        raise BadInput(name, f"its runs fill {int(lengths.sum()):,} voxels of {wanted:,}", "it is cut off or damaged")
    if runs[::2].max(initial=0) > 1:
        raise BadInput(name, "holds values other than 0 and 1")
    depth, height, width = sides  # along x, z, y as they run in the file
    voxels = np.repeat(runs[::2], lengths).reshape(depth, height, width).transpose(0, 2, 1)
    return grid_contents(np.ascontiguousarray(voxels).astype(bool), name)


def encode(voxels: np.ndarray, *, pitch: float = 1.0, origin: tuple[float, ...] = (0, 0, 0)) -> bytes:
    """Return a cubic grid as a .binvox file's bytes.

    Args:
        voxels: (r, r, r), full where nonzero or above 0.5.
        pitch: Side of a voxel in world units.
        origin: Centre of voxel [0, 0, 0] in world units.
    """
    voxels = np.asarray(voxels) > 0.5
    flat = voxels.transpose(0, 2, 1).ravel().astype(np.uint8)
    starts = np.flatnonzero(np.r_[True, flat[1:] != flat[:-1]])
    values, lengths = flat[starts], np.diff(np.r_[starts, len(flat)])
    pieces = -(-lengths // 255)  # a run of more than 255 is written as several
    run_lengths = np.full(int(pieces.sum()), 255, np.uint8)
    run_lengths[np.cumsum(pieces) - 1] = lengths - 255 * (pieces - 1)
    runs = np.stack([np.repeat(values, pieces), run_lengths], axis=1)
    x, y, z = (float(o) - pitch / 2 for o in origin)
    depth, width, height = voxels.shape
    place = f"translate {x:g} {y:g} {z:g}\nscale {pitch * max(voxels.shape):g}"
    header = f"#binvox 1\ndim {depth} {height} {width}\n{place}\ndata\n"
    return header.encode() + runs.tobytes()


def _sides(header: bytes, name: str) -> tuple[int, int, int]:
    for line in header.splitlines():
        words = line.split()
        if words[:1] == [b"dim"] and len(words) == 4 and all(w.isdigit() and len(w) < 9 for w in words[1:]):
            sides = (int(words[1]), int(words[2]), int(words[3]))
            check_sides(sides, name)
            return sides
    raise BadInput(name, "its header has no dimensions")
