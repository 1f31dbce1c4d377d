"""What a run starts with: its device, its batches, its networks."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from shapespace.data.batches import Batches
from shapespace.data.store import Store, spaced
from shapespace.data.views import Views
from shapespace.errors import BadInput, UsageError
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.encoder import ImageEncoder, widths_from
from shapespace.nets.generator import Generator
from shapespace.nets.init import init_he
from shapespace.nets.layout import widths_for
from shapespace.nets.shape_encoder import ShapeEncoder
from shapespace.settings import Settings, with_changes
from shapespace.shapes.grid import components, iou, mirror
from shapespace.space import ShapeSpace, load
from shapespace.train.gan import Gan
from shapespace.train.ranks import Ranks
from shapespace.train.teacher import teacher_of
from shapespace.train.vaegan import VaeGan

SYMMETRIC = 0.9
"""IoU of shapes with their mirror images, on average, from which `auto` makes G symmetric; real chairs have 0.94."""

WHOLE = 0.9
"""Share of shapes in one piece from which G's are to be so, too."""


def build(settings: Settings, store: Store, device: torch.device, place: Ranks | None = None) -> Gan | VaeGan:
    """Return the networks with fresh weights, on their device, ready to learn."""
    nets, resolution = settings.nets, store.resolution
    if settings.train.whole and whole_share(store, settings) < WHOLE:
        settings = replace(settings, train=replace(settings.train, whole=0.0))
    generator = Generator(
        nets.latent_dim, resolution, widths=widths_for(resolution, narrowest=nets.generator_width)[::-1],
        projection=nets.projection, activation=nets.activation, bias=nets.bias,
        symmetric=nets.symmetry == "mirror" or (nets.symmetry == "auto" and symmetry_of(store, settings) >= SYMMETRIC),
    )  # fmt: skip
    base = nets.discriminator_base
    discriminator = Discriminator(
        resolution, widths=widths_for(resolution, base, narrowest=nets.discriminator_width), base=base,
        norm=nets.discriminator_norm, projection=nets.projection, minibatch_std=nets.minibatch_std, bias=nets.bias,
    )  # fmt: skip
    if nets.start == "he":
        init_he(generator)
        init_he(discriminator)
    if nets.bias:
        set_output_bias(generator, occupancy_of(store, settings))
    gan = Gan(generator.to(device), discriminator.to(device), settings, ranks=place)
    if not settings.vae.encoder_width:
        return gan
    vae = settings.vae
    teacher = teacher_of(Path(nets.start_from), nets.latent_dim, device) if vae.taught else None
    return VaeGan(gan, _encoder(settings, resolution).to(device), settings, teacher)


def _encoder(settings: Settings, resolution: int) -> ImageEncoder | ShapeEncoder:
    latent_dim, width = settings.nets.latent_dim, settings.vae.encoder_width
    if settings.vae.reads == "shapes":
        return ShapeEncoder(latent_dim, resolution, widths=widths_for(resolution, narrowest=width))
    return ImageEncoder(latent_dim, widths=widths_from(width))


def decided(system: Gan | VaeGan) -> dict[str, bool]:
    """Return what the settings leave to the data: whether left and right are made equal, and loose parts joined."""
    gan = system.gan if isinstance(system, VaeGan) else system
    return {"symmetric": bool(gan.generator.symmetric), "whole": gan.train.whole > 0}


def fitted(settings: Settings, space: ShapeSpace) -> Settings:
    """Return the settings with networks like a space's, so that a run can begin with its weights.

    Widths that do not double from layer to layer have no setting; `begin` refuses them.
    """
    made, judge, reader = space.generator, space.discriminator, space.encoder
    pictured = reads_pictures(settings)
    nets: dict[str, Any] = {
        "latent_dim": made.latent_dim, "projection": made.projection, "activation": made.activation,
        "bias": made.bias, "symmetry": "mirror" if made.symmetric else "none", "generator_width": min(made.widths),
    }  # fmt: skip
    if not settings.vae.encoder_width:
        nets["prior"] = space.prior
    if judge:
        nets |= {"discriminator_width": min(judge.widths), "discriminator_base": judge.base}
        nets |= {"discriminator_norm": judge.norm, "minibatch_std": judge.minibatch_std}
    vae = {"encoder_width": min(reader.widths)} if pictured and reader else {}
    return with_changes(settings, {"nets": nets, "vae": vae}, "the space that the run begins with")


