"""What `snap` brings back: held-out chairs with a fifth of their voxels flipped, and with half of them missing.

Beside it the input itself, and the training chair that is nearest to the input. Held-out chairs are pieces of the
embedded furniture that the shipped space was never trained on.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable

import numpy as np
import torch

from shapespace.evaluate.intervals import bootstrapped
from shapespace.explore.placing import Placing
from shapespace.explore.snap import snap
from shapespace.explore.target import target_of
from shapespace.shapes import formats
from shapespace.shapes.furniture import make
from shapespace.shapes.grid import iou
from shapespace.shapes.surface import to_mesh
from shapespace.space import ShapeSpace, load

HELD_OUT = 900_000
"""First seed of the held-out chairs; the space was trained on seeds below 4,000."""

Damage = Callable[[np.ndarray, np.random.Generator], tuple[np.ndarray, np.ndarray]]
"""A grid in; what is left of it, and where that counts."""


def flipped(voxels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return voxels ^ (rng.random(voxels.shape) < 0.2), np.ones_like(voxels)


def halved(voxels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Leave one side of a cut across a random axis, where it leaves most nearly half of the voxels."""
    axis, low = int(rng.integers(3)), bool(rng.integers(2))
    below = np.cumsum(np.bincount(np.argwhere(voxels)[:, axis], minlength=len(voxels)))
    cut = int(np.argmin(np.abs(below / below[-1] - 0.5)))
    mask = (np.indices(voxels.shape)[axis] <= cut) == low
    return voxels & mask, mask


def halved_mesh(voxels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Do the same to its surface: what is left is written as an .stl, and read back where it was."""
    left, mask = halved(voxels, rng)
    with tempfile.TemporaryDirectory() as folder:
        formats.write(f"{folder}/left.stl", to_mesh(left))
        return target_of(f"{folder}/left.stl", len(voxels), Placing(frame="grid")), mask


def nearest(left: np.ndarray, mask: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return the training shape that differs from what is left in the fewest voxels that count."""
    return train[np.argmin(((train ^ left) & mask).sum((1, 2, 3)))]


def measure(space: ShapeSpace, damage: Damage, count: int, train: np.ndarray, steps: int) -> tuple[np.ndarray, float]:
    """Return IoU with the truth, (count, 4): input, nearest training shape, snapped, joined; and CPU seconds of one."""
    rows, spent = [], 0.0
    for number in range(count):
        rng = np.random.default_rng([0, number])
        truth = make("chair", HELD_OUT + number, space.resolution).voxels
        left, mask = damage(truth, rng)
        began = time.process_time()
        found = snap(space, left, mask=mask, steps=steps)
        spent += time.process_time() - began
        answers = [
            left,
            nearest(left, mask, train),
            *(grid > space.threshold for grid in (found.occupancy, found.joined)),
        ]
        rows.append([iou(grid, truth) for grid in answers])
    return np.array(rows), spent / count


def words(values: np.ndarray) -> str:
    found = bootstrapped(lambda drawn: float(drawn.mean()), values, seed=0)
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


DAMAGES = {
    "a fifth of the voxels flipped": flipped, "half missing": halved, "half missing of its mesh, an .stl": halved_mesh
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--train", type=int, default=2_000, help="training chairs to search")
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    count, known = (3, 100) if asked.quick else (asked.count, asked.train)
    torch.set_num_threads(1)
    space = load("chair")
    train = np.stack([make("chair", seed, space.resolution).voxels for seed in range(known)])
    snap(space, train[0], steps=1)  # the shapes it starts from are made once
    print(f"{count} held-out chairs, {known} training chairs, {asked.steps} steps, seed 0; IoU with the truth")
    for name, damage in DAMAGES.items():
        rows, seconds = measure(space, damage, count, train, asked.steps)
        left, near, ours, joined = rows.T
        print(f"{name}: input {words(left)}; nearest training chair {words(near)}; snap {words(ours)}")
        print(f"  snap less input {words(ours - left)}, less nearest {words(ours - near)}; {seconds:.1f} CPU s each")
        if damage is not flipped:
            print(f"  what is left and the missing half of snap: {words(joined)}, less input {words(joined - left)}")


if __name__ == "__main__":
    main()
