"""`shapespace neurons`: what single units of the discriminator, or single latent numbers, have learned, drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from shapespace.explore.neighbours import Collection
    from shapespace.space import ShapeSpace

MOST_ROWS, MOST_COLUMNS = 32, 32
"""Of the picture."""

SIZE = 160
"""Pixels along a shape's side."""


@dataclass(frozen=True)
class Choice:
    """What is drawn."""

    what: Literal["units", "numbers"] = "units"
    """Units of the discriminator, or numbers of the latent vector: each is drawn from one end of the prior to the
    other while the others stay."""
    which: str = ""
    """Their numbers from 0, with commas between; those that tell most if not given."""
    layer: int = -1
    """Of the units: 1 is the discriminator's first, -1 its last."""
    rows: int = 6
    """How many units or numbers, if they are not given."""
    columns: int = 8
    """Shapes for each."""

    def numbers(self) -> list[int]:
        """Return the numbers that are listed.

        Raises:
            UsageError: If one is none, or there are too many; or the extent is out of bounds.
        """
        from shapespace.errors import UsageError

        if not 1 <= self.rows <= MOST_ROWS or not 2 <= self.columns <= MOST_COLUMNS:
            raise UsageError(f"--rows must be from 1 to {MOST_ROWS}, and --columns from 2 to {MOST_COLUMNS}")
        words = [word.strip() for word in self.which.split(",") if word.strip()]
        if not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words) or len(words) > MOST_ROWS:
            raise UsageError(
                f"--which {self.which!r}: give up to {MOST_ROWS} whole numbers from 0, with commas between"
            )
        return [int(word) for word in words]


def neurons(
    space: str,
    *,
    choice: Annotated[Choice, Parameter(name="*")] | None = None,
    among: Path | None = None,
    samples: int = 500,
    out: Path,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Draw the shapes that excite units of the discriminator most, red where; or shapes along latent numbers.

    Args:
        space: A shipped space's name, a .safetensors file, or the folder of a run.
        choice: Each as an option.
        among: A store whose shapes are shown to the units; samples of the space if not given.
        samples: How many.
        out: The picture to write, .png.
        force: Write over a picture that is there.
        json: Print the result as JSON.
    """
    from shapespace.cli.console import say, say_json
    from shapespace.cli.sample import check_picture
    from shapespace.files import atomic_file
    from shapespace.space import load

    choice = choice or Choice()
    choice.numbers()
    check_picture(out, force)
    _check(samples)
    loaded = load(space)
    if choice.what == "units":
        sheet, drawn = _units(loaded, _shown(loaded, among, samples), choice)
    else:
        sheet, drawn = _walks(loaded, choice)
    with atomic_file(out) as file:
        sheet.save(file, format="PNG", optimize=True)
    if json:
        say_json({"out": str(out), "what": choice.what, "which": drawn})
        return
    say(f"{out}: {choice.what} {', '.join(map(str, drawn))}")


def _shown(space: ShapeSpace, among: Path | None, samples: int) -> Collection:
    from shapespace.data.store import Store
    from shapespace.explore.neighbours import of_latents, of_store

    return of_latents(space, space.latents(samples)) if among is None else of_store(Store.open(among))


def _units(space: ShapeSpace, shapes: Collection, choice: Choice) -> tuple[Image, list[int]]:
    """Return the picture of units, a row each, and their numbers."""
    from shapespace.cli.console import progress
    from shapespace.explore.neurons import most_excited, selective, strengths
    from shapespace.shapes.marked import render_marked
    from shapespace.shapes.render import picture_sheet

    with progress(unit="shapes") as bar:
        task = bar.add_task("looking", total=shapes.count)
        table = strengths(space, shapes, choice.layer, told=lambda count: bar.update(task, completed=count))
    drawn = choice.numbers() or selective(table)[: choice.rows].tolist()
    count = min(choice.columns, shapes.count)
    found = [most_excited(space, shapes, table, unit, layer=choice.layer, count=count) for unit in drawn]
    pairs = [pair for each in found for pair in zip(each.voxels, each.marks, strict=True)]
    captions = [_caption(f"unit {each.unit}", value, i) for each in found for i, value in enumerate(each.strengths)]
    pictures = (render_marked(voxels, marks, size=SIZE) for voxels, marks in pairs)
    return picture_sheet(pictures, len(pairs), columns=count, size=SIZE, captions=captions), drawn


def _walks(space: ShapeSpace, choice: Choice) -> tuple[Image, list[int]]:
    """Return the picture of walks along latent numbers, a row each, and which they are."""
    import numpy as np

    from shapespace.cli.console import progress
    from shapespace.explore.neurons import effects, traversed
    from shapespace.shapes.render import contact_sheet

    drawn, steps = choice.numbers(), choice.columns
    if not drawn:
        with progress(unit="numbers") as bar:
            task = bar.add_task("trying", total=space.latent_dim)
            changed = effects(space, told=lambda count: bar.update(task, completed=count))
        drawn = np.argsort(-changed, kind="stable")[: choice.rows].tolist()
    z = np.stack([traversed(space, number, space.latents(1), steps)[0] for number in drawn])
    captions = [
        _caption(f"number {number}", value, i) for row, number in zip(z, drawn, strict=True)
        for i, value in enumerate(row[:, number])
    ]  # fmt: skip
    grids = space.decode(z.reshape(-1, space.latent_dim)) > space.threshold
    return contact_sheet(list(grids), columns=steps, size=SIZE, captions=captions), drawn


def _caption(name: str, value: np.floating | float, column: int) -> str:
    return f"{name}: {value:.2f}" if column == 0 else f"{value:.2f}"


def _check(samples: int) -> None:
    """Refuse what would come to nothing, before anything is loaded."""
    from shapespace.errors import UsageError
    from shapespace.limits import MAX_SAMPLES

    if not 1 <= samples <= MAX_SAMPLES:
        raise UsageError(f"--samples is {samples}; it must be from 1 to {MAX_SAMPLES:,}")
