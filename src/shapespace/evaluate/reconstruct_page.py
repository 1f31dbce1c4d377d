"""The reconstruction table as people and machines read it: a record, a page, a picture."""

from __future__ import annotations

import html as markup
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from shapespace.evaluate.alignment import SHIFT, Places
from shapespace.evaluate.intervals import Interval
from shapespace.evaluate.paired import as_text
from shapespace.evaluate.reconstruct import CLASS_MEAN, MEAN, METRICS, PREDICTED, RETRIEVED, Numbers, Plan, Row
from shapespace.evaluate.report import figure, page, plain_table, section

if TYPE_CHECKING:
    from shapespace.evaluate.pictures import Pictured

TITLES = {
    "ap": "Average precision, %",
    "ap_aligned": "Average precision after the alignment search, %",
    "iou": "IoU, %",
    "iou_aligned": "IoU after the alignment search, %",
}
PROTOCOL = (
    "Average precision over the voxels of one shape (as scikit-learn computes it), and IoU at the threshold, of which "
    "each prediction has its own, where it is expected to overlap most by its own occupancy; the mean over the "
    "pictures of a category, and the mean of these over categories. The alignment search tries every order "
    f"of the axes, every flip and shifts of up to {SHIFT:.0%} of the side, and takes the best, separately for each "
    "number. It forgives so much that a class mean, which never sees the picture, gains tens of points by it."
)
READING = (
    "Below each number stands where it would lie 95 times in 100 with other objects: an object is drawn with all its "
    "pictures. A category with one object has no such interval, and the mean takes it as it is; with fewer than "
    "about ten objects intervals are too narrow."
)
SHOWN, SIZE, GAP = 8, 150, 3
"""Pictures in the panel, pixels a shape, and pixels around a picture."""


def record(found: Mapping[str, Row], true: np.ndarray, categories: Sequence[str], plan: Plan) -> dict[str, Any]:
    """Return every number of the table as JSON holds it; `rows` and `above` are means over categories."""
    objects = [true[i].tobytes() for i in range(len(true))] if plan.objects is None else plan.objects.tolist()
    counts = {
        name: {
            "pictures": sum(each == name for each in categories),
            "objects": len({shown for shown, each in zip(objects, categories, strict=True) if each == name}),
        }
        for name in sorted(set(categories))
    }
    return {
        "kind": "reconstruct", "pictures": len(true), "objects": len(set(objects)), "categories": counts,
        "resolution": true.shape[-1], "threshold": plan.threshold or "its own a shape", "seed": plan.seed,
        "most_places": max(len(Places.all(shape)) for shape in np.unique(true, axis=0)), "protocol": PROTOCOL,
        "rows": {name: _plain(row.numbers)[MEAN] for name, row in found.items()},
        "above": {name: _plain(row.gap)[MEAN] for name, row in found.items() if name != PREDICTED},
        "by_category": {name: _plain(row.numbers) for name, row in found.items()},
        "above_by_category": {name: _plain(row.gap) for name, row in found.items() if name != PREDICTED},
        "items": items(found, objects, categories),
        "made": {name: row.guesses.note for name, row in found.items()},
    }  # fmt: skip


def items(found: Mapping[str, Row], objects: Sequence[Any], categories: Sequence[str]) -> dict[str, Any]:
    """Return the values of each object, the means over its pictures: category, pictures, and each row's."""
    pairs = list(zip(categories, objects, strict=True))
    numbers: dict[Any, int] = {}
    which = np.array([numbers.setdefault(pair, len(numbers)) for pair in pairs])
    names = sorted(set(categories))
    counts = np.bincount(which)

    def of_objects(values: np.ndarray) -> str:
        return as_text(np.bincount(which, values) / counts)

    return {
        "category": as_text([names.index(name) for name, _ in numbers]), "weight": as_text(counts),
        "values": {
            name: {key: of_objects(row.values[:, place]) for place, key in enumerate(METRICS)}
            for name, row in found.items()
        },
    }  # fmt: skip


