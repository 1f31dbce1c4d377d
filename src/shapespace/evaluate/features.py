"""What the discriminator sees in a shape, as numbers: the paper's features, and those that a space's card names.

**The paper** takes the responses of D's 2nd, 3rd and 4th convolution at 64^3, after their activation, and
max-pools them by 8, 4 and 2: all three to 2^3, 7,168 numbers with the paper's widths. **At another resolution** the
same is said of D's last three layers: they have 16, 8 and 4 voxels along a side at any resolution from 32^3 up (at
16^3 there are only two), and all are pooled to 2^3.

A space may know better: `features` among the facts of training in its card, as in `{"sides": [0, 0, 4], "mirror":
true}`, gives the side each of the last layers is pooled to, the last one last, 0 for a layer left out; `mirror` means
that the numbers of a shape and of its mirror image (x to -x) are averaged; `root` that of each number the square root
is taken, its sign kept; `centre` and `scale` that each is centred and divided, so that over the shapes D learned from
its mean is 0 and its deviation 1 (`calibrated` finds them, for any D, without labels).

Source: Wu et al. 2016, section 4.2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from shapespace.errors import UsageError
from shapespace.nets.discriminator import Discriminator

if TYPE_CHECKING:
    from shapespace.space import ShapeSpace

TOGETHER = 64
"""Shapes seen at a time: about 70 MB of responses at 32^3 with the paper's widths."""


@dataclass(frozen=True)
class Recipe:
    """Which of D's responses are the features.

    Args:
        sides: The side each of the last layers is max-pooled to, the last layer's last; 0 leaves a layer out.
        mirror: Whether the numbers of a shape and of its mirror image are averaged.
        root: Whether each number gives way to the square root of its size, with its sign.
        centre: Taken from each number, after that; empty to take nothing.
        scale: What is left is divided by, as many numbers as there are in `centre`.

    Raises:
        UsageError: If it names no layer, or is no recipe.
    """

    sides: tuple[int, ...] = (2, 2, 2)
    mirror: bool = False
    root: bool = False
    centre: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what names no features."""
        whole = all(isinstance(side, int) and not isinstance(side, bool) and 0 <= side <= 64 for side in self.sides)
        if not whole or not any(self.sides) or not isinstance(self.mirror, bool):
            raise UsageError(f"no recipe of features: sides {self.sides!r}, mirror {self.mirror!r}")
        if not isinstance(self.root, bool) or len(self.centre) != len(self.scale):
            raise UsageError("no recipe of features: root is true or false, and centre and scale are equally many")
        if not all(_is_finite(value) for value in (*self.centre, *self.scale)) or min(self.scale, default=1) <= 0:
            raise UsageError("no recipe of features: centre and scale are finite numbers, and scale above 0")

    @classmethod
    def parse(cls, entry: Any) -> Recipe:
        """Return the recipe that a card holds; the paper's if it holds None.

        Raises:
            UsageError: If it is no recipe.
        """
        if entry is None:
            return PAPER
        if not isinstance(entry, Mapping) or not entry.keys() <= _NAMES:
            raise UsageError(f"no recipe of features: {entry!r:.80}; it has {', '.join(sorted(_NAMES))}")
        sides = entry.get("sides", PAPER.sides)
        if not isinstance(sides, list | tuple):
            raise UsageError(f"no recipe of features: sides are {sides!r:.80}, not a list")
        centre, scale = entry.get("centre", []), entry.get("scale", [])
        if not isinstance(centre, list | tuple) or not isinstance(scale, list | tuple):
            raise UsageError("no recipe of features: centre and scale are lists")
        return cls(tuple(sides), entry.get("mirror", False), entry.get("root", False), tuple(centre), tuple(scale))

    def entry(self) -> dict[str, Any]:
        """Return it as a card holds it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


_NAMES = {field.name for field in fields(Recipe)}

PAPER = Recipe()
"""The paper's: the last three layers, each max-pooled to 2^3."""


