from __future__ import annotations

import pytest
import torch

from shapespace.train.balance import accuracy, gather_counts, is_open, pair_accuracy


def test_accuracy_counts_all_decisions_of_both_halves():
    real = torch.tensor([2.0, -1.0, 3.0, 0.5])  # three right
    fake = torch.tensor([-1.0, 4.0, 1.0, 1.0])  # one right
    assert accuracy(real, fake).item() == 4 / 8


def test_undecided_is_not_right():
    assert accuracy(torch.zeros(3), torch.zeros(3)).item() == 0


def test_pair_accuracy_knows_only_differences():
    real, fake = torch.tensor([1.0, 5.0]), torch.tensor([2.0, 4.0])
    assert pair_accuracy(real, fake).item() == 0.5
    assert pair_accuracy(real + 100, fake + 100).item() == 0.5


@pytest.mark.parametrize(("last", "opened"), [(None, True), (0.0, True), (0.8, True), (0.8001, False), (1.0, False)])
def test_the_gate_is_open_up_to_and_at_80_percent(last, opened):
    assert is_open(last, 0.8) is opened


def test_a_limit_of_one_never_closes():
    assert is_open(1.0, 1.0)


@pytest.mark.parametrize("paired", [False, True])
def test_counts_add_up_over_ranks(paired):
    real, fake = torch.randn(6), torch.randn(6)
    rate = pair_accuracy if paired else accuracy
    parts = gather_counts(real[:2], fake[:2], paired) + gather_counts(real[2:], fake[2:], paired)
    assert (parts[0] / parts[1]).item() == pytest.approx(rate(real, fake).item())
