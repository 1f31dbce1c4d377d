"""How fast a slider moves the shape on the page: with the server, and with the generator in the browser.

python benchmarks/page.py [--space chair] [--json] [--quick]

A slider is moved at every frame of a real browser without a GPU; counted is how often another shape is shown, its
surface made anew and drawn by the machine's own cores beside the generator. Needs Chromium and playwright.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import common

sys.path.append(str(Path(__file__).resolve().parents[1] / "tools"))
from browser import CHROMIUM, chromium, map_drawn, opened, serving_files, serving_space

WINDOW = {"width": 1280, "height": 800}

MOVED = """
async ([selector, seconds]) => {
  const slider = document.querySelector(selector), caption = document.querySelector("#caption");
  const times = [];
  new MutationObserver(() => times.push(performance.now())).observe(caption, { childList: true });
  const low = Number(slider.min), high = Number(slider.max), start = performance.now();
  let frames = 0;
  while (performance.now() - start < 1000 * seconds) {
    const phase = (performance.now() - start) / 2000;
    slider.value = low + (high - low) * (0.5 + 0.5 * Math.sin(2 * Math.PI * phase));
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise(requestAnimationFrame);
    frames++;
  }
  return [times, frames];
}
"""
"""Shows are told of by the line under the shape, which is written anew with each."""


@contextmanager
def exported(space: str) -> Iterator[str]:
    """Serve the files of `shapespace export web`; yield the address."""
    from shapespace.serve import export

    with tempfile.TemporaryDirectory() as folder:
        export.site(space, Path(folder) / "site")
        with serving_files(Path(folder) / "site") as address:
            yield address


def moved(page: Any, case: str, selector: str, seconds: float) -> common.Row:
    """Move a slider for some seconds; return how often the shape followed."""
    page.evaluate(MOVED, [selector, 1.0])  # warm
    times, frames = page.evaluate(MOVED, [selector, seconds])
    gaps = sorted(b - a for a, b in pairwise(times))
    return {
        "case": case,
        "updates/s": len(times) / seconds,
        "between, median ms": gaps[len(gaps) // 2],
        "p95 ms": gaps[int(0.95 * len(gaps))],
        "frames/s": frames / seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--space", default="chair")
    parser.add_argument("--quick", action="store_true", help="2 seconds a slider, for a first impression")
    parser.add_argument("--cpu", action="store_true", help="without meaning here")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args()
    if not find_spec("playwright"):
        print("Page: not measured, for playwright is not installed")
        return
    if not CHROMIUM:
        print("Page: not measured, for there is no Chromium on this machine")
        return
    rows: list[common.Row] = []
    seconds = 2.0 if given.quick else 10.0
    with chromium() as browser:
        for where, address in (("server", serving_space), ("in the browser", exported)):
            with address(given.space) as url:
                page = opened(browser, url, viewport=WINDOW)
                tiles = page.locator("#wall .tile")
                tiles.nth(0).drag_to(tiles.nth(1))
                page.locator("#stage[aria-busy=false]").wait_for()
                map_drawn(page)
                rows.append(moved(page, f"{where}: blend", "#blend-at", seconds))
                if page.locator("[data-attribute]").count():
                    rows.append(moved(page, f"{where}: attribute", "[data-attribute]", seconds))
                page.keyboard.press("2")
                rows.append(moved(page, f"{where}: blend, voxels", "#blend-at", seconds))
                page.context.close()
    common.report(f"Page, the space {given.space}", rows, json_wanted=given.json)


if __name__ == "__main__":
    main()
