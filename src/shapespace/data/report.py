"""What became of a source, counted: the last word of `data prepare`, kept in the store beside the shapes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from shapespace.data.sources import Refusal

REPORT_NAME, REFUSED_NAME = "report.json", "refused.csv"
_NUMBER = re.compile(r"\d[\d.,e+]*")


@dataclass(frozen=True)
class Report:
    """Counts of one preparation.

    Attributes:
        tried: Source shapes that were read, or refused unread.
        kept: Source shapes that are in the store.
        shapes: Shapes in the store, turned and mirrored copies included.
        refused: Source shapes that gave none.
        left_out: Source shapes of categories that were not asked for.
        by_reason: Refusals by reason, numbers in it set aside.
        exact_duplicates: Source shapes that are bit-equal to an earlier one.
        near_duplicates: Source shapes with IoU >= 0.95 to an earlier one.
        clusters: Groups of shapes that are the same.
        splits: Shapes by category and split.
        rules: Shapes by the rule that made them solid.
        ignored: Files of other kinds, by ending.
    """

    tried: int
    kept: int
    shapes: int
    refused: int
    left_out: int
    by_reason: Mapping[str, int]
    exact_duplicates: int
    near_duplicates: int
    clusters: int
    splits: Mapping[str, Mapping[str, int]]
    rules: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)

    @property
    def refused_part(self) -> float:
        """Refused source shapes as a part of those tried."""
        return self.refused / self.tried if self.tried else 0.0

    def to_json(self) -> bytes:
        """Return the report as a file."""
        return (json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()

    def lines(self) -> list[str]:
        """Return the report as lines to read."""
        lines = [f"in          {self.tried} source shapes; {self.kept} kept, {self.refused} refused"]
        lines += [f"  refused   {count} x {reason}" for reason, count in self.by_reason.items()]
        if self.left_out:
            lines.append(f"left out    {self.left_out} of other categories")
        if self.ignored:
            kinds = ", ".join(f"{count} {ending}" for ending, count in self.ignored.items())
            lines.append(f"ignored     {kinds}")
        lines.append(f"duplicates  {self.exact_duplicates} bit-equal, {self.near_duplicates} more with IoU >= 0.95")
        lines.append(f"store       {self.shapes} shapes in {self.clusters} clusters")
        for category, splits in self.splits.items():
            lines.append(f"  {category}: " + ", ".join(f"{count} {split}" for split, count in splits.items()))
        return lines


def by_reason(refusals: Iterable[Refusal]) -> dict[str, int]:
    """Return the refusals counted by reason, the most frequent first; numbers in a reason do not tell it apart."""
    counts = Counter(_NUMBER.sub("N", refusal.reason) for refusal in refusals)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def refused_csv(refusals: Sequence[Refusal]) -> bytes:
    """Return a table of path and reason."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["path", "reason"])
    table.writerows((refusal.path, refusal.reason) for refusal in refusals)
    return text.getvalue().encode()
