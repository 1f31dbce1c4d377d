"""Reports say what was measured, to machines and to people, and nothing else gets into the page."""

from __future__ import annotations

import json
import math

import pytest
from lxml import html as parser

from shapespace.errors import BadInput
from shapespace.evaluate import report
from shapespace.evaluate.columns import COLUMNS, GROUPS
from shapespace.evaluate.intervals import Interval

ROWS = {
    "samples": {"mmd": Interval(0.5, 0.4, 0.6), "cov": Interval(0.123, 0.1, 0.2)},
    "a <b> & c": {"mmd": Interval(0.25, math.nan, math.nan)},
}


def test_what_is_written_is_read_again(tmp_path):
    report.write_json(tmp_path, {"kind": "generate", "rows": report.rows_as_json(ROWS)})
    found = report.rows_of(report.read_json(tmp_path, "generate"))
    assert found["samples"] == ROWS["samples"]
    assert found["a <b> & c"]["mmd"].value == 0.25
    assert math.isnan(found["a <b> & c"]["mmd"].low)
    json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)  # strict JSON has no NaN


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"kind": "classify", "rows": {}}', '{"kind": "generate", "rows": 3}']
)
def test_what_is_no_report_is_one_line(tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(BadInput, match="no report"):
        report.read_json(tmp_path, "generate")


def test_a_folder_without_one_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"report\.json"):
        report.read_json(tmp_path, "generate")


def test_the_tables_hold_every_number_once_and_no_foreign_markup():
    page = report.page("A <title>", "", [report.tables(ROWS, own=("samples",))])
    tree = parser.fromstring(page)
    cells = [cell.text_content() for cell in tree.iter("td")]
    assert cells[:3] == ["samples", "0.5000.400 to 0.600", "12.310.0 to 20.0"]
    assert cells[3:] == ["a <b> & c", "0.250", ""]
    assert not list(tree.iter("b"))
    assert len(tree.findall(".//tr[@class='own']")) == 1


def test_markdown_is_a_table():
    lines = report.markdown(ROWS, ["mmd", "cov"]).splitlines()
    assert lines[0] == "| | MMD, voxels | COV, % |"
    assert lines[2] == "| samples | 0.500 (0.400 to 0.600) | 12.3 (10.0 to 20.0) |"
    assert lines[3] == "| a <b> & c | 0.250 |  |"


def test_every_column_has_its_place():
    assert [name for names in GROUPS.values() for name in names] == list(COLUMNS)
