from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from shapespace.errors import UsageError
from shapespace.train import losses

REAL, FAKE = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([-0.5, 3.0, 0.0])


def sigmoid(logit: Tensor) -> Tensor:
    return 1 / (1 + torch.exp(-logit))


def test_bce_is_the_formula_of_the_paper() -> None:
    loss = losses.named("bce")
    printed = -(torch.log(sigmoid(REAL)).mean() + torch.log(1 - sigmoid(FAKE)).mean())
    torch.testing.assert_close(loss.discriminator(REAL, FAKE), printed)
    torch.testing.assert_close(loss.generator(None, FAKE), -torch.log(sigmoid(FAKE)).mean())


def test_minimax_is_the_generator_loss_as_printed() -> None:
    loss = losses.named("bce", "minimax")
    torch.testing.assert_close(loss.generator(None, FAKE), torch.log(1 - sigmoid(FAKE)).mean())


def test_the_two_generator_losses_pull_the_same_way_and_only_one_saturates() -> None:
    slopes = {}
    for name in losses.GENERATOR_LOSSES:
        logit = torch.tensor([-20.0], requires_grad=True)
        losses.named("bce", name).generator(None, logit).backward()
        slopes[name] = float(logit.grad)
    assert slopes["non_saturating"] == pytest.approx(-1)
    assert -1e-8 < slopes["minimax"] < 0


@pytest.mark.parametrize("name", losses.LOSSES)
def test_losses_stay_finite_with_slopes_where_the_discriminator_is_sure(name: str) -> None:
    loss = losses.named(name)
    real, fake = torch.tensor([-1e4, 1e4], requires_grad=True), torch.tensor([1e4, -1e4], requires_grad=True)
    total = loss.discriminator(real, fake) + loss.generator(real, fake)
    total.backward()
    assert all(torch.isfinite(x).all() for x in (total, real.grad, fake.grad))


@pytest.mark.parametrize("name", losses.LOSSES)
def test_discriminator_wants_real_up_and_fake_down_and_the_generator_fake_up(name: str) -> None:
    loss = losses.named(name)
    real, fake = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    loss.discriminator(real, fake).backward()
    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()
    fake = torch.zeros(4, requires_grad=True)
    loss.generator(torch.zeros(4), fake).backward()
    assert (fake.grad < 0).all()


@pytest.mark.parametrize("name", [name for name, loss in losses.LOSSES.items() if loss.separate])
def test_parts_add_up_to_the_whole(name: str) -> None:
    loss = losses.LOSSES[name]
    torch.testing.assert_close(loss.on_real(REAL) + loss.on_fake(FAKE), loss.discriminator(REAL, FAKE))


def test_smoothing_moves_the_optimum_of_the_real_logit_to_its_label() -> None:
    logit = torch.tensor([math.log(0.9 / 0.1)], requires_grad=True)
    losses.named("bce", one_sided_smoothing=0.1).on_real(logit).backward()
    assert logit.grad.abs().item() < 1e-6


@pytest.mark.parametrize("smoothing", [-0.1, 0.5, 1.2, math.nan])
def test_labels_outside_their_range_are_refused(smoothing: float) -> None:
    with pytest.raises(UsageError, match="smoothing"):
        losses.named("bce", one_sided_smoothing=smoothing)


@pytest.mark.parametrize("names", [("mse",), ("bce", "maximin")])
def test_unknown_names_are_answered_with_those_there_are(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=r"there are: (bce|non_saturating)"):
        losses.named(*names)


def test_hinge_and_wgan_by_hand() -> None:
    assert losses.LOSSES["hinge"].discriminator(REAL, FAKE).item() == pytest.approx((0 + 2 + 0.5 + 0.5 + 4 + 1) / 3)
    assert losses.LOSSES["wgan"].discriminator(REAL, FAKE).item() == pytest.approx((2.5 - 1.5) / 3)
    assert losses.LOSSES["wgan"].generator(None, FAKE).item() == pytest.approx(-2.5 / 3)


