"""What `tools/attributes.py` prints: how well attributes are read and moved, and whether paths stay among shapes.

The judge of moved shapes is a reader of its own, taught on other pieces with another seed: what the first reader can be
talked into is not what it decides by.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from shapespace.explore.attributes import Attributes, of
from shapespace.explore.interpolate import WAYS, interpolate
from shapespace.explore.mend import mend
from shapespace.explore.reader import Reader, fit
from shapespace.explore.steer import steer
from shapespace.shapes.grid import components, iou, largest_component
from shapespace.space import ShapeSpace, load

Pieces = Callable[[int, int], tuple[np.ndarray, dict[str, np.ndarray]]]

JUDGE, JUDGE_PIECES, HELD_OUT = 20_000, 4_000, 4_000
SAMPLES_SEED, STARTS_SEED, PATHS_SEED = 1_000, 2_000, 3_000
TOGETHER = 25


def report(name: str, pieces: Pieces, *, count: int = 100) -> None:
    """Print every number of the section in docs/results.md.

    Args:
        name: Of a space that has attributes.
        pieces: Returns the labelled shapes that belong to a number of seeds from a first one.
        count: Shapes without arms of each kind, and paths of each kind.
    """
    space = load(name)
    known = of(name, space)
    assert known is not None
    held, labels = pieces(HELD_OUT, 1000)
    _say("the reader, on held-out pieces", reading(known, held, labels))
    ranges = (held.mean(axis=(1, 2, 3)).min(), held.mean(axis=(1, 2, 3)).max())
    _say("paths", paths(space, count, ranges))
    judge = replace(known, reader=_judge(known, *pieces(JUDGE, JUDGE_PIECES)))
    _say("the judge, on held-out pieces", reading(judge, held, labels))
    z = space.latents(4 * count, SAMPLES_SEED)
    bare = z[judge.read(_voxels(space, z))[:, 0] < 0.5][:count]
    _say(f"arms added to {len(bare)} samples without", moving(space, known, judge, bare))
    wanted = held[~labels["arms"]][:count]
    near, fits = brought(space, wanted)
    line = f"held-out chairs brought into the space: IoU {fits.mean():.3f}, quarter below {np.quantile(fits, 0.25):.3f}"
    bare = near[judge.read(_voxels(space, near))[:, 0] < 0.5]
    _say(line, moving(space, known, judge, bare))
    print(f"  ({len(bare)} of {len(near)} have no arms there, as in truth)")


def reading(attributes: Attributes, voxels: np.ndarray, labels: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Yield a line an attribute: how far what is read is right on labelled pieces."""
    read = attributes.read(voxels)
    for column, name in enumerate(attributes.names):
        true = np.asarray(labels[name], np.float64)
        if attributes.kinds[column]:
            right = int(((read[:, column] > 0.5) == true).sum())
            yield f"{name}: right {share(right, len(true))}, {true.mean():.2f} have it"
        else:
            left = np.square(read[:, column] - true).mean() / true.var()
            yield f"{name}: R2 {1 - left:.3f}"


def moving(space: ShapeSpace, known: Attributes, judge: Attributes, bare: np.ndarray) -> Iterator[str]:
    """Yield lines: what adding arms does to shapes without, along the line and steered."""
    before = _voxels(space, bare)
    yield "the two readers differ on them before: " + ", ".join(_differing(known, judge, before))
    for name, moved in (("straight", known.move(bare, {"arms": 1.0})), ("steered", _steered(space, known, bare))):
        after = _voxels(space, moved)
        yield f"{name}: arms by the judge {_gained(judge, after)}, by the reader {_gained(known, after)}"
        yield "  others: " + ", ".join(_changes(judge, before, after))
        length = np.linalg.norm(moved - bare, axis=1).mean()
        whole = (
            np.mean([components(grid, 3)[1] == 1 for grid in after]),
            np.mean([components(g, 3)[1] == 1 for g in before]),
        )
        yield f"  moved by {length:.2f}; in one piece (reach 3) {whole[0]:.2f}, before {whole[1]:.2f}"


def brought(
    space: ShapeSpace, wanted: np.ndarray, *, starts: int = 1000, steps: int = 50
) -> tuple[np.ndarray, np.ndarray]:
    """Return ((n, d) latent vectors whose shapes are near those wanted, (n,) their IoU): Adam from the best sample."""
    z = space.latents(starts, STARTS_SEED)
    grids = _voxels(space, z)
    first = [int(np.argmax([iou(each, grid) for grid in grids])) for each in wanted]
    parts = [
        _fitted(space, z[first[i : i + TOGETHER]], wanted[i : i + TOGETHER], steps)
        for i in range(0, len(wanted), TOGETHER)
    ]
    near = np.concatenate(parts)
    return near, np.array([iou(a, b) for a, b in zip(_voxels(space, near), wanted, strict=True)])


def paths(space: ShapeSpace, count: int, occupied: tuple[float, float], steps: int = 9) -> Iterator[str]:
    """Yield lines: in what shape the steps of paths between samples are, beside the samples themselves."""
    z = space.latents(2 * count, PATHS_SEED)
    yield f"occupancy of held-out pieces {occupied[0]:.4f} to {occupied[1]:.4f}"
    yield from _before_and_after("samples, the ends", space, z, occupied)
    for how in WAYS:
        between = np.concatenate([interpolate(z[2 * i : 2 * i + 2], steps, how=how)[1:-1] for i in range(count)])
        yield from _before_and_after(f"{how}, steps between", space, between, occupied)


