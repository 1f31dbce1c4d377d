"""Pictures and furniture: views a second, one shape and a sheet, against a plain ray march; pieces a second."""

from __future__ import annotations

import numpy as np

import common
from shapespace.shapes import furniture, render


def march(voxels: np.ndarray, size: int) -> np.ndarray:
    """Return (size, size) depths by parallel rays through the grid: the plainest picture of it."""
    r = voxels.shape[0]
    forward = -render._towards(30.0, 22.0)
    right = render._towards(120.0, 0.0)
    up = np.cross(right, forward)
    span = (np.arange(size) + 0.5) / size * 1.4 - 0.7
    start = span[None, :, None] * right - span[:, None, None] * up - forward
    depth = np.full((size, size), np.inf)
    for step in np.arange(0, 2, 0.5 / r):
        cell = np.floor((start + forward * step + 0.5) * r).astype(int)
        inside = ((cell >= 0) & (cell < r)).all(-1)
        hit = np.zeros((size, size), bool)
        hit[inside] = voxels[tuple(cell[inside].T)]
        depth = np.where(hit & np.isinf(depth), step, depth)
    return depth


def main() -> None:
    arguments = common.arguments(__doc__)
    chair = furniture.make("chair", 26, 64).voxels
    seen = render.scene(chair)
    cases = {
        "view 224, silhouette alpha, 1 sample": lambda: render.view(seen, size=224, shadow=False, supersampling=1),
        "view 224, silhouette alpha, 4 samples": lambda: render.view(seen, size=224, shadow=False),
        "view 224, shadows, 4 samples": lambda: render.view(seen, size=224),
        "sheet picture 160, from the grid": lambda: render.render(chair, size=160),
        "plain ray march 224, depth only": lambda: march(chair, 224),
    }
    timings = common.compare(list(cases.values()), seconds=arguments.seconds)
    plain = timings[-1].ms
    rows: list[common.Row] = [
        {"case": name, "ms": t.ms, "pictures/s": t.rate(1), "times plain": plain / t.ms}
        for name, t in zip(cases, timings, strict=True)
    ]
    notes = [f"one chair of {len(seen.corners)} triangles at 64^3"]
    common.report("Rendering", rows, json_wanted=arguments.json, notes=notes)
    common.report("Furniture", furniture_rows(arguments.seconds), json_wanted=arguments.json)


def furniture_rows(seconds: float) -> list[common.Row]:
    """Return pieces a second of each category at 32^3 and of chairs at 64^3 and 128^3."""
    cases = [(category, 32) for category in furniture.CATEGORIES] + [("chair", 64), ("chair", 128)]
    rows: list[common.Row] = []
    for category, resolution in cases:
        timing = common.measure(lambda c=category, r=resolution: make_ten(c, r), seconds=seconds / len(cases))
        rows.append({"case": f"{category} {resolution}", "ms": timing.ms / 10, "pieces/s": timing.rate(10)})
    return rows


def make_ten(category: str, resolution: int) -> None:
    for seed in range(10):
        furniture.make(category, seed, resolution)


if __name__ == "__main__":
    main()
