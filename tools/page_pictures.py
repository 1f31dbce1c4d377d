"""Draw the documentation's pictures of the page, of the space of chairs: python tools/page_pictures.py.

Needs Chromium and playwright. The shapes are those of seed 0, so the same space gives the same pictures.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from browser import chromium, map_drawn, opened, serving_space, slide

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
WINDOW = {"width": 1280, "height": 800}
COLOURS = 160  # keeps a picture below 200 kB


def still(page: Any) -> None:
    """Wait until nothing moves any more."""
    page.locator("#stage[aria-busy=false]").wait_for()
    page.locator("#view[data-still=true]").wait_for()
    map_drawn(page)
    page.mouse.move(0, 0)


def save(page: Any, name: str) -> None:
    """Keep what is seen."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)


def walk(browser: Any, address: str) -> None:
    """Draw a blend of two shapes, made wider."""
    page = opened(browser, address, viewport=WINDOW)
    tiles = page.locator("#wall .tile")
    tiles.nth(3).drag_to(tiles.nth(11))
    still(page)
    slide(page, "[data-attribute=width]", 0.4)
    still(page)
    save(page, "page-walk")


def build(browser: Any, address: str) -> None:
    """Draw a shape that is being built on."""
    page = opened(browser, address, viewport=WINDOW, color_scheme="dark")
    page.locator("#wall .tile").nth(3).click()
    page.keyboard.press("3")
    still(page)
    save(page, "page-build")


def main() -> None:
    """Draw both."""
    with serving_space("chair") as address, chromium() as browser:
        walk(browser, address)
        build(browser, address)


if __name__ == "__main__":
    main()
