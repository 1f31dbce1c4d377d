"""Learns the attributes of the shipped chair space, writes them beside it, and measures what they are worth.

python tools/attributes.py            writes src/shapespace/spaces/chair.attributes.safetensors
python tools/attributes.py --report   measures them, and paths through the space, as docs/results.md has it

Pieces of furniture: seeds 10000 on teach the reader, seeds 20000 on another reader that only judges, seeds 4000 on are
held out from both, and from the space, which learned from seeds 0 to 3999 and 30000 to 41999.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

import attributes_report
from shapespace.explore.attributes import Attributes, beside
from shapespace.shapes import furniture
from shapespace.space import load

SPACE = "chair"
TEACH, HELD_OUT = 10_000, 4_000


def pieces(first: int, count: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return ((count, 32, 32, 32) bool, labels by name) of the chairs that belong to seeds from `first`."""
    made = [furniture.make(SPACE, seed, 32) for seed in range(first, first + count)]
    facts = {name: np.array([piece.attributes[name] for piece in made], np.float64) for name in made[0].attributes}
    longest = np.maximum.reduce([facts["width"], facts["depth"], facts["height"]])
    # a grid shows proportions, never metres: its longest side always fills it
    return np.stack([piece.voxels for piece in made]), {
        "arms": facts["arms"] > 0,
        "slats": facts["slats"] > 0,
        "four_legs": facts["leg_count"] == 4,
        "back_height": facts["back_height"] / facts["height"],
        "seat_thickness": facts["seat_thickness"] / facts["height"],
        "width": facts["width"] / longest,
        "depth": facts["depth"] / longest,
        "back_tilt": facts["back_tilt"],
        "roundness": facts["seat_roundness"],
    }


def learn(count: int, samples: int, epochs: int) -> None:
    """Write the attributes' file, and print how well the reader reads held-out pieces."""
    start = time.process_time()
    learned = Attributes.learn(load(SPACE), *pieces(TEACH, count), samples=samples, epochs=epochs)
    learned.save(beside(SPACE))
    learned = Attributes.load(beside(SPACE))
    print(f"{beside(SPACE)}: {beside(SPACE).stat().st_size / 1e3:.0f} kB, {time.process_time() - start:.0f} CPU s")
    for line in attributes_report.reading(learned, *pieces(HELD_OUT, 1000)):
        print(line)


def main() -> None:
    """Learn, or report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--pieces", type=int, default=6000)
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=5)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    if wanted.report:
        attributes_report.report(SPACE, pieces)
    else:
        learn(wanted.pieces, wanted.samples, wanted.epochs)


if __name__ == "__main__":
    main()
