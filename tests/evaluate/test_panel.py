"""The panel shows random samples, each over the real shapes nearest to it."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
from PIL import Image

from shapespace.evaluate import panel
from shapespace.evaluate.distances import prepare
from shapespace.evaluate.generate import OWN
from shapespace.shapes.furniture import make


def drawn(monkeypatch, seed):
    """Return the shapes and captions that the panel puts on its sheet, and the picture."""
    from shapespace.shapes import render

    seen, real = {}, render.contact_sheet

    def watched(shapes, **options):
        seen.update(shapes=shapes, captions=options["captions"])
        return real(shapes, **options)

    monkeypatch.setattr(render, "contact_sheet", watched)
    chairs = np.stack([make("chair", i, 16).voxels for i in range(12)])
    order = np.arange(12)[::-1]
    rows = {OWN: SimpleNamespace(nearest_train=order, nearest_test=np.roll(order, 3))}
    reference = SimpleNamespace(train=prepare(chairs), test=prepare(chairs))
    measured = SimpleNamespace(rows=rows, voxels=chairs, reference=reference)
    return seen, panel.draw(measured, seed), chairs, rows[OWN]


def test_each_sample_stands_over_its_own_neighbours(monkeypatch):
    seen, png, chairs, row = drawn(monkeypatch, 3)
    picks = np.random.default_rng(3).permutation(12)[: panel.COLUMNS]
    kept = prepare(chairs)
    expected = [*chairs[picks], *kept[row.nearest_train[picks]].voxels(), *kept[row.nearest_test[picks]].voxels()]
    assert all(np.array_equal(a, b) for a, b in zip(seen["shapes"], expected, strict=True))
    assert seen["captions"][:: panel.COLUMNS] == ["sample", "nearest in training", "nearest held out"]
    width, height = Image.open(io.BytesIO(png)).size
    assert width > 2 * height


def test_another_seed_draws_other_samples(monkeypatch):
    assert drawn(monkeypatch, 0)[1] != drawn(monkeypatch, 1)[1]