def test_relativistic_knows_only_differences() -> None:
    loss = losses.LOSSES["relativistic"]
    for moved in (0.0, 7.0):
        torch.testing.assert_close(loss.discriminator(REAL + moved, FAKE + moved), loss.discriminator(REAL, FAKE))
    torch.testing.assert_close(loss.generator(REAL, FAKE), loss.discriminator(FAKE, REAL))
    assert loss.paired
    assert not loss.separate


def test_relativistic_generator_needs_the_real_logits() -> None:
    with pytest.raises(ValueError, match="real logits"):
        losses.LOSSES["relativistic"].generator(None, FAKE)


class Linear(nn.Module):
    """A discriminator whose slope is known: `weight` everywhere, or 2x with `square`."""

    def __init__(self, weight: Tensor, square: bool = False) -> None:
        super().__init__()
        self.weight, self.square = nn.Parameter(weight), square

    def forward(self, x: Tensor) -> Tensor:
        return ((x.square() if self.square else x) * self.weight).flatten(1).sum(1)


def shapes(seed: int) -> Tensor:
    return torch.rand(3, 1, 4, 4, 4, generator=torch.Generator().manual_seed(seed))


def test_zero_centred_is_the_squared_norm_over_all_axes() -> None:
    weight = shapes(0)[:1]
    penalty = losses.zero_centred(Linear(weight.clone()), shapes(1))
    torch.testing.assert_close(penalty, weight.square().sum())


def test_zero_centred_is_taken_at_the_shapes_given() -> None:
    at = shapes(1)
    penalty = losses.zero_centred(Linear(torch.ones(1, 1, 4, 4, 4), square=True), at)
    torch.testing.assert_close(penalty, (2 * at).flatten(1).square().sum(1).mean())


def test_penalty_teaches_the_weights_but_not_the_shapes() -> None:
    discriminator, at = Linear(shapes(0)[:1].clone()), shapes(1).requires_grad_()
    losses.zero_centred(discriminator, at).backward()
    torch.testing.assert_close(discriminator.weight.grad, 2 * discriminator.weight.detach())
    assert at.grad is None


def test_one_centred_vanishes_at_slope_one_and_only_there() -> None:
    weight = shapes(0)[:1]
    unit = weight / weight.norm()
    for norm in (1.0, 3.0):
        penalty = losses.one_centred(Linear(unit * norm), shapes(1), shapes(2), generator=torch.Generator())
        torch.testing.assert_close(penalty, torch.tensor((norm - 1) ** 2), atol=1e-6, rtol=1e-5)


def test_one_centred_looks_between_real_and_fake_each_pair_at_its_own_place() -> None:
    seen = []

    class Spy(Linear):
        def forward(self, x: Tensor) -> Tensor:
            seen.append(x.detach())
            return super().forward(x)

    real, fake = torch.ones(3, 1, 4, 4, 4), torch.zeros(3, 1, 4, 4, 4)
    losses.one_centred(Spy(real[:1].clone()), real, fake, generator=torch.Generator().manual_seed(3))
    shares = seen[0].flatten(1)
    assert (shares == shares[:, :1]).all()
    assert len(shares[:, 0].unique()) == 3
    assert ((shares >= 0) & (shares <= 1)).all()


def test_penalties_yields_the_weighted_terms_that_are_asked_for() -> None:
    discriminator, real, fake = Linear(shapes(0)[:1].clone()), shapes(1), shapes(2)
    slope = discriminator.weight.detach().square().sum()
    assert list(losses.penalties(discriminator, real, fake)) == []
    r1, r2 = losses.penalties(discriminator, real, fake, r1=3.0, r2=5.0)
    torch.testing.assert_close(r1, 1.5 * slope)
    torch.testing.assert_close(r2, 2.5 * slope)
    (between,) = losses.penalties(discriminator, real, fake, gradient_penalty=10.0, generator=torch.Generator())
    torch.testing.assert_close(between, 10 * (slope.sqrt() - 1) ** 2)


def test_penalties_are_computed_in_float32_inside_autocast_and_without_grad() -> None:
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
    exact = losses.zero_centred(discriminator, shapes(1))
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        penalty = losses.zero_centred(discriminator, shapes(1).bfloat16())
    assert penalty.dtype == torch.float32
    torch.testing.assert_close(penalty, exact)
