"""Marked pictures: red where marks are seen, pale elsewhere, the same outline as without."""

from __future__ import annotations

import numpy as np

from shapespace.shapes.marked import HOT, PALE, render_marked
from shapespace.shapes.render import render


def block() -> np.ndarray:
    voxels = np.zeros((16, 16, 16), bool)
    voxels[4:12, 4:12, 4:12] = True
    return voxels


def test_without_marks_it_is_the_pale_picture_and_with_all_the_red_one():
    voxels = block()
    for marks, colour in ((np.zeros_like(voxels), PALE), (voxels, HOT)):
        found, plain = render_marked(voxels, marks, size=64), render(voxels, size=64, colour=colour)
        inside = render(voxels, size=64, shadow=False)[..., 3] == 255
        assert np.array_equal(found[inside], plain[inside])
        assert np.array_equal(found[..., 3], plain[..., 3])


def red(picture: np.ndarray) -> np.ndarray:
    return picture[..., 0].astype(int) - picture[..., 2] > 40


def test_a_mark_is_seen_where_it_stands():
    voxels, marks = block(), np.zeros((16, 16, 16), bool)
    marks[11, :, :] = True  # towards +x: on the right, seen from the front
    columns = np.flatnonzero(red(render_marked(voxels, marks, azimuth=0, elevation=0, size=64)).any(axis=0))
    shape = np.flatnonzero(render(voxels, azimuth=0, elevation=0, size=64, shadow=False)[..., 3].any(axis=0))
    assert columns[-1] >= shape[-1] - 1
    assert len(columns) < len(shape) / 5
    assert not red(render_marked(voxels, marks, azimuth=270, elevation=0, size=64)).any()  # from -x it is hidden


def test_marks_outside_the_shape_are_not_seen():
    assert not red(render_marked(block(), ~block(), size=48)).any()
