"""D's second task: views keep the shape, the loss is the known one, and D alone learns from it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from small_runs import assert_same, final_state, raise_signal_when, small, small_modern

from shapespace.errors import Interrupted, UsageError
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.init import init_he
from shapespace.train import contrast as module
from shapespace.train.contrast import contrast, twins_apart, view
from shapespace.train.gan import Gan
from shapespace.train.loop import train


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def blocks(count: int, side: int = 16) -> torch.Tensor:
    grids = torch.zeros(count, 1, side, side, side)
    grids[:, :, 4:12, 6:10, 3:13] = 1
    return grids


def test_twins_alike_and_others_at_right_angles_cost_what_the_formula_says():
    rows = torch.eye(4).repeat(2, 1)
    share = math.exp(2) / (math.exp(2) + 6)
    assert twins_apart(rows, 0.5).item() == pytest.approx(-math.log(share), rel=1e-6)


def test_rows_all_alike_cost_the_logarithm_of_the_others():
    assert twins_apart(torch.ones(10, 3)).item() == pytest.approx(math.log(9), rel=1e-6)


def test_the_length_of_a_row_does_not_count():
    rows = torch.randn(8, 5, generator=seeded())
    assert twins_apart(rows * torch.arange(1, 9)[:, None]).item() == pytest.approx(twins_apart(rows).item(), rel=1e-5)


def test_one_shape_alone_has_nobody_to_be_mistaken_for():
    assert twins_apart(torch.randn(2, 5, generator=seeded())).item() == 0


@pytest.mark.parametrize("empty", [0.0, -1.0])
def test_a_view_stays_within_the_range_of_the_grid_and_near_its_volume(empty):
    grids = blocks(200) * (1 - empty) + empty
    seen = view(grids, seeded(), empty=empty)
    assert seen.shape == grids.shape
    assert seen.min() >= empty
    assert seen.max() <= 1 + 1e-5
    share = ((seen - empty).sum((1, 2, 3, 4)) / (grids - empty).sum((1, 2, 3, 4))).mean()
    assert 0.7 < share < 1.1  # a block of 0.4^3 of the grid is hidden, more of a shape in its middle


def test_without_its_changes_a_view_is_the_shape(monkeypatch):
    for name in ("TURN", "STRETCH", "SHIFT", "HIDDEN"):
        monkeypatch.setattr(module, name, 0.0)
    grids = torch.rand(20, 1, 8, 8, 8, generator=seeded())
    seen = view(grids, seeded(1))
    same = [torch.allclose(a, b, atol=1e-5) for a, b in zip(seen, grids, strict=True)]
    flipped = [torch.allclose(a, b.flip(1), atol=1e-5) for a, b in zip(seen, grids, strict=True)]
    assert all(a != b for a, b in zip(same, flipped, strict=True))  # each is one or the other
    assert any(same)
    assert any(flipped)


def test_a_quarter_turn_is_about_the_vertical_axis(monkeypatch):
    for name in ("STRETCH", "SHIFT", "HIDDEN"):
        monkeypatch.setattr(module, name, 0.0)
    monkeypatch.setattr(module, "_uniform", lambda _g, *shape: torch.ones(shape))
    monkeypatch.setattr(module, "TURN", math.pi / 2)
    grids = torch.rand(1, 1, 8, 8, 8, generator=seeded())
    turned = (grids.rot90(1, (2, 3)), grids.rot90(-1, (2, 3)))
    assert any(torch.allclose(view(grids, seeded()), right, atol=1e-4) for right in turned)


def test_views_follow_from_the_generator_alone():
    grids = blocks(6)
    assert torch.equal(view(grids, seeded(3)), view(grids, seeded(3)))
    assert not torch.equal(view(grids, seeded(3)), view(grids, seeded(4)))


def test_d_learns_to_know_shapes_again():
    noise = torch.randn(16, 1, 16, 16, 16, generator=seeded())
    for _ in range(3):
        noise = torch.nn.functional.avg_pool3d(noise, 5, 1, 2)
    network = init_he(Discriminator(16, widths=(8, 16), norm="none"), seeded(1))
    adam = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for step in range(25):
        adam.zero_grad()
        loss = contrast(network, (noise > 0).float(), seeded(step))
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])


def test_it_is_off_unless_asked_for_and_asks_for_no_batch_norm():
    assert small().train.contrast == 0
    with pytest.raises(UsageError, match="batch statistics"):
        small(contrast=1.0)
    with pytest.raises(UsageError, match="contrast"):
        small_modern(contrast=-1.0)


@pytest.mark.parametrize("one_pass", [True, False])
def test_a_run_with_it_resumes_bit_for_bit(store, tmp_path, monkeypatch, one_pass):
    settings = small_modern(contrast=0.5, one_pass=one_pass, shapes=44)
    train(store, settings, tmp_path / "whole")
    with monkeypatch.context() as patch:
        raise_signal_when(patch, Gan, "step", call=5)
        with pytest.raises(Interrupted):
            train(store, settings, tmp_path / "broken")
    train(store, settings, tmp_path / "broken", resume=True)
    assert_same(final_state(tmp_path / "broken"), final_state(tmp_path / "whole"))
    train(store, replace(settings, train=replace(settings.train, contrast=0.0)), tmp_path / "without")
    with_it, without = final_state(tmp_path / "whole")["tensors"], final_state(tmp_path / "without")["tensors"]
    name = next(name for name in with_it if name.startswith("discriminator.") and name.endswith("weight"))
    assert not torch.equal(with_it[name], without[name])
