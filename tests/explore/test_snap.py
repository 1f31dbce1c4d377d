"""Snapping: a shape of the space finds itself, damage is smoothed out, what is missing is completed."""

from __future__ import annotations

import numpy as np
import pytest

import shapespace
from shapespace.errors import BadInput, UsageError
from shapespace.explore.snap import snap
from shapespace.explore.target import half
from shapespace.nets.generator import Generator
from shapespace.nets.weights import SpaceCard
from shapespace.shapes.grid import iou
from shapespace.space import ShapeSpace


@pytest.fixture(scope="module")
def space() -> ShapeSpace:
    return shapespace.load("chair")


@pytest.fixture(scope="module")
def own(space) -> np.ndarray:
    """A shape of the space that is not among those a search starts from."""
    return space.decode(space.latents(1, seed=77))[0] > space.threshold


def fit(space, found, truth) -> float:
    return iou(found.occupancy > space.threshold, truth)


def test_a_shape_of_the_space_is_found_again(space, own):
    said = []
    found = snap(space, own, steps=60, progress=said.append)
    assert fit(space, found, own) > 0.75 > found.iou_before
    assert found.iou_after == pytest.approx(fit(space, found, own))
    assert np.array_equal(space.decode(found.z[None])[0], found.occupancy)
    assert said == sorted(said)
    assert said[-1] == 1


def test_flipped_voxels_are_smoothed_out(space, own):
    damaged = own ^ (np.random.default_rng(0).random(own.shape) < 0.2)
    assert fit(space, snap(space, damaged, steps=40), own) > 0.5 > iou(damaged, own)


def test_the_masked_half_is_free_and_the_same_whatever_stands_there(space, own):
    mask = half(32, "front")
    empty, full = (snap(space, np.where(mask, own, value), mask=mask, steps=10) for value in (False, True))
    assert np.array_equal(empty.z, full.z)
    assert empty.iou_after == pytest.approx(iou((empty.occupancy > space.threshold) & mask, own & mask))
    assert (empty.occupancy > space.threshold)[~mask].any()  # it is completed
    assert np.array_equal(empty.joined > space.threshold, np.where(mask, own, empty.occupancy > space.threshold))


def test_the_answer_follows_from_the_arguments(space, own):
    first, again = (snap(space, own, steps=3, seed=5) for _ in range(2))
    assert np.array_equal(first.z, again.z)
    assert not np.array_equal(first.z, snap(space, own, steps=3, seed=6).z)


def test_less_likeness_stays_nearer_to_the_prior(space, own):
    damaged = own ^ (np.random.default_rng(1).random(own.shape) < 0.1)
    free, firm = (float(np.linalg.norm(snap(space, damaged, likeness=x, steps=30).z)) for x in (1.0, 0.0))
    assert firm < free


def test_another_resolution_is_brought_to_the_space_s(space, own):
    coarse = own.reshape(16, 2, 16, 2, 16, 2).any((1, 3, 5))
    assert snap(space, coarse, steps=2).occupancy.shape == (32, 32, 32)


def test_a_uniform_prior_is_never_left():
    space = ShapeSpace(Generator(6, 16, widths=(8, 4)), SpaceCard(prior="uniform"))
    found = snap(space, np.indices((16, 16, 16))[0] < 8, steps=20)
    assert ((found.z >= 0) & (found.z <= 1)).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"likeness": 1.5}, "likeness is 1.5"),
        ({"likeness": float("nan")}, "likeness is nan"),
        ({"steps": 0}, "steps is 0"),
        ({"mask": np.ones((4, 4, 4), bool)}, r"mask is \(4, 4, 4\)"),
    ],
)
def test_what_is_out_of_bounds_is_named(space, own, changed, message):
    with pytest.raises(UsageError, match=message):
        snap(space, own, **changed)


def test_nothing_where_it_counts_is_refused(space, own):
    with pytest.raises(BadInput, match="empty where it counts"):
        snap(space, own, mask=np.zeros_like(own))
    with pytest.raises(UsageError, match="equal sides"):
        snap(space, own[:4])