def begin(system: Gan | VaeGan, settings: Settings) -> None:
    """Give G and D, and E if it has one, in place, the weights of the space that `nets.start_from` names, if any.

    Raises:
        UsageError: If the space has another prior, or networks that are not those of the settings.
        BadInput: If there is no such space, or it holds no discriminator.
    """
    if not settings.nets.start_from:
        return
    space = load(settings.nets.start_from)
    if settings.vae.encoder_width and space.prior != "normal":
        raise UsageError(
            f"{settings.nets.start_from} has a {space.prior} prior, and an encoder needs a normal one; "
            "start from a space that was trained with --nets.prior normal"
        )
    if space.prior != settings.nets.prior:
        raise UsageError(f"{settings.nets.start_from} has a {space.prior} prior; add --nets.prior {space.prior}")
    if space.discriminator is None:
        raise BadInput(settings.nets.start_from, "holds no discriminator to go on with", "give the folder of a run")
    _take_weights(system.generator, space.generator, settings)
    _take_weights(system.discriminator, space.discriminator, settings)
    if isinstance(system, VaeGan) and space.encoder is not None and reads_pictures(settings):
        _take_weights(system.encoder, space.encoder, settings)


def _take_weights(network: nn.Module, trained: Generator | Discriminator | ImageEncoder, settings: Settings) -> None:
    own: dict[str, object] = network.arguments  # pyrefly: ignore[bad-assignment]  (ours: a Generator, a Discriminator)
    for name, value in trained.arguments.items():
        if own[name] != value:
            who = type(trained).__name__.removeprefix("Image").lower()
            what = f"{who}'s {name.replace('_', ' ')} is {value}, these settings make it"
            raise UsageError(f"{settings.nets.start_from}: its {what} {own[name]}; change --nets to match")
    network.load_state_dict(trained.state_dict())


def reads_pictures(settings: Settings) -> bool:
    """Return whether there is an encoder, and one of pictures."""
    return settings.vae.encoder_width > 0 and settings.vae.reads == "pictures"


def views_for(store: Store, settings: Settings) -> Views | None:
    """Return the pictures E learns from, or None where there is no encoder, or one of shapes.

    Raises:
        BadInput: If there are no views, or no photographs, where they should be.
        UsageError: If the views are of other shapes than the store's.
    """
    vae = settings.vae
    if not reads_pictures(settings):
        return None
    views = Views.open(vae.views or store, seed=settings.run.seed, backgrounds=vae.backgrounds or None)
    if len(views) != len(store):
        raise UsageError(f"{vae.views} has views of {len(views)} shapes, {store.path} has {len(store)}")
    return views


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
    """Return the mean share of full voxels in training shapes from all over the store, kept off 0 and 1."""
    return min(max(float(_some_shapes(store, settings).mean()), 1e-4), 1 - 1e-4)


def symmetry_of(store: Store, settings: Settings) -> float:
    """Return the mean IoU of training shapes, from all over the store, with their mirror images, in [0, 1]."""
    return float(np.mean([iou(shape, mirror(shape)) for shape in _some_shapes(store, settings)]))


def whole_share(store: Store, settings: Settings) -> float:
    """Return the share of training shapes, from all over the store, that are in one piece."""
    return float(np.mean([components(shape)[1] == 1 for shape in _some_shapes(store, settings, 256)]))


def _some_shapes(store: Store, settings: Settings, most: int = 1_024) -> np.ndarray:
    return store.read(spaced(store.indices("train", settings.run.category or None), most))


def batches_for(store: Store, settings: Settings, place: Ranks) -> Batches:
    """Return the stream of training batches, of this rank's part."""
    indices = store.indices("train", settings.run.category or None)
    if len(indices) < 2:
        of = f" of category {settings.run.category!r}" if settings.run.category else ""
        raise UsageError(
            f"{store.path} has {len(indices)} shapes{of} in its training split, and two are the least; "
            f"its categories: {', '.join(store.category_names)}"
        )
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
