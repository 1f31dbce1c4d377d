"""`shapespace interpolate` and `shapespace arithmetic`: ways through a space, and sums of its shapes, as files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from shapespace.cli.sample import Made, Mended
from shapespace.explore.placing import Up

if TYPE_CHECKING:
    import numpy as np

    from shapespace.explore.arithmetic import Sum
    from shapespace.explore.attributes import Attributes
    from shapespace.shapes.shape import Shape
    from shapespace.space import ShapeSpace

MOST_SHAPES = 1_000
"""Of one path, and expressions of one command."""

IN_A_ROW = 8
"""Shapes of a path on its sheet, at most; all rows are alike but for the last."""

PICTURE = 256
"""Pixels along the side of a moving picture."""


@dataclass(frozen=True)
class Whole(Mended):
    """What is done to each shape of a way."""

    mend: bool = True
    """Move steps whose shapes are in pieces, the ends excepted, a little aside, until they are in one."""
    largest_component: bool = True
    """Drop what pieces are loose still, as the paper's figures do."""


@dataclass(frozen=True)
class Way:
    """How the way between the ends is walked and shown."""

    steps: int = 12
    """Shapes on the way, its ends among them."""
    how: Literal["spherical", "linear"] = "spherical"
    """Along arcs about the prior's centre, or along straight lines."""
    frames: int = 48
    """Pictures in turntable.gif, the way with the camera going round; 0 for none."""
    mp4: Annotated[bool, Parameter(negative=())] = False
    """Write turntable.mp4 as well; needs `pip install 'shapespace[film]'`."""

    def check(self, ends: tuple[str, ...]) -> None:
        """Refuse what makes no path, before anything is loaded."""
        from shapespace.errors import UsageError

        if len(ends) < 2:
            raise UsageError(f"{len(ends)} end was given; a way has two or more, as in 0:1 0:5")
        if not len(ends) <= self.steps <= MOST_SHAPES:
            raise UsageError(
                f"--steps is {self.steps}; it must be from {len(ends)}, as many as ends, to {MOST_SHAPES:,}"
            )
        if not 0 <= self.frames <= MOST_SHAPES:
            raise UsageError(f"--frames is {self.frames}; it must be from 0 to {MOST_SHAPES:,}")


