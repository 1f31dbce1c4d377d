"""Mending: a vector is moved until its shape is in one piece, and no further; what is whole stays to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from shapespace.explore.interpolate import interpolate
from shapespace.explore.mend import in_one_piece, mend
from shapespace.nets.generator import Generator
from shapespace.nets.weights import SpaceCard, save_space
from shapespace.shapes.grid import components, iou
from shapespace.space import ShapeSpace, load


@pytest.fixture(scope="module")
def chairs() -> ShapeSpace:
    return load("chair")


def pieces(space: ShapeSpace, z: np.ndarray, threshold: float) -> list[int]:
    return [components(grid > threshold)[1] for grid in space.decode(z)]


def test_chairs_of_the_shipped_space_come_in_one_piece_and_are_the_same_chairs(chairs):
    z = chairs.latents(24, seed=5)
    mended = mend(chairs, z)
    before, after = (chairs.decode(rows) > chairs.threshold for rows in (z, mended))
    broken = np.array(pieces(chairs, z, chairs.threshold)) > 1
    assert broken.sum() > 5
    assert pieces(chairs, mended, chairs.threshold) == [1] * 24
    assert np.mean([iou(a, b) for a, b in zip(after[broken], before[broken], strict=True)]) > 0.75
    assert np.linalg.norm(mended - z, axis=1).max() < 4  # most are 11 from the middle, and 16 from one another
    assert np.array_equal(mended[~broken], z[~broken])


def test_a_vector_s_answer_follows_from_it_alone(chairs):
    z = chairs.latents(6, seed=5)
    assert np.array_equal(mend(chairs, z)[[4, 1]], mend(chairs, z[[4, 1]]))


def test_it_holds_at_the_threshold_that_is_given(chairs):
    z = chairs.latents(8, seed=6)
    mended = mend(chairs, z, threshold=0.6)
    assert pieces(chairs, mended, 0.6) == [1] * 8
    assert all(in_one_piece(chairs, row, 0.6) for row in mended)
    assert not np.array_equal(mended, mend(chairs, z))


def test_steps_between_two_chairs_are_whole(chairs):
    between = interpolate(chairs.latents(2, seed=3), 9)[1:-1]
    assert pieces(chairs, mend(chairs, between), chairs.threshold) == [1] * 7


def test_progress_is_told_and_nothing_is_no_trouble(chairs):
    told: list[float] = []
    mend(chairs, chairs.latents(3), steps=1, progress=told.append)
    assert told == sorted(told)
    assert {1, 2, 3} <= set(told)
    assert len(told) > 3  # between them, too: who waits for one shape may leave
    assert mend(chairs, np.zeros((0, chairs.latent_dim), np.float32)).shape == (0, chairs.latent_dim)


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_what_cannot_be_mended_is_left_as_it_was(tmp_path, prior):
    """Fresh weights make dust, which one step does not clear."""
    path = tmp_path / "dust.safetensors"
    generator = Generator(6, 16, widths=(16, 8))
    save_space(path, generator, SpaceCard(prior=prior, threshold=0.5))
    space = load(path)
    z = space.latents(4)
    broken = [not in_one_piece(space, row) for row in z]
    assert any(broken)
    mended = mend(space, z, steps=1)
    assert all(np.array_equal(a, b) for a, b in zip(mended, z, strict=True) if not in_one_piece(space, a))
    assert prior == "normal" or ((mended >= 0) & (mended <= 1)).all()
