from __future__ import annotations

import math

import pytest

from shapespace.train.watchdog import GRACE_SHAPES, PATIENCE_SHAPES, Watchdog, diagnose

HEALTHY = {
    "shapes": 50_000, "occupancy_real": 0.13, "occupancy_fake": 0.12, "diversity_real": 0.6, "diversity_fake": 0.5,
    "accuracy": 0.7, "loss_discriminator": 0.6, "loss_generator": 0.9,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"occupancy_fake": 0.46}, "solid cube"),
        ({"occupancy_fake": 0.004}, "void"),
        ({"diversity_fake": 0.02}, "one shape for all"),
        ({"accuracy": 1.0, "loss_discriminator": 0.01}, "dead discriminator (never wrong)"),
        ({"accuracy": 0.4, "loss_discriminator": 8.4}, "dead discriminator (left behind)"),
        ({"loss_generator": math.nan}, "non-finite loss"),
        ({"loss_discriminator": math.inf}, "non-finite loss"),
    ],
)
def test_each_collapse_has_its_name_its_sign_and_advice(changes, name):
    verdict = diagnose(HEALTHY | changes)
    assert verdict.name == name
    assert verdict.sign
    assert verdict.advice


def test_a_healthy_run_has_none():
    assert diagnose(HEALTHY) is None


def test_the_grey_block_every_run_starts_as_is_not_called_a_collapse():
    assert Watchdog("stop").look(HEALTHY | {"occupancy_fake": 0.5, "shapes": GRACE_SHAPES - 1}) is None


def test_a_verdict_is_announced_once_and_stops_the_run_only_when_it_lasts():
    dog, sick = Watchdog("stop"), HEALTHY | {"occupancy_fake": 0.0}
    assert dog.look(sick | {"shapes": 10_000}).name == "void"
    assert dog.look(sick | {"shapes": 11_000}) is None
    assert not dog.must_stop(10_000 + PATIENCE_SHAPES - 1)
    assert dog.must_stop(10_000 + PATIENCE_SHAPES)


def test_recovery_is_forgiven():
    dog = Watchdog("stop")
    dog.look(HEALTHY | {"occupancy_fake": 0.0})
    dog.look(HEALTHY)
    assert dog.healthy
    assert not dog.must_stop(10**9)


def test_warn_never_stops_and_off_never_speaks():
    warning, silent = Watchdog("warn"), Watchdog("off")
    sick = HEALTHY | {"occupancy_fake": 0.0}
    assert warning.look(sick) is not None
    assert silent.look(sick) is None
    assert not warning.must_stop(10**9)


def test_a_resumed_watchdog_goes_on_where_it_was():
    dog = Watchdog("stop")
    dog.look(HEALTHY | {"occupancy_fake": 0.0, "shapes": 10_000})
    again = Watchdog("stop")
    again.restore(dog.state())
    assert again.look(HEALTHY | {"occupancy_fake": 0.0, "shapes": 12_000}) is None
    assert again.must_stop(10_000 + PATIENCE_SHAPES)
