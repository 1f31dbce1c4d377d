"""One shape as a file, with its picture and its latent vector beside it: what `reconstruct` and `snap` leave."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shapespace.cli.sample import Finish

if TYPE_CHECKING:
    from shapespace.shapes.shape import Shape


def check_single(out: Path, finish: Finish, force: bool) -> None:
    """Refuse a file that cannot be written, before anything is loaded.

    Raises:
        UsageError: If its ending is not known, or what is asked of it is of meshes and it is none.
        OutputError: If it, or a file beside it, is there already and may not be written over.
    """
    from shapespace.errors import OutputError, UsageError
    from shapespace.shapes.formats import WRITE_EXTENSIONS

    if out.suffix.lower() not in WRITE_EXTENSIONS:
        raise UsageError(f"--out {out}: no known ending; use one of {', '.join(sorted(WRITE_EXTENSIONS))}")
    if out.suffix.lower() == ".npz":
        raise UsageError(f"--out {out}: .npz is where the latent vector goes; choose another ending")
    finish.check([out.suffix.lower().lstrip(".")])
    there = [path for path in (out, out.with_suffix(".png"), out.with_suffix(".npz")) if path.exists()]
    if there and not force:
        raise OutputError(f"{there[0]} exists already; choose another --out, or --force to write over it")


def save_single(shape: Shape, out: Path, finish: Finish) -> None:
    """Write the shape, and its latent vector beside it.

    Raises:
        OutputError: If the disk is full or the folder cannot be written.
    """
    from shapespace.nets.latents import write_latents
    from shapespace.shapes.formats import MESH_EXTENSIONS

    assert shape.z is not None  # what comes out of a space knows where it lies
    write_latents(out.with_suffix(".npz"), shape.z[None])
    if out.suffix.lower() not in MESH_EXTENSIONS:
        shape.save(out)
        return
    shape.save(
        out, style=finish.style, smoothing=finish.smooth, faces=finish.faces, millimetres=finish.millimetres
    )  # fmt: skip
