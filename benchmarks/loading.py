"""Loading: batches from a store against the same batches read as plainly as NumPy allows.

The plain reference maps the same bits, unpacks one shape at a time, and checks nothing; ours compares each shape
with its checksum. Wanted: 5,000 shapes/s at 64^3.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from common import Row, arguments, compare, report
from shapespace.data.batches import Batches
from shapespace.data.store import Store
from shapespace.data.writer import write_store

SHAPES, BATCH, STEPS = 2_000, 100, 5


def plain_batch(bits: np.ndarray, indices: np.ndarray, resolution: int, dtype: type) -> np.ndarray:
    """Return a batch by the shortest honest program."""
    shape = (1, resolution, resolution, resolution)
    return np.stack([np.unpackbits(bits[i]).reshape(shape).astype(dtype) for i in indices])


def row(store: Store, dtype: type, seconds: float) -> Row:
    """Time `STEPS` batches of ours and of the plain reference."""
    batches = Batches(store, store.indices("train"), BATCH, seed=0, dtype=dtype)
    path = store.path / "shard-00000.bits"
    bits = np.memmap(path, np.uint8, "r").reshape(-1, store.manifest.shape_bytes)
    memory = np.empty((BATCH, 1, *[store.resolution] * 3), dtype)
    ours, fresh, plain = compare(
        [
            lambda: [batches.at(step, memory) for step in range(STEPS)],
            lambda: [batches.at(step) for step in range(STEPS)],
            lambda: [plain_batch(bits, batches.indices_at(step), store.resolution, dtype) for step in range(STEPS)],
        ],
        seconds=seconds,
    )
    return {
        "case": f"{store.resolution}^3 {np.dtype(dtype).name}",
        "ms a batch of 100": ours.ms / STEPS,
        "shapes/s": ours.rate(BATCH * STEPS),
        "in new memory": fresh.rate(BATCH * STEPS),
        "plain shapes/s": plain.rate(BATCH * STEPS),
        "times plain": plain.ms / ours.ms,
        "spread": ours.spread,
    }


def main() -> None:
    """Print the table."""
    options = arguments(__doc__)
    rows = []
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for resolution in (32, 64):
            grids = (rng.random((resolution,) * 3, np.float32) < 0.1 for _ in range(SHAPES))
            store = write_store(Path(folder, f"{resolution}.shapes"), grids)
            rows += [row(store, dtype, options.seconds / 2) for dtype in (np.uint8, np.float32)]
    report("Loading", rows, json_wanted=options.json, notes=["ours checks the CRC-32 of every shape, plain does not"])


if __name__ == "__main__":
    main()
