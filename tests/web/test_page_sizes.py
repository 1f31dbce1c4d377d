"""On a phone and in the dark."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image
from seeing import hold

from browser import opened


def brightness(page: Any) -> float:
    return float(np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L")).mean())


def test_on_a_phone_nothing_sticks_out_and_everything_is_large_enough_for_a_finger(browser: Any, address: str) -> None:
    page = opened(browser, address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.locator("#wall .tile").nth(2).tap()
    page.locator("#bench").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for button in page.locator("header button, .tools button").all():
        if button.is_visible():
            box = button.bounding_box()
            assert box["height"] >= 36
            assert box["x"] + box["width"] <= 390
    page.context.close()


def test_the_dark_page_is_dark(browser: Any, address: str) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        page = opened(browser, address, viewport={"width": 900, "height": 600}, color_scheme=scheme)
        hold(page)
        seen[scheme] = brightness(page)
        page.context.close()
    assert seen["dark"] < 80 < 180 < seen["light"]