def interpolate(
    space: str,
    *ends: str,
    out: Path,
    format: str = "stl",
    way: Annotated[Way, Parameter(name="*")] | None = None,
    up: Up = "auto",
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    finish: Annotated[Whole, Parameter(name="*")] | None = None,
) -> None:
    """Write the shapes on the way from one to the next, as meshes, a contact sheet and a moving picture.

    Args:
        space: A shipped space's name, a .safetensors file, or the folder of a run.
        ends: Two or more, passed exactly: SEED:I, the I-th sample of a seed; FILE.npz:ROW, a row of a latents.npz;
            the file of a shape, for which the nearest one of the space is taken; or a sum, as in "0:3 + arms".
        out: The folder to write; it must be empty or new.
        format: One or several of stl, glb, gltf, obj, ply, off, 3mf, binvox, vox, npz, with commas between.
        way: Each as an option.
        up: The axis that points up in files of shapes; auto goes by the format.
        force: Write into a folder that is not empty.
        json: Print the result as JSON.
        finish: Each as an option.
    """
    import numpy as np

    from shapespace.cli.console import counted, say, say_json
    from shapespace.cli.sample import check_folder, extensions_of, finished, note_empty, write
    from shapespace.explore.interpolate import stops
    from shapespace.nets.latents import write_latents
    from shapespace.shapes.render import save_sheet

    extensions, way, finish = extensions_of(format), way or Way(), finish or Whole()
    finish.check(extensions)
    way.check(ends)
    check_folder(out, force)
    loaded, attributes = _opened(space)
    passed = np.stack([each.z for each in _sums(loaded, attributes, ends, up=up)])
    z = _walked(loaded, passed, way.steps, way.how, finish)
    shapes = list(finished(loaded, z, finish))
    written = sum(bool(write(shape, out, number, extensions, finish)) for number, shape in enumerate(shapes))
    write_latents(out / "latents.npz", z)
    rows = -(-len(shapes) // IN_A_ROW)
    save_sheet(out / "sheet.png", [shape.voxels for shape in shapes], columns=-(-len(shapes) // rows))
    if way.frames:
        smooth = _walked(loaded, passed, max(way.frames, len(ends)), way.how, finish)
        _film(loaded, smooth, out, finish, way.mp4)
    note_empty(len(shapes) - written)
    if json:
        facts = {"out": str(out), "ends": list(ends), "how": way.how, "shapes": written}
        say_json(facts | {"ends_at": stops(len(ends), way.steps).tolist(), "voxels": _voxels(shapes)})
        return
    moving = "" if not way.frames else ", turntable.gif and turntable.mp4" if way.mp4 else ", turntable.gif"
    say(f"{counted(written, 'shape')} in {out} as {', '.join(extensions)}, with sheet.png, latents.npz{moving}")


def arithmetic(
    space: str,
    *expressions: str,
    out: Path,
    format: str = "stl",
    straight: Annotated[bool, Parameter(negative=())] = False,
    up: Up = "auto",
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    finish: Annotated[Made, Parameter(name="*")] | None = None,
) -> None:
    """Write what sums of shapes come to, as meshes and a contact sheet with a row for each sum.

    Args:
        space: A shipped space's name, a .safetensors file, or the folder of a run.
        expressions: One or several, in quotes, as in "0:3 - 0:1 + 0:7" or "chair.stl + 0.5*arms". A term is SEED:I,
            the I-th sample of a seed; FILE.npz:ROW, a row of a latents.npz; the file of a shape, for which the
            nearest one of the space is taken; or an attribute. Signs stand between spaces.
        out: The folder to write; it must be empty or new.
        format: One or several of stl, glb, gltf, obj, ply, off, 3mf, binvox, vox, npz, with commas between.
        straight: Move along an attribute's line and leave it there: quicker, and other attributes change more.
        up: The axis that points up in files of shapes; auto goes by the format.
        force: Write into a folder that is not empty.
        json: Print the result as JSON, with the attributes that are read off each shape.
        finish: Each as an option.
    """
    import numpy as np

    from shapespace.cli.console import counted, say, say_json
    from shapespace.cli.sample import check_folder, extensions_of, finished, note_empty, write
    from shapespace.nets.latents import write_latents

    extensions, finish = extensions_of(format), finish or Made()
    finish.check(extensions)
    _check_count(expressions)
    check_folder(out, force)
    loaded, attributes = _opened(space)
    sums = _sums(loaded, attributes, expressions, up=up, straight=straight)
    z = finish.settled(loaded, np.stack([each.z for each in sums]))
    sums = [replace(each, z=row) for each, row in zip(sums, z, strict=True)]
    shapes = list(finished(loaded, z, finish))
    written = sum(bool(write(shape, out, number, extensions, finish)) for number, shape in enumerate(shapes))
    write_latents(out / "latents.npz", z)
    _draw(out / "sheet.png", loaded, sums, expressions, finish)
    note_empty(len(shapes) - written)
    if json:
        facts = {"out": str(out), "sums": list(expressions), "shapes": written, "voxels": _voxels(shapes)}
        say_json(facts | {"attributes": _read(attributes, shapes)})
        return
    say(f"{counted(written, 'shape')} in {out} as {', '.join(extensions)}, with sheet.png and latents.npz")


def _walked(space: ShapeSpace, passed: np.ndarray, steps: int, how: str, finish: Made) -> np.ndarray:
    """Return latent vectors on the way through those passed, which stay as they are, the others mended if asked for."""
    import numpy as np

    from shapespace.explore.interpolate import centre_of, interpolate, stops

    z = interpolate(passed, steps, how=how, centre=centre_of(space.prior))
    between = np.setdiff1d(np.arange(steps), stops(len(passed), steps))
    z[between] = finish.settled(space, z[between])
    return z


def _opened(space: str) -> tuple[ShapeSpace, Attributes | None]:
    from shapespace.explore.attributes import of
    from shapespace.space import load

    loaded = load(space)
    return loaded, of(space, loaded)


def _sums(
    space: ShapeSpace, attributes: Attributes | None, texts: tuple[str, ...], *, up: Up, straight: bool = False
) -> list[Sum]:
    from shapespace.cli.console import progress
    from shapespace.explore.arithmetic import evaluate
    from shapespace.explore.steer import CORRECTIONS

    with progress(unit="sums") as bar:
        return [
            evaluate(space, text, attributes, corrections=0 if straight else CORRECTIONS, up=up)
            for text in bar.track(texts, description="adding")
        ]


def _draw(path: Path, space: ShapeSpace, sums: list[Sum], texts: tuple[str, ...], finish: Made) -> None:
    """Write a picture of all sums: for each the shapes that are added, then what they come to."""
    import numpy as np

    from shapespace.cli.sample import finished
    from shapespace.shapes.render import save_sheet

    width = 1 + max(len(each.names) for each in sums)
    grids, captions = [], []
    for each, text in zip(sums, texts, strict=True):
        shapes = finished(space, np.concatenate([each.latents, each.z[None]]), finish)
        row = [shape.voxels for shape in shapes]
        left = width - len(row)
        grids += row + [np.zeros_like(row[0])] * left
        captions += [*(Path(name).name for name in each.names), f"= {text}", *[""] * left]
    save_sheet(path, grids, columns=width * max(1, IN_A_ROW // width), captions=captions)


def _film(space: ShapeSpace, z: np.ndarray, out: Path, finish: Made, mp4: bool) -> None:
    from shapespace.cli.sample import finished
    from shapespace.shapes.film import save_gif, save_mp4, turntable

    pictures = list(turntable([shape.voxels for shape in finished(space, z, finish)], size=PICTURE))
    save_gif(out / "turntable.gif", pictures)
    if mp4:
        save_mp4(out / "turntable.mp4", pictures)


def _read(attributes: Attributes | None, shapes: list[Shape]) -> list[dict[str, float]]:
    """Return the attributes that are read off each shape, by name; nothing where none are known."""
    import numpy as np

    if attributes is None:
        return []
    table = attributes.read(np.stack([shape.voxels for shape in shapes]))
    return [{name: round(float(x), 4) for name, x in zip(attributes.names, row, strict=True)} for row in table]


def _voxels(shapes: list[Shape]) -> list[int]:
    return [int(shape.voxels.sum()) for shape in shapes]


def _check_count(expressions: tuple[str, ...]) -> None:
    from shapespace.errors import UsageError

    if not 1 <= len(expressions) <= MOST_SHAPES:
        raise UsageError(f"{len(expressions)} sums were given; give 1 to {MOST_SHAPES:,}, each in quotes")
