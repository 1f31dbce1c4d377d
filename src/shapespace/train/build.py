"""What a run starts with: its device, its batches, its networks."""

from __future__ import annotations

import math
import os

import torch

from shapespace.data.batches import Batches
from shapespace.data.store import Store
from shapespace.errors import UsageError
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.nets.init import init_he
from shapespace.nets.layout import widths_for
from shapespace.settings import Settings
from shapespace.train.gan import Gan
from shapespace.train.ranks import Ranks


def build(settings: Settings, store: Store, device: torch.device, place: Ranks | None = None) -> Gan:
    """Return both networks with fresh weights, on their device, ready to learn."""
    nets, resolution = settings.nets, store.resolution
    generator = Generator(
        nets.latent_dim, resolution, widths=widths_for(resolution, narrowest=nets.generator_width)[::-1],
        projection=nets.projection, activation=nets.activation, bias=nets.bias,
    )  # fmt: skip
    discriminator = Discriminator(
        resolution, widths=widths_for(resolution, narrowest=nets.discriminator_width), norm=nets.discriminator_norm,
        projection=nets.projection, minibatch_std=nets.minibatch_std, bias=nets.bias,
    )  # fmt: skip
    if nets.start == "he":
        init_he(generator)
        init_he(discriminator)
    if nets.bias:
        set_output_bias(generator, occupancy_of(store, settings))
    return Gan(generator.to(device), discriminator.to(device), settings, ranks=place)


def set_output_bias(generator: Generator, occupancy: float) -> None:
    """Start G at the data's mean occupancy: its output, were all else silent, is that probability everywhere.

    Without it the last layer, fed by ReLUs, first learns to push every voxel towards empty, until no feature is left
    that could lift an occupied one above 0.5: a trap that costs most runs their thin parts (`docs/results.md`).
    """
    odds = occupancy / (1 - occupancy)
    bias = generator.output.bias
    if bias is None:  # the paper's G has none
        return
    with torch.no_grad():  # sigmoid^-1(p) is log odds; tanh^-1(2 p - 1) is half of it
        bias.fill_(math.log(odds) * (0.5 if generator.activation == "tanh" else 1.0))


def occupancy_of(store: Store, settings: Settings, most: int = 1_024) -> float:
    """Return the mean share of full voxels in the first `most` shapes of the training split, kept off 0 and 1."""
    indices = store.indices("train", settings.run.category or None)[:most]
    return min(max(float(store.read(indices).mean()), 1e-4), 1 - 1e-4)


def batches_for(store: Store, settings: Settings, place: Ranks) -> Batches:
    """Return the stream of training batches, of this rank's part."""
    indices = store.indices("train", settings.run.category or None)
    if len(indices) < 2:
        wanted = f"category {settings.run.category!r}" if settings.run.category else "the training split"
        raise UsageError(f"{wanted} has {len(indices)} shapes; there are: {', '.join(store.category_names)}")
    size = min(settings.train.batch_size, len(indices))
    return Batches(store, indices, size, seed=settings.run.seed, rank=place.rank, world=place.size)


def device_named(name: str) -> torch.device:
    """Return the device that `run.device` means on this machine."""
    if name == "auto":
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"run.device is {name!r}; use auto, cpu, cuda or cuda:N") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"run.device is {name}, but torch {torch.__version__} sees no CUDA device; use cpu")
    return device
