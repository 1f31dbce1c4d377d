"""Both networks taught from one pass of D receive the gradients that two passes would give them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from shapespace.errors import UsageError
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.nets.init import init_he
from shapespace.settings import AugmentSettings, NetSettings, Settings, TrainSettings
from shapespace.train.gan import Gan

STANDING_STILL = 1e-9
"""A rate at which D after its update is D before it, to rounding: then the two forms must agree."""

NETS = NetSettings(latent_dim=8, prior="normal", discriminator_norm="none")
TRAIN = TrainSettings(
    batch_size=6, balance=1.0, r1=2.0, r2=2.0, one_draw=True,
    generator_rate=STANDING_STILL, discriminator_rate=STANDING_STILL,
)  # fmt: skip


def gradients(loss: str, *, one_pass: bool, whole: float = 0.0) -> tuple[list[torch.Tensor], dict[str, float]]:
    train = replace(TRAIN, loss=loss, one_pass=one_pass, whole=whole)
    settings = Settings(nets=NETS, train=train, augment=AugmentSettings(soften=0.5))
    generator = init_he(Generator(8, 16, widths=(8, 4)), torch.Generator().manual_seed(1))
    discriminator = init_he(Discriminator(16, widths=(4, 8), norm="none"), torch.Generator().manual_seed(2))
    real = (torch.rand(6, 1, 16, 16, 16, generator=torch.Generator().manual_seed(3)) > 0.8).float()
    stats = Gan(generator, discriminator, settings).step(real, step=4, count=6, is_open=True)
    parameters = [*generator.parameters(), *discriminator.parameters()]
    return [p.grad.clone() for p in parameters], {k: v.sum().item() for k, v in stats.items()}


@pytest.mark.parametrize("whole", [0.0, 0.5])
@pytest.mark.parametrize("loss", ["relativistic", "bce", "hinge", "wgan"])
def test_one_pass_gives_both_networks_the_gradients_of_two(loss, whole):
    once, numbers_once = gradients(loss, one_pass=True, whole=whole)
    twice, numbers_twice = gradients(loss, one_pass=False, whole=whole)
    for a, b in zip(once, twice, strict=True):
        assert (a - b).norm() <= 1e-5 * b.norm() + 1e-9
    assert numbers_once == pytest.approx(numbers_twice, rel=1e-5)


def test_what_keeps_shapes_whole_teaches_the_generator_alone():
    with_it, without = (gradients("relativistic", one_pass=True, whole=whole)[0] for whole in (0.5, 0.0))
    same = [torch.equal(a, b) for a, b in zip(with_it, without, strict=True)]
    judged = len(list(Discriminator(16, widths=(4, 8), norm="none").parameters()))
    assert not any(same[:-judged])
    assert all(same[-judged:])


@pytest.mark.parametrize("nets", [replace(NETS, discriminator_norm="batch"), replace(NETS, minibatch_std=True)])
def test_one_pass_is_refused_where_shapes_of_a_batch_are_judged_together(nets):
    with pytest.raises(UsageError, match="judges each shape alone"):
        Settings(nets=nets, train=replace(TRAIN, one_pass=True))
