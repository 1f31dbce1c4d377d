"""A small store, and the two recipes that every test of the loop meets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from small_runs import RECIPES, TRAIN, VALIDATION

from shapespace.data.store import Store
from shapespace.data.writer import write_store
from shapespace.settings import Settings
from shapespace.shapes.furniture import make
from shapespace.train.runlog import RunLog
from shapespace.train.snapshot import Snapshot


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    """Leave out the pictures: they are most of the time of a small run, and have tests of their own."""
    monkeypatch.setattr(Snapshot, "sheet", lambda self, network, path: path.write_bytes(b""))
    monkeypatch.setattr(RunLog, "draw_curves", lambda self: None)


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Store:
    count = TRAIN + VALIDATION
    return write_store(
        tmp_path_factory.mktemp("data") / "chairs.shapes",
        (make("chair", seed, 16).voxels for seed in range(count)),
        categories="chair",
        splits=["validation" if seed < VALIDATION else "train" for seed in range(count)],
        provenance={"source": "furniture", "licence": "MIT"},
    )


@pytest.fixture(params=RECIPES)
def recipe(request) -> Callable[..., Settings]:
    return RECIPES[request.param]
