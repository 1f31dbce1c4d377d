"""The prior: its two distributions, its seed, and no third."""

from __future__ import annotations

import pytest
import torch

from shapespace.errors import UsageError
from shapespace.nets.prior import PRIORS, sample_prior


def test_uniform_is_on_the_unit_interval_and_normal_is_standard():
    rng = torch.Generator().manual_seed(0)
    uniform = sample_prior("uniform", 1000, 50, generator=rng)
    assert 0 <= uniform.min() < 0.001 < 0.999 < uniform.max() < 1
    assert uniform.var().item() == pytest.approx(1 / 12, rel=0.02)
    normal = sample_prior("normal", 1000, 50, generator=rng)
    assert abs(normal.mean().item()) < 0.01
    assert normal.std().item() == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize("name", PRIORS)
def test_a_seed_gives_the_same_latents_and_leaves_the_global_state_alone(name):
    state = torch.get_rng_state()
    a, b = (sample_prior(name, 3, 7, generator=torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(a, b)
    assert torch.equal(torch.get_rng_state(), state)


def test_another_prior_is_refused():
    with pytest.raises(UsageError, match="'gaussian'"):
        sample_prior("gaussian", 1, 1, generator=None)
