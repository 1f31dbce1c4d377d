"""The threshold curve: its numbers by hand, on shapes whose pieces are known."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.evaluate.curve import draw, table, threshold_curve


@pytest.fixture(scope="module")
def curve():
    occupancy = np.zeros((10, 8, 8, 8), np.float32)
    occupancy[:, 1:3, 1:3, 1:3] = 0.85  # whole from 0.55 on, where the second block goes
    occupancy[:, 5:7, 5:7, 5:7] = 0.55
    test = np.zeros((4, 8, 8, 8), bool)
    test[:, 1:3, 1:3, 1:3] = True
    return threshold_curve(occupancy, test, 0.35)


def at(curve, level):
    return curve.thresholds.index(level)


def test_pieces_occupancy_and_similarity_by_hand(curve):
    for level, pieces, full in ((0.05, 2, 2.0), (0.5, 2, 2.0), (0.6, 1, 1.0), (0.9, 0, 0.0)):
        found = curve.samples[at(curve, level)]
        assert (found.pieces.value, found.one_piece.value) == (pieces, float(pieces == 1))
        assert found.occupancy.value == pytest.approx(full)
    assert curve.similarity[at(curve, 0.6)] == pytest.approx(1)
    assert curve.similarity[at(curve, 0.5)] < 0.6
    assert (curve.real.one_piece.value, curve.real.occupancy.value) == (1, pytest.approx(1))


def test_the_chosen_threshold_is_one_of_them_in_order(curve):
    assert curve.chosen == 0.35
    assert list(curve.thresholds) == sorted({*curve.thresholds, 0.35})


def test_the_table_ends_with_the_real_shapes(curve):
    head, *lines = table(curve)
    assert len(lines) == len(curve.thresholds) + 1
    assert all(len(line) == len(head) for line in lines)
    assert lines[at(curve, 0.35)][0] == "0.35 (chosen)"
    assert lines[-1] == ("real, held out", "100.0 (100.0 to 100.0)", "1.00 (1.00 to 1.00)", "1.000 (1.000 to 1.000)")


def test_the_picture_is_one(curve):
    assert draw(curve).startswith(b"\x89PNG")
