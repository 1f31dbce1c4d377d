"""Evaluation: distances of all pairs, and a whole row of the table, against a plain loop over pairs.

The plain loop makes each distance transform once, as ours does, then looks up one pair at a time; it is timed on
a few rows of the matrix and scaled to all of them. Wanted for 1,000 against 1,000 shapes on two cores: a row in
60 s at 32^3 and in 5 minutes at 64^3, in less than 3 GB. `--quick` takes a tenth of the shapes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from common import Clock, Row, arguments, peak_memory_mb, report
from shapespace.evaluate.distances import Prepared, chamfer, iou, prepare
from shapespace.evaluate.table import Reference, measure
from shapespace.shapes.furniture import make

SHAPES, QUICK_SHAPES = 1_000, 100
PLAIN_ROWS = 5
"""Shapes that the plain loop compares with all others."""


def chairs(count: int, resolution: int, seed: int) -> np.ndarray:
    """Return (count, r, r, r) bool chairs, all of other dimensions."""
    return np.stack([make("chair", seed + i, resolution).voxels for i in range(count)])


def once(function: Callable[[], object], clock: Clock) -> float:
    """Return the seconds of a single run: these are minutes long, and a median of five tells no more."""
    start = clock()
    function()
    return clock() - start


def plain_transforms(voxels: np.ndarray) -> list[np.ndarray]:
    """Return each shape's distance transform."""
    from scipy.ndimage import distance_transform_edt

    return [np.asarray(distance_transform_edt(~shape)) for shape in voxels]


def plain_chamfer(a: np.ndarray, b: np.ndarray, far_a: list[np.ndarray], far_b: list[np.ndarray]) -> np.ndarray:
    """Return the symmetric Chamfer distance of all pairs, a pair at a time."""
    return np.array([[(far_b[j][x].mean() + far_a[i][y].mean()) / 2 for j, y in enumerate(b)] for i, x in enumerate(a)])


def plain_seconds(a: np.ndarray, b: np.ndarray, clock: Clock) -> tuple[float, np.ndarray]:
    """Return what the plain loop would take for all pairs, and the rows it was timed on."""
    count = max(len(a) // 10, PLAIN_ROWS)
    transforms = once(lambda: plain_transforms(a[:count]), clock) / count
    far_a, far_b = plain_transforms(a[:PLAIN_ROWS]), plain_transforms(b[:count])
    start = clock()
    rows = plain_chamfer(a[:PLAIN_ROWS], b[:count], far_a, far_b)
    pair = (clock() - start) / rows.size
    return transforms * (len(a) + len(b)) + pair * len(a) * len(b), rows


def distances_row(resolution: int, made: Prepared, held_out: Prepared, clock: Clock) -> Row:
    """Time the matrix and the plain loop, and compare what they found."""
    found: list[np.ndarray] = []
    ours = once(lambda: found.append(chamfer(made, held_out)), clock)
    plain, rows = plain_seconds(made.voxels(), held_out.voxels(), clock)
    return {
        "case": f"{resolution}^3 {len(made)} x {len(held_out)}",
        "chamfer s": ours,
        "plain s": plain,
        "times plain": plain / ours,
        "differs by": float(np.abs(found[0][: len(rows), : rows.shape[1]] - rows).max()),
        "iou s": once(lambda: iou(made, held_out), clock),
    }


def row(resolution: int, count: int, clock: Clock) -> Row:
    """Time distances, then the reference and a whole row of the table without features."""
    generated, test, train = (chairs(count, resolution, seed=start) for start in (0, 10_000, 20_000))
    result = distances_row(resolution, prepare(generated), prepare(test), clock)
    kept: list[Reference] = []
    result["reference s"] = once(lambda: kept.append(Reference.of(test, train)), clock)
    result["row s"] = once(lambda: measure(generated, kept[0]), clock)
    return result | {"peak MB": peak_memory_mb()}


def main() -> None:
    """Print the table."""
    options = arguments(__doc__)
    count = QUICK_SHAPES if options.quick else SHAPES
    chairs(1, 32, 0)  # whatever loads or compiles on first use
    rows = [row(resolution, count, options.clock) for resolution in (32, 64)]
    notes = [
        "plain s is scaled from a few rows; peak MB is the process's so far, its three sets of bool grids included"
    ]
    report("Evaluation", rows, json_wanted=options.json, notes=notes)


if __name__ == "__main__":
    main()
