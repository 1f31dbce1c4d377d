from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from shapespace.train.ema import Ema


def network(value: float) -> nn.Module:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.fill_(value)
        net[1].running_mean.fill_(value)
    return net


def weight(ema: Ema) -> float:
    return float(next(ema.network.parameters()).mean())


def test_half_life_is_counted_in_shapes_whatever_the_batch() -> None:
    for batch in (10, 100):
        ema = Ema(network(1.0), half_life=1_000)
        ema.shapes.fill_(1_000_000)  # far past the ramp
        for _ in range(1_000 // batch):
            ema.update(network(0.0), batch)
        assert weight(ema) == pytest.approx(0.5, rel=1e-5)


def test_first_weights_are_soon_gone() -> None:
    ema = Ema(network(1.0), half_life=1_000_000)
    for _ in range(100):
        ema.update(network(0.0), 10)
    assert weight(ema) < 1e-10


def test_ramp_ends_at_the_half_life() -> None:
    ema = Ema(network(1.0), half_life=500)
    ema.shapes.fill_(5_000)
    assert ema.decay(500) == pytest.approx(0.5)
    ema.shapes.fill_(1_000_000)
    assert ema.decay(500) == pytest.approx(0.5)


def test_no_half_life_follows_the_network() -> None:
    ema, net = Ema(network(1.0), half_life=0), network(0.25)
    ema.update(net, 7)
    for mine, theirs in zip(ema.network.state_dict().values(), net.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_buffers_are_copied_not_averaged() -> None:
    ema = Ema(network(1.0), half_life=1e9)
    ema.update(network(0.0), 1)
    assert ema.network[1].running_mean.tolist() == [0.0, 0.0]


def test_average_neither_learns_nor_touches_what_it_averages() -> None:
    net = network(1.0)
    before = copy.deepcopy(net.state_dict())
    ema = Ema(net, half_life=10).train()
    ema.update(net, 5)
    assert not ema.network.training
    assert not any(p.requires_grad for p in ema.parameters())
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert all(p.requires_grad for p in net.parameters())


def test_state_dict_resumes_it_exactly() -> None:
    through = Ema(network(1.0), half_life=100)
    values = [0.0, 0.5, 2.0, -1.0]
    for value in values[:2]:
        through.update(network(value), 7)
    resumed = Ema(network(9.0), half_life=100)
    resumed.load_state_dict(copy.deepcopy(through.state_dict()))
    for value in values[2:]:
        through.update(network(value), 7)
        resumed.update(network(value), 7)
    for mine, theirs in zip(through.state_dict().values(), resumed.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_recalibrated_average_answers_as_it_does_in_training_mode() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1), nn.BatchNorm1d(1))
    ema = Ema(net, half_life=100)
    latents = torch.randn(5_000, 4)
    for _ in range(20):  # unlike the copied statistics, those of the weights themselves
        with torch.no_grad():
            net[0].weight.add_(torch.randn(8, 4))
        ema.update(net, 10)
    expected = copy.deepcopy(ema.network).train()(latents)
    assert (ema.network(latents) - expected).abs().max() > 0.1
    ema.recalibrate(latents.split(1_000))
    torch.testing.assert_close(ema.network(latents), expected, atol=1e-2, rtol=1e-2)


def test_recalibration_leaves_weights_mode_and_later_updates_alone() -> None:
    net = network(1.0)
    ema = Ema(net, half_life=100)
    weights = [p.clone() for p in ema.network.parameters()]
    ema.recalibrate(torch.randn(3, 16, 2))
    assert not any(part.training for part in ema.modules())
    assert all(torch.equal(a, b) for a, b in zip(weights, ema.network.parameters(), strict=True))
    assert ema.network[1].momentum == net[1].momentum


def test_recalibrating_a_network_without_batch_norm_changes_nothing() -> None:
    ema = Ema(nn.Linear(2, 2), half_life=1)
    before = copy.deepcopy(ema.state_dict())
    ema.recalibrate([torch.zeros(4, 2)])
    assert all(torch.equal(before[k], v) for k, v in ema.state_dict().items())
