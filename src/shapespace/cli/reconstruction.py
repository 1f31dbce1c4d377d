"""`shapespace evaluate reconstruct`: how well a space gives the shapes that pictures show."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    import numpy as np

    from shapespace.evaluate.pictures import Pictured
    from shapespace.space import ShapeSpace


def reconstruct(  # noqa: PLR0913 - a command's options
    space: str,
    *,
    data: Path,
    out: Path | None = None,
    photographs: Path | None = None,
    views: Path | None = None,
    backgrounds: Path | None = None,
    split: str | None = None,
    category: str | None = None,
    each: int = 4,
    seed: int = 0,
    json: Annotated[bool, Parameter(negative=())] = False,
    force: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Compare the shapes given for pictures with the true ones, beside guesses that never look at the picture.

    Writes report.html for people, report.json for machines, and panel.png.

    Args:
        space: A space with an image encoder: a .safetensors file, or the folder of a run.
        data: The store it was trained on: what it may remember, and the shapes held out.
        out: The folder to write; tables/reconstruct in the run if SPACE is one's folder, else
            tables/NAME-reconstruct here.
        photographs: A folder of the IKEA photographs with their shapes (ikea.npz, images.zip), instead of pictures
            drawn of held-out shapes.
        views: A folder of views that `data render` made of the store; drawn now if not given.
        backgrounds: A folder or zip of photographs behind the drawn shapes; rooms made by the program if not given.
        split: Shapes held out: test or validation; test if not given, or validation where there is none.
        category: Only shapes of this category.
        each: Pictures of every shape.
        seed: Of the pictures, the shuffling and the intervals.
        json: Print the report as one line of JSON instead of tables.
        force: Write into a folder that is not empty.
    """
    from shapespace.cli.console import note, say
    from shapespace.cli.evaluate import checked_out
    from shapespace.data.store import Store
    from shapespace.data.views import Views
    from shapespace.errors import UsageError
    from shapespace.evaluate import pictures, report
    from shapespace.evaluate.reconstruct import Plan
    from shapespace.evaluate.reconstruct import reconstruct as measured
    from shapespace.space import load

    if each < 1:
        raise UsageError(f"--each is {each}; one picture of a shape is the least")
    out = checked_out(out, space, "reconstruct", force=force)
    loaded, store = load(space), Store.open(data)
    loaded.reader()  # else all pictures would be drawn for nothing
    seen = Views.open(views or store, seed=seed, backgrounds=backgrounds)
    train = store.indices("train", category, once=True)
    of_train = [store.category(int(index)) for index in train]
    if photographs is None:
        name, shapes = pictures.looked_at(store, split, category)
        note(f"drawing {each} pictures of each of {len(shapes)} shapes ({name})")
        shown = pictures.of_store(seen, store, shapes, each)
    else:
        name = photographs.name
        shown = pictures.of_ikea(photographs, set(of_train))
    z, predicted = _read(loaded, shown)
    note(f"looking through {each} pictures of each of {len(train)} training shapes")
    near = pictures.retrieved(loaded, z, seen, train, each)
    plan = Plan(near, shown.objects, seed=seed)
    drawn = [each.name for each in (views, backgrounds) if each]
    facts = {"data": data.name, "store": store.digest, "split": name, "each": each, "drawn": drawn}
    facts |= _about(space, loaded, "photographs" if photographs else "pictures")
    found = measured(out, predicted, shown, store.read(train), of_train, plan, facts=facts, say=note)
    if json:
        say(report.as_line(found))
        return
    _print(found)
    say(f"{out / 'report.html'}, with report.json and panel.png")


def _read(loaded: ShapeSpace, shown: Pictured) -> tuple[np.ndarray, np.ndarray]:
    """Return latent vectors and occupancy of the pictures, and say if the truths are at another resolution."""
    from shapespace.cli.console import note
    from shapespace.evaluate import pictures
    from shapespace.evaluate.guesses import brought

    if words := brought(loaded.resolution, shown.shapes.shape[-1]):
        note(words)
    note(f"reading {len(shown)} pictures")
    return pictures.rebuilt(loaded, shown.pictures)


def _about(space: str, loaded: ShapeSpace, of: str) -> dict[str, Any]:
    """Return what a report says of the space and of how it was made."""
    title = f"What {Path(space).stem} makes of {of}"
    return {
        "title": title, "space": space, "space_resolution": loaded.resolution, "trained": dict(loaded.card.trained),
        "command": " ".join(sys.argv[1:]),
    }  # fmt: skip


def _print(found: Mapping[str, Any]) -> None:
    """Print the means over categories, and how far the predictions lie above each other row."""
    from shapespace.cli.evaluate import print_table
    from shapespace.evaluate.reconstruct import METRICS
    from shapespace.evaluate.reconstruct_page import TITLES

    head = ["", *(TITLES[metric] for metric in METRICS)]
    for title, rows in (("Mean over categories", found["rows"]), ("What the predictions reach above", found["above"])):
        lines = [[name, *(_shown(row[metric]) for metric in METRICS)] for name, row in rows.items()]
        print_table(title, [head, *lines])


def _shown(number: Mapping[str, float]) -> str:
    return f"{100 * number['value']:.1f} ({100 * number['low']:.1f} to {100 * number['high']:.1f})"
