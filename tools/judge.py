"""Prints how whole and how full a space's raw samples are, beside held-out real shapes; the numbers of docs/results.md.

python tools/judge.py SPACE STORE [--samples 1000] [--seed 5] [--sheet PICTURE]

No truncation, no picking, no component filter. Intervals are 95 % bootstrap intervals over samples.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import shapespace
from shapespace.data.store import Store
from shapespace.shapes.grid import components
from shapespace.shapes.render import save_sheet

LEVELS = (0.2, 0.3, 0.4, 0.5, 0.6)


def main() -> None:
    """Sample, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("space")
    parser.add_argument("store", type=Path)
    parser.add_argument("--samples", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--sheet", type=Path)
    wanted = parser.parse_args()
    space, store = shapespace.load(wanted.space), Store.open(wanted.store)
    real = store.read(store.indices("validation"))
    occupancy = np.stack([shape.occupancy for shape in space.sample(wanted.samples, seed=wanted.seed)])
    print(
        f"{wanted.space}: {space.card.trained.get('shapes')} shapes seen, {wanted.samples} samples, seed {wanted.seed}"
    )
    print("| threshold | in one piece, % | pieces | occupancy against real |\n|---|---|---|---|")
    for level in sorted({*LEVELS, space.threshold}):
        print(_row(f"{level:g}" + (" (chosen)" if level == space.threshold else ""), occupancy > level, real))
    print(_row("real, held out", real, real))
    if wanted.sheet:
        save_sheet(wanted.sheet, list(occupancy[:40] > space.threshold), columns=8)


def _row(name: str, shapes: np.ndarray, real: np.ndarray) -> str:
    pieces = np.array([components(grid)[1] for grid in shapes])
    ratio = shapes.reshape(len(shapes), -1).mean(axis=1) / real.mean()
    whole = 100.0 * (pieces == 1)
    return f"| {name} | {_interval(whole, '.1f')} | {_interval(pieces, '.2f')} | {_interval(ratio, '.3f')} |"


def _interval(values: np.ndarray, form: str) -> str:
    """Return the mean of the values and its 95 % bootstrap interval."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (1_000, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():{form}} ({low:{form}} to {high:{form}})"


if __name__ == "__main__":
    main()
