"""`shapespace export`: a space as an ONNX file, or as a site that needs no server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def onnx(space: str, *, out: Path, force: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Write the generator as an ONNX file: z (n, latent_dim) in, occupancy (n, x, y, z) from 0 to 1 out.

    Args:
        space: A shipped space's name, a .safetensors file, or the folder of a run.
        out: The file to write.
        force: Write over a file that is there.
    """
    from shapespace.cli.console import say
    from shapespace.errors import OutputError

    if out.exists() and not force:
        raise OutputError(f"{out} exists already; choose another --out, or --force to write over it")
    from shapespace.serve import export
    from shapespace.space import load

    loaded = load(space)
    size = export.onnx(loaded, out)
    say(f"{out}: {size:.1f} MB; a voxel is inside where its occupancy is above {loaded.threshold:g}")


def web(space: str, *, out: Path, seed: int = 0) -> None:
    """Write a static site: the page of `serve`, with the generator running in the browser.

    Args:
        space: A shipped space's name, a .safetensors file, or the folder of a run.
        out: The folder to write; it must not be there yet.
        seed: Of the shapes on the map.
    """
    from shapespace.cli.console import say
    from shapespace.files import check_new

    check_new(out)
    from shapespace.serve import export

    written = export.site(space, out, seed=seed)
    say(f"{out}: {written.files} files, {written.megabytes:.1f} MB; look at it by `python -m http.server -d {out}`")
