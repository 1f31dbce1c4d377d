"""A difference is called one only where the intervals say so."""

from __future__ import annotations

from pathlib import Path

import pytest

from shapespace.errors import UsageError
from shapespace.evaluate import compare
from shapespace.evaluate.generate import OWN
from shapespace.evaluate.intervals import Interval
from shapespace.evaluate.report import rows_as_json


def made(**numbers: tuple[float, float, float]) -> dict:
    row = {OWN: {name: Interval(*parts) for name, parts in numbers.items()}}
    return {"kind": "generate", "store": "s", "split": "test", "resolution": 32, "rows": rows_as_json(row)}


@pytest.mark.parametrize(
    ("column", "first", "other", "verdict"),
    [
        ("mmd", (0.5, 0.4, 0.6), (0.52, 0.42, 0.62), "means nothing"),
        ("mmd", (0.5, 0.49, 0.51), (0.4, 0.39, 0.41), "better"),
        ("cov", (0.5, 0.49, 0.51), (0.4, 0.39, 0.41), "worse"),
        ("one_nna", (0.9, 0.89, 0.91), (0.6, 0.59, 0.61), "better"),
        ("one_nna", (0.5, 0.49, 0.51), (0.2, 0.19, 0.21), "worse"),
        ("z_u", (20, 19, 21), (-15, -16, -14), "better"),
        ("z_u", (1, 0.5, 1.5), (-15, -16, -14), "worse"),
        ("occupancy", (1, 0.99, 1.01), (1.2, 1.19, 1.21), "different"),
        ("cov", (0.5, float("nan"), float("nan")), (0.4, 0.39, 0.41), "too few"),
    ],
)
def test_verdicts(column, first, other, verdict):
    found = compare.differences({"a": made(**{column: first}), "b": made(**{column: other})})
    assert [each.column for each in found] == [column]
    assert found[0].verdict.startswith(verdict)
    assert found[0].number.value == pytest.approx(other[0] - first[0])


def test_the_interval_of_a_difference_is_that_of_independent_numbers():
    found = compare.differences({"a": made(mmd=(1, 0.7, 1.3)), "b": made(mmd=(2, 1.6, 2.4))})[0].number
    assert (found.low, found.high) == (pytest.approx(0.5), pytest.approx(1.5))


@pytest.mark.parametrize("key", ["store", "split", "resolution", "classifier"])
def test_what_cannot_stand_side_by_side_is_refused(key):
    with pytest.raises(UsageError, match="anyway"):
        compare.check_alike({"a": made(), "b": made() | {key: "other"}})
    compare.check_alike({"a": made(), "b": made()})


def test_names_are_as_long_as_they_must_be():
    paths = [Path("runs/a/report.json"), Path("runs/b")]
    assert compare.named(paths) == ["a", "b"]
    assert compare.named([Path("x/a"), Path("y/a")]) == ["x/a", "y/a"]
    with pytest.raises(UsageError):
        compare.named([Path("a"), Path("a/report.json")])


def test_the_picture_is_one():
    numbers = {"mmd": (0.5, 0.4, 0.6), "cov": (0.4, 0.3, 0.5)}
    assert compare.draw({"a": made(**numbers), "b": made(**numbers)}).startswith(b"\x89PNG")
