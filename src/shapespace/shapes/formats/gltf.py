"""glTF as JSON (.gltf), with its buffers inside as base64: what a .glb holds, in letters.

Most .gltf files name a .bin beside them. No file makes us read another one, so those are refused.

Source:
    glTF 2.0 Specification, Khronos Group.
"""

from __future__ import annotations

import base64
import json

from shapespace.errors import BadInput
from shapespace.shapes.formats import glb
from shapespace.shapes.formats.contents import Contents
from shapespace.shapes.mesh import Mesh

_DATA = "data:application/octet-stream;base64,"


def parse(data: bytes, name: str) -> Contents:
    """Return all triangles of the scene as one mesh, y up.

    Raises:
        BadInput: If it is no glTF of version 2, is compressed, or points outside itself.
    """
    document = glb.document_of(data, name)
    asset = document.get("asset")
    version = str(asset.get("version") if isinstance(asset, dict) else None)
    if not version.startswith("2."):
        raise BadInput(name, f"is glTF of version {version[:20]!r}", "version 2 is read")
    return glb.scene(document, None, name)


def encode(mesh: Mesh) -> bytes:
    """Return the bytes of a .gltf file that needs no other: a mesh that is z up becomes y up; 24-bit coordinates."""
    document, binary = glb.described(mesh)
    document["buffers"][0]["uri"] = _DATA + base64.b64encode(binary).decode()
    return json.dumps(document, separators=(",", ":")).encode()
