"""What several commands are tried on."""

from __future__ import annotations

import pytest
import torch

from shapespace.nets.card import SpaceCard
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.nets.weights import save_space


@pytest.fixture(scope="session")
def space(tmp_path_factory) -> str:
    """The file of an untrained space whose shapes differ, with its discriminator."""
    torch.manual_seed(1)
    generator = Generator(6, 16, widths=(16, 8))
    generator.output.weight.data.mul_(60)
    path = tmp_path_factory.mktemp("space") / "made.safetensors"
    save_space(path, generator, SpaceCard(prior="normal"), discriminator=Discriminator(16, widths=(4, 6)))
    return str(path)
