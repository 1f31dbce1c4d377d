"""Mending on the page: a broken chair of the shipped space, in one piece at a press, and back again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from seeing import caption, differs, hold, pointer, spot, stage, told, until

from browser import serving_space, wall
from shapespace.explore.mend import in_one_piece, mend
from shapespace.space import load

WHOLE, BROKEN = 0, 2
"""Chairs of the wall: one in one piece, one in several."""


@pytest.fixture(scope="module")
def chairs() -> Iterator[str]:
    with serving_space("chair") as address:
        yield address


@pytest.fixture
def shipped(context: Any, chairs: str) -> Any:
    page = context.new_page()
    page.goto(chairs)
    wall(page)
    return page


def past(page: Any) -> int:
    return page.locator("#past .tile").count()


def test_a_broken_chair_is_mended_in_place_kept_in_the_history_and_undone(shipped: Any, context: Any) -> None:
    space = load("chair")
    z, before = hold(shipped, BROKEN)["z"], stage(shipped)
    assert not in_one_piece(space, z)
    shipped.get_by_role("button", name="Mend").click()
    until(shipped, "Mended")
    seen, after = told(shipped), stage(shipped)
    assert np.array_equal(seen["z"], mend(space, z[None])[0])
    assert in_one_piece(space, seen["z"])
    assert differs(before, after) > 0.001
    assert past(shipped) == 2
    second = context.new_page()
    second.goto(shipped.evaluate("location.href"))
    until(second, "From a link")
    assert differs(after, stage(second)) < 0.001
    shipped.keyboard.press("Control+z")
    assert np.array_equal(told(shipped)["z"], z)
    assert differs(before, stage(shipped)) < 0.001
    shipped.get_by_role("button", name="Redo").click()
    assert np.array_equal(told(shipped)["z"], seen["z"])


def test_by_keys_and_what_is_whole_is_said_to_be_and_stays(shipped: Any) -> None:
    z = hold(shipped, WHOLE)["z"]
    shipped.keyboard.press("m")
    until(shipped, "Shape 1 · in one piece already")
    assert np.array_equal(told(shipped)["z"], z)
    assert past(shipped) == 1
    hold(shipped, BROKEN)
    assert caption(shipped) == f"Shape {BROKEN + 1}"
    button = shipped.get_by_role("button", name="Mend")
    button.focus()
    shipped.keyboard.press("Enter")
    until(shipped, "Mended")
    assert past(shipped) == 3
    shipped.keyboard.press("Enter")  # the focus stayed where it was
    until(shipped, "Mended · in one piece already")


def test_what_cannot_be_mended_is_said(page: Any) -> None:
    """The shapes of an untrained space are dust."""
    z = hold(page)["z"]
    page.get_by_role("button", name="Mend").click()
    until(page, "Shape 1 · none in one piece was found near it")
    assert np.array_equal(told(page)["z"], z)
    assert past(page) == 1


def test_what_was_built_is_to_be_snapped_first(page: Any) -> None:
    hold(page)
    page.keyboard.press("3")
    page.keyboard.press("r")
    pointer(page, "#view", spot(page))
    built = told(page)["voxels"]
    page.keyboard.press("m")
    until(page, "Shape 1, built on · snap it first, then mend")
    assert np.array_equal(told(page)["voxels"], built)


def test_a_key_that_is_held_down_asks_once(shipped: Any) -> None:
    asked: list[Any] = []
    shipped.route("**/mend", lambda route: asked.append(route))
    hold(shipped, BROKEN)
    for _ in range(4):
        shipped.keyboard.press("m")
    shipped.locator("#busy").wait_for()
    assert len(asked) == 1
    asked[0].continue_()
    until(shipped, "Mended")


def test_a_server_that_is_gone_is_named_and_asked_again(shipped: Any) -> None:
    hold(shipped, BROKEN)
    shipped.route("**/mend", lambda route: route.abort())
    shipped.keyboard.press("m")
    trouble = shipped.locator("#stage-trouble")
    trouble.get_by_text("does not answer").wait_for()
    assert caption(shipped) == f"Shape {BROKEN + 1}"
    shipped.unroute("**/mend")
    trouble.get_by_role("button", name="Try again").click()
    until(shipped, "Mended")
