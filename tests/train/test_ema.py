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
