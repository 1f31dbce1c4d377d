"""The layout of help pages: every option once, two columns, within the width."""

from __future__ import annotations

import re

import pytest

from shapespace.cli.main import main


@pytest.fixture
def page(monkeypatch, capsys):
    def read(*words: str, columns: int = 100) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        assert main([*words, "--help"]) == 0
        return capsys.readouterr().out.splitlines()

    return read


def test_settings_stand_under_their_group(page):
    lines = page("train")
    assert lines.index("train:") < next(i for i, line in enumerate(lines) if "--train.batch-size INT" in line)


def test_every_setting_of_a_run_has_its_option_once(page):
    from dataclasses import fields

    from shapespace.settings import Settings

    text = "\n".join(page("train"))
    for group in fields(Settings):
        for setting in fields(group.default_factory):
            name = f"--{group.name}.{setting.name.replace('_', '-')}"
            assert len(re.findall(rf"^  {re.escape(name)}\b(?!-)", text, re.MULTILINE)) == 1, name


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_no_line_is_wider_than_the_terminal(page, columns):
    body = page("train", columns=columns)[2:]  # the usage line is the caller's own words and stays whole
    assert max(map(len, body)) <= columns


def test_a_page_on_a_wide_screen_stays_readable(page):
    assert max(map(len, page("train", columns=300)[2:])) <= 112


def test_positional_arguments_are_named_by_their_place(page):
    assert any(line.startswith("  SPACE ") for line in page("sample"))


def test_what_is_required_says_so(page):
    text = "\n".join(page("train"))
    assert re.search(r"--data PATH.*?\[required\]", text, re.DOTALL)
