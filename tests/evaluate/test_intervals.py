"""Intervals hold the truth as often as they say, for means and for nearest neighbours."""

from __future__ import annotations

import numpy as np

from shapespace.evaluate import scores
from shapespace.evaluate.intervals import Interval, halved, of_mean


def test_a_mean_s_interval_is_the_textbook_s():
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = of_mean(values)
    assert found.value == values.mean()
    np.testing.assert_allclose([found.low, found.high], values.mean() + np.array([-1.96, 1.96]) * 0.1, atol=0.03)


def test_a_shape_drawn_twice_never_becomes_its_own_neighbour():
    seen = []
    halved(lambda g, r: float(seen.append((len(set(g)), len(g), len(set(r)), len(r))) or 0), 10, 7, rounds=5)
    assert seen[0] == (10, 10, 7, 7)
    assert set(seen[1:]) == {(5, 5, 3, 3)}


def test_the_halves_of_one_world_hold_fifty_about_as_often_as_they_say():
    """1-NNA of two sets drawn alike: 60 worlds, of which 95 % should hold 0.5; by chance alone 50 to 60 do."""
    held = 0
    for world in range(60):
        rng = np.random.default_rng(world)
        a, b = rng.normal(size=(60, 2)), rng.normal(size=(60, 2))
        aa, ab, bb = (np.linalg.norm(x[:, None] - y[None], axis=-1) for x, y in ((a, a), (a, b), (b, b)))

        def one(g, r, aa=aa, ab=ab, bb=bb):
            return scores.one_nna(aa[np.ix_(g, g)], ab[np.ix_(g, r)], bb[np.ix_(r, r)])

        found = halved(one, 60, 60, rounds=100)
        held += found.low <= 0.5 <= found.high
    assert held >= 50


def test_too_few_shapes_have_a_value_and_no_interval():
    found = halved(lambda g, r: 1.0, 3, 50)
    assert found.value == 1
    assert np.isnan(found.low)


def test_it_prints_as_it_is_read():
    assert str(Interval(0.51234, 0.4, 0.6).scaled(100)) == "51.2 (40 to 60)"


def test_an_interval_holds_its_value_and_stays_in_range():
    """A number at the end of its range whose halves fall short of it, and one that is always 0."""
    full = halved(lambda g, r: 1.0 if len(g) == 40 else 0.9 + 0.002 * (g[0] % 3), 40, 40, highest=1)
    assert full.low <= full.value == full.high == 1
    none = halved(lambda g, r: 0.0 if len(g) == 40 else 0.1 * (g[0] % 2), 40, 40)
    assert none.low == none.value == 0 <= none.high
