"""`shapespace reconstruct`: photographs of one object in, its shape out as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from shapespace.cli.sample import Mended
from shapespace.cli.single import check_single, save_single

if TYPE_CHECKING:
    import numpy as np

    from shapespace.data.photos import Photo
    from shapespace.shapes.shape import Shape
    from shapespace.space import ShapeSpace

MOST_PHOTOS = 64
"""Pictures of one object at most."""

SHOWN = 6
"""Of them beside the shape at most."""


def reconstruct(
    *photos: Path,
    space: str,
    out: Path,
    refine: Annotated[bool, Parameter(negative=())] = False,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    finish: Annotated[Mended, Parameter(name="*")] | None = None,
) -> None:
    """Write the shape that one or several photographs of an object show.

    Beside OUT stand a picture of photographs and shape (.png) and the latent vector (.npz).

    Args:
        photos: Pictures of the same object, in any common format.
        space: A space with an image encoder: a shipped one's name, a .safetensors file, or the folder of a run.
        out: The file to write; its ending says how: .stl, .glb, .obj, .ply, .binvox and others.
        refine: Then move the latent vector until the shape has the outline in the pictures.
        force: Write over files that are there.
        json: Print the result as JSON.
        finish: Each as an option.
    """
    from dataclasses import replace

    import numpy as np

    from shapespace.cli.console import note, say, say_json
    from shapespace.data.photos import read_photo
    from shapespace.space import load

    finish = finish or Mended()
    _check(photos, out, finish, force)
    loaded = load(space)
    loaded.reader()  # before photographs are read for nothing
    seen = [read_photo(path) for path in photos]
    for path, photo in zip(photos, seen, strict=True):
        note(f"{path}: {photo.how}")
    z = loaded.encode(np.stack([photo.picture for photo in seen])).mean(axis=0)
    fit = None
    if refine:
        z, fit = _refined(loaded, z, seen)
    cut = loaded.guess(z).threshold
    (z,) = finish.settled(loaded, z[None], cut)
    shape = finish.cut(replace(next(loaded.stream(z[None])), threshold=cut))
    save_single(shape, out, finish)
    _draw(out.with_suffix(".png"), seen, shape)
    if json:
        facts = {"out": str(out), "photos": [str(path) for path in photos], "how": [photo.how for photo in seen]}
        say_json(facts | {"voxels": int(shape.voxels.sum()), "outline_iou": fit})
        return
    say(f"{out} from {len(seen)} photograph{'s' * (len(seen) > 1)}, with {out.stem}.png and {out.stem}.npz")


def _check(photos: tuple[Path, ...], out: Path, finish: Mended, force: bool) -> None:
    """Refuse what would come to nothing, before anything is loaded."""
    from shapespace.errors import UsageError

    if not 1 <= len(photos) <= MOST_PHOTOS:
        raise UsageError(f"{len(photos)} photographs were given; give 1 to {MOST_PHOTOS} of one object")
    check_single(out, finish, force)


def _refined(space: ShapeSpace, z: np.ndarray, photos: list[Photo]) -> tuple[np.ndarray, list[float]]:
    """Return the latent vector after refinement, and the IoU of the outlines before and after."""
    from shapespace.cli.console import note
    from shapespace.explore.silhouette import refine

    found = refine(space, z, [photo.mask for photo in photos])
    note(f"refined: outlines overlap with IoU {found.after:.2f}, before {found.before:.2f}")
    return found.z, [round(found.before, 4), round(found.after, 4)]


def _draw(path: Path, photos: list[Photo], shape: Shape) -> None:
    """Write the photographs as the encoder saw them, and under each the shape from where it was taken, as a PNG."""
    import numpy as np
    import torch
    from PIL import Image

    from shapespace.explore.silhouette import camera_of
    from shapespace.files import atomic_file
    from shapespace.shapes.render import BACKGROUND, render

    shown = photos[:SHOWN]
    side = shown[0].picture.shape[-1]
    sheet = Image.new("RGB", (len(shown) * side, 2 * side), BACKGROUND)
    grid = torch.from_numpy(shape.voxels.astype(np.float32))
    for column, photo in enumerate(shown):
        azimuth, elevation = camera_of(grid, photo.mask)
        below = Image.fromarray(render(shape.voxels, azimuth=azimuth, elevation=elevation, size=side))
        sheet.paste(Image.fromarray(np.ascontiguousarray(photo.picture.transpose(1, 2, 0))), (column * side, 0))
        sheet.paste(below, (column * side, side), below)
    with atomic_file(path) as file:
        sheet.save(file, format="PNG", optimize=True)