def html(title: str, facts: Mapping[str, Any], found: Mapping[str, Row], panel: bytes) -> bytes:
    """Return the page."""
    counts = [
        f"{name}: {each['pictures']} of {each['objects']} object{'s' * (each['objects'] != 1)}"
        for name, each in facts["categories"].items()
    ]
    words = f"{facts['pictures']} pictures of {facts['objects']} objects. {'; '.join(counts)}."
    made = [[name, note] for name, note in facts["made"].items()]
    sections = [
        section("What was compared", words, PROTOCOL, READING),
        figure(panel, "Pictures; true shapes; what was predicted; the class mean; the training shape retrieved."),
        *(part for metric in METRICS for part in _metric(found, metric)),
        section("What the predictions reach above the other rows", "Mean over categories, points of per cent."),
        plain_table(*_above(found)),
        section("How each row was made"), plain_table(["", ""], made),
        section("Made by"), f"<pre>{markup.escape(_made_by(facts))}</pre>",
    ]  # fmt: skip
    return page(title, "Reconstruction from pictures", sections)


def draw(found: Mapping[str, Row], shown: Pictured, seed: int) -> bytes:
    """Return a PNG of five rows: pictures, true shapes, predicted, class mean, retrieved.

    Pictures are drawn at random, by turns of each category, and none shows an object again if others are left.
    """
    from PIL import Image

    from shapespace.shapes.render import contact_sheet

    true, categories = shown.true, shown.categories
    picks = _picks(true, categories, seed)
    shapes, captions = [true[i] for i in picks], [f"{categories[i]}, true" for i in picks]
    for name, word in ((PREDICTED, "predicted"), (CLASS_MEAN, "class mean"), (RETRIEVED, "retrieved")):
        guesses = found[name].guesses
        shapes += [guesses.bank[guesses.index[i]] > guesses.levels[guesses.index[i]] for i in picks]
        captions += [word for _ in picks]
    sheet = contact_sheet(shapes, columns=len(picks), size=SIZE, captions=captions)
    whole = Image.new("RGB", (sheet.width, sheet.height + SIZE), "white")
    whole.paste(sheet.convert("RGB"), (0, SIZE))
    for place, i in enumerate(picks):
        picture = Image.fromarray(np.ascontiguousarray(shown.pictures[i].transpose(1, 2, 0)))
        whole.paste(
            picture.resize((SIZE - 2 * GAP, SIZE - 2 * GAP), Image.Resampling.LANCZOS), (place * SIZE + GAP, GAP)
        )
    out = io.BytesIO()
    whole.save(out, format="PNG", optimize=True)
    return out.getvalue()


def table(rows: Mapping[str, Numbers], metric: str) -> list[list[str]]:
    """Return the rows of a metric as texts, a column a category, the mean last, the head first."""
    names = list(next(iter(rows.values())))
    lines = [[row, *(_shown(numbers[name][metric]) for name in names)] for row, numbers in rows.items()]
    return [["", *names], *lines]


def _metric(found: Mapping[str, Row], metric: str) -> list[str]:
    head, *lines = table({name: row.numbers for name, row in found.items()}, metric)
    return [section(TITLES[metric]), plain_table(head, lines)]


def _above(found: Mapping[str, Row]) -> tuple[list[str], list[list[str]]]:
    lines = [
        [name, *(_shown(row.gap[MEAN][metric]) for metric in METRICS)]
        for name, row in found.items()
        if name != PREDICTED
    ]
    return ["", *(TITLES[metric] for metric in METRICS)], lines


def _picks(true: np.ndarray, categories: Sequence[str], seed: int) -> list[int]:
    order = np.random.default_rng([seed, 3]).permutation(len(true)).tolist()
    seen: dict[Any, int] = {}

    def again(key: Any) -> int:
        """Return how often the key came before."""
        seen[key] = seen.get(key, -1) + 1
        return seen[key]

    of_object = {i: again(true[i].tobytes()) for i in order}
    order.sort(key=of_object.__getitem__)  # first pictures of each object, then second ones
    of_category = {i: again(categories[i]) for i in order}
    order.sort(key=of_category.__getitem__)
    return sorted(order[:SHOWN], key=lambda i: categories[i])


def _made_by(facts: Mapping[str, Any]) -> str:
    known = ("command", "space", "data", "store", "seed", "threshold", "cpu_seconds", "versions")
    return "\n".join(f"{name}: {facts[name]}" for name in known if name in facts)


def _shown(number: Interval) -> str:
    value, low, high = (100 * part for part in (number.value, number.low, number.high))
    return f"{value:.1f} ({low:.1f} to {high:.1f})" if np.isfinite(low) else f"{value:.1f}"


def _plain(numbers: Numbers) -> dict[str, Any]:
    from dataclasses import asdict

    return {name: {metric: asdict(number) for metric, number in each.items()} for name, each in numbers.items()}
