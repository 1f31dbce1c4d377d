"""What the server counts, in the text form that Prometheus reads."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds up to which requests are counted together."""

Labels = tuple[tuple[str, str], ...]

HELP = {
    "requests_total": "Requests answered, by route and status.",
    "request_seconds": "Time from the request's last header to the answer's last byte handed over.",
    "shapes_decoded_total": "Shapes decoded.",
    "batches_total": "Forward passes of the generator that were shared by all who waited.",
    "connections_closed_total": "Connections closed by the server, by reason.",
    "jobs_total": "Long jobs and files read, by how they ended.",
}


class Metrics:
    """Counters, times, and numbers that are asked for when they are wanted. Any thread may count."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._counts: dict[tuple[str, Labels], float] = defaultdict(float)
        self._times: dict[Labels, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS) + 1))
        self._sums: dict[Labels, float] = defaultdict(float)
        self._gauges: dict[str, Callable[[], float]] = {}
        self._lock = threading.Lock()

    def count(self, name: str, by: float = 1, **labels: str) -> None:
        """Add to a counter."""
        with self._lock:
            self._counts[name, tuple(sorted(labels.items()))] += by

    def total(self, name: str) -> float:
        """Return a counter's sum over all labels."""
        with self._lock:
            return sum(value for (each, _), value in self._counts.items() if each == name)

    def time(self, seconds: float, **labels: str) -> None:
        """Add one request's seconds."""
        key = tuple(sorted(labels.items()))
        with self._lock:
            self._times[key][sum(seconds > bound for bound in BOUNDS)] += 1
            self._sums[key] += seconds

    def watch(self, name: str, value: Callable[[], float]) -> None:
        """Show a number as it is at the time it is asked for."""
        self._gauges[name] = value

    def text(self) -> str:
        """Return everything as text."""
        with self._lock:
            lines = [*self._counters(), *self._histogram()]
        for name, value in self._gauges.items():
            lines += [f"# TYPE shapespace_{name} gauge", f"shapespace_{name} {value():g}"]
        return "\n".join(lines) + "\n"

    def _counters(self) -> list[str]:
        lines = []
        for name in sorted({name for name, _ in self._counts}):
            lines += [f"# HELP shapespace_{name} {HELP.get(name, name)}", f"# TYPE shapespace_{name} counter"]
            rows = sorted((labels, value) for (each, labels), value in self._counts.items() if each == name)
            lines += [f"shapespace_{name}{_shown(labels)} {value:g}" for labels, value in rows]
        return lines

    def _histogram(self) -> list[str]:
        name = "shapespace_request_seconds"
        lines = [f"# HELP {name} {HELP['request_seconds']}", f"# TYPE {name} histogram"] if self._times else []
        for labels, counts in sorted(self._times.items()):
            for i, bound in enumerate([*map(str, BOUNDS), "+Inf"]):
                lines.append(f"{name}_bucket{_shown((*labels, ('le', bound)))} {sum(counts[: i + 1])}")
            lines.append(f"{name}_sum{_shown(labels)} {self._sums[labels]:g}")
            lines.append(f"{name}_count{_shown(labels)} {sum(counts)}")
        return lines


def _shown(labels: Labels) -> str:
    inside = ",".join(f'{key}="{_escaped(value)}"' for key, value in labels)
    return f"{{{inside}}}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