def share(count: int, total: int) -> str:
    """Return `0.95 (0.89 to 0.98)`: a share and its 95 % interval (Wilson 1927)."""
    z, p = 1.96, count / total
    middle, half = (p + z * z / (2 * total)), z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    low, high = ((middle + sign * half) / (1 + z * z / total) for sign in (-1, 1))
    return f"{p:.3f} ({max(0.0, low):.3f} to {min(1.0, high):.3f})"


def _before_and_after(name: str, space: ShapeSpace, z: np.ndarray, occupied: tuple[float, float]) -> Iterator[str]:
    """Yield lines: in what shape shapes are, and in what when they were mended."""
    moved = mend(space, z)
    before, after = _voxels(space, z), _voxels(space, moved)
    yield f"{name}: {_state(before, occupied)}"
    yield f"{name}, mended: {_state(after, occupied)}"
    length = np.linalg.norm(moved - z, axis=1)
    alike = [iou(a, b) for a, b, far in zip(before, after, length, strict=True) if far]
    yield (
        f"  moved {len(alike)} of {len(z)} by {length[length > 0].mean():.2f}; IoU with what they were "
        f"{np.mean(alike):.3f}, a tenth below {np.quantile(alike, 0.1):.3f}"
    )


def _state(grids: np.ndarray, occupied: tuple[float, float]) -> str:
    kept = np.stack([largest_component(grid, 3) for grid in grids])
    inside = [
        int(((occupied[0] <= s) & (s <= occupied[1])).sum()) for s in (x.mean(axis=(1, 2, 3)) for x in (grids, kept))
    ]
    most = int((kept.sum(axis=(1, 2, 3)) >= 0.95 * grids.sum(axis=(1, 2, 3))).sum())
    single = [sum(components(grid, reach)[1] == 1 for grid in grids) for reach in (1, 3)]
    n = len(grids)
    return (
        f"one piece by faces {share(single[0], n)}, within 3 {share(single[1], n)}; 95 % of voxels in one "
        f"{share(most, n)}; occupancy in range {share(inside[0], n)}, of the largest piece {share(inside[1], n)}"
    )


def _judge(known: Attributes, voxels: np.ndarray, labels: Mapping[str, np.ndarray]) -> Reader:
    table = np.stack([np.asarray(labels[name], np.float32) for name in known.names], axis=1)
    torch.manual_seed(1)
    reader = Reader(len(known.names), known.reader.resolution)
    return fit(reader, voxels, (table - known.means) / known.spans, known.kinds, epochs=4, seed=1)


def _gained(judge: Attributes, after: np.ndarray) -> str:
    return share(int((judge.read(after)[:, 0] > 0.5).sum()), len(after))


def _changes(judge: Attributes, before: np.ndarray, after: np.ndarray) -> Iterator[str]:
    """Yield by how much each other attribute has changed: how often, or in deviations over pieces of furniture."""
    was, now = judge.read(before), judge.read(after)
    for column, name in enumerate(judge.names[1:], start=1):
        if judge.kinds[column]:
            yield f"{name} {share(int(((was[:, column] > 0.5) != (now[:, column] > 0.5)).sum()), len(was))}"
        else:
            difference = (now - was)[:, column] / judge.spans[column]
            yield f"{name} {np.abs(difference).mean():.2f} sd (mean {difference.mean():+.2f})"


def _differing(known: Attributes, judge: Attributes, grids: np.ndarray) -> Iterator[str]:
    """Yield how far two readings of the same shapes differ, as `_changes` says it: the noise in those."""
    was, now = known.read(grids), judge.read(grids)
    for column, name in enumerate(judge.names[1:], start=1):
        if judge.kinds[column]:
            yield f"{name} {share(int(((was[:, column] > 0.5) != (now[:, column] > 0.5)).sum()), len(was))}"
        else:
            yield f"{name} {np.abs((now - was)[:, column] / judge.spans[column]).mean():.2f} sd"


def _steered(space: ShapeSpace, known: Attributes, z: np.ndarray) -> np.ndarray:
    parts = [steer(space, known, z[i : i + TOGETHER], {"arms": 1.0}) for i in range(0, len(z), TOGETHER)]
    return np.concatenate(parts)


def _voxels(space: ShapeSpace, z: np.ndarray) -> np.ndarray:
    return np.concatenate([space.decode(z[i : i + 100]) > space.threshold for i in range(0, len(z), 100)])


def _fitted(space: ShapeSpace, start: np.ndarray, wanted: np.ndarray, steps: int) -> np.ndarray:
    """Return latent vectors after Adam on cross-entropy, a little held to where N(0, I) is dense."""
    z = torch.from_numpy(start.copy()).requires_grad_()
    target = torch.from_numpy(wanted).float()[:, None]
    adam = torch.optim.Adam([z], lr=0.1)
    for _ in range(steps):
        lost = functional.binary_cross_entropy_with_logits(space.generator.logits(z), target, reduction="none")
        loss = lost.mean(dim=(1, 2, 3, 4)).sum() + 1e-3 * z.square().mean(1).sum()
        (z.grad,) = torch.autograd.grad(loss, z)
        adam.step()
    return z.detach().numpy()


def _say(title: str, lines: Iterator[str]) -> None:
    print(f"\n{title}", flush=True)
    for line in lines:
        print(f"  {line}", flush=True)
