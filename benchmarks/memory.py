"""Peak memory of a whole training run of preset `paper` at batch 100: steps, samples, a checkpoint and the space.

    python benchmarks/memory.py [--quick] [--json]

Each case is a process of its own that trains on two batches. `--quick` leaves out 64^3, which takes minutes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import cast

import common
from shapespace.settings import Recompute

CASES = [(32, "never"), (64, "never"), (64, "auto")]
SHAPES = 200


def run_one(resolution: int, recompute: Recompute) -> None:
    """Train here, and print the peak as JSON."""
    from shapespace.data.writer import write_store
    from shapespace.presets import paper
    from shapespace.shapes.furniture import make
    from shapespace.train.loop import train

    settings = paper()
    settings = replace(settings, train=replace(settings.train, shapes=SHAPES, recompute=recompute))
    with tempfile.TemporaryDirectory() as folder:
        shapes = (make("chair", seed, resolution).voxels for seed in range(SHAPES))
        store = write_store(Path(folder) / "chairs.shapes", shapes, categories="chair")
        start = time.process_time()
        train(store, settings, Path(folder) / "run")
    print(json.dumps({"peak GiB": common.peak_memory_mb() * 1e6 / 2**30, "cpu s": time.process_time() - start}))


def measured(resolution: int, recompute: Recompute) -> common.Row:
    """Return the row of one case, measured in a fresh process."""
    command = [sys.executable, __file__, str(resolution), recompute]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    name = f"{resolution}^3, batch 100" + ("" if recompute == "auto" else f", train.recompute {recompute}")
    return {"case": name, **json.loads(done.stdout.splitlines()[-1])}


def main() -> None:
    arguments = common.arguments(__doc__)
    rows = [measured(*case) for case in CASES if case[0] == 32 or not arguments.quick]
    common.report("Training, preset paper", rows, json_wanted=arguments.json)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1].isdigit():
        run_one(int(sys.argv[1]), cast("Recompute", sys.argv[2]))
    else:
        main()
