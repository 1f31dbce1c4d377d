"""Nearest neighbours among a million: milliseconds a query, build time, memory, file, and what the graph misses.

python benchmarks/neighbours.py [--quick] [--json] [--cpu]

Vectors are made up: points of a curved sheet of 24 dimensions in 256, as features are, and bits of boxes in 16^3, as
coarse voxels are. Built and searched on one thread. With --quick there are 30,000.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import common
from shapespace.explore.index import Index

BLOCK = 10_000
QUERIES = 200
K = 8


def features(count: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield blocks of (BLOCK, 256) float32."""
    weights = np.random.default_rng(1).standard_normal((24, 256)).astype(np.float32) / 5
    for start in range(0, count, BLOCK):
        rng = np.random.default_rng([seed, start])
        z = rng.standard_normal((min(BLOCK, count - start), 24), dtype=np.float32)
        yield np.tanh(z @ weights) + 0.02 * rng.standard_normal((len(z), 256), dtype=np.float32)


def bits(count: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield blocks of (BLOCK, 512) uint8: boxes and the like in a grid of 16^3."""
    axis = np.arange(16)
    for start in range(0, count, BLOCK):
        rng = np.random.default_rng([seed, start])
        ends = np.sort(rng.integers(0, 17, (min(BLOCK, count - start), 4, 3, 2)), axis=-1)
        inside = (axis >= ends[..., :1]) & (axis < ends[..., 1:])  # (n, 4 boxes, 3 axes, 16)
        x, y, z = inside[:, :, 0, :, None, None], inside[:, :, 1, None, :, None], inside[:, :, 2, None, None, :]
        grids = np.zeros((len(ends), 16, 16, 16), bool)
        for box in range(4):
            grids |= x[:, box] & y[:, box] & z[:, box]
        yield np.packbits(grids.reshape(len(grids), -1), axis=1)


def nearest(queries: np.ndarray, blocks: Iterator[np.ndarray]) -> list[set[int]]:
    """Return the numbers of each query's K nearest, by comparing all."""
    found = [(np.zeros(0), np.zeros(0, np.int64)) for _ in queries]
    first = 0
    for block in blocks:
        for i, row in enumerate(distances(queries, block)):
            best = np.argpartition(row, K)[:K]
            values = np.concatenate([found[i][0], row[best]])
            numbers = np.concatenate([found[i][1], best + first])
            order = np.argsort(values, kind="stable")[:K]
            found[i] = (values[order], numbers[order])
        first += len(block)
    return [set(numbers.tolist()) for _, numbers in found]


def distances(queries: np.ndarray, block: np.ndarray) -> Iterator[np.ndarray]:
    """Yield each query's distance to all of a block: 1 - IoU of bits, 1 - cosine of numbers."""
    if block.dtype == np.uint8:
        for query in queries:
            both = np.bitwise_count(query & block).sum(1, dtype=np.int64)
            either = np.bitwise_count(query | block).sum(1, dtype=np.int64)
            yield 1 - both / np.maximum(either, 1)
        return
    unit = block / np.linalg.norm(block, axis=1, keepdims=True)
    yield from 1 - (queries / np.linalg.norm(queries, axis=1, keepdims=True)) @ unit.T


def row(name: str, make, count: int, clock: common.Clock) -> common.Row:
    """Return what one kind of vectors costs."""
    queries = next(make(QUERIES, seed=7))
    start = clock()
    for _ in make(count):
        pass
    made = clock() - start  # the making is not the index's
    start = clock()
    index = Index.build(make(count))
    minutes = (clock() - start - made) / 60
    times = []
    for query in queries:
        start = clock()
        index.search(query, K)
        times.append(1e3 * (clock() - start))
    found = [set(index.search(query, K)[0].tolist()) for query in queries[:50]]
    true = nearest(queries[:50], make(count))
    recall = float(np.mean([len(a & b) / K for a, b in zip(found, true, strict=True)]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.index"
        index.save(path)
        start = clock()
        Index.load(path)
        opened, size = clock() - start, path.stat().st_size / 1e6
    return {
        "vectors": name, "count": count, "ms": float(np.median(times)), "ms, p99": float(np.quantile(times, 0.99)),
        "recall": recall, "build min": minutes, "memory MB": index.bytes / 1e6, "file MB": size, "load s": opened,
    }  # fmt: skip


def main() -> None:
    arguments = common.arguments(__doc__)
    count = 30_000 if arguments.quick else 1_000_000
    start = time.perf_counter()
    rows = [row(name, make, count, arguments.clock) for name, make in (("256 numbers", features), ("16^3 bits", bits))]
    notes = [f"{QUERIES} queries of {K}, one thread; recall of 50; {(time.perf_counter() - start) / 60:.0f} min in all"]
    common.report("Nearest neighbours, CPU", rows, json_wanted=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
