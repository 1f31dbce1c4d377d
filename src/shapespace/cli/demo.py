"""`shapespace demo`: shapes from a shipped space at once, then a small space trained from nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shapespace.data.store import Store
    from shapespace.settings import Settings

SHAPES, HELD_OUT = 1_500, 100
"""Chairs that are made to learn from, and of these the ones kept for choosing the threshold."""

SHOWN = 16
"""Shapes written, of each space."""

RESOLUTION = 16
"""Coarse, so that three minutes are enough to see chairs form."""

LEARN = 18_000
"""Shapes seen in about three minutes on two cores."""


def demo(*, out: Path = Path("demo"), space: str = "chair", learn: int = LEARN, quiet: bool = False) -> None:
    """See it work: write 16 shapes of a shipped space, then train a small one, about three minutes on two cores.

    Stopped half-way, the same command goes on from there.

    Args:
        out: The folder for everything.
        space: The shipped space to show first.
        learn: Shapes the small space sees; more is better and longer.
        quiet: No progress.
    """
    from shapespace.cli.console import say
    from shapespace.cli.sample import sample
    from shapespace.errors import OutputError

    shown, run, learned = out / "shipped", out / "run", out / "learned"
    if (learned / "sheet.png").exists():
        raise OutputError(f"{out} holds a finished demo; look into it, remove it, or give another --out")
    if not (shown / "sheet.png").exists():
        sample(space, n=SHOWN, out=shown, format="stl,glb", force=True)
    _train(_store(out / "chairs.shapes"), run, learn, quiet)
    sample(str(run), n=SHOWN, out=learned, format="stl,glb", force=True)
    say(f"curves: {run / 'curves.png'}; how it grew: {run / 'sheets'}; the last sheet: {learned / 'sheet.png'}")


def _store(path: Path) -> Store:
    """Return the store of procedural chairs at `path`, made now if it is not there."""
    from shapespace.data.store import Store
    from shapespace.data.writer import write_store
    from shapespace.shapes import furniture

    if path.exists():
        return Store.open(path)
    return write_store(
        path,
        (furniture.make("chair", seed, RESOLUTION).voxels for seed in range(SHAPES)),
        ids=[f"chair-{seed}" for seed in range(SHAPES)],
        categories="chair",
        splits=["validation" if seed < HELD_OUT else "train" for seed in range(SHAPES)],
        provenance={"source": "procedural furniture of shapespace", "licence": furniture.LICENCE},
    )


def _train(store: Store, run: Path, learn: int, quiet: bool) -> None:
    from shapespace.train.loop import train
    from shapespace.train.progress import Progress

    # A run that was stopped before its settings were written has nothing to resume, and nothing to lose.
    begun = (run / "config.toml").exists()
    train(store, _settings(learn), run, resume=begun, progress=Progress.silent() if quiet else Progress.on_stderr())


def _settings(learn: int) -> Settings:
    """Return `tiny`, made for 16^3: wider networks, faster rates, more sheets to watch.

    On one thread: at this size a second gains little, and on a busy machine it costs most of the speed.
    """
    from shapespace.presets import preset
    from shapespace.settings import with_changes

    rates = {"generator_rate": 1e-3, "discriminator_rate": 1e-3, "r1": 1.0, "r2": 1.0}
    changes = {
        "nets": {"generator_width": 64, "discriminator_width": 64},
        "train": {"shapes": learn, **rates},
        "augment": {"soften": 0.3},
        "run": {"sheet_every": max(1, learn // 12), "save_every": max(1, learn // 4), "log_every": 10, "threads": 1},
    }
    return with_changes(preset("tiny"), changes, "demo")
