"""Mesh -> solid 64^3 grid: ours against plain NumPy ray parity along three axes and trimesh's voxelized().fill().

`python benchmarks/voxelize.py [--json] [--quick] [--cpu]`. One core; shapes are made here; where the real meshes lie
(`SHAPESPACE_REAL_DATA`, or beside the checkout) those of at most 20,000 faces are one more row.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import trimesh

import common
from shapespace.shapes import formats
from shapespace.shapes.grid import iou
from shapespace.shapes.mesh import Mesh
from shapespace.shapes.voxelize import voxelize

RESOLUTION = 64
REAL_DATA = Path(os.environ.get("SHAPESPACE_REAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def shapes() -> dict[str, Mesh]:
    ball = trimesh.creation.icosphere
    solids = {"box": trimesh.creation.box((1, 0.7, 0.4)), "ring": trimesh.creation.torus(1, 0.3, 64, 64)}
    solids |= {f"ball {n}": ball(n) for n in (3, 5)}
    return {name: Mesh(solid.vertices, solid.faces) for name, solid in solids.items()}


def plain_parity(mesh: Mesh) -> np.ndarray:
    """The same rays in plain NumPy: parity of the crossings along x, y and z, majority of three."""
    low, high = mesh.bounds
    side = RESOLUTION * 7 / 8
    points = (mesh.vertices - (low + high) / 2) * (side / (high - low).max()) + (RESOLUTION - 1) / 2 - 1e-7
    votes = np.zeros((RESOLUTION,) * 3, np.int8)
    for axis in range(3):
        votes += np.moveaxis(_parity(np.roll(points, 2 - axis, axis=1)[mesh.faces]), (0, 1, 2), _back(axis))
    return votes >= 2


def _back(axis: int) -> tuple[int, ...]:
    return tuple((i + axis + 1) % 3 for i in range(3))


def _parity(triangles: np.ndarray) -> np.ndarray:
    crossings = np.zeros((RESOLUTION, RESOLUTION, RESOLUTION + 1), np.int32)
    for a, b, c in triangles:
        u = np.arange(max(np.ceil(min(a[0], b[0], c[0])), 0), max(a[0], b[0], c[0]) + 1e-12)
        v = np.arange(max(np.ceil(min(a[1], b[1], c[1])), 0), max(a[1], b[1], c[1]) + 1e-12)
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if not len(u) or not len(v) or area == 0:
            continue
        u, v = np.meshgrid(u, v, indexing="ij")
        wb = ((u - a[0]) * (c[1] - a[1]) - (v - a[1]) * (c[0] - a[0])) / area
        wc = ((v - a[1]) * (b[0] - a[0]) - (u - a[0]) * (b[1] - a[1])) / area
        hit = (wb >= 0) & (wc >= 0) & (wb + wc <= 1)
        depth = np.ceil(a[2] + wb * (b[2] - a[2]) + wc * (c[2] - a[2]))[hit].astype(int)
        np.add.at(crossings, (u[hit].astype(int), v[hit].astype(int), np.clip(depth, 0, RESOLUTION)), 1)
    return np.cumsum(crossings, axis=2)[..., :-1] % 2


def trimesh_fill(mesh: Mesh) -> object:
    pitch = (mesh.bounds[1] - mesh.bounds[0]).max() / (RESOLUTION * 7 / 8)
    return mesh.to_trimesh().voxelized(pitch).fill()


def made_rows(seconds: float, clock: common.Clock) -> list[common.Row]:
    rows = []
    for name, mesh in shapes().items():
        ours, plain, theirs = common.compare(
            [
                lambda mesh=mesh: voxelize(mesh, RESOLUTION),
                lambda mesh=mesh: plain_parity(mesh),
                lambda mesh=mesh: trimesh_fill(mesh),
            ],
            seconds=seconds / 2,
            clock=clock,
        )
        rows.append(
            {
                "shape": name,
                "faces": len(mesh.faces),
                "ms": ours.ms,
                "meshes/s": ours.rate(1),
                "times NumPy parity": plain.ms / ours.ms,
                "times trimesh": theirs.ms / ours.ms,
                "IoU with parity": iou(voxelize(mesh, RESOLUTION).voxels, plain_parity(mesh)),
            }
        )
    return rows


def real_row(seconds: float, clock: common.Clock) -> list[common.Row]:
    extensions = {".obj", ".ply", ".stl", ".off", ".glb"}
    paths = sorted(path for path in (REAL_DATA / "sweethome").rglob("*") if path.suffix in extensions)
    meshes = [mesh for mesh in (formats.read(path).mesh for path in paths) if mesh and len(mesh.faces) <= 20_000]
    if not meshes:
        return []
    timing = common.measure(lambda: [voxelize(mesh, RESOLUTION) for mesh in meshes], seconds=seconds, clock=clock)
    faces = int(np.median([len(mesh.faces) for mesh in meshes]))
    row: common.Row = {"shape": f"{len(meshes)} real meshes, each", "faces": faces}
    return [row | {"ms": timing.ms / len(meshes), "meshes/s": timing.rate(len(meshes))}]


if __name__ == "__main__":
    options = common.arguments(__doc__)
    table = made_rows(options.seconds, options.clock) + real_row(options.seconds, options.clock)
    common.report("Mesh to solid 64^3", table, json_wanted=options.json)
