"""`shapespace data render`: a store or meshes in, pictures of each shape from 72 sides out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from shapespace.data.view_writer import ViewReport

ON_SHEET = 24
"""Pictures on the sheet at most."""


@dataclass(frozen=True)
class How:
    """How the shapes are drawn."""

    seed: int = 0
    """Of light, material and camera."""
    quality: int = 85
    """Of the pictures, 1 to 100."""
    up: Literal["auto", "x", "y", "z"] = "auto"
    """The axis that points up in meshes; auto goes by layout and format."""


@dataclass(frozen=True)
class Sheet:
    """A picture of some of the views before backgrounds."""

    sheet: Path | None = None
    """Also write 24 of the views before backgrounds as this PNG."""
    backgrounds: Path | None = None
    """Photographs for the sheet, a folder or a zip; rooms made by the program if not given."""


def render(
    source: Path,
    *,
    out: Path,
    how: Annotated[How, Parameter(name="*")] | None = None,
    workers: int | None = None,
    max_refused: float = 0.01,
    look: Annotated[Sheet, Parameter(name="*")] | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Draw every shape from 24 azimuths and 3 elevations, 256 x 256 pixels with alpha.

    Light, material and camera vary with the seed. The pictures have no background: training puts them before
    photographs or made rooms as it goes. A killed job goes on where it was when the same command is given again.

    Args:
        source: A store, a mesh, or a folder of meshes.
        out: The folder of views to make, named X.views.
        how: Seed, quality, and which way is up.
        workers: Processes; all cores if not given.
        max_refused: Part of the meshes that may be refused without complaint.
        look: A picture of some of the views, to look at.
        json: Print the report as JSON.
    """
    from shapespace.cli.console import progress
    from shapespace.data.backgrounds import open_backgrounds
    from shapespace.data.view_writer import write_views

    wanted, how = look or Sheet(), how or How()
    behind = open_backgrounds(wanted.backgrounds)  # a mistake in it shows before the work, not after
    with progress(unit="shapes") as bar:
        task = bar.add_task("drawing", total=None)
        report = write_views(
            source,
            out,
            seed=how.seed,
            quality=how.quality,
            up=how.up,
            workers=workers,
            advance=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if wanted.sheet is not None:
        from shapespace.data.views import Views, save_view_sheet

        save_view_sheet(wanted.sheet, Views.open(out, seed=how.seed, backgrounds=behind), ON_SHEET)
    return _tell(report, out, max_refused=max_refused, as_json=json)


def _tell(report: ViewReport, out: Path, *, max_refused: float, as_json: bool) -> int:
    from dataclasses import asdict

    from shapespace.cli.console import complain, note, say, say_json

    for refusal in report.refused:
        note(f"  refused {refusal.path}: {refusal.reason}")
    if as_json:
        say_json(asdict(report))
    else:
        say(f"{out}: {report.pictures} views of {report.shapes} shapes, {report.megabytes:.1f} MB")
    if len(report.refused) > max_refused * (report.shapes + len(report.refused)):
        return complain(f"{len(report.refused)} shapes were refused, more than {max_refused:.1%}", code=3)
    return 0
