"""Compare runs of 3D-VAE-GAN in seconds: IoU of pictures' shapes with their own truths, and with the others'.

python tools/picture_iou.py X.shapes RUN...

200 validation shapes from all over the store, a picture each; for choosing between recipes. `shapespace evaluate
reconstruct` is the measurement, with held-out shapes, baselines and intervals.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from shapespace.data.store import Store, spaced
from shapespace.data.views import Views
from shapespace.evaluate.pictures import of_store, rebuilt
from shapespace.space import load
from shapespace.train.collapse import cut, own_and_shuffled

SHAPES = 200


def main() -> None:
    """Print a line for each run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--level", type=float, help="occupancy above which a voxel is inside; its own a shape if none")
    given = parser.parse_args()
    store = Store.open(given.store)
    shown = of_store(Views.open(store, seed=0), store, spaced(store.indices("validation"), SHAPES), 1)
    true = torch.from_numpy(shown.true)
    for run in given.runs:
        _, occupancy = rebuilt(load(run), shown.pictures)
        guesses = torch.from_numpy(occupancy)
        own, others = own_and_shuffled(guesses > given.level if given.level else cut(guesses), true)
        print(f"{run}: {own:.3f} own, {others:.3f} others'")


if __name__ == "__main__":
    main()
