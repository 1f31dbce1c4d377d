"""What all tests share: one thread, the real data where it lies, and no network."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # two xdist workers on two cores; also makes runs repeatable

ROOT = Path(__file__).resolve().parents[1]
REAL_DATA = Path(os.environ.get("SHAPESPACE_REAL_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; the test is skipped, with the reason, where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"real data not found at {REAL_DATA}; set SHAPESPACE_REAL_DATA")
    return REAL_DATA
