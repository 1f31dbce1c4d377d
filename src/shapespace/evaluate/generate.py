"""The table of a space: its samples beside held-out shapes, and beside rows that keep anyone from fooling themselves.

Samples are the averaged generator's, in evaluation mode, of latents as the prior draws them: none is left out, moved
towards the mean, or cleaned, but for the one row that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from shapespace.data.store import Store
from shapespace.errors import UsageError
from shapespace.evaluate import baselines
from shapespace.evaluate.curve import Curve, threshold_curve
from shapespace.evaluate.held_out import held_out
from shapespace.evaluate.table import Features, Reference, Row, measure, measure_all
from shapespace.shapes.grid import largest_component
from shapespace.space import ShapeSpace

SAMPLES = 1_000
FEWEST_HELD_OUT = 8

Say = Callable[[str], object]
"""What is told which row is being made."""


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Args:
        category: Of the store; None for all.
        samples: How many shapes are sampled.
        seed: Of the samples, the baselines and the intervals.
        split: Held-out shapes, also two splits as `test+validation`; None takes test, or validation where it is empty.
        peers: Rows of other programs' shapes by name, (n, r, r, r) bool.
    """

    category: str | None = None
    samples: int = SAMPLES
    seed: int = 0
    split: str | None = None
    peers: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Measured:
    """All rows by name, the samples they began with, and what they were held against.

    Args:
        rows: In the order of the table; the space's own first.
        voxels: (samples, r, r, r) bool, the raw samples.
        reference: Held-out and training shapes.
        split: Which split was held out.
        curve: Of the raw samples.
    """

    rows: dict[str, Row]
    voxels: np.ndarray
    reference: Reference
    split: str
    curve: Curve


def evaluate(
    space: ShapeSpace, store: Store, plan: Plan, *, features: Features | None = None, say: Say = lambda _: None
) -> Measured:
    """Return the table of a space.

    Args:
        space: Trained on the store's training split.
        store: Of the space's resolution.
        plan: What is measured.
        features: Of the fixed classifier.
        say: Told what is being done.

    Raises:
        UsageError: If the store does not fit the space, holds too few shapes, or the training ones were asked for.
    """
    split, test, train = _real(space, store, plan)
    say(f"distances among {len(test)} held-out and {len(train)} training shapes")
    reference = Reference.of(test, train, features)
    say(f"{plan.samples} samples")
    occupancy = space.decode(space.latents(plan.samples, seed=plan.seed))
    voxels = occupancy > space.threshold
    sets = {}
    for name, make in _rows(voxels, reference, plan):
        say(name)
        sets[name] = make()
    say("distances of all rows")
    rows = measure_all(sets, reference, seed=plan.seed)
    say(HALVES)
    rows[HALVES] = _halves(reference, plan)
    say("threshold curve")
    return Measured(rows, voxels, reference, split, threshold_curve(occupancy, test, space.threshold))


OWN, LARGEST = "samples", "samples, largest piece"
HALVES = "half of the held-out shapes, against the other half"


def _rows(voxels: np.ndarray, reference: Reference, plan: Plan) -> Iterator[tuple[str, Callable[[], np.ndarray]]]:
    train, count, seed = reference.train, plan.samples, plan.seed
    yield OWN, lambda: voxels
    yield LARGEST, lambda: np.stack([largest_component(shape) for shape in voxels])
    for name, shapes in plan.peers.items():
        yield name, lambda shapes=shapes: shapes
    yield "copies of the training set", lambda: baselines.copies(train, count, seed)
    for components in (20, 100):
        yield (
            f"PCA, {components} components",
            lambda components=components: baselines.pca_gaussian(train, components, count, seed),
        )
    yield "mean shape", lambda: baselines.mean_shape(train, count)


def _halves(reference: Reference, plan: Plan) -> Row:
    one, other = baselines.halves(reference.test, plan.seed)
    held = reference.test[other]
    of_held = None if reference.test_features is None else reference.test_features[other]
    half = Reference(
        held, reference.train, reference.between[np.ix_(other, other)], reference.to_train[other],
        reference.features, of_held,
    )  # fmt: skip
    return measure(reference.test[one].voxels(), half, seed=plan.seed)


def _real(space: ShapeSpace, store: Store, plan: Plan) -> tuple[str, np.ndarray, np.ndarray]:
    """Return which split is held out, its shapes, and the training shapes."""
    if store.resolution != space.resolution:
        raise UsageError(
            f"the space makes {space.resolution}^3 and the store holds {store.resolution}^3; prepare it at "
            f"--resolution {space.resolution}"
        )
    splits = [plan.split] if plan.split else ["test", "validation"]
    held = {name: held_out(store, name, plan.category) for name in splits}
    split = next((name for name, found in held.items() if len(found) >= FEWEST_HELD_OUT), None)
    train = store.indices("train", plan.category, once=True)
    if split is None or len(train) < FEWEST_HELD_OUT:
        counts = ", ".join(f"{len(found)} in {name}" for name, found in (held | {"train": train}).items())
        raise UsageError(f"too few shapes: {counts}; at least {FEWEST_HELD_OUT} held-out and training ones are needed")
    return split, store.read(held[split]), store.read(train)


def peer(path: Path, resolution: int) -> np.ndarray:
    """Return another program's shapes, (n, r, r, r) bool, brought to the resolution as `data prepare` does.

    Raises:
        BadInput: If the file holds no pack of grids.
    """
    from shapespace.data.fit import fit, occupied
    from shapespace.errors import BadInput
    from shapespace.shapes import formats

    pack = formats.read_pack(path)
    if not isinstance(pack, formats.Pack):
        raise BadInput(path, "holds no voxel grids", "a peer is a .npy or .npz of many grids")
    return np.stack([fit(occupied(pack.voxels(i)), resolution)[0] for i in range(len(pack))])
