"""Draw the documentation's pictures of the page: python tools/page_pictures.py [ADDRESS of `shapespace serve chair`].

Needs Chromium and playwright. The shapes are those of seed 0, so the same space gives the same pictures.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage"]
COLOURS = 160  # keeps a picture below 200 kB


def opened(browser: Browser, address: str, size: tuple[int, int], **options: Any) -> Any:
    """Return the page with its wall drawn."""
    page = browser.new_context(viewport={"width": size[0], "height": size[1]}, **options).new_page()
    page.set_default_timeout(120_000)
    page.goto(address)
    page.locator("#wall canvas[data-drawn]").nth(23).wait_for()
    return page


def still(page: Any) -> None:
    """Wait until nothing moves any more."""
    page.locator("#stage[aria-busy=false]").wait_for()
    page.locator("#view[data-still=true]").wait_for()
    page.wait_for_timeout(4_000)  # the small pictures of the map
    page.mouse.move(0, 0)


def slide(page: Any, selector: str, value: float) -> None:
    """Move a slider, and let it go."""
    page.locator(selector).evaluate(
        "(input, value) => { input.value = value; for (const kind of ['input', 'change'])"
        " input.dispatchEvent(new Event(kind, { bubbles: true })); }",
        str(value),
    )


def save(page: Any, name: str) -> None:
    """Keep what is seen."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)


def walk(browser: Browser, address: str) -> None:
    """Draw a blend of two shapes, made wider."""
    page = opened(browser, address, (1280, 800))
    tiles = page.locator("#wall .tile")
    tiles.nth(3).drag_to(tiles.nth(11))
    still(page)
    slide(page, "[data-attribute=width]", 0.4)
    still(page)
    save(page, "page-walk")


def build(browser: Browser, address: str) -> None:
    """Draw a shape that is being built on."""
    page = opened(browser, address, (1280, 800), color_scheme="dark")
    page.locator("#wall .tile").nth(3).click()
    page.keyboard.press("3")
    still(page)
    save(page, "page-build")


def main() -> None:
    """Draw both."""
    address = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7860/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        walk(browser, address)
        build(browser, address)
        browser.close()


if __name__ == "__main__":
    main()
