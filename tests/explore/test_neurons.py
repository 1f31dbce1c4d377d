"""Neurons: units made by hand are excited by what they were made for, there and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from shapespace.errors import UsageError
from shapespace.explore.neighbours import Collection, of_latents
from shapespace.explore.neurons import effects, gradients, most_excited, selective, strengths, traversed
from shapespace.nets.card import SpaceCard
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.space import ShapeSpace

COUNT = 10


def made(prior: str = "normal") -> ShapeSpace:
    torch.manual_seed(3)
    generator = Generator(12, 16, widths=(8, 4))
    generator.output.weight.data.mul_(60)
    return ShapeSpace(generator, SpaceCard(prior=prior), discriminator=Discriminator(16, widths=(3, 4)))


@pytest.fixture
def space() -> ShapeSpace:
    """D's first layer by hand: unit 0 counts full voxels, unit 1 takes them off, unit 2 is blind."""
    found = made()
    assert found.discriminator is not None
    conv = next(found.discriminator.layers[0].children())
    assert isinstance(conv, nn.Conv3d)
    weights = torch.tensor([1.0, -1.0, 0.0])[:, None, None, None, None]
    conv.weight.data[...] = weights.expand_as(conv.weight)
    return found


@pytest.fixture
def shapes() -> Collection:
    """Shape i is a block of (i + 2)^3 far from the origin, and a lone voxel near it."""
    voxels = np.zeros((COUNT, 16, 16, 16), bool)
    for i, grid in enumerate(voxels):
        grid[-i - 2 :, -i - 2 :, -i - 2 :] = i < 4
        grid[1, 1, 1] = True
    return Collection(COUNT, lambda ids: voxels[ids], "", 16)


def test_the_strongest_shapes_are_those_with_the_fullest_window(space, shapes):
    table = strengths(space, shapes, 1)
    assert table.shape == (COUNT, 3)
    found = most_excited(space, shapes, table, 0, layer=1, count=4)
    assert sorted(found.ids.tolist()) == [0, 1, 2, 3]
    assert (np.diff(found.strengths) <= 0).all()
    assert found.strengths == pytest.approx(table[found.ids, 0])


def test_the_part_that_did_it_is_in_the_window_and_in_the_shape(space, shapes):
    table = strengths(space, shapes, 1)
    found = most_excited(space, shapes, table, 0, layer=1, count=3)
    for voxels, marks in zip(found.voxels, found.marks, strict=True):
        assert marks.any()
        assert not (marks & ~voxels).any()
        assert not marks[1, 1, 1]
        low = [np.flatnonzero(marks.any(axis=axes))[[0, -1]] for axes in ((1, 2), (0, 2), (0, 1))]
        assert all(b - a < 4 for a, b in low)  # a window of the first layer is 4 voxels wide


def test_a_gradient_is_the_weight_where_the_window_is_and_zero_elsewhere(space):
    voxels = np.zeros((1, 16, 16, 16), bool)
    voxels[0, 8, 8, 8] = True
    found = gradients(space, voxels, 1, 0)
    assert found.shape == (1, 16, 16, 16)
    assert np.count_nonzero(found) == 64
    assert found[found > 0] == pytest.approx(found.max())
    assert gradients(space, voxels, 1, 2).max() == 0


def test_half_of_an_even_gradient_is_half_of_its_voxels(space):
    voxels = np.ones((16, 16, 16), bool)
    shapes = Collection(1, lambda ids: voxels[None][ids], "", 16)
    found = most_excited(space, shapes, strengths(space, shapes, 1), 0, layer=1)
    assert found.ids.tolist() == [0]
    assert np.count_nonzero(found.marks) == 32


def test_units_are_told_apart_by_how_choosy_they_are():
    table = np.zeros((200, 3), np.float32)
    rng = np.random.default_rng(0)
    table[:, 0], table[:, 1] = rng.random(200), rng.random(200) * 0.1
    table[:4, 1] = 5  # loud for few
    assert selective(table).tolist() == [1, 0, 2]


def test_blocks_are_one_table_and_what_was_seen_is_told(space):
    z = space.latents(70)
    seen: list[int] = []
    table = strengths(space, of_latents(space, z), told=seen.append)
    assert table.shape == (70, 4)
    assert seen == [64, 70]
    assert strengths(space, of_latents(space, z[64:])) == pytest.approx(table[64:], abs=1e-5)
    assert strengths(space, of_latents(space, z[64:]), 2) == pytest.approx(table[64:], abs=1e-5)


@pytest.mark.parametrize(("prior", "low", "high"), [("normal", -2.5, 2.5), ("uniform", 0, 1)])
def test_a_walk_changes_one_number_alone_from_end_to_end(prior, low, high):
    space = made(prior)
    z = space.latents(2)
    rows = traversed(space, 5, z, 3)
    assert rows.shape == (2, 3, 12)
    assert rows[:, :, 5].tolist() == [[low, (low + high) / 2, high]] * 2
    others = np.delete(np.arange(12), 5)
    assert np.array_equal(rows[:, :, others], np.repeat(z[:, None, others], 3, axis=1))


def test_a_number_that_the_generator_does_not_hear_has_no_effect():
    space = made()
    heard = space.generator.project[1]
    assert isinstance(heard, nn.ConvTranspose3d)
    heard.weight.data[7] = 0
    space = ShapeSpace(space.generator, space.card)
    found = effects(space, [6, 7])
    assert found[0] > 0
    assert found[1] == 0
    assert effects(space)[[6, 7]] == pytest.approx(found)


def test_what_is_not_there_is_refused(space, shapes):
    table = strengths(space, shapes, 1)
    for layer in (0, 3, -2):
        with pytest.raises(UsageError, match="layers 1 to 2"):
            strengths(space, shapes, layer)
    for unit in (-1, 3):
        with pytest.raises(UsageError, match="units 0 to 2"):
            most_excited(space, shapes, table, unit, layer=1)
    with pytest.raises(UsageError, match="count is 0"):
        most_excited(space, shapes, table, 0, layer=1, count=0)
    for dimension in (-1, 12):
        with pytest.raises(UsageError, match="0 to 11"):
            traversed(space, dimension, space.latents(1))
    with pytest.raises(UsageError, match="steps is 1"):
        traversed(space, 0, space.latents(1), 1)
    with pytest.raises(UsageError, match="without its discriminator"):
        strengths(ShapeSpace(space.generator, space.card), shapes)
