"""`shapespace sample`: a trained space in, new shapes out as files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    import numpy as np

    from shapespace.shapes.shape import Shape
    from shapespace.space import ShapeSpace

ON_SHEET = 64
"""Shapes on the contact sheet at most."""


@dataclass(frozen=True)
class Finish:
    """What is done to each shape before it is written."""

    threshold: float | None = None
    """A voxel is inside where its occupancy, from 0 to 1, is above this; the space's own if not given."""
    largest_component: bool = False
    """Drop loose pieces."""
    style: Literal["smooth", "blocks"] = "smooth"
    """Meshes with the surface between voxels, or with the voxels' own faces."""
    smooth: int = 0
    """Rounds of smoothing of a mesh."""
    faces: int | None = None
    """Simplify a mesh to this many faces, or as few more as stay closed."""
    millimetres: float | None = None
    """Length of the longest side of a mesh; one unit a voxel if not given."""

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        from shapespace.errors import UsageError

        if self.threshold is not None and not 0 < self.threshold < 1:
            raise UsageError(f"--threshold is {self.threshold:g}; it must lie between 0 and 1")
        if self.smooth < 0 or (self.faces is not None and self.faces < 4):
            raise UsageError("--smooth must be 0 or more and --faces at least 4")
        if self.millimetres is not None and not 0 < self.millimetres < float("inf"):
            raise UsageError(f"--millimetres is {self.millimetres:g}; it must be above 0")

    def check(self, extensions: Iterable[str]) -> None:
        """Refuse what only a mesh can have where none is written: dropped in silence it is believed to be done."""
        from shapespace.errors import UsageError
        from shapespace.shapes.formats import MESH_EXTENSIONS

        asked = self.style != "smooth" or self.smooth or self.faces is not None or self.millimetres is not None
        if asked and not set(MESH_EXTENSIONS) & {f".{extension}" for extension in extensions}:
            raise UsageError("--style, --smooth, --faces and --millimetres are of meshes, and no mesh is written")

    def cut(self, shape: Shape) -> Shape:
        """Return the shape at the threshold that was asked for, and only its largest piece if that was."""
        changed = shape if self.threshold is None else replace(shape, threshold=self.threshold)
        return changed.largest_component() if self.largest_component else changed


@dataclass(frozen=True)
class Made(Finish):
    """What is done to each shape that a latent vector makes."""

    mend: bool = False
    """Where a shape is in pieces, move its latent vector a little until it is in one."""

    def settled(self, space: ShapeSpace, z: np.ndarray, threshold: float | None = None) -> np.ndarray:
        """Return the latent vectors, mended if that was asked for; it is said how many cannot be.

        Args:
            space: That makes shapes of them.
            z: (n, latent_dim).
            threshold: That the shapes are cut at if none was asked for; the space's own if None.
        """
        from shapespace.cli.console import counted, note, progress
        from shapespace.explore.mend import in_one_piece, mend

        if not self.mend:
            return z
        cut = self.threshold or threshold
        with progress(unit="shapes") as bar:
            task = bar.add_task("mending", total=len(z))
            mended = mend(space, z, threshold=cut, progress=lambda done: bar.update(task, completed=done))
        broken = sum(not in_one_piece(space, row, cut) for row in mended)
        if broken:
            rest = "their loose pieces are dropped" if self.largest_component else "--largest-component drops the rest"
            note(f"{counted(broken, 'shape')} of {len(z)} could not be mended; {rest}")
        return mended


@dataclass(frozen=True)
class Mended(Made):
    """What is done to each shape, and by itself to those in pieces."""

    mend: bool = True
    """Where a shape is in pieces, move its latent vector a little until it is in one."""


