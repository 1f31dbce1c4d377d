"""`shapespace evaluate classify`: what D has learned, by the paper's classification."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def classify(
    space: str,
    *,
    data: Path,
    out: Path | None = None,
    split: str = "test",
    untrained: int = 3,
    seed: int = 0,
    json: Annotated[bool, Parameter(negative=())] = False,
    force: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Tell categories apart by D's features and a linear SVM, beside raw voxels and the same D untrained.

    Writes report.html, report.json, confusion.png and fewshot.png.

    Args:
        space: A shipped space's name, a .safetensors file, or the folder of a run; it must hold its discriminator.
        data: A store of two categories or more, of the space's resolution.
        out: The folder to write; tables/classify in the run if SPACE is one's folder, else tables/NAME-classify here.
        split: Shapes held out: test, validation, or test+validation.
        untrained: How many untrained discriminators stand beside it.
        seed: Of first weights, folds and draws.
        json: Print the report as one line of JSON instead of the table.
        force: Write into a folder that is not empty.
    """
    from shapespace.cli.console import note, say
    from shapespace.cli.evaluate import checked_out, print_table
    from shapespace.data.store import Store
    from shapespace.errors import UsageError
    from shapespace.evaluate import classify_page, report
    from shapespace.evaluate.classify import classify as classified
    from shapespace.space import load

    if untrained < 1:
        raise UsageError(f"--untrained is {untrained}; at least one must stand beside D")
    if not {*split.split("+")} <= {"test", "validation"}:
        raise UsageError(f"--split is {split!r}; it is test, validation, or test+validation")
    out = checked_out(out, space, "classify", force=force)
    began = time.process_time()
    store = Store.open(data)
    found = classified(load(space), store, split=split, untrained=untrained, seed=seed, say=note)
    command = " ".join(sys.argv[1:])
    spent = {"cpu_seconds": time.process_time() - began, "command": command, "seed": seed}
    facts = classify_page.record(found) | {"space": space, "store": store.digest} | spent | report.facts()
    pictures = {"confusion.png": classify_page.draw_confusion(found), "fewshot.png": classify_page.draw_few(found)}
    html = classify_page.html(found, f"What {space}'s discriminator has learned", command, pictures)
    report.write_folder(out, facts, pictures | {"report.html": html})
    if json:
        say(report.as_line(facts))
        return
    print_table("", classify_page.table(found))
    say(f"{out / 'report.html'}, with report.json, confusion.png and fewshot.png")
