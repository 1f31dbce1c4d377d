"""Differences over the same held-out items, where the answer is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from shapespace.cli.main import main
from shapespace.errors import BadInput, UsageError
from shapespace.evaluate import columns, compare, paired, reconstruct
from shapespace.evaluate.generate import OWN
from shapespace.evaluate.intervals import Interval, of_mean
from shapespace.evaluate.report import rows_as_json

LABELS = np.repeat([0, 1, 2], (40, 30, 30))


def classified(right: np.ndarray, untrained: np.ndarray | None = None) -> dict:
    other = np.full(len(right), 0.5) if untrained is None else untrained
    number = {each: vars(of_mean(right)) for each in ("accuracy", "balanced", "balanced_at_paper_c")}
    texts = {paired.D: paired.as_text(right), paired.UNTRAINED: paired.as_text(other)}
    items = {"category": paired.as_text(LABELS), "weight": paired.as_text(np.ones(100)), "right": texts}
    return {
        "kind": "classify", "store": "s", "split": "test", "categories": ["a", "b", "c"], "rows": {paired.D: number},
        "gain": vars(of_mean(right - other)), "items": items | {"right_at_paper_c": texts},
    }  # fmt: skip


@pytest.fixture
def right() -> np.ndarray:
    return (np.random.default_rng(0).random(100) < 0.7).astype(float)


def test_identical_reports_differ_by_nothing(right):
    found = compare.differences({"a": classified(right), "b": classified(right)})
    assert [each.column for each in found] == ["accuracy", "balanced", "balanced_at_paper_c", "gain"]
    for each in found:
        assert (each.number.value, each.number.low, each.number.high) == (0, 0, 0)
        assert each.paired
        assert not each.means_something
        assert each.verdict.startswith("means nothing")


def test_one_right_wherever_the_other_is_wrong(right):
    found = compare.differences({"a": classified(np.zeros(100)), "b": classified(np.ones(100))})
    assert {(each.number.value, each.number.low, each.number.high) for each in found} == {(1, 1, 1)}
    assert {each.verdict for each in found} == {"better"}


def test_a_paired_interval_is_narrower_where_reports_err_on_the_same_shapes(right):
    better = right.copy()
    better[np.flatnonzero(right == 0)[:8]] = 1
    first, other = classified(right), classified(better)
    gap = compare.differences({"a": first, "b": other})[0]
    first.pop("items")
    old = compare.differences({"a": first, "b": other})[0]
    assert gap.number.value == pytest.approx(old.number.value) == pytest.approx(0.08)
    assert gap.number.high - gap.number.low < 0.7 * (old.number.high - old.number.low)
    assert (gap.paired, old.paired) == (True, False)
    assert (gap.verdict, old.verdict[:13]) == ("better", "means nothing")
    assert "independent" in compare.rule([old])
    assert "paired" in compare.rule([gap])


def test_balanced_counts_a_category_once_and_a_photograph_once():
    values, strata, weights = np.array([1.0, 0, 1, 1]), np.array([0, 0, 1, 1]), np.array([3.0, 1, 1, 1])
    assert paired.balanced(values, strata, weights).value == pytest.approx((0.75 + 1) / 2)
    assert np.isnan(paired.balanced(values[:2], np.array([0, 1]), weights[:2]).low)


@pytest.mark.parametrize("key", ["store", "split", "categories"])
def test_other_held_out_shapes_are_refused_and_never_paired(key, right):
    first, other = classified(right), classified(right) | {key: "other"}
    with pytest.raises(UsageError, match="anyway"):
        compare.check_alike({"a": first, "b": other})
    assert not paired.same_items(first, other)


def generated(mmd: float) -> dict:
    rows = rows_as_json({OWN: {"mmd": Interval(mmd, mmd - 0.1, mmd + 0.1)}})
    return {"kind": "generate", "store": "s", "split": "test", "resolution": 32, "rows": rows}


def write(report: dict, run: Path) -> Path:
    folder = run / "tables" / report["kind"]
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(report))
    return folder


def test_runs_are_compared_in_each_kind_they_share(tmp_path, right):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        write(classified(right), path)
    write(generated(1.0), paths[0])
    assert list(compare.find(paths)) == ["classify"]
    assert list(compare.find([paths[0], paths[0]])) == ["generate", "classify"]
    assert list(compare.find([paths[0], paths[1] / "tables" / "classify" / "report.json"])) == ["classify"]
    with pytest.raises(BadInput, match="tables/generate"):
        compare.find(paths, "generate")
    with pytest.raises(UsageError, match="different kinds"):
        compare.find([paths[0] / "tables" / "generate", paths[1]])


def test_the_command_shows_two_runs_in_both_kinds(tmp_path, right, capsys):
    for name, mmd in (("a", 1.0), ("b", 0.5)):
        write(classified(right), tmp_path / name)
        write(generated(mmd), tmp_path / name)
    assert main(["evaluate", "compare", *(str(tmp_path / name) for name in "ab"), "--out", str(tmp_path / "c")]) == 0
    printed = capsys.readouterr().out
    assert "evaluate generate: 1 of 1 differences to a mean something" in printed
    assert "evaluate classify: 0 of 4 differences to a mean something" in printed
    assert {each.name for each in (tmp_path / "c").iterdir()} == {
        "compare.html", "compare-generate.png", "compare-classify.png"
    }  # fmt: skip


@pytest.mark.parametrize(
    "damage",
    [
        lambda report: report["rows"].pop(paired.D),
        lambda report: report["items"].update(weight="1 2 3"),
        lambda report: report["items"].update(category="a b"),
        lambda report: report["items"].update(right=[]),
        lambda report: report.update(items=7),
        lambda report: report.update(gain=None),
    ],
)
def test_a_damaged_report_is_named_before_anything_is_compared(tmp_path, right, damage):
    report = classified(right)
    damage(report)
    folder = write(report, tmp_path)
    with pytest.raises(BadInput, match="evaluate classify"):
        compare.find([folder, folder])


def test_the_names_are_those_of_the_tables():
    assert columns.METRICS == reconstruct.METRICS
    assert set(columns.BESIDE) == {
        reconstruct.CLASS_MEAN, reconstruct.RETRIEVED, reconstruct.SHUFFLED, reconstruct.SHUFFLED_WITHIN
    }  # fmt: skip
