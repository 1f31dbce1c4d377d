"""Shapes in a notebook: a view that can be turned, in one piece of HTML, with no server and no other file.

The view is a document of its own inside a sandboxed frame: it can run its own script and nothing else, and reaches
neither the notebook nor the network.
"""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from shapespace.shapes.shape import Shape

MOST = 12
"""Shapes in one view; a notebook keeps all of them in its file."""

FACES = 20_000
"""Triangles of a shape at most; 0.3 MB in the notebook's file."""

SMOOTHING = 3
"""Rounds, as `Shape.to_mesh` takes them."""

COLUMNS = 4
CELL = 220
"""Pixels of a shape's place."""

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"


def view(shapes: Sequence[Shape]) -> str:
    """Return HTML that shows shapes side by side, to be turned together with the mouse, a finger or the arrow keys.

    Args:
        shapes: The first `MOST` are shown; an empty one leaves its place empty.
    """
    shown = [_entry(shape) for shape in shapes[:MOST]]
    if not shown:
        return "<p>no shapes</p>"
    columns = min(COLUMNS, len(shown))
    rows = math.ceil(len(shown) / columns)
    frame = (
        f'<iframe sandbox="allow-scripts" title="{len(shown)} shapes" width="{columns * CELL}" height="{rows * CELL}" '
        f'style="max-width: 100%; border: 0" srcdoc="{html.escape(_document(shown, columns))}"></iframe>'
    )
    more = len(shapes) - len(shown)
    return frame + (f"<p>and {more} more</p>" if more else "")


def _document(shown: list[dict[str, str]], columns: int) -> str:
    text = (Path(__file__).parent / "notebook.html").read_text("utf-8")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    text = text.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{policy}', 1)
    text = text.replace("/*COLUMNS*/1", str(columns), 1)
    return text.replace("/*SHAPES*/[]", json.dumps(shown, separators=(",", ":")), 1)


def _entry(shape: Shape) -> dict[str, str]:
    """Return the shape's mesh as text: places in the grid in 65,536 steps along a side, and faces."""
    if not shape.voxels.any():
        return {"vertices": "", "faces": ""}
    mesh = shape.to_mesh(smoothing=SMOOTHING)
    if len(mesh.faces) > FACES:
        mesh = shape.to_mesh(smoothing=SMOOTHING, faces=FACES)
    side = max(shape.occupancy.shape)
    places = (mesh.vertices + 0.5 + (side - np.array(shape.occupancy.shape)) / 2) / side
    steps = np.rint(places.clip(0, 1) * 65_535).astype("<u2")
    return {"vertices": _text(steps), "faces": _text(mesh.faces.astype("<u4"))}


def _text(numbers: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode()
