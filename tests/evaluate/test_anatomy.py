"""Holes of shapes whose holes anyone can count."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.evaluate.anatomy import Anatomy, distinct


def block(*carved: tuple) -> np.ndarray:
    shape = np.zeros((9, 9, 9), bool)
    shape[1:8, 1:8, 1:8] = True
    for where in carved:
        shape[where] = False
    return shape


RING = block((4, 4, slice(None)))
TWO_WAYS = block((2, 2, slice(None)), (6, 6, slice(None)))
HOLLOW = block((4, 4, 4))
CASES = {
    "solid": (block(), (1, 0, 0)),
    "ring": (RING, (1, 1, 0)),
    "two ways through": (TWO_WAYS, (1, 2, 0)),
    "hollow": (HOLLOW, (1, 0, 1)),
    "two halves": (block((4, slice(None), slice(None))), (2, 0, 0)),
    "nothing": (np.zeros((9, 9, 9), bool), (0, 0, 0)),
}


@pytest.mark.parametrize("name", CASES)
def test_pieces_tunnels_cavities(name):
    shape, expected = CASES[name]
    found = Anatomy.of(shape[None])
    assert (found.components[0], found.tunnels[0], found.cavities[0]) == expected


def test_corners_that_touch_are_two_pieces_and_enclose_nothing():
    shape = np.zeros((4, 4, 4), bool)
    shape[1, 1, 1] = shape[2, 2, 2] = True
    found = Anatomy.of(shape[None])
    assert (found.components[0], found.tunnels[0], found.cavities[0]) == (2, 0, 0)


def test_symmetry_looks_left_and_right_within_the_box():
    even, lopsided = np.zeros((2, 8, 8, 8), bool)
    even[0:3, 2, 2] = True
    lopsided[1:4, 2, 2] = lopsided[1, 3, 2] = True
    found = Anatomy.of(np.stack([even, lopsided]))
    assert found.symmetry.tolist() == [1, 3 / 5]
    assert found.occupancy.tolist() == [3 / 512, 4 / 512]


def test_equal_shapes_count_once():
    similarity = np.array([[1, 0.96, 0.2], [0.96, 1, 0.3], [0.2, 0.3, 1]])
    assert distinct(similarity) == pytest.approx(2 / 3)
    assert distinct(np.ones((4, 4))) == 1 / 4
