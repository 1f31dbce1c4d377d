"""The encoder's two losses: reductions by hand, for on them it hangs whether a picture is ever looked at."""

from __future__ import annotations

import math

import pytest
import torch

from shapespace.train import variational
from shapespace.train.vaegan import as_probabilities

# Two pictures, two dimensions: N(1, 1) and N(0, e^2); N(0, 1) and N(2, 1).
MEAN = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
LOG_VARIANCE = torch.tensor([[0.0, 2.0], [0.0, 0.0]])
NATS = [[0.5, 0.5 * (math.e**2 - 3)], [0.0, 2.0]]

# Two shapes of four voxels: probabilities 0.5, 0.5, 0.8, 0.2 of the first, all exact for the second but one.
LOGITS = torch.logit(torch.tensor([[0.5, 0.5, 0.8, 0.2], [0.5, 0.5, 0.5, 0.9]])).view(2, 1, 2, 2, 1)
TARGET = torch.tensor([[1.0, 0.0, 1.0, 0.0], [0.5, 0.5, 0.5, 0.0]]).view(2, 1, 2, 2, 1)


def test_the_divergence_by_hand():
    found = variational.divergences(MEAN, LOG_VARIANCE)
    assert torch.allclose(found, torch.tensor(NATS))


def test_the_sum_is_over_dimensions_and_the_mean_over_pictures():
    nats = torch.tensor(NATS)
    assert variational.kl_sum(nats).item() == pytest.approx((0.5 + NATS[0][1] + 2.0) / 2)
    assert variational.kl_mean(nats).item() == pytest.approx((0.5 + NATS[0][1] + 2.0) / 4)


def test_free_bits_lift_what_is_below_them_and_take_its_gradient():
    nats = torch.tensor(NATS, requires_grad=True)
    free = variational.with_free_bits(nats, 0.6)
    assert free.tolist() == pytest.approx([pytest.approx([0.6, NATS[0][1]]), pytest.approx([0.6, 2.0])])
    free.sum().backward()
    assert nats.grad.tolist() == [[0.0, 1.0], [0.0, 1.0]]


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("norm", (math.sqrt(0.25 + 0.25 + 0.04 + 0.04) + 0.9) / 2),
        ("squares", (0.58 + 0.81) / 2),
        ("mean_square", (0.58 + 0.81) / 8),
        ("bce", (-2 * math.log(0.5) - 2 * math.log(0.8) - 3 * math.log(0.5) - math.log(0.1)) / 2),
    ],
)
def test_each_reconstruction_by_hand(name, by_hand):
    assert variational.RECONSTRUCTION[name](LOGITS, TARGET).item() == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.parametrize("name", variational.RECONSTRUCTION)
def test_a_batch_of_the_same_shape_twice_has_its_loss_once(name):
    loss = variational.RECONSTRUCTION[name]
    once, twice = loss(LOGITS[:1], TARGET[:1]), loss(LOGITS[:1].repeat(2, 1, 1, 1, 1), TARGET[:1].repeat(2, 1, 1, 1, 1))
    assert once.item() == pytest.approx(twice.item())


@pytest.mark.parametrize("name", variational.RECONSTRUCTION)
def test_the_slope_is_finite_where_the_shape_is_rebuilt_exactly_or_wrong_for_sure(name):
    logits = torch.tensor([[0.0, 80.0, -80.0, 80.0]]).view(1, 1, 2, 2, 1).requires_grad_()
    target = torch.tensor([[0.5, 1.0, 0.0, 0.0]]).view(1, 1, 2, 2, 1)
    variational.RECONSTRUCTION[name](logits, target).backward()
    assert torch.isfinite(logits.grad).all()
    exact = torch.zeros(1, 1, 2, 2, 1, requires_grad=True)
    variational.RECONSTRUCTION[name](exact, torch.full((1, 1, 2, 2, 1), 0.5)).backward()
    assert torch.isfinite(exact.grad).all()


def test_a_tanh_generator_s_logits_and_grids_become_probabilities():
    logits, real = torch.randn(2, 1, 2, 2, 2), torch.tensor([-1.0, 1.0])
    found, target = as_probabilities(logits, real, "tanh")
    assert torch.allclose(torch.sigmoid(found), (torch.tanh(logits) + 1) / 2, atol=1e-6)
    assert target.tolist() == [0.0, 1.0]
    assert as_probabilities(logits, real, "sigmoid")[0] is logits


def test_a_dimension_is_active_if_its_mean_varies_with_the_picture():
    mean = torch.tensor(
        [[0.0, 5.0, 0.0], [0.3, 5.0, 0.1], [0.0, 5.0, 0.0], [0.3, 5.0, 0.1]]
    )  # variances 0.0225, 0, 0.0025
    assert variational.active_dimensions(mean) == 1


def test_a_pupil_is_apart_from_its_teacher_by_nats_worked_out_by_hand():
    mean, log_variance = torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, math.log(4.0)]])
    teacher = torch.tensor([[2.0, 1.0]]), torch.tensor([[0.0, 0.0]])
    # a mean two deviations off: 2 nats; a spread twice as wide: (ln 4 + 1/4 - 1) / 2
    expected = torch.tensor([[2.0, (math.log(4.0) - 0.75) / 2]])
    assert torch.allclose(variational.divergences_from(teacher, mean, log_variance), expected)
    assert not variational.divergences_from((mean, log_variance), mean, log_variance).any()