def sample(  # noqa: PLR0913 - a command's options
    space: str,
    *,
    n: Annotated[int, Parameter(name=["-n", "--n"])] = 16,
    seed: int = 0,
    out: Path,
    format: str = "stl",
    latents: Path | None = None,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    finish: Annotated[Made, Parameter(name="*")] | None = None,
) -> None:
    """Write new shapes, a contact sheet, and the latent vectors they can be made from again.

    Args:
        space: A shipped space's name, a .safetensors file, or the folder of a run.
        n: How many shapes.
        seed: The i-th shape depends on the seed and on i alone.
        out: The folder to write; it must be empty or new.
        format: One or several of stl, glb, gltf, obj, ply, off, 3mf, binvox, vox, npz, with commas between.
        latents: Make the shapes of this latents.npz again, instead of new ones.
        force: Write into a folder that is not empty.
        json: Print the result as JSON.
        finish: Each as an option.
    """
    from shapespace.cli.console import counted, say, say_json
    from shapespace.nets.latents import read_latents, write_latents
    from shapespace.shapes.render import save_sheet
    from shapespace.space import load

    extensions, finish = extensions_of(format), finish or Made()
    finish.check(extensions)
    _check(out, n, force)
    loaded = load(space)
    z = read_latents(latents, loaded.latent_dim) if latents else loaded.latents(n, seed)
    z = finish.settled(loaded, z)
    shapes, sheet = [], []
    for number, shape in enumerate(finished(loaded, z, finish)):
        files = [path.name for path in write(shape, out, number, extensions, finish)]
        shapes.append({"files": files, "voxels": int(shape.voxels.sum())})
        sheet += [shape.voxels] if number < ON_SHEET else []
    write_latents(out / "latents.npz", z)
    save_sheet(out / "sheet.png", sheet)
    written = sum(bool(each["files"]) for each in shapes)
    note_empty(len(z) - written)
    if json:
        say_json({"out": str(out), "shapes": shapes})
        return
    say(f"{counted(written, 'shape')} in {out} as {', '.join(extensions)}, with sheet.png and latents.npz")


def note_empty(count: int) -> None:
    """Say how many shapes were not written because nothing is in them, if any."""
    from shapespace.cli.console import counted, note

    if count:
        note(f"{counted(count, 'empty shape')} not written; a lower --threshold may fill what is empty")


def finished(space: ShapeSpace, z: np.ndarray, finish: Finish) -> Iterator[Shape]:
    """Yield the shape of each latent vector, cut and cleaned as asked."""
    from shapespace.cli.console import progress

    with progress(unit="shapes") as bar:
        for shape in bar.track(space.stream(z), total=len(z), description="sampling"):
            yield finish.cut(shape)


def write(shape: Shape, out: Path, number: int, extensions: list[str], finish: Finish) -> list[Path]:
    """Write one shape in each format and return the paths, none for an empty shape."""
    from shapespace.shapes.shape import save_shape

    options: dict[str, Any] = {
        "style": finish.style, "smoothing": finish.smooth, "faces": finish.faces, "millimetres": finish.millimetres,
    }  # fmt: skip
    return save_shape(shape, out, number, extensions, **options)


def extensions_of(listed: str) -> list[str]:
    """Return the formats asked for, each once, without dots."""
    from shapespace.errors import UsageError
    from shapespace.shapes.formats import WRITE_EXTENSIONS

    known = sorted(extension.lstrip(".") for extension in WRITE_EXTENSIONS)
    asked = [word.strip().lower().lstrip(".") for word in listed.split(",")]
    for word in asked:
        if word not in known:
            raise UsageError(f"--format {word!r} cannot be written; use {', '.join(known)}")
    return list(dict.fromkeys(asked))


def _check(out: Path, n: int, force: bool) -> None:
    """Refuse what would come to nothing, before anything is loaded."""
    from shapespace.errors import UsageError
    from shapespace.limits import MAX_SAMPLES

    if not 1 <= n <= MAX_SAMPLES:
        raise UsageError(f"-n is {n}; it must be from 1 to {MAX_SAMPLES:,}")
    check_folder(out, force)


def check_picture(out: Path, force: bool) -> None:
    """Refuse a picture that cannot be written, before anything is loaded.

    Raises:
        UsageError: If it does not end with .png.
        OutputError: If it is there already and may not be written over.
    """
    from shapespace.errors import OutputError, UsageError

    if out.suffix.lower() != ".png":
        raise UsageError(f"--out {out}: pictures are written as .png")
    if out.exists() and not force:
        raise OutputError(f"{out} exists already; choose another --out, or --force to write over it")


def check_folder(out: Path, force: bool) -> None:
    """Refuse a folder to write that is a file, or holds something and `force` is not given."""
    from shapespace.errors import OutputError

    if out.is_file():
        raise OutputError(f"{out} is a file; give a folder")
    if not force and out.is_dir() and any(out.iterdir()):
        raise OutputError(f"{out} is not empty; give another folder, or --force to write into it")
