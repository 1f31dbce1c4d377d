"""Compare runs of 3D-GAN in half a minute each: Z_U, 1-NNA, COV, MMD and wholeness of samples, all equally full.

python tools/sample_numbers.py X.shapes RUN...

1,000 samples of a run, at the threshold at which they are `--full` times as full as held-out shapes: recipes that leave
soft edges or hard ones can then be told apart. A RUN may be RUN@SHAPES, its checkpoint of about so many shapes. For
choosing between recipes; `shapespace evaluate generate` is the measurement, at the space's own threshold, with
baselines and intervals.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from shapespace.data.store import Store
from shapespace.evaluate import scores
from shapespace.evaluate.distances import chamfer, prepare
from shapespace.evaluate.table import Reference
from shapespace.shapes.grid import components
from shapespace.space import ShapeSpace, load
from shapespace.train import checkpoint

SAMPLES = 1_000
LEVELS = np.arange(0.025, 1.0, 0.025)
AVERAGE = "average.network."


def opened(name: str) -> ShapeSpace:
    """Return the space of a run, with the average's weights of one of its checkpoints if one is named."""
    run, _, shapes = name.partition("@")
    space = load(run)
    if shapes:
        facts = [checkpoint.read(place) for place in sorted((Path(run) / "checkpoints").glob("step-*"))]
        nearest = min(facts, key=lambda each: abs(each.facts["shapes"] - int(shapes)))
        weights = {k.removeprefix(AVERAGE): v for k, v in nearest.tensors.items() if k.startswith(AVERAGE)}
        space.generator.load_state_dict(weights)
        return ShapeSpace(space.generator, space.card)  # what has decoded before may remember the weights it had
    return space


def as_full(occupancy: np.ndarray, share: float) -> tuple[np.ndarray, float]:
    """Return the shapes cut where they are, on average, nearest to a share of full voxels, and that threshold."""
    level = min(LEVELS, key=lambda each: abs((occupancy > each).mean() - share))
    return occupancy > level, float(level)


def numbers(shapes: np.ndarray, real: Reference) -> dict[str, float]:
    """Return what is compared: shares in percent, distances in voxels."""
    made = prepare(shapes)
    equal = made[: len(real.test)]
    among, across = chamfer(equal, equal), chamfer(equal, real.test)
    whole = [components(shape)[1] == 1 for shape in shapes]
    return {
        "Z_U": scores.z_u(chamfer(made, real.train).min(axis=1), real.to_train),
        "1-NNA": 100 * scores.one_nna(among, across, real.between), "COV": 100 * scores.coverage(across),
        "MMD": scores.mmd(across), "one piece": 100 * float(np.mean(whole)),
    }  # fmt: skip


def main() -> None:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--full", type=float, default=1.1, help="occupancy, against held-out shapes'")
    given = parser.parse_args()
    store = Store.open(given.store)
    held_out = store.read(np.concatenate([store.indices("test"), store.indices("validation")]))
    real = Reference.of(held_out, store.read(store.indices("train")))
    for name in given.runs:
        space = opened(name)
        shapes, level = as_full(space.decode(space.latents(SAMPLES, seed=0)), given.full * held_out.mean())
        said = ", ".join(f"{key} {value:.3g}" for key, value in numbers(shapes, real).items())
        print(f"{name}: {said}; at threshold {level:.3f}", flush=True)


if __name__ == "__main__":
    main()
