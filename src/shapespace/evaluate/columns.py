"""The columns of the tables: what each number is called, in which unit it is shown, and how to read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """How a number is shown.

    Args:
        title: Head of the column, with the unit.
        meaning: One sentence for the reader.
        digits: After the point.
        factor: From the number to its unit.
        better: "low", "high", "half" (of 1), "zero", or "real" where the real shapes' own number is best.
    """

    title: str
    meaning: str
    digits: int = 2
    factor: float = 1.0
    better: str = "real"


def _percent(title: str, meaning: str, better: str) -> Column:
    return Column(f"{title}, %", meaning, 1, 100.0, better)


METRICS = ("ap", "ap_aligned", "iou", "iou_aligned")
BESIDE = ("class mean", "nearest-neighbour retrieval", "shuffled pictures", "shuffled within category")
"""Rows of a reconstruction's table that its predictions stand above."""

_AP = {"ap": "AP", "ap_aligned": "AP, aligned", "iou": "IoU", "iou_aligned": "IoU, aligned"}
_ABOVE = {
    f"{key} above {row}": _percent(f"{title}, above {row}", f"What predictions reach above the row {row}.", "high")
    for row in BESIDE
    for key, title in _AP.items()
}

COLUMNS: dict[str, Column] = {
    "compared": Column(
        "n", "Samples, and held-out shapes, compared in this table; only rows of the same n can be compared.", 0
    ),
    "mmd": Column("MMD, voxels", "Chamfer distance from a held-out shape to the nearest sample.", 3, better="low"),
    "mmd_iou": Column("MMD, IoU", "IoU of a held-out shape with the most similar sample.", 3, better="high"),
    "cov": _percent(
        "COV", "Held-out shapes that are some sample's nearest; the row of real halves shows what can be had.", "high"
    ),
    "one_nna": _percent(
        "1-NNA", "How often a shape's nearest other is of its own set: 50 if none can tell, 100 if all can.", "half"
    ),
    "z_u": Column(
        "Z_U", "Samples' distances to the training set against held-out shapes': far below 0 is copying.", 1,
        better="zero",
    ),
    "memorised": _percent(
        "memorised", "Samples nearer to a training shape than 99 in 100 held-out ones are; 1 by chance.", "low"
    ),
    "to_train": Column("to training set, voxels", "Chamfer distance of a sample to the nearest training shape.", 3),
    "frechet": Column("Frechet", "Frechet distance of the fixed classifier's features.", 1, better="low"),
    "precision": _percent("precision", "Samples that lie among the real ones, by features.", "high"),
    "recall": _percent("recall", "Held-out shapes that lie among the samples, by features.", "high"),
    "density": Column("density", "How densely real shapes lie about a sample, by features; 1 for real ones.", 2),
    "coverage": _percent("coverage", "Held-out shapes with a sample in their neighbourhood, by features.", "high"),
    "one_piece": _percent("one piece", "Samples in one piece.", "real"),
    "components": Column("pieces", "Pieces of a sample.", 2),
    "tunnels": Column("tunnels", "Ways through a sample, as between slats or under arms.", 2),
    "cavities": Column("cavities", "Closed empty rooms in a sample.", 2),
    "occupancy": Column("occupancy", "Full voxels of a sample, against a held-out shape.", 2),
    "symmetry": Column("symmetry", "IoU of a sample with its mirror image.", 2),
    "distinct": _percent("distinct", "Samples that are not nearly another one (IoU 0.95).", "real"),
    "accuracy": _percent("right, all shapes", "Held-out shapes told right by D's features.", "high"),
    "balanced": _percent("right, balanced", "The same, the mean over categories.", "high"),
    "balanced_at_paper_c": _percent("right, balanced, paper's C", "The same with the paper's C, 0.01.", "high"),
    "gain": _percent("gain over untrained", "Balanced accuracy above that of the same D untrained.", "high"),
    **{key: _percent(title, f"{title} of the predictions, the mean over categories.", "high")
       for key, title in _AP.items()},
    **_ABOVE,
}  # fmt: skip

GROUPS: dict[str, tuple[str, ...]] = {
    "Beside held-out shapes": ("compared", "mmd", "mmd_iou", "cov", "one_nna"),
    "Beside the training set: is it copying?": ("z_u", "memorised", "to_train"),
    "By features of the fixed classifier": ("frechet", "precision", "recall", "density", "coverage"),
    "The samples themselves": ("one_piece", "components", "tunnels", "cavities", "occupancy", "symmetry", "distinct"),
    "Categories told apart by D's features": ("accuracy", "balanced", "balanced_at_paper_c", "gain"),
    "Shapes reconstructed from pictures": METRICS,
    "What the predictions reach above other rows": tuple(_ABOVE),
}
"""The columns in the order of the report, a table each."""
