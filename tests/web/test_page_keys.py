"""The page by keys alone."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from asking import make_space
from seeing import SIDE, shape_of, stage, told, until

from browser import opened
from shapespace.shapes.grid import iou

Place = tuple[int, int, int]


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def build(page: Any) -> None:
    """Take the first shape of the wall in hand, and begin to build on it."""
    page.locator("#wall .tile").first.focus()
    press(page, "Enter")
    page.locator("#bench").wait_for()
    press(page, "3")


def line(page: Any) -> str:
    """Return what is said of the cursor."""
    return page.locator("#where[aria-live=polite]").inner_text()


def cursor(page: Any) -> Place:
    x, y, z = re.findall(r"[xyz] (\d+)", line(page))
    return int(x), int(y), int(z)


def moved(page: Any, *keys: str) -> list[int]:
    """Press keys; return how far the cursor went along x, y and z."""
    before = cursor(page)
    press(page, *keys)
    return [now - then for now, then in zip(cursor(page), before, strict=True)]


def blue(page: Any) -> int:
    """Return how many pixels of the picture are of the cursor's colour; wood and paper are warm."""
    red, _, blue = np.moveaxis(stage(page)[90:-60, 6:-6], 2, 0)
    return int((blue - red > 40).sum())


def test_all_of_it_can_be_reached_by_keys(page: Any) -> None:
    page.locator("#wall .tile").first.focus()
    page.keyboard.press("Enter")
    page.locator("#bench").wait_for()
    page.locator("#map").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("2")
    assert page.locator("[data-look=voxels]").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    page.locator("#bench").wait_for(state="hidden")


def test_voxels_are_added_and_removed_undone_and_snapped_by_keys(page: Any) -> None:
    build(page)
    shape = make_space().sample(1)[0].voxels
    place = cursor(page)
    assert line(page).endswith("empty")
    assert not shape[place]
    assert shape[tuple(slice(max(0, i - 1), i + 2) for i in place)].any()  # it begins at the surface
    press(page, "Enter")
    assert line(page).endswith(f"full now, {shape.sum() + 1} voxels")
    added = told(page)["voxels"]
    assert np.argwhere(added != shape).tolist() == [list(place)]
    press(page, "Enter")
    assert line(page).endswith("already full")
    press(page, "r", "Space")
    assert line(page).endswith(f"empty now, {shape.sum()} voxels")
    assert np.array_equal(told(page)["voxels"], shape)
    press(page, "Control+z")
    assert line(page).endswith("full")
    assert np.array_equal(told(page)["voxels"], added)
    press(page, "Control+z")
    assert "voxels" not in told(page)
    press(page, "Shift+Enter")  # the other pen
    assert np.array_equal(told(page)["voxels"], added)
    assert cursor(page) == place
    press(page, "s")
    until(page, "Snapped")
    seen = told(page)
    assert "voxels" not in seen
    assert iou(shape_of(seen["z"]), added) > 0.5


def test_the_cursor_moves_as_the_viewer_sees_the_ground_and_stays_in_the_grid(page: Any) -> None:
    build(page)
    azimuth = float(told(page)["from"].split(",")[0])
    assert moved(page, "ArrowUp", "ArrowUp") == [0, 2, 0]
    assert moved(page, "ArrowLeft") == [-1, 0, 0]
    assert moved(page, "ArrowDown") == [0, -1, 0]
    assert moved(page, "ArrowRight") == [1, 0, 0]
    press(page, *["PageDown"] * SIDE)
    assert cursor(page)[2] == 0
    assert line(page).endswith("the edge of the grid")
    assert moved(page, "PageUp") == [0, 0, 1]
    assert float(told(page)["from"].split(",")[0]) == azimuth
    assert moved(page, *["Shift+ArrowRight"] * 9) == [0, 0, 0]
    assert float(told(page)["from"].split(",")[0]) == azimuth + 90
    assert moved(page, "ArrowRight") == [0, 1, 0]
    press(page, "Escape")
    assert not page.locator("#building").is_visible()
    assert line(page) == ""
    press(page, "ArrowRight")
    assert float(told(page)["from"].split(",")[0]) == azimuth + 100
    press(page, "Escape")
    page.locator("#bench").wait_for(state="hidden")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_cursor_is_seen_and_gives_way_to_a_pointer(browser: Any, address: str, scheme: str) -> None:
    page = opened(browser, address, viewport={"width": 1000, "height": 640}, color_scheme=scheme)
    build(page)
    seen = blue(page)
    assert seen > 500
    box = page.locator("#view").bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + box["height"] / 2)
    assert 0 < blue(page) < seen / 4  # the frame under the pointer
    assert line(page) == ""
    press(page, "ArrowUp")  # shows it again, where it was
    assert blue(page) == seen
    page.context.close()
