"""The binary form in which shapes travel: a header in JSON, latent vectors, occupancy a byte a voxel.

`SHS1`, the header's length as a little-endian uint32, the header, padded with spaces so that what follows lies at a
multiple of four; then latents (count, latent_dim) float32 little-endian; then occupancy (count, r, r, r) uint8, 0 empty
to 255 full, x slowest; it is left out where the header says `"occupancy": false`. Nothing in it names a type or a
place: reading it can do no more than fail.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput

MAGIC = b"SHS1"
MEDIA_TYPE = "application/vnd.shapespace.shapes"
NAME = "answer"


@dataclass(frozen=True, eq=False)
class Packet:
    """Shapes as they travel.

    Args:
        latents: (count, latent_dim) float32.
        occupancy: (count, r, r, r) uint8, `quantised`; or (0, r, r, r), latent vectors alone.
        threshold: A voxel is inside where its occupancy is above this.
        extra: What else the header says, in plain JSON.
    """

    latents: np.ndarray
    occupancy: np.ndarray
    threshold: float
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def header(self) -> dict[str, Any]:
        """Return what the header says."""
        count, latent_dim = self.latents.shape
        known = {"count": count, "resolution": self.occupancy.shape[-1], "latent_dim": latent_dim}
        left_out = {} if len(self.occupancy) == count else {"occupancy": False}
        return known | {"threshold": self.threshold} | left_out | dict(self.extra)


def quantised(occupancy: np.ndarray) -> np.ndarray:
    """Return occupancy from 0 to 1 as uint8 from 0 to 255, to the nearest."""
    return np.rint(occupancy * np.float32(255)).astype(np.uint8)


def pack(packet: Packet) -> bytes:
    """Return the bytes of a packet."""
    text = json.dumps(packet.header, allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-(len(MAGIC) + 4 + len(text)) % 4)
    latents = np.ascontiguousarray(packet.latents, "<f4")
    occupancy = np.ascontiguousarray(packet.occupancy, np.uint8)
    return b"".join([MAGIC, struct.pack("<I", len(text)), text, latents.tobytes(), occupancy.tobytes()])


def unpack(data: bytes) -> Packet:
    """Return the packet that bytes hold.

    Raises:
        BadInput: If they are no packet, or another number of bytes than the header says.
    """
    header, start = _header(data)
    count, resolution, latent_dim = (_whole(header, key) for key in ("count", "resolution", "latent_dim"))
    grids = count if header.pop("occupancy", True) else 0
    split, end = start + 4 * count * latent_dim, start + 4 * count * latent_dim + grids * resolution**3
    if len(data) != end:
        raise BadInput(NAME, f"has {len(data)} bytes, its header speaks of {end}")
    threshold = header.pop("threshold", None)
    if not isinstance(threshold, float | int):
        raise BadInput(NAME, "its header has no threshold")
    latents = np.frombuffer(data[start:split], "<f4").reshape(count, latent_dim)
    occupancy = np.frombuffer(data[split:end], np.uint8).reshape(grids, *[resolution] * 3)
    return Packet(latents, occupancy, float(threshold), header)


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    if len(data) < 8 or data[:4] != MAGIC:
        raise BadInput(NAME, "does not begin as shapes do")
    start = 8 + struct.unpack("<I", data[4:8])[0]
    if start > min(len(data), limits.MAX_JSON_BYTES):
        raise BadInput(NAME, f"its header ends at byte {start} of {len(data)}")
    try:
        header = json.loads(data[8:start])
    except (ValueError, RecursionError):
        raise BadInput(NAME, "its header is no JSON") from None
    if not isinstance(header, dict):
        raise BadInput(NAME, "its header is no table")
    return header, start


def _whole(header: dict[str, Any], key: str) -> int:
    value = header.pop(key, None)
    if not isinstance(value, int) or not 0 <= value <= 1 << 20:
        raise BadInput(NAME, f"its header says {key} is {str(value)[:40]}")
    return value
