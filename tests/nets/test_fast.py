"""The generator as sampling uses it computes the same, whatever the batch."""

from __future__ import annotations

import pytest
import torch

from shapespace.nets.fast import FastGenerator
from shapespace.nets.generator import Generator
from shapespace.nets.norm import BatchNorm3d

CASES = {
    "16": {"resolution": 16, "widths": (8, 4)},
    "32": {"resolution": 32, "widths": (24, 12, 6)},
    "64": {"resolution": 64, "widths": (16, 8, 4, 2)},
    "linear, tanh": {"resolution": 16, "widths": (8, 4), "projection": "linear", "activation": "tanh"},
    "bias": {"resolution": 32, "widths": (7, 5, 3), "bias": True},
    "symmetric": {"resolution": 16, "widths": (8, 4), "symmetric": True},
    "base 2": {"resolution": 32, "widths": (16, 8, 4, 2), "base": 2},
}


def trained(**arguments) -> Generator:
    """A generator with running statistics as after some training."""
    torch.manual_seed(0)
    generator = Generator(11, **arguments).eval()
    for part in generator.modules():
        if isinstance(part, BatchNorm3d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 2)
            part.bias.data.normal_(0, 0.3)
        elif getattr(part, "bias", None) is not None and isinstance(part.bias, torch.Tensor):
            part.bias.data.normal_(0, 0.3)
    return generator


@pytest.mark.parametrize("case", CASES)
def test_it_is_the_generator_in_evaluation_mode(case):
    generator, z = trained(**CASES[case]), torch.rand(9, 11)
    with torch.no_grad():
        torch.testing.assert_close(FastGenerator(generator)(z), generator(z), rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_a_shape_does_not_depend_on_its_batch_bit_for_bit(case):
    fast, z = FastGenerator(trained(**CASES[case])), torch.rand(9, 11)
    together = fast(z)
    for size in (1, 2, 5):
        assert torch.equal(together, torch.cat([fast(part) for part in z.split(size)]))


def test_training_mode_of_the_generator_does_not_reach_it():
    generator, z = trained(resolution=16, widths=(8, 4)), torch.rand(4, 11)
    before = FastGenerator(generator)(z)
    generator.train()
    assert torch.equal(FastGenerator(generator)(z), before)


def test_it_keeps_its_own_weights():
    generator, z = trained(resolution=16, widths=(8, 4)), torch.rand(4, 11)
    fast = FastGenerator(generator)
    before = fast(z)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.zero_()
    assert torch.equal(fast(z), before)
