"""Finished chunks become a store: duplicates are found, splits drawn, shards, columns and report written."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from shapespace.data import split
from shapespace.data.duplicates import Clusters, find_clusters, signature
from shapespace.data.manifest import SPLITS
from shapespace.data.partial import ChunkBits, Partial
from shapespace.data.plan import Plan
from shapespace.data.recipe import Job
from shapespace.data.report import REFUSED_NAME, REPORT_NAME, Report, by_reason, refused_csv
from shapespace.data.sources import Refusal
from shapespace.data.work import Made
from shapespace.data.writer import StoreWriter
from shapespace.errors import BadInput
from shapespace.files import atomic_dir
from shapespace.shapes import furniture

NO_LICENCE = "not stated"
"""What stands in a store for the licence of shapes of which nobody said it."""

RULES = {
    "meshes": "solid by shapes.voxelize; longest side fills the grid but for 1/16 on each side; centred",
    "grids": "kept where they lie; larger ones pooled by any, smaller ones repeated and padded; see data.fit",
    "up": "auto: ShapeNetCore y, ModelNet z, other meshes by their format, grids as they are read",
    "duplicates": "bit-equal or IoU >= 0.95, joined into clusters",
    "split": "by cluster and category in the order of a content hash; official splits kept; see data.split",
}


@dataclass
class _Gathered:
    """What is kept in memory of all shapes at once: some hundred bytes each, never their voxels."""

    sizes: list[int] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    official: array = field(default_factory=lambda: array("b"))
    signatures: list[np.ndarray] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    rules: Counter[str] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    left_out: int = 0

    def take(self, made: Made, resolution: int) -> None:
        self.sizes.append(len(made.records))
        self.signatures.append(signature(made.bits, resolution))
        for record in made.records:
            self.categories.append(record.category)
            self.groups.append(record.group)
            self.digests.append(record.digest.encode())
            self.official.append(split.UNKNOWN if record.split is None else SPLITS.index(record.split))
            self.attributes.update(record.attributes)
            self.rules[record.rule] += 1
        self.refused += made.refused
        self.left_out += made.left_out


@dataclass(frozen=True)
class _Decided:
    """What was decided about all shapes together; arrays have an entry a shape."""

    category_names: list[str]
    clusters: Clusters
    splits: np.ndarray
    report: Report


def assemble(job: Job, plan: Plan, partial: Partial, out: Path) -> Report:
    """Return the report, after the store was written at `out` from the chunks and the chunks were removed.

    Raises:
        BadInput: If there is not a single shape.
        OutputError: If `out` exists or cannot be written.
    """
    found = _Gathered(refused=list(plan.refused))
    for chunk in range(len(plan.tasks)):
        found.take(partial.get(chunk), job.recipe.resolution)
    if not found.categories:
        partial.remove()  # nothing in it is worth keeping, and it would stand in the way of the next try
        raise BadInput(job.source, _nothing(found.refused))
    decided = _decide(job, plan, partial, found)
    with atomic_dir(out) as folder:
        writer = StoreWriter(
            folder, job.recipe.resolution, categories=decided.category_names, attributes=sorted(found.attributes)
        )
        for chunk in range(len(plan.tasks)):
            _append(writer, partial.get(chunk), decided)
        extra = {REPORT_NAME: decided.report.to_json(), REFUSED_NAME: refused_csv(found.refused)}
        writer.finish(provenance=_provenance(job, plan), extra=extra)
    partial.remove()
    return decided.report


def _decide(job: Job, plan: Plan, partial: Partial, found: _Gathered) -> _Decided:
    names, codes = np.unique(found.categories, return_inverse=True)
    groups = np.unique(found.groups, return_inverse=True)[1]
    digests = np.array(found.digests, "S32")
    bits = ChunkBits(partial, found.sizes)
    clusters = find_clusters(bits, np.concatenate(found.signatures), digests, groups)
    official = np.array(found.official, np.int64)
    splits = split.split_clusters(clusters.numbers, codes, digests, official, fractions=job.fractions)
    report = Report(
        tried=plan.shapes + len(plan.refused) - found.left_out,
        kept=plan.shapes + len(plan.refused) - found.left_out - len(found.refused),
        shapes=len(codes),
        refused=len(found.refused),
        left_out=found.left_out,
        by_reason=by_reason(found.refused),
        exact_duplicates=clusters.exact,
        near_duplicates=clusters.near,
        clusters=clusters.count,
        splits={str(name): _split_counts(splits[codes == code]) for code, name in enumerate(names)},
        rules=dict(sorted(found.rules.items())),
        ignored=dict(sorted(plan.ignored.items())),
    )
    return _Decided(names.tolist(), clusters, splits, report)


def _append(writer: StoreWriter, made: Made, decided: _Decided) -> None:
    rows = slice(writer.count, writer.count + len(made.records))
    writer.add(
        made.bits,
        ids=[record.id for record in made.records],
        categories=[record.category for record in made.records],
        splits=[SPLITS[code] for code in decided.splits[rows].tolist()],
        clusters=decided.clusters.numbers[rows].tolist(),
        attributes=[record.attributes for record in made.records],
    )


def _split_counts(splits: np.ndarray) -> dict[str, int]:
    return dict(zip(SPLITS, np.bincount(splits, minlength=len(SPLITS)).tolist(), strict=True))


def _provenance(job: Job, plan: Plan) -> dict[str, Any]:
    return {
        "source": plan.name,
        "licence": job.licence or (furniture.LICENCE if plan.is_furniture else NO_LICENCE),
        "recipe": job.recipe.facts(),
        "limit": job.limit,
        "fractions": list(job.fractions),
        "rules": RULES,
    }


def _nothing(refused: list[Refusal]) -> str:
    if not refused:
        return "no shape is of the categories asked for"
    return (
        f"not one shape could be made; {len(refused)} were refused, the first, {refused[0].path}: {refused[0].reason}"
    )
