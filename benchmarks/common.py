"""What all benchmarks share: timing, peak memory, the machine's matrix-product rate, small tables or JSON.

A script is run as `python benchmarks/NAME.py [--json] [--quick] [--cpu]`:

    arguments = common.arguments(__doc__)
    ours, plain = common.compare([ours_once, plain_once], seconds=arguments.seconds)
    rows = [{"case": "chair", "ms": ours.ms, "items/s": ours.rate(1), "times plain": plain.ms / ours.ms}]
    common.report("Meshing", rows, json_wanted=arguments.json)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

Row = dict[str, float | int | str]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Timing:
    """Seconds of each run of one function."""

    seconds: tuple[float, ...]

    @property
    def ms(self) -> float:
        """Median milliseconds of a run."""
        return 1e3 * median(self.seconds)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a fraction of the median."""
        ordered = sorted(self.seconds)
        quarter = len(ordered) // 4
        return (ordered[-1 - quarter] - ordered[quarter]) / 2 / median(ordered)

    def rate(self, items: float) -> float:
        """Items a second, if a run handles `items`."""
        return items / median(self.seconds)


def arguments(description: str | None) -> argparse.Namespace:
    """Return `json` (bool), `quick` (bool), `seconds` to spend on each comparison, and the `clock` to measure with."""
    first_line = (description or "").strip().splitlines()[0]
    parser = argparse.ArgumentParser(description=first_line)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--quick", action="store_true", help="a fifth of the time, for a first impression")
    parser.add_argument("--cpu", action="store_true", help="count CPU seconds, not wall seconds: for a busy machine")
    parsed = parser.parse_args()
    parsed.clock = time.process_time if parsed.cpu else time.perf_counter
    parsed.seconds = 2.0 if parsed.quick else 10.0
    return parsed


def measure(
    function: Callable[[], object], *, seconds: float = 5.0, fewest: int = 5, clock: Clock = time.perf_counter
) -> Timing:
    """Time one function: a warm-up run, then as many runs as fit in `seconds`, at least `fewest`."""
    return compare([function], seconds=seconds, fewest=fewest, clock=clock)[0]


def compare(
    functions: Sequence[Callable[[], object]],
    *,
    seconds: float = 10.0,
    fewest: int = 5,
    clock: Clock = time.perf_counter,
) -> list[Timing]:
    """Time several functions in turn, round by round, so that a noisy neighbour slows all of them alike."""
    for function in functions:
        function()
    times: list[list[float]] = [[] for _ in functions]
    stop = time.perf_counter() + seconds
    while time.perf_counter() < stop or len(times[0]) < fewest:
        for function, record in zip(functions, times, strict=True):
            start = clock()
            function()
            record.append(clock() - start)
    return [Timing(tuple(record)) for record in times]


def peak_memory_mb() -> float:
    """Largest resident size of this process so far, in MB of 1e6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def sgemm_gflops(size: int = 1024) -> float:
    """Measured rate of a float32 matrix product in 1e9 FLOP a second, with the threads NumPy uses here."""
    import numpy as np

    a, b = np.ones((size, size), np.float32), np.ones((size, size), np.float32)
    return measure(lambda: a @ b, seconds=1.0).rate(2 * size**3 / 1e9)


def machine() -> Row:
    """The machine in a few words, for the head of a table."""
    return {
        "python": platform.python_version(),
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "threads": os.environ.get("OMP_NUM_THREADS", "default"),
    }


def report(title: str, rows: Sequence[Row], *, json_wanted: bool, notes: Sequence[str] = ()) -> None:
    """Print the rows as one table with the machine and the peak memory under it, or all of it as one JSON object."""
    if json_wanted:
        print(json.dumps({"title": title, "rows": list(rows), "peak_mb": peak_memory_mb(), "machine": machine()}))
        return
    print(f"\n{title}")
    print_table(rows)
    for note in notes:
        print(note)
    print(f"peak memory {peak_memory_mb():.0f} MB; " + ", ".join(f"{key} {value}" for key, value in machine().items()))


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows under the names of their columns, numbers to the right."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_text(row.get(name, "")) for name in columns] for row in rows]
    widths = [max(len(line[i]) for line in [columns, *cells]) for i in range(len(columns))]
    for line in [columns, *cells]:
        numbers = [text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)]
        print("  ".join([line[0].ljust(widths[0]), *numbers]))


def _text(value: float | int | str) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return str(value)
