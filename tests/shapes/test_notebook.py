"""The view in a notebook: one self-contained piece of HTML that holds the meshes."""

from __future__ import annotations

import base64
import html
import json
import re

import numpy as np

from shapespace.shapes import furniture, notebook
from shapespace.shapes.mesh import Mesh
from shapespace.shapes.shape import Shape, Shapes


def chairs(count: int) -> Shapes:
    return Shapes(Shape(furniture.make("chair", seed=i, resolution=16).voxels.astype(np.float32)) for i in range(count))


def document_of(shown: str) -> str:
    found = re.search(r'srcdoc="([^"]*)"', shown)
    assert found
    return html.unescape(found[1])


def meshes_of(shown: str) -> list[Mesh]:
    found = re.search(r"const shapes = (\[.*?\]);\n", document_of(shown))
    assert found
    arrays = [[np.frombuffer(base64.b64decode(entry[key]), kind).reshape(-1, 3) for key, kind in
               (("vertices", "<u2"), ("faces", "<u4"))] for entry in json.loads(found[1])]  # fmt: skip
    return [Mesh(vertices / 65_535 * 16 - 0.5, faces) for vertices, faces in arrays]


def test_the_view_holds_the_meshes_that_the_shapes_have() -> None:
    shapes = chairs(2)
    for found, shape in zip(meshes_of(shapes._repr_html_()), shapes, strict=True):
        expected = shape.to_mesh(smoothing=notebook.SMOOTHING)
        assert np.array_equal(found.faces, expected.faces)
        assert np.abs(found.vertices - expected.vertices).max() <= 16 / 65_535
        assert found.is_closed


def test_the_view_loads_nothing_and_is_locked_in() -> None:
    shown = chairs(1)[0]._repr_html_()
    assert 'sandbox="allow-scripts"' in shown
    assert "allow-same-origin" not in shown
    assert "default-src 'none'" in document_of(shown)
    assert not re.findall(r"https?://|src=", document_of(shown))


def test_an_empty_shape_keeps_its_place_and_many_are_cut_short() -> None:
    empty = Shape(np.zeros((16, 16, 16), np.float32))
    assert meshes_of(notebook.view([empty]))[0].faces.shape == (0, 3)
    assert notebook.view([]) == "<p>no shapes</p>"
    shown = notebook.view([empty] * 14)
    assert len(meshes_of(shown)) == notebook.MOST
    assert shown.endswith("<p>and 2 more</p>")
