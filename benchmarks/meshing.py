"""Occupancy grid 64^3 -> closed mesh: each style against bare scikit-image marching cubes of the same grid.

`python benchmarks/meshing.py [--json] [--quick] [--cpu]`. One core.
"""

from __future__ import annotations

import numpy as np
from skimage.measure import marching_cubes

import common
from shapespace.shapes.surface import to_mesh


def chair() -> np.ndarray:
    """A seat, a back and four legs two voxels thick."""
    voxels = np.zeros((64, 64, 64), bool)
    voxels[14:50, 14:50, 26:30] = voxels[14:50, 46:50, 26:60] = True
    for x in (14, 48):
        for y in (14, 48):
            voxels[x : x + 2, y : y + 2, 4:28] = True
    return voxels


def ball() -> np.ndarray:
    return ((np.indices((64,) * 3) - 31.5) ** 2).sum(axis=0) < 24**2


def bare(voxels: np.ndarray) -> object:
    return marching_cubes(np.pad(voxels, 1).astype(np.float32), 0.5, method="lorensen")


def rows(seconds: float, clock: common.Clock) -> list[common.Row]:
    options = {
        "smooth": {},
        "smooth, 5 x Taubin": {"smoothing": 5},
        "smooth, 2,000 faces": {"smoothing": 5, "faces": 2000},
        "blocks": {"style": "blocks"},
    }
    table = []
    for shape in (chair, ball):
        voxels = shape()
        for name, keywords in options.items():
            ours, plain = common.compare(
                [lambda v=voxels, k=keywords: to_mesh(v, **k), lambda v=voxels: bare(v)],
                seconds=seconds / 4,
                clock=clock,
            )
            mesh = to_mesh(voxels, **keywords)
            row = {"shape": shape.__name__, "style": name, "faces": len(mesh.faces), "closed": str(mesh.is_closed)}
            table.append(row | {"ms": ours.ms, "meshes/s": ours.rate(1), "times bare": plain.ms / ours.ms})
    return table


if __name__ == "__main__":
    parsed = common.arguments(__doc__)
    common.report("Grid 64^3 to mesh", rows(parsed.seconds, parsed.clock), json_wanted=parsed.json)
