"""What a run starts with: its device, its batches, its networks."""

from __future__ import annotations

import math
import os

import numpy as np
import torch

from shapespace.data.batches import Batches
from shapespace.data.store import Store
from shapespace.errors import UsageError
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.nets.init import init_he
from shapespace.nets.layout import widths_for
from shapespace.settings import Settings
from shapespace.shapes.grid import iou, mirror
from shapespace.train.gan import Gan
from shapespace.train.ranks import Ranks

SYMMETRIC = 0.9
"""IoU of shapes with their mirror images, on average, from which `auto` makes G symmetric; real chairs have 0.94."""


def build(settings: Settings, store: Store, device: torch.device, place: Ranks | None = None) -> Gan:
    """Return both networks with fresh weights, on their device, ready to learn."""
    nets, resolution = settings.nets, store.resolution
    generator = Generator(
        nets.latent_dim, resolution, widths=widths_for(resolution, narrowest=nets.generator_width)[::-1],
        projection=nets.projection, activation=nets.activation, bias=nets.bias,
        symmetric=nets.symmetry == "mirror" or (nets.symmetry == "auto" and symmetry_of(store, settings) >= SYMMETRIC),
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


def occupancy_of(store: Store, settings: Settings) -> float:
    """Return the mean share of full voxels in the first training shapes, kept off 0 and 1."""
    return min(max(float(_first_shapes(store, settings).mean()), 1e-4), 1 - 1e-4)


def symmetry_of(store: Store, settings: Settings) -> float:
    """Return the mean IoU of the first training shapes with their own mirror images, left and right, in [0, 1]."""
    return float(np.mean([iou(shape, mirror(shape)) for shape in _first_shapes(store, settings)]))


def _first_shapes(store: Store, settings: Settings, most: int = 1_024) -> np.ndarray:
    return store.read(store.indices("train", settings.run.category or None)[:most])


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
