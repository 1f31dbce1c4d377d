"""Sums of shapes: `A - B + C` over latent vectors, files and attributes.

A term is `SEED:I`, the I-th sample of a seed; `FILE.npz:ROW`, a row of a latents file; a mesh or voxel file, for which
the nearest shape of the space is looked for; or an attribute's name. A number before it, as in `0.5*arms`, weighs it.
Plus and minus stand between spaces, so that `my-chair.stl` is one word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shapespace.errors import BadInput, UsageError
from shapespace.explore.attributes import Attributes
from shapespace.explore.interpolate import centre_of
from shapespace.explore.placing import Placing, Up
from shapespace.explore.snap import snap
from shapespace.explore.steer import CORRECTIONS, steer
from shapespace.explore.target import target_of
from shapespace.nets.latents import read_latents
from shapespace.shapes import formats
from shapespace.space import ShapeSpace

MOST_TERMS = 64
"""Of one expression."""

_SIGN = re.compile(r"(?:^|\s+)([+-])\s+")
_SAMPLE = re.compile(r"(\d{1,18}):(\d{1,9})")
_ROW = re.compile(r"(.+\.npz):(\d{1,9})", re.IGNORECASE)
_WEIGHED = re.compile(r"([0-9]*\.?[0-9]+)\s*\*\s*(.+)")


@dataclass(frozen=True)
class Term:
    """One term of an expression: how much of what."""

    weight: float
    name: str


@dataclass(frozen=True, eq=False)
class Sum:
    """What an expression came to."""

    z: np.ndarray
    """(d,) float32."""
    names: list[str]
    """Of the terms that are shapes, in order."""
    latents: np.ndarray
    """(terms, d) float32, theirs."""


def arithmetic(space: ShapeSpace, plus: Sequence[np.ndarray], minus: Sequence[np.ndarray] = ()) -> np.ndarray:
    """Return the latent vector of `plus[0] - minus[0] + plus[1]` and so on, (d,) float32.

    Args:
        space: Whose prior says where the sum may lie: see `weighed`.
        plus: (d,) each, at least one.
        minus: (d,) each.

    Raises:
        UsageError: If there is nothing to add, or a vector does not fit the space.
    """
    if not len(plus):
        raise UsageError("nothing is added; an expression begins with a shape")
    for vector in (*plus, *minus):
        if np.shape(vector) != (space.latent_dim,):
            raise UsageError(f"a latent vector is {np.shape(vector)}; this space takes ({space.latent_dim},)")
    return weighed(space, np.stack([*plus, *minus]), np.array([1.0] * len(plus) + [-1.0] * len(minus)))


def weighed(space: ShapeSpace, z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighed sum of latent vectors, (d,) float32, seen from the prior's centre.

    A sum of three independent vectors is longer than any of them, and the generator never saw such; it is shortened to
    the longest of its terms. Under a uniform prior it is cut to [0, 1] instead.

    Args:
        space: Whose prior it is.
        z: (terms, d).
        weights: (terms,).

    Raises:
        UsageError: If a number is not finite.
    """
    if not np.isfinite(z).all() or not np.isfinite(weights).all():
        raise UsageError("latent vectors hold numbers that are not finite")
    centre = centre_of(space.prior)
    away = np.asarray(z, np.float64) - centre
    total = weights @ away
    if space.prior == "uniform":
        return (total + centre).clip(0, 1).astype(np.float32)
    length, most = np.linalg.norm(total), np.linalg.norm(away, axis=1).max()
    return (total if length <= most * (1 + 1e-9) else total * most / length).astype(np.float32)


def parse(text: str) -> list[Term]:
    """Return the terms of an expression in order.

    Raises:
        UsageError: If it is empty or there are too many.
    """
    first, *rest = _SIGN.split(text.strip())
    pairs = ([("+", first)] if first else []) + list(zip(rest[::2], rest[1::2], strict=True))
    if not 1 <= len(pairs) <= MOST_TERMS:
        raise UsageError(f"an expression has 1 to {MOST_TERMS} terms, not {len(pairs)}; as in '0:3 - 0:1 + arms'")
    return [_term(sign, name.strip()) for sign, name in pairs]


def evaluate(
    space: ShapeSpace,
    text: str,
    attributes: Attributes | None = None,
    *,
    corrections: int = CORRECTIONS,
    up: Up = "auto",
) -> Sum:
    """Return what an expression comes to.

    Shapes are added first; then attributes are moved together, each by its weight in typical changes.

    Args:
        space: On the CPU.
        text: As the module says.
        attributes: Of the space, if it has any.
        corrections: Of the attributes' straight step; see `steer`.
        up: The axis that points up in files of shapes.

    Raises:
        UsageError: If a term is not known or out of bounds, or no shape is added.
        BadInput: If a file cannot be used.
    """
    terms = parse(text)
    known = attributes.names if attributes else ()
    shapes = [term for term in terms if term.name not in known]
    if not shapes or all(term.weight < 0 for term in shapes):
        raise UsageError(f"{text!r}: nothing is added to; an expression begins with a shape, as in '0:3 + arms'")
    latents = np.stack([latent_of(space, term.name, known, up=up) for term in shapes])
    z = weighed(space, latents, np.array([term.weight for term in shapes]))
    amounts: dict[str, float] = {}
    for term in terms:
        if term.name in known:
            amounts[term.name] = amounts.get(term.name, 0.0) + term.weight
    if attributes and amounts:
        z = steer(space, attributes, z, amounts, corrections=corrections)
    return Sum(z, [term.name for term in shapes], latents)


def latent_of(space: ShapeSpace, name: str, attributes: Sequence[str] | None = None, *, up: Up = "auto") -> np.ndarray:
    """Return the latent vector that a term names, (d,) float32.

    Args:
        space: On the CPU.
        name: `SEED:I`, `FILE.npz:ROW`, or a file of a mesh or of voxels.
        attributes: Names that would have been known as well, for the message; None where none would have been.
        up: The axis that points up in the file of a shape.

    Raises:
        UsageError: If it is none of these, or out of bounds.
        BadInput: If a file cannot be used.
    """
    if found := _SAMPLE.fullmatch(name):
        seed, index = int(found[1]), int(found[2])
        return space.latents(index + 1, seed)[index]
    if found := _ROW.fullmatch(name):
        return _row(read_latents(found[1], space.latent_dim), found[1], int(found[2]))
    if Path(name).suffix.lower() in formats.PARSERS:
        return _snapped(space, name, up)
    known = f"; attributes are {', '.join(attributes)}" if attributes else "; this space knows no attributes"
    known = "" if attributes is None else known
    signs = "; signs stand between spaces" if any(sign in name for sign in "+*-") else ""
    raise UsageError(f"{name!r} is neither SEED:I, nor FILE.npz:ROW, nor a file of a shape{known}{signs}")


def _snapped(space: ShapeSpace, path: str, up: Up) -> np.ndarray:
    return snap(space, target_of(path, space.resolution, Placing(up=up))).z


def _row(z: np.ndarray, path: str, row: int) -> np.ndarray:
    if row >= len(z):
        raise BadInput(path, f"has rows 0 to {len(z) - 1}, not {row}")
    return z[row]


def _term(sign: str, word: str) -> Term:
    found = _WEIGHED.fullmatch(word)
    weight, name = (float(found[1]), found[2]) if found else (1.0, word)
    return Term(-weight if sign == "-" else weight, name)
