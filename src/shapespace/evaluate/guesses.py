"""A guess for each picture: predictions, and what is guessed without looking at the picture.

Grids of another resolution than the true shapes are brought to it by area: a new voxel is the mean of what it covers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEVELS = np.arange(0.05, 1.0, 0.05)
"""At which a class mean may be cut."""

BLOCK = 64
"""Grids that are brought to another resolution at a time."""


@dataclass(frozen=True, eq=False)
class Guesses:
    """A guess for each picture.

    Args:
        bank: (m, r, r, r) float32 grids.
        index: (n,) int, which of them is the guess for each picture.
        levels: (m,) above which a voxel of each is full.
        note: In words, how they were made.
    """

    bank: np.ndarray
    index: np.ndarray
    levels: np.ndarray
    note: str


def retrieve(features: np.ndarray, train_features: np.ndarray) -> np.ndarray:
    """Return the training item nearest to each picture by Euclidean distance of features, (n,) int.

    Args:
        features: (n, d) of the pictures.
        train_features: (m, d) of training pictures; whoever has several a shape turns the answer into shapes.
    """
    a, b = np.asarray(features, np.float64), np.asarray(train_features, np.float64)
    return np.argmin((b**2).sum(1) - 2 * a @ b.T, axis=1)


def bring(grids: np.ndarray, resolution: int) -> np.ndarray:
    """Return grids at another resolution, (n, r, r, r) float32: each voxel is the mean of what it covers.

    Args:
        grids: (n, s, s, s) bool or float.
        resolution: Voxels along a side.
    """
    old = grids.shape[-1]
    if old == resolution:
        return np.asarray(grids, np.float32)
    edges = np.arange(resolution + 1)[:, None] * (old / resolution)
    inside = np.clip(np.minimum(edges[1:], np.arange(1, old + 1)) - np.maximum(edges[:-1], np.arange(old)), 0, None)
    weights = (inside * resolution / old).astype(np.float32)  # (new, old), each row sums to 1
    out = np.empty((len(grids), *[resolution] * 3), np.float32)
    for start in range(0, len(grids), BLOCK):
        block = np.asarray(grids[start : start + BLOCK], np.float32)
        for _ in range(3):  # each round brings the last axis and moves it to the front of the three
            block = np.moveaxis(block @ weights.T, -1, 1)
        out[start : start + BLOCK] = block
    return out


def brought(made: int, true: int) -> str:
    """Return in words what `bring` does to grids of one resolution that are measured at another; empty if nothing."""
    if made == true:
        return ""
    brings = f"its shapes are brought to {true}^3, each voxel the mean of what it covers"
    return f"truths are {true}^3, the space makes {made}^3: {brings}"


def class_means(
    names: np.ndarray, codes: np.ndarray, voxels: np.ndarray, categories: np.ndarray, resolution: int
) -> Guesses:
    """Return the mean training shape of each category, cut where it agrees best with the shapes it is the mean of."""
    bank, levels, without = [], [], []
    for name in names:
        own = np.flatnonzero(categories == name)
        if not len(own):
            without.append(str(name))
            own = np.arange(len(voxels))
        shapes = bring(voxels[own], resolution)
        bank.append(shapes.mean(0))
        levels.append(_best_level(bank[-1], shapes > 0.5))
    note = "mean of the category's training shapes, cut where it agrees best with them"
    missing = f"; there are none of {', '.join(without)}, whose mean is of all categories" if without else ""
    return Guesses(np.stack(bank), codes, np.array(levels), note + missing)


def _best_level(mean: np.ndarray, shapes: np.ndarray) -> float:
    """Return the level at which the mean has the highest mean IoU with the shapes."""
    cuts = (mean.reshape(-1) > LEVELS[:, None]).astype(np.float32)
    flat = shapes.reshape(len(shapes), -1).astype(np.float32)
    both = cuts @ flat.T
    either = cuts.sum(1)[:, None] + flat.sum(1) - both
    return float(LEVELS[np.argmax((both / np.maximum(either, 1)).mean(1))])


def retrieved(voxels: np.ndarray, numbers: np.ndarray, resolution: int) -> Guesses:
    """Return training shapes by their numbers, one for each picture."""
    used, index = np.unique(numbers, return_inverse=True)
    note = f"{len(used)} of {len(voxels)} training shapes retrieved"
    return Guesses(bring(voxels[used], resolution), index, np.full(len(used), 0.5), note)


def dealt(own: Guesses, groups: np.ndarray, objects: np.ndarray, seed: int) -> Guesses:
    """Return the predictions dealt out again within groups, as few as can be to the same object."""
    index = np.arange(len(objects))
    for group in np.unique(groups):
        members = np.flatnonzero(groups == group)
        index[members] = members[_derangement(objects[members], np.random.default_rng([seed, 2]))]
    same = (objects[index] == objects).mean()
    note = "each picture has the prediction of another"
    kept = f", {100 * same:.0f} % of them of a picture of the same object: no dealing does without" if same else ""
    return Guesses(own.bank, index, own.levels, note + kept)


def _derangement(objects: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random permutation that gives as few places as can be what belongs to the same object.

    Objects in a random order, their pictures together, moved on by as many places as the most frequent one has:
    none then meets its own object, unless one has more than half of all.
    """
    _, which, counts = np.unique(objects, return_inverse=True, return_counts=True)
    order = np.lexsort((rng.random(len(objects)), rng.permutation(len(counts))[which]))
    start = np.empty_like(order)
    start[order] = np.roll(order, counts.max())
    return _mixed(start, objects, rng)


def _mixed(permutation: np.ndarray, objects: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the permutation after many random swaps, none of which gives a place what belongs to its own object."""
    mixed = permutation.copy()
    for a, b in rng.integers(0, len(mixed), (20 * len(mixed), 2)):
        meets = objects[[a, b]] == objects[mixed[[a, b]]]
        swapped = objects[[a, b]] == objects[mixed[[b, a]]]
        if swapped.sum() <= meets.sum():
            mixed[[a, b]] = mixed[[b, a]]
    return mixed
