"""When the server is slow or gone: told where it happens, nothing lost, and done again when it is back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from asking import make_served, make_space
from seeing import caption, hold, told, until

from browser import serving, slide, wall

DECODE = re.compile("/api/spaces/.*/decode$")


def blend(page: Any) -> np.ndarray:
    """Drag the first shape onto the second; return the latent vectors of both."""
    tiles = page.locator("#wall .tile")
    tiles.nth(0).drag_to(tiles.nth(1))
    until(page, "Blend, 50 %")
    told(page)
    return make_space().latents(2, 0)


def test_a_server_that_dies_is_named_and_what_was_asked_is_done_when_it_is_back(context: Any) -> None:
    page = context.new_page()
    with serving(make_served().asgi) as address:
        page.goto(address)
        wall(page)
        z = blend(page)
    slide(page, "#blend-at", 1)
    trouble = page.locator("#stage-trouble")
    trouble.get_by_text("does not answer").wait_for()
    assert caption(page) == "Blend, 50 %"  # still in hand
    assert page.locator("#past .tile").count() == 2
    with serving(make_served().asgi, urlsplit(address).port or 0):
        trouble.get_by_role("button", name="Try again").click()
        until(page, "Blend, 100 %")
    assert np.array_equal(told(page)["z"], z[1])
    assert not trouble.is_visible()


def test_on_a_slow_network_only_the_newest_wish_is_asked_for(page: Any) -> None:
    z = blend(page)
    asked: list[Any] = []

    def slowly(route: Any) -> None:
        of_the_map = len(route.request.post_data_json["z"]) > 1
        if not of_the_map:
            asked.append(route)
        if of_the_map or len(asked) > 1:
            route.continue_()

    page.route(DECODE, slowly)
    for step in range(50):
        slide(page, "#blend-at", step / 100)
    slide(page, "#blend-at", 0)
    assert len(asked) == 1  # the first is still waiting
    asked[0].continue_()
    until(page, "Blend, 0 %")
    assert np.array_equal(told(page)["z"], z[0])
    assert len(asked) <= 3  # of 51: the first, the newest, and the newest in full


def test_a_wall_that_does_not_come_can_be_asked_for_again(context: Any, address: str) -> None:
    page = context.new_page()
    page.route("**/api/spaces", lambda route: route.abort())
    page.goto(address)
    page.get_by_text("does not answer").wait_for()
    page.unroute("**/api/spaces")
    page.get_by_role("button", name="Try again").click()
    wall(page)


def test_the_servers_own_words_are_shown_and_what_cannot_help_is_not_offered(page: Any) -> None:
    hold(page)
    page.locator("#file").set_input_files({"name": "torn.stl", "mimeType": "model/stl", "buffer": b"solid nothing"})
    trouble = page.locator("#stage-trouble")
    trouble.wait_for()
    assert not trouble.get_by_role("button", name="Try again").is_visible()
    trouble.get_by_role("button", name="Dismiss").click()
    assert caption(page) == "Shape 1"


def test_a_link_to_another_space_says_so(context: Any, address: str) -> None:
    page = context.new_page()
    page.goto(f"{address}#space=nowhere&z=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    page.get_by_text("nowhere, which is not here").wait_for()
