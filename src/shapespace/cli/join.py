"""`shapespace data join`: several stores as one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def join(
    *stores: str,
    out: Path,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Make one store of several, each in its splits; a shape held out in one is held out in the whole.

    Args:
        stores: The stores' folders, of one resolution. `X.shapes:10` counts X's shapes to learn from ten times:
            few real shapes then weigh beside many made ones. They come again at the end of the store, where only
            training looks; what a store that was joined itself repeats is not taken over.
        out: The store to make, named Y.shapes.
        json: Print one line of JSON.
    """
    from shapespace.cli.console import counted, note, progress, say, say_json
    from shapespace.cli.data import facts_of, lines_of
    from shapespace.data.join import Part
    from shapespace.data.join import join as join_stores
    from shapespace.data.store import Store
    from shapespace.errors import UsageError

    if not stores:
        raise UsageError("no store was given; give the folders of one or several, such as A.shapes B.shapes:10")
    with progress(unit="shapes") as bar:
        task = bar.add_task("joining", total=None)
        moved = join_stores(
            [Part.parse(store) for store in stores],
            out,
            advance=lambda done, total: bar.update(task, completed=done, total=total),
        )
    facts = facts_of(Store.open(out))
    if json:
        say_json({**facts, "moved": moved})
        return
    for line in lines_of(facts):
        note(line)
    if moved:
        its = "its" if moved == 1 else "their"
        note(f"  {counted(moved, 'shape')} changed {its} split: duplicates of what another store holds out")
    say(f"{out}: {counted(facts['shapes'], 'shape')} of {counted(len(stores), 'store')}")
