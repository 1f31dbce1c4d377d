"""A notebook's view in a real browser: drawn, and turned."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from asking import make_space
from PIL import Image
from seeing import pointer


def pixels(page: Any) -> np.ndarray:
    page.wait_for_timeout(300)
    return np.asarray(Image.open(io.BytesIO(page.locator("iframe").screenshot())).convert("RGB")).astype(int)


def test_the_shapes_of_a_sample_are_drawn_and_turn(context: Any, tmp_path: Path) -> None:
    (tmp_path / "cell.html").write_text(f"<!doctype html>{make_space().sample(3)._repr_html_()}")
    page = context.new_page()
    page.route("http://127.0.0.1/cell", lambda route: route.fulfill(path=tmp_path / "cell.html"))
    page.goto("http://127.0.0.1/cell")
    page.frame_locator("iframe").locator("body[data-frames]").wait_for()
    before = pixels(page)
    thirds = np.array_split(before, 3, axis=1)
    assert all((np.ptp(third, axis=2) > 30).mean() > 0.02 for third in thirds)  # wood in each place
    pointer(page, "iframe", (0.2, 0.5), (0.4, 0.5))
    assert (np.abs(pixels(page) - before).max(axis=2) > 12).mean() > 0.02
