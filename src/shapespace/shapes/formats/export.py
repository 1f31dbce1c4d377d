"""Meshes to bytes, by trimesh: it writes these formats well and everybody can read what it writes."""

from __future__ import annotations

from shapespace.shapes.mesh import Mesh


def encode_mesh(mesh: Mesh, extension: str) -> bytes:
    """Return a mesh as the bytes of a file.

    Args:
        mesh: In the units and axes wanted; .glb is turned to its standard's y up.
        extension: `.stl`, `.obj`, `.ply`, `.off`, `.glb` or `.3mf`.
    """
    if extension == ".glb":
        mesh = _to_y_up(mesh)
    content = mesh.to_trimesh().export(file_type=extension.removeprefix("."))
    return content.encode() if isinstance(content, str) else bytes(content)


def _to_y_up(mesh: Mesh) -> Mesh:
    x, y, z = mesh.vertices.T
    import numpy as np

    return Mesh(np.stack([x, z, -y], axis=1), mesh.faces)
