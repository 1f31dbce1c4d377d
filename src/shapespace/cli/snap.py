"""`shapespace snap`: a rough or partial shape in, the nearest shape of a space out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from shapespace.cli.sample import Finish
from shapespace.cli.single import check_single, save_single
from shapespace.explore.placing import Frame, Side, Up


def snap(  # noqa: PLR0913 - a command's options
    file: Path,
    *,
    space: str,
    out: Path,
    keep: Side | None = None,
    frame: Frame = "box",
    up: Up = "auto",
    join: Annotated[bool, Parameter(negative=())] = False,
    likeness: float = 0.5,
    steps: int = 150,
    seed: int = 0,
    force: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    finish: Annotated[Finish, Parameter(name="*")] | None = None,
) -> None:
    """Write the shape of a space that is nearest to the shape in a file.

    Beside OUT stand a picture of both (.png) and the latent vector (.npz).

    Args:
        file: A mesh or voxel file, however rough.
        space: A shipped space's name, a .safetensors file, or the folder of a run.
        out: The file to write; its ending says how: .stl, .glb, .obj, .ply, .binvox and others.
        keep: Only this half of the grid counts, the other is completed.
        frame: What a mesh is fitted to the grid by: box, its own; half, its own as that of the half which --keep
            names, for a file in which the other half is missing; grid, nothing: it lies where it belongs, in voxels,
            as `sample` writes meshes without --millimetres. Voxels always stay where they lie.
        up: The axis that points up in the file; auto goes by the format.
        join: Leave what counts as it is in the file, and add the rest from the space.
        likeness: From 1, as like the file as can be, to 0, as like the data.
        steps: Of the search; 60 take about two seconds at 32^3.
        seed: Of the shapes it starts from.
        force: Write over files that are there.
        json: Print the result as JSON.
        finish: Each as an option.
    """
    from shapespace.cli.console import say, say_json
    from shapespace.explore.placing import Placing
    from shapespace.explore.snap import snap as snapped
    from shapespace.explore.target import half, target_of
    from shapespace.shapes.render import save_sheet
    from shapespace.shapes.shape import Shape
    from shapespace.space import load

    finish, placing = finish or Finish(), Placing(up, frame, keep)
    check_single(out, finish, force)
    loaded = load(space)
    target = target_of(str(file), loaded.resolution, placing)
    mask = half(loaded.resolution, keep) if keep else None
    found = snapped(loaded, target, mask=mask, likeness=likeness, steps=steps, seed=seed)
    shape = finish.cut(Shape(found.joined if join else found.occupancy, found.z, loaded.threshold, loaded.card))
    save_single(shape, out, finish)
    seen = target if mask is None else target & mask
    save_sheet(out.with_suffix(".png"), [seen, shape.voxels], columns=2, size=320, captions=[file.name, "in the space"])
    if json:
        say_json({"out": str(out), "iou": found.iou_after, "iou_at_start": found.iou_before, "steps": steps})
        return
    say(f"{out}: IoU {found.iou_after:.2f} with {file.name}, with {out.stem}.png and {out.stem}.npz")
