"""What the tests of the page see and do, by short names."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from asking import make_space

SIDE = 16
"""Of the small spaces' grids."""


def hold(page: Any, number: int = 0) -> dict[str, Any]:
    """Click a shape of the wall; return what the address says then."""
    page.locator("#wall .tile").nth(number).click()
    page.locator("#bench").wait_for()
    return told(page)


def told(page: Any) -> dict[str, Any]:
    """Return what the address says, once nothing moves any more."""
    page.locator("#stage[aria-busy=false]").wait_for()
    return said(page.evaluate("location.href"))


def said(url: str) -> dict[str, Any]:
    """Return what an address says: its latent vector as numbers, its voxels as a grid."""
    fields = {name: values[0] for name, values in parse_qs(urlsplit(url).fragment).items()}
    found: dict[str, Any] = dict(fields)
    if "z" in fields:
        found["z"] = np.frombuffer(_bytes(fields["z"]), "<f4")
    if "voxels" in fields:
        bits = np.unpackbits(np.frombuffer(_bytes(fields["voxels"]), np.uint8))
        found["voxels"] = bits[: int(fields["side"]) ** 3].reshape([int(fields["side"])] * 3).astype(bool)
    return found


def pointer(page: Any, selector: str, *places: tuple[float, float]) -> None:
    """Press in an element, move and let go; places are parts of its width and height."""
    box = page.locator(selector).bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=4)
    page.mouse.up()


def drop(page: Any, path: Path) -> None:
    """Let a file fall onto the page."""
    page.evaluate(
        "([name, text]) => { const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));"
        " const dataTransfer = new DataTransfer(); dataTransfer.items.add(new File([bytes], name));"
        " for (const kind of ['dragenter', 'dragover', 'drop'])"
        " document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true })); }",
        [path.name, base64.b64encode(path.read_bytes()).decode()],
    )


def caption(page: Any) -> str:
    """Return the line under the shape."""
    return page.locator("#caption").inner_text()


def until(page: Any, wanted: str) -> None:
    """Wait until the line under the shape has these words."""
    page.locator("#caption", has_text=wanted).wait_for()


def stage(page: Any) -> np.ndarray:
    """Return the pixels of the shape in hand, (height, width, 3) int."""
    import io

    from PIL import Image

    page.locator("#view[data-still=true]").wait_for()
    shot = page.locator("#view").screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


def spot(page: Any) -> tuple[float, float]:
    """Return a place of the picture that is well inside the shape, as parts of its width and height."""
    from scipy.ndimage import distance_transform_edt

    red, _, blue = np.moveaxis(stage(page), 2, 0)
    inside = distance_transform_edt(red - blue > 30)  # wood
    y, x = np.unravel_index(int(np.argmax(inside)), inside.shape)
    return (float(x) + 0.5) / inside.shape[1], (float(y) + 0.5) / inside.shape[0]


def watch_progress(page: Any) -> None:
    """From now on, keep in `seenParts` how far the bar says the work is."""
    page.evaluate(
        "() => { window.seenParts = []; const bar = document.querySelector('#busy');"
        " new MutationObserver(() => bar.hasAttribute('value') && seenParts.push(bar.value))"
        ".observe(bar, { attributes: true, attributeFilter: ['value'] }); }"
    )


def shape_of(z: np.ndarray) -> np.ndarray:
    """Return the grid that Python makes of a latent vector of the first space."""
    return next(make_space().stream(z[None])).voxels


def differs(one: np.ndarray, other: np.ndarray) -> float:
    """Return the part of pixels that are clearly of another colour, but for the line below and the focus's frame."""
    return float((np.abs(one - other).max(axis=2) > 12)[6:-60, 6:-6].mean())


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
