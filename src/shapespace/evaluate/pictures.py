"""Pictures of shapes that were held out, what they truly show, and what a space makes of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from shapespace.errors import BadInput, UsageError
from shapespace.evaluate import ikea
from shapespace.evaluate.guesses import retrieve
from shapespace.evaluate.held_out import held_out

if TYPE_CHECKING:
    from shapespace.data.store import Store
    from shapespace.data.views import Views
    from shapespace.space import ShapeSpace

TOGETHER = 64
"""Pictures in memory as numbers at a time: 50 MB."""


@dataclass(frozen=True, eq=False)
class Pictured:
    """Pictures and what they show.

    Args:
        pictures: (n, 3, 256, 256) uint8.
        shapes: (m, r, r, r) bool.
        objects: (n,) int, which of the shapes each picture shows.
        categories: Of each picture.
    """

    pictures: np.ndarray
    shapes: np.ndarray
    objects: np.ndarray
    categories: tuple[str, ...]

    def __len__(self) -> int:
        """Pictures."""
        return len(self.pictures)

    @property
    def true(self) -> np.ndarray:
        """The true shape of each picture, (n, r, r, r) bool."""
        return self.shapes[self.objects]


def of_store(views: Views, store: Store, shapes: np.ndarray, each: int) -> Pictured:
    """Return pictures drawn of some shapes of a store, `each` of every shape: always the same ones.

    Args:
        views: Of the store's shapes; a held-out shape stands before held-out backgrounds.
        store: Of the shapes.
        shapes: Their numbers in it.
        each: Pictures of a shape, each from a side of its own.
    """
    pictures = np.concatenate([views.batch(shapes, draw=draw)[0] for draw in range(each)])
    categories = tuple(store.category(int(index)) for index in shapes)
    return Pictured(pictures, store.read(shapes), np.tile(np.arange(len(shapes)), each), categories * each)


def of_ikea(folder: str | PathLike[str], categories: Collection[str]) -> Pictured:
    """Return the photographs of the IKEA set whose category is one of those given.

    Raises:
        BadInput: If a file is missing or damaged, or no photograph is of such a category.
    """
    found = ikea.read(folder)
    kept = [number for number, name in enumerate(found.categories) if name in categories]
    if not kept:
        raise BadInput(folder, f"has no photograph of {', '.join(sorted(categories))}")
    pictures = [photo.picture for photo in found.photos(kept)]
    return Pictured(np.stack(pictures), found.shapes, found.objects[kept], tuple(found.categories[i] for i in kept))


def rebuilt(space: ShapeSpace, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the latent vector of each picture, and the occupancy that G makes of it, (n, r, r, r) float32."""
    z = space.encode(pictures)
    return z, space.decode(z)


def retrieved(space: ShapeSpace, z: np.ndarray, views: Views, shapes: np.ndarray, each: int) -> np.ndarray:
    """Return for each latent vector the training shape one of whose pictures E takes for the most alike.

    So retrieval sees with the same eyes as the reconstruction it stands beside.

    Args:
        space: With an encoder.
        z: (n, latent_dim) of the pictures.
        views: Of the training shapes.
        shapes: Their numbers in the store.
        each: Pictures of a training shape, each from a side of its own.

    Returns:
        (n,) int, places in `shapes`.
    """
    known = []
    for draw in range(each):
        for start in range(0, len(shapes), TOGETHER):
            known.append(space.encode(views.batch(shapes[start : start + TOGETHER], draw=draw)[0]))
    return retrieve(z, np.concatenate(known)) % len(shapes)


def looked_at(store: Store, split: str | None, category: str | None) -> tuple[str, np.ndarray]:
    """Return the split that is looked at, and its shapes: the test split, or validation where there is none.

    Raises:
        UsageError: If there is no such shape, or training shapes were asked for.
    """
    names = [split] if split else ["test", "validation"]
    for name in names:
        found = held_out(store, name, category)
        if len(found):
            return name, found
    raise UsageError(f"{store.path} holds no shape of {' or '.join(names)}{f' of {category}' if category else ''}")
