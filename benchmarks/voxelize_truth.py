"""How right the solid voxeliser is: IoU with the winding number on real closed meshes, whole and with faces gone.

`python benchmarks/voxelize_truth.py [--json] [--quick] [--cpu]`. The winding number is libigl's, taken on the whole
mesh, at the voxels' centres; thin parts are not thickened, which it would not do either. `--quick` takes every fourth
mesh. Meshes from `SHAPESPACE_REAL_DATA`, or beside the checkout.
"""

from __future__ import annotations

import sys

import numpy as np
import trimesh

import common
from shapespace.shapes import formats
from shapespace.shapes.grid import iou
from shapespace.shapes.mesh import Mesh
from shapespace.shapes.voxelize import voxelize
from voxelize import REAL_DATA, RESOLUTION

REMOVED = 0.02
INSIDE = 0.5
SEED = 0


def watertight() -> list[tuple[str, Mesh]]:
    """Real meshes that are closed and wound one way, once equal vertices are one: no other has a true inside."""
    paths = sorted(path for path in (REAL_DATA / "sweethome").rglob("*") if path.suffix in formats.MESH_EXTENSIONS)
    meshes = ((path.stem, formats.read(path).mesh) for path in paths)
    return [(name, mesh) for name, mesh in meshes if mesh is not None and is_closed(mesh)]


def is_closed(mesh: Mesh) -> bool:
    joined = trimesh.Trimesh(mesh.vertices, mesh.faces, process=True)
    return bool(joined.is_watertight and joined.is_winding_consistent)


def winding_number(mesh: Mesh) -> np.ndarray:
    """The generalised winding number at the centres of the voxels that `voxelize` fills, (64, 64, 64)."""
    import igl

    made = voxelize(mesh, RESOLUTION)
    steps = np.arange(RESOLUTION, dtype=np.float64)
    centres = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    points = np.asarray(made.origin) + centres * made.pitch
    numbers = igl.fast_winding_number(mesh.vertices, mesh.faces.astype(np.int64), points)
    return np.asarray(numbers).reshape((RESOLUTION,) * 3)


def without_some_faces(mesh: Mesh, rng: np.random.Generator) -> Mesh:
    return Mesh(mesh.vertices, mesh.faces[rng.random(len(mesh.faces)) >= REMOVED])


def row(name: str, scores: np.ndarray) -> common.Row:
    wanted = {"mean IoU": scores.mean(), "median": np.median(scores), "lowest": scores.min()}
    return {"meshes": name, "n": len(scores), **{key: float(value) for key, value in wanted.items()}}


def main() -> None:
    options = common.arguments(__doc__)
    rng = np.random.default_rng(SEED)
    whole, damaged = [], []
    for _, mesh in watertight()[:: 4 if options.quick else 1]:
        truth = np.abs(winding_number(mesh)) > INSIDE
        whole.append(iou(voxelize(mesh, RESOLUTION, thin_parts=False).voxels, truth))
        holed = voxelize(without_some_faces(mesh, rng), RESOLUTION, thin_parts=False)
        damaged.append(iou(holed.voxels, truth))
    if not whole:
        sys.exit(f"no watertight meshes under {REAL_DATA}; set SHAPESPACE_REAL_DATA to the folder of real data")
    table = [row("watertight", np.array(whole)), row("2 % of faces removed", np.array(damaged))]
    common.report(f"Solid {RESOLUTION}^3 against the winding number", table, json_wanted=options.json)


if __name__ == "__main__":
    main()
