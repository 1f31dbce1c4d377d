"""`shapespace import`: weights of another program's 3D-GAN, made a space."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from shapespace.nets.discriminator import Discriminator
    from shapespace.nets.generator import Generator


def import_space(  # noqa: PLR0913 - a command's options
    source: Path,
    *,
    prior: Literal["uniform", "normal"],
    out: Path,
    discriminator: Path | None = None,
    latent_scale: float = 1.0,
    activation: Literal["sigmoid", "tanh"] = "sigmoid",
    threshold: float = 0.5,
    category: tuple[str, ...] = (),
    licence: str | None = None,
    force: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Make a space of a generator's weights that black0017/3D-GAN-pytorch or rimchang/3DGAN-Pytorch trained.

    The weights tell their sizes; prior, latent scale and activation must be known of their training.

    Args:
        source: A safetensors file that holds the state dict of a generator of black0017/3D-GAN-pytorch or
            rimchang/3DGAN-Pytorch. A pickle (.pt, .pth) is never opened; you are told how to convert it.
        prior: What z was drawn from in training: uniform on [0, 1], or normal.
        out: The space to write, a .safetensors file.
        discriminator: The same of the discriminator, for neighbours, neurons and evaluate classify.
        latent_scale: What a standard z is multiplied by before the generator: 0.33 where it learned from N(0, 0.33).
        activation: Of the generator's output.
        threshold: A voxel is inside where its occupancy, from 0 to 1, is above this.
        category: What it was trained on, as in chair; may be given several times.
        licence: Under which terms the weights may be used; kept with them.
        force: Write over a file that is there.
    """
    from shapespace.cli.console import say
    from shapespace.files import sha256
    from shapespace.nets.weights import SpaceCard, save_space

    _check(source, out, latent_scale, force)
    generator, judge = _read(source, discriminator, activation, latent_scale)
    told = {"imported": source.name, "sha256": sha256(source), "latent_scale": latent_scale}
    card = SpaceCard(prior, threshold, categories=category, licence=licence or "", trained=told, name=out.stem)
    save_space(out, generator, card, discriminator=judge)
    kept = "" if judge is None else ", with its discriminator"
    say(f"{out}: {generator.resolution}^3, {generator.latent_dim} latent numbers, {prior} prior{kept}")


def _read(
    source: Path, discriminator: Path | None, activation: str, latent_scale: float
) -> tuple[Generator, Discriminator | None]:  # fmt: skip
    """Return both networks; one in the other's place, or of another resolution, is refused."""
    from shapespace.errors import BadInput, UsageError
    from shapespace.nets.discriminator import Discriminator
    from shapespace.nets.foreign import read_foreign
    from shapespace.nets.generator import Generator

    generator = read_foreign(source, activation=activation, latent_scale=latent_scale)
    if not isinstance(generator, Generator):
        raise BadInput(
            source, "holds a discriminator", "give the generator's weights first, and these by --discriminator"
        )
    if discriminator is None:
        return generator, None
    judge = read_foreign(discriminator)
    if not isinstance(judge, Discriminator):
        raise BadInput(discriminator, "holds a generator", "give the discriminator's weights by --discriminator")
    if judge.resolution != generator.resolution:
        sides = f"{judge.resolution}^3, the generator makes {generator.resolution}^3"
        raise UsageError(f"--discriminator sees {sides}; give the one that was trained beside it")
    return generator, judge


def _check(source: Path, out: Path, latent_scale: float, force: bool) -> None:
    """Refuse what would come to nothing, before anything is loaded."""
    from shapespace.errors import OutputError, UsageError

    if out.suffix.lower() != ".safetensors":
        raise UsageError(f"--out {out}: spaces are written as .safetensors")
    if not 0 < latent_scale < float("inf"):
        raise UsageError(f"--latent-scale is {latent_scale:g}; it must be above 0")
    if out.exists() and out.resolve() == source.resolve():
        raise OutputError(f"{out} is SOURCE itself; choose another --out")
    if out.exists() and not force:
        raise OutputError(f"{out} exists already; choose another --out, or --force to write over it")