def extract(source: ShapeSpace | Discriminator, voxels: np.ndarray, recipe: Recipe | None = None) -> np.ndarray:
    """Return each shape's features, (n, numbers) float32, by a discriminator in evaluation mode.

    Args:
        source: A space that kept its discriminator, or a discriminator whose empty voxels are 0.
        voxels: (n, r, r, r) bool at D's resolution.
        recipe: None means the one that the space's card names, or the paper's.

    Raises:
        UsageError: If there is no discriminator, or the shapes have another resolution.
    """
    network = discriminator_of(source)
    if recipe is None:
        recipe = recipe_of(source)
    side = network.resolution
    if voxels.shape[1:] != (side,) * 3:
        raise UsageError(f"shapes are {voxels.shape[1:]}; the discriminator sees {side}^3: prepare them at {side}")
    was_training = network.training
    network.eval()
    try:
        blocks = [voxels[start : start + TOGETHER] for start in range(0, len(voxels), TOGETHER)]
        rows = [_responses(network, block, recipe, empty_of(source)) for block in blocks]
    finally:
        network.train(was_training)
    return np.concatenate(rows) if rows else np.zeros((0, 0), np.float32)


def calibrated(source: ShapeSpace | Discriminator, voxels: np.ndarray, recipe: Recipe) -> Recipe:
    """Return the recipe with the centre and scale that give these features of this D mean 0 and deviation 1.

    A number that hardly varies is not blown up: a thousandth of the spread of all of them is added to each.

    Args:
        source: Whose features; an untrained D of the same kind has its own centre and scale.
        voxels: (n, r, r, r) bool, of the training split.
        recipe: Its sides, mirror and root are kept.
    """
    rows = extract(source, voxels, replace(recipe, centre=(), scale=()))
    centre, spread = rows.mean(0, dtype=np.float64), rows.std(0, dtype=np.float64)
    scale = spread + max(1e-3 * float(rows.std(dtype=np.float64)), 1e-12)
    return replace(recipe, centre=tuple(centre.tolist()), scale=tuple(scale.tolist()))


def discriminator_of(source: ShapeSpace | Discriminator) -> Discriminator:
    """Return a space's discriminator.

    Raises:
        UsageError: If it has none.
    """
    found = source if isinstance(source, Discriminator) else source.discriminator
    if found is None:
        raise UsageError("the space was saved without its discriminator; classification is by its features")
    return found


def recipe_of(source: ShapeSpace | Discriminator) -> Recipe:
    """Return the recipe that a space's card names, or the paper's."""
    return PAPER if isinstance(source, Discriminator) else Recipe.parse(source.card.trained.get("features"))


def empty_of(source: ShapeSpace | Discriminator) -> float:
    """Return the value of an empty voxel in the grids that D learned from: -1 beside a tanh generator, else 0."""
    return -1.0 if not isinstance(source, Discriminator) and source.generator.activation == "tanh" else 0.0


@torch.no_grad()
def _responses(network: Discriminator, voxels: np.ndarray, recipe: Recipe, empty: float) -> np.ndarray:
    like = next(network.parameters())
    grids = torch.from_numpy(np.ascontiguousarray(voxels))[:, None].to(like)  # (block, 1, r, r, r)
    grids = grids * (1 - empty) + empty
    rows = _pooled(network.features(grids), recipe)
    if recipe.mirror:
        rows = (rows + _pooled(network.features(grids.flip(2)), recipe)) / 2
    return _finished(rows.float().cpu().numpy(), recipe)


def _finished(rows: np.ndarray, recipe: Recipe) -> np.ndarray:
    if recipe.root:
        rows = np.sign(rows) * np.sqrt(np.abs(rows))
    if not recipe.scale:
        return rows
    if rows.shape[1] != len(recipe.scale):
        raise UsageError(f"the recipe scales {len(recipe.scale)} numbers; this discriminator gives {rows.shape[1]}")
    return ((rows - np.asarray(recipe.centre)) / np.asarray(recipe.scale)).astype(np.float32)


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pooled(layers: list[Tensor], recipe: Recipe) -> Tensor:
    """Return (block, numbers): the last layers, pooled and side by side; a small D has fewer of them."""
    few = min(len(layers), len(recipe.sides))
    pairs = zip(layers[-few:], recipe.sides[-few:], strict=True)
    # Adaptive: a recipe's side may be the layer's own, and never more than it (nothing is made up).
    pooled = [functional.adaptive_max_pool3d(grid, min(side, grid.shape[-1])) for grid, side in pairs if side]
    return torch.cat([grid.flatten(1) for grid in pooled], dim=1)
