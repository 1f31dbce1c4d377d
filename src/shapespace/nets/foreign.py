"""Readers for the weights of two public PyTorch ports of 3D-GAN, told apart by the names of their tensors.

| | black0017/3D-GAN-pytorch | rimchang/3DGAN-Pytorch |
|---|---|---|
| names | `linear`, `conv1` ... `conv4`, `out` | `layer1` ... `layer5` |
| first layer of G | `Linear` with a bias, no norm: our "linear" projection | convolution, stride 2 on 1^3 |
| last layer of D | `Linear` with a bias | convolution, stride 2 |
| biases of convolutions | none | none, or all by an option |
| first side at 32^3, 64^3, 128^3 | 2, 4, 8: always four doublings | 2, 4, none: `cube_len` is the width, too |
| prior | not stated; its test draws U[0, 1] | "norm" is N(0, 0.33), "uni" is N(0, 1) |

Neither saves its prior, so whoever makes a space of such a generator must know it: `latent_scale=0.33` makes one that
was trained on N(0, 0.33) one for N(0, 1). Both save pickles, which are never opened here. To convert one, in a program
that you trust with it: `safetensors.torch.save_file(torch.load("G.pkl", weights_only=True), "G.safetensors")`. On the
command line it is `shapespace import`.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

import torch
from torch import Tensor

from shapespace.errors import BadInput
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.nets.weights import parse_tensors, read_bounded, rebuilt

Tensors = dict[str, Tensor]

HIDDEN = range(1, 5)
"""Both ports have four layers of stride 2, whatever the resolution."""

LINEAR_GENERATOR = {"linear.": "project.0.", "conv4.0.": "output."} | {
    f"conv{i}.": f"layers.{i - 1}." for i in (1, 2, 3)
}
LINEAR_DISCRIMINATOR = {f"conv{i}.": f"layers.{i - 1}." for i in HIDDEN} | {"out.0.": "score.1."}
CONV_GENERATOR = {"layer1.0.": "project.1.", "layer1.1.": "project.2.", "layer5.0.": "output."} | {
    f"layer{i}.": f"layers.{i - 2}." for i in (2, 3, 4)
}
CONV_DISCRIMINATOR = {f"layer{i}.": f"layers.{i - 1}." for i in HIDDEN} | {"layer5.0.": "score."}


def read_foreign(
    source: str | PathLike[str] | Mapping[str, Tensor], *, activation: str = "sigmoid", latent_scale: float = 1.0
) -> Generator | Discriminator:
    """Return the generator or discriminator that a port's weights are of, in evaluation mode.

    Args:
        source: A state dict, or a safetensors file that holds one.
        activation: Of a generator's output, which the weights do not tell: "sigmoid" or "tanh".
        latent_scale: Folded into a generator's first layer, so that z may come from a standard prior.

    Raises:
        BadInput: If it is neither port's, is a pickle, or its tensors do not fit together.
    """
    name = "state dict" if isinstance(source, Mapping) else source
    found = dict(source) if isinstance(source, Mapping) else parse_tensors(name, read_bounded(name))
    tensors = {key.removeprefix("module."): value for key, value in found.items()}  # of torch's DataParallel
    reader = _READERS.get(_port(tensors))
    if reader is None:
        raise BadInput(name, "not a state dict of black0017/3D-GAN-pytorch or rimchang/3DGAN-Pytorch")
    try:
        kind, names, arguments = reader(tensors)
    except (KeyError, IndexError, ValueError) as error:
        raise BadInput(name, f"one of the port's tensors is missing or has another rank: {error}") from error
    renamed = _counted({_renamed(key, names): value for key, value in tensors.items()})
    if kind is Discriminator:
        return rebuilt(name, kind, arguments, _cropped(renamed, "score.weight", arguments["base"]))
    renamed = _cropped(renamed, "project.1.weight", arguments["base"])
    first = "project.0.weight" if "project.0.weight" in renamed else "project.1.weight"
    scaled = renamed | {first: renamed[first] * latent_scale}
    return rebuilt(name, kind, arguments | {"activation": activation}, scaled)


def _port(tensors: Tensors) -> str:
    """Return which of the four networks these are the names of; empty if of none."""
    if "linear.weight" in tensors:
        return "linear generator"
    if "out.0.weight" in tensors:
        return "linear discriminator"
    if "layer5.0.weight" in tensors and "layer1.0.weight" in tensors:
        # A transposed convolution's weight begins with its inputs, a convolution's with its outputs.
        return "conv discriminator" if tensors["layer1.0.weight"].shape[1] == 1 else "conv generator"
    return ""


def _linear_generator(tensors: Tensors) -> tuple[type, dict[str, str], dict[str, Any]]:
    widths = [tensors[f"conv{i}.0.weight"].shape[0] for i in HIDDEN]
    rows, latent_dim = tensors["linear.weight"].shape[:2]
    shape = _grid(_side(rows / max(1, widths[0])), widths)
    return Generator, LINEAR_GENERATOR, shape | {"latent_dim": latent_dim, "projection": "linear"}


def _linear_discriminator(tensors: Tensors) -> tuple[type, dict[str, str], dict[str, Any]]:
    widths = [tensors[f"conv{i}.0.weight"].shape[0] for i in HIDDEN]
    shape = _grid(_side(tensors["out.0.weight"].shape[1] / max(1, widths[-1])), widths)
    return Discriminator, LINEAR_DISCRIMINATOR, shape | {"projection": "linear"}


def _conv_generator(tensors: Tensors) -> tuple[type, dict[str, str], dict[str, Any]]:
    widths = [tensors[f"layer{i}.0.weight"].shape[1] for i in HIDDEN]
    arguments = {"latent_dim": tensors["layer1.0.weight"].shape[0], "bias": "layer1.0.bias" in tensors}
    return Generator, CONV_GENERATOR, _grid(_base(widths[-1]), widths) | arguments


def _conv_discriminator(tensors: Tensors) -> tuple[type, dict[str, str], dict[str, Any]]:
    widths = [tensors[f"layer{i}.0.weight"].shape[0] for i in HIDDEN]
    return Discriminator, CONV_DISCRIMINATOR, _grid(_base(widths[0]), widths) | {"bias": "layer1.0.bias" in tensors}


_READERS = {
    "linear generator": _linear_generator,
    "linear discriminator": _linear_discriminator,
    "conv generator": _conv_generator,
    "conv discriminator": _conv_discriminator,
}


def _grid(base: int, widths: list[int]) -> dict[str, Any]:
    return {"base": base, "resolution": base << len(widths), "widths": widths}


def _side(cells: float) -> int:
    return round(cells ** (1 / 3))


def _base(cube_len: int) -> int:
    return 2 if cube_len == 32 else 4


def _renamed(key: str, names: dict[str, str]) -> str:
    for theirs, ours in names.items():
        if key.startswith(theirs):
            return ours + key.removeprefix(theirs)
    return key


def _counted(tensors: Tensors) -> Tensors:
    """Return the tensors with the counters that torch before 0.4.1 did not save."""
    means = [key for key in tensors if key.endswith("running_mean")]
    counters = {key.replace("running_mean", "num_batches_tracked"): torch.tensor(0) for key in means}
    return counters | tensors


def _cropped(tensors: Tensors, name: str, base: int) -> Tensors:
    """Return the tensors with a kernel of side 4 reduced to the middle 2^3, all that touches a grid of that side."""
    if base != 2 or name not in tensors:
        return tensors
    return tensors | {name: tensors[name][..., 1:3, 1:3, 1:3].contiguous()}
