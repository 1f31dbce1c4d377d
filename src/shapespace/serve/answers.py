"""Shapes as an answer: in the binary form, in JSON, as a mesh, or as NumPy's .npz."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import numpy as np

from shapespace.serve import wire
from shapespace.serve.trouble import Trouble
from shapespace.shapes.formats import glb, stl
from shapespace.shapes.formats.npy import encode_array
from shapespace.shapes.shape import Shape

MESHES = {"glb": glb.encode, "stl": stl.encode}
MEDIA = {
    "shapes": wire.MEDIA_TYPE, "json": "application/json", "glb": "model/gltf-binary", "stl": "model/stl",
    "npz": "application/octet-stream",
}  # fmt: skip


def check(format: str, count: int) -> None:
    """Refuse several shapes in a file for one.

    Raises:
        Trouble: If so.
    """
    if format in MESHES and count != 1:
        raise Trouble(422, "one_shape", f"{format} holds one shape, not {count}; ask for them one by one")


def encoded(format: str, packet: wire.Packet) -> bytes:
    """Return shapes in a format.

    Raises:
        BadInput: If a mesh is asked for and no voxel is inside.
    """
    if format in MESHES:
        occupancy = packet.occupancy[0].astype(np.float32) / 255
        return MESHES[format](Shape(occupancy, threshold=packet.threshold).to_mesh())
    if format == "json":
        return _json(packet)
    return _npz(packet) if format == "npz" else wire.pack(packet)


def headers(format: str, name: str) -> dict[str, str]:
    """Return what else the answer says: that it is new each time, and a name for a file that is kept.

    Args:
        format: Of the answer.
        name: Of the space, made by the server.
    """
    kept = {} if format in ("shapes", "json") else {"Content-Disposition": f'attachment; filename="{name}.{format}"'}
    return {"Cache-Control": "no-store"} | kept


def _json(packet: wire.Packet) -> bytes:
    latents = np.asarray(packet.latents, np.float32).astype(float).tolist()
    voxels = base64.b64encode(packet.occupancy.tobytes()).decode()
    return json.dumps(packet.header | {"latents": latents, "occupancy": voxels}, allow_nan=False).encode()


def _npz(packet: wire.Packet) -> bytes:
    arrays = {
        "latents": np.asarray(packet.latents, np.float32), "occupancy": packet.occupancy,
        "threshold": np.array(packet.threshold, np.float32),
    }  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            # a fixed date: the same shapes are the same bytes
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (2000, 1, 1, 0, 0, 0)), encode_array(array))
    return buffer.getvalue()
