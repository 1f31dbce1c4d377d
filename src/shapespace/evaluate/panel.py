"""Pictures of a table: random samples, each over its nearest training and its nearest held-out shape."""

from __future__ import annotations

import io

import numpy as np

from shapespace.evaluate.generate import OWN, Measured

COLUMNS, SIZE = 8, 150


def draw(measured: Measured, seed: int = 0) -> bytes:
    """Return a PNG of three rows of shapes: samples drawn at random, nearest training shapes, nearest held-out ones."""
    from shapespace.shapes.render import contact_sheet

    row = measured.rows[OWN]
    picks = np.random.default_rng(seed).permutation(len(measured.voxels))[:COLUMNS]
    train, test = measured.reference.train, measured.reference.test
    shapes = [
        *measured.voxels[picks],
        *train[row.nearest_train[picks]].voxels(),
        *test[row.nearest_test[picks]].voxels(),
    ]
    words = ("sample", "nearest in training", "nearest held out")
    captions = [word if column == 0 else "" for word in words for column in range(len(picks))]
    sheet = contact_sheet(shapes, columns=len(picks), size=SIZE, captions=captions)
    out = io.BytesIO()
    sheet.convert("RGB").save(out, format="PNG", optimize=True)
    return out.getvalue()
