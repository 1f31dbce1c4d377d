"""What a run must remember to go on bit for bit: its position, its clocks, and every tensor.

Random numbers are not in it: they are functions of the seed and the step (`draws.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from shapespace import __version__
from shapespace.errors import BadInput


@dataclass
class RunState:
    """Where a run stands."""

    step: int = 0
    shapes: int = 0
    last_accuracy: float | None = None
    """D's accuracy in the last batch: it decides the next gate, so without it a resumed run is another run."""
    window: list[dict[str, Any]] = field(default_factory=list)
    """Statistics of the steps since the last row of the log."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def facts(self) -> dict[str, Any]:
        """Return all of it as JSON can hold it."""
        window = [{name: float(value) for name, value in row.items()} for row in self.window]
        return {**vars(self), "window": window}

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> RunState:
        """Return the state that `facts` describes; other entries are left alone."""
        return cls(**{name: facts[name] for name in cls.__dataclass_fields__})


class Clock:
    """Wall and processor time of this session, from its start."""

    def __init__(self) -> None:
        """Start."""
        self.wall, self.cpu = time.monotonic(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Return seconds on the wall, and seconds of all processor cores together."""
        return time.monotonic() - self.wall, time.process_time() - self.cpu


def versions() -> dict[str, str]:
    """Return the libraries whose arithmetic a bit-exact resume depends on."""
    return {"shapespace": __version__, "torch": torch.__version__, "numpy": np.__version__}


def check_facts(own: Mapping[str, Any], saved: Mapping[str, Any], source: Path) -> None:
    """Refuse a checkpoint's numbers if one that this run writes is not among them.

    Raises:
        BadInput: It names the first that is missing.
    """
    lacking = sorted(set(_names(own)) - set(_names(saved)))
    if lacking:
        raise BadInput(source, f"the checkpoint lacks {lacking[0]!r}; it cannot be resumed bit for bit")


def _names(facts: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in facts.items():
        yield prefix + name
        if isinstance(value, Mapping):
            yield from _names(value, f"{prefix}{name}.")


@torch.no_grad()
def copy_tensors(own: Mapping[str, Tensor], saved: Mapping[str, Tensor], source: Path) -> None:
    """Overwrite a run's tensors, in place, with those of a checkpoint.

    Raises:
        BadInput: If names or shapes differ: the checkpoint belongs to other settings.
    """
    if set(own) != set(saved):
        odd = sorted(set(own) ^ set(saved))[0]
        raise BadInput(source, f"the checkpoint does not fit these settings: {odd} is in one of them only")
    for name, tensor in own.items():
        if tensor.shape != saved[name].shape:
            raise BadInput(source, f"{name} is {tuple(saved[name].shape)}, expected {tuple(tensor.shape)}")
        tensor.copy_(saved[name])
