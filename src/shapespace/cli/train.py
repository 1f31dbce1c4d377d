"""`shapespace train`: a store of shapes in, a run folder with a trained space out."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter, Token

from shapespace.settings import Settings

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection


def train(
    *,
    data: Path,
    out: Path,
    preset: str = "modern",
    config: Path | None = None,
    resume: bool = False,
    dry_run: bool = False,
    quiet: bool = False,
    settings: Annotated[Settings, Parameter(name="*")] | None = None,
) -> None:
    """Train a shape space.

    Settings come from the preset, then the file, then dotted options (`--train.batch-size 32`).
    Under `torchrun` the same command uses every process it starts.

    Args:
        data: A store of shapes, as `shapespace data prepare` writes it.
        out: The run's folder: settings, statistics, curves, sheets, checkpoints, the space.
        preset: A complete named run: paper, modern, laptop, tiny, vaegan, vaegan-paper-literal or features.
        config: A TOML file of settings, laid over the preset; a run's own config.toml is one.
        resume: Go on with the run in OUT, bit for bit, with the settings it has.
        dry_run: Print the settings and the size of the run, and stop.
        quiet: No progress.
        settings: Each as a dotted option.
    """
    from shapespace.cli.console import say
    from shapespace.data.store import Store
    from shapespace.settings import to_toml

    run = settings or Settings()
    store = Store.open(data)
    if dry_run:
        say(f"# {data}: {len(store)} shapes at {store.resolution}^3\n{to_toml(run)}")
        return
    from shapespace.train.loop import train as learn
    from shapespace.train.progress import Progress

    space = learn(store, run, out, resume=resume, progress=Progress.silent() if quiet else Progress.on_stderr())
    if os.environ.get("RANK", "0") == "0":  # under torchrun one process speaks for all
        say(f"trained space: {space}")


def sources(_app: App, _commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Fill in what the command line left open: from the preset, the file, or the run that is resumed."""
    given = {argument.name: argument for argument in arguments if argument.tokens}
    base = _base(given)
    names = {f.name.replace("_", "-") for f in fields(Settings)}
    for argument in arguments:
        group, _, name = argument.name.removeprefix("--").partition(".")
        if group in names and name and not argument.tokens:
            value = getattr(getattr(base, group.replace("-", "_")), name.replace("-", "_"))
            _fill(argument, value)


def _base(given: dict[str, Any]) -> Settings:
    from shapespace.presets import preset as named
    from shapespace.settings import read_toml, with_changes

    settings = named(_value(given.get("--preset")) or "modern")
    if resumed := _resumed(given):
        settings = with_changes(settings, read_toml(resumed), resumed)
    elif begun_with := _value(given.get("--nets.start-from")):
        settings = _fitted(settings, begun_with)
    if config := _value(given.get("--config")):
        settings = with_changes(settings, read_toml(config), config)
    return settings


def _fitted(settings: Settings, name: str) -> Settings:
    """Return the settings with networks of the sizes of those that the run begins with."""
    from shapespace.space import load
    from shapespace.train.build import fitted

    return fitted(settings, load(name))


def _resumed(given: dict[str, Any]) -> str | None:
    """Return the config file of the run to go on with: its settings stand, whatever the preset."""
    out = _value(given.get("--out"))
    if "--resume" not in given or out is None:
        return None
    path = Path(out) / "config.toml"
    return str(path) if path.exists() else None


def _value(argument: Any) -> str | None:
    return argument.tokens[-1].value if argument is not None else None


def _fill(argument: Any, value: Any) -> None:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    argument.append(Token(keyword=argument.name, value=text, source="preset"))
