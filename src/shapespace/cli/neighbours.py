"""`shapespace neighbours`: the shapes of a store, or of a space, that are most like given ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from shapespace.explore.placing import Up

if TYPE_CHECKING:
    import numpy as np

    from shapespace.data.store import Store
    from shapespace.explore.neighbours import Neighbours
    from shapespace.space import ShapeSpace

MOST_QUERIES = 64
"""Shapes looked for in one command."""

SHOWN = 16
"""Neighbours in a row of the picture at most."""


def neighbours(  # noqa: PLR0913 - a command's options
    space: str,
    *queries: str,
    among: Path | None = None,
    by: Literal["features", "voxels", "latent"] = "features",
    k: Annotated[int, Parameter(name=["-k", "--k"])] = 8,
    samples: int = 1000,
    up: Up = "auto",
    out: Path | None = None,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Print the shapes most like each query, and draw them beside it.

    The index of a store is kept beside it and built again when the store or the space is another.

    Args:
        space: A shipped space's name, a .safetensors file, or the folder of a run; it says what is alike.
        queries: One or several: the file of a mesh or of voxels; SEED:I, the I-th sample of a seed; or FILE.npz:ROW,
            a row of a latents.npz.
        among: The store to search in; without it, samples of the space are searched.
        by: What the discriminator answers, as the paper does; voxels, by their IoU; or the latent vector, for samples.
        k: Neighbours of each.
        samples: How many samples of the space are searched, without a store: those of seed 0. A query that is one of
            them is left out of its own answer.
        up: The axis that points up in files; auto goes by the format.
        out: A picture to write, .png, a row for each query.
        force: Write over a picture that is there.
        json: Print the result as JSON.
    """
    from shapespace.cli.console import say, say_json
    from shapespace.cli.sample import check_picture
    from shapespace.space import load

    _check(queries, among, by, k, samples)
    if out is not None:
        check_picture(out, force)
    loaded = load(space)
    wanted, z = _wanted(loaded, queries, by, k, up)
    store, found = _opened(loaded, among, by, samples)
    ids, distances = found.search(wanted, k, without=found.shapes.numbers(z))
    if out:
        _draw(out, loaded, found, wanted, queries, ids, distances)
    names = [[_name(store, number) for number in row] for row in ids.tolist()]
    rows = [[round(value, 4) for value in row] for row in distances.tolist()]
    if json:
        say_json({"by": by, "queries": list(queries), "neighbours": names, "distances": rows})
        return
    for query, row, far in zip(queries, names, rows, strict=True):
        say(f"{query}: " + ", ".join(f"{name} ({value:.3f})" for name, value in zip(row, far, strict=True)))


def _wanted(
    space: ShapeSpace, queries: tuple[str, ...], by: str, k: int, up: Up
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return what is looked for, in rows, voxels or latent vectors, and the latent vectors; NaN where it has none."""
    import numpy as np

    from shapespace.explore.arithmetic import latent_of
    from shapespace.explore.index import checked
    from shapespace.explore.placing import Placing
    from shapespace.explore.target import target_of
    from shapespace.shapes.formats import PARSERS

    checked(k)
    if by == "latent":
        z = np.stack([latent_of(space, query, up=up) for query in queries])
        return z, z

    def wanted(query: str) -> tuple[np.ndarray, np.ndarray]:
        if Path(query).suffix.lower() in PARSERS:
            return target_of(query, space.resolution, Placing(up=up)), np.full(space.latent_dim, np.nan, np.float32)
        z = latent_of(space, query)
        return space.decode(z[None])[0] > space.threshold, z

    voxels, latents = zip(*map(wanted, queries), strict=True)
    return np.stack(voxels), np.stack(latents)


def _opened(space: ShapeSpace, among: Path | None, by: str, samples: int) -> tuple[Store | None, Neighbours]:
    """Return the store, if it is one, and what searches it."""
    from shapespace.cli.console import progress
    from shapespace.data.store import Store
    from shapespace.explore.neighbours import Neighbours, neighbours, of_latents

    store = None if among is None else Store.open(among)
    with progress(unit="shapes") as bar:
        task = bar.add_task("indexing", total=samples if store is None else len(store))

        def told(count: int) -> None:
            bar.update(task, completed=count)

        if store is not None:
            return store, neighbours(space, store, by, told=told)
        return None, Neighbours(space, of_latents(space, space.latents(samples)), by, told=told)


def _draw(
    out: Path,
    space: ShapeSpace,
    found: Neighbours,
    wanted: np.ndarray,
    queries: tuple[str, ...],
    ids: np.ndarray,
    distances: np.ndarray,
) -> None:
    """Write a row for each query: the query, then its neighbours with their distances."""
    from shapespace.shapes.render import save_sheet

    grids, captions = [], []
    shapes = space.decode(wanted) > space.threshold if found.by == "latent" else wanted
    for query, shape, row, far in zip(queries, shapes, ids[:, :SHOWN], distances, strict=True):
        grids += [shape, *found.shapes.read(row)]
        captions += [Path(query).name, *[f"{value:.3f}" for value in far[: len(row)]]]
    save_sheet(out, grids, columns=1 + min(SHOWN, ids.shape[1]), captions=captions)


def _name(store: Store | None, number: int) -> str:
    return f"0:{number}" if store is None else store.id(number)


def _check(queries: tuple[str, ...], among: Path | None, by: str, k: int, samples: int) -> None:
    """Refuse what would come to nothing, before anything is loaded."""
    from shapespace.errors import UsageError
    from shapespace.limits import MAX_NEIGHBOURS, MAX_SAMPLES

    if not 1 <= len(queries) <= MOST_QUERIES:
        raise UsageError(f"{len(queries)} queries were given; give 1 to {MOST_QUERIES}, as in chair.stl or 0:3")
    if not 1 <= k <= MAX_NEIGHBOURS:
        raise UsageError(f"-k is {k}; it must be from 1 to {MAX_NEIGHBOURS:,}")
    if not 1 <= samples <= MAX_SAMPLES:
        raise UsageError(f"--samples is {samples}; it must be from 1 to {MAX_SAMPLES:,}")
    if among is not None and by == "latent":
        raise UsageError("--by latent searches samples of the space; a store holds voxels: use features or voxels")
