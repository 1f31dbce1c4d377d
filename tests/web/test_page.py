"""The page in a real browser: clicked, dragged, seen."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from asking import make_attributes, make_space
from seeing import (
    SIDE,
    caption,
    differs,
    drop,
    hold,
    pointer,
    shape_of,
    spot,
    stage,
    told,
    until,
    watch_progress,
)

from browser import slide
from shapespace.shapes import formats
from shapespace.shapes.grid import iou


def test_a_shape_of_the_wall_is_the_one_of_its_seed_and_is_turned(page: Any) -> None:
    seen = hold(page, 3)
    assert np.array_equal(seen["z"], make_space().latents(4, 0)[3])
    assert caption(page) == "Shape 4"
    front = stage(page)
    assert len(np.unique(front.reshape(-1, 3), axis=0)) > 50  # shaded, not a blank
    pointer(page, "#view", (0.5, 0.5), (0.8, 0.5))
    assert differs(front, stage(page)) > 0.02
    page.locator("#view").focus()
    before = float(told(page)["from"].split(",")[0])
    page.keyboard.press("ArrowRight")
    assert float(told(page)["from"].split(",")[0]) == before + 10


def test_voxels_and_the_smooth_surface_are_two_looks_at_one_shape(page: Any) -> None:
    z = hold(page)["z"]
    smooth = stage(page)
    page.get_by_role("button", name="Voxels").click()
    assert differs(smooth, stage(page)) > 0.01
    seen = told(page)
    assert seen["look"] == "voxels"
    assert np.array_equal(seen["z"], z)


def test_a_shape_dragged_onto_another_blends_them_from_end_to_end(page: Any) -> None:
    tiles = page.locator("#wall .tile")
    tiles.nth(1).drag_to(tiles.nth(2))
    until(page, "Blend, 50 %")
    z = make_space().latents(3, 0)
    middle = told(page)["z"]
    slide(page, "#blend-at", 0)
    until(page, "Blend, 0 %")
    assert np.array_equal(told(page)["z"], z[1])
    slide(page, "#blend-at", 1)
    until(page, "Blend, 100 %")
    assert np.array_equal(told(page)["z"], z[2])
    assert not np.array_equal(middle, z[1])
    assert page.locator("#past .tile").count() >= 3


def test_an_attribute_moves_the_shape_and_back_again(page: Any) -> None:
    z = hold(page)["z"]
    slide(page, "[data-attribute=arms]", 1)
    until(page, "more arms")
    expected = make_attributes(make_space()).move(z, {"arms": 1})
    assert np.allclose(told(page)["z"], expected, atol=1e-5)
    slide(page, "[data-attribute=arms]", 0)
    assert np.array_equal(told(page)["z"], z)


def test_a_threshold_of_its_own_is_kept_while_the_shape_is_moved(page: Any, context: Any) -> None:
    """As a photograph's shape has one: an attribute changes the shape, not also where it is cut."""
    z = hold(page)["z"]
    second = context.new_page()
    second.goto(page.evaluate("location.href") + "&cut=0.3")
    until(second, "From a link")
    before = stage(second)
    slide(second, "[data-attribute=arms]", 1)
    until(second, "more arms")
    assert float(told(second)["cut"]) == 0.3
    slide(second, "[data-attribute=arms]", 0)
    assert np.array_equal(told(second)["z"], z)
    assert differs(before, stage(second)) < 0.001


def test_voxels_are_taken_away_and_added_undone_and_redone(page: Any) -> None:
    hold(page)
    page.keyboard.press("3")
    page.keyboard.press("r")
    place = spot(page)
    pointer(page, "#view", place)
    removed = told(page)["voxels"]
    page.keyboard.press("a")
    pointer(page, "#view", place)
    added = told(page)["voxels"]
    assert added.shape == (SIDE,) * 3
    assert (added ^ removed).sum() == 1
    assert added.sum() == removed.sum() + 1
    page.keyboard.press("Control+z")
    assert np.array_equal(told(page)["voxels"], removed)
    page.keyboard.press("Control+z")
    assert "voxels" not in told(page)
    page.get_by_role("button", name="Redo").click()
    assert np.array_equal(told(page)["voxels"], removed)


def test_what_was_taken_away_is_the_mesh_that_was_seen(page: Any, tmp_path: Path) -> None:
    hold(page)
    page.get_by_role("button", name="Voxels").click()
    voxels = make_space().sample(1)[0].voxels
    for ending, unit in (("stl", 100 / SIDE), ("glb", 1 / SIDE)):
        with page.expect_download() as coming:
            page.get_by_role("button", name=ending.upper()).click()
        path = tmp_path / f"taken.{ending}"
        coming.value.save_as(path)
        mesh = formats.read(path).mesh
        assert mesh is not None
        assert abs(mesh.scaled(1 / unit).volume - voxels.sum()) < 0.01 * voxels.sum()


def test_a_link_shows_exactly_what_was_seen(page: Any, context: Any) -> None:
    hold(page, 5)
    page.keyboard.press("3")
    page.keyboard.press("r")
    pointer(page, "#view", spot(page))
    page.keyboard.press("2")
    pointer(page, "#view", (0.4, 0.4), (0.6, 0.45))
    page.mouse.move(0, 0)
    seen, picture = told(page), stage(page)
    second = context.new_page()
    second.goto(page.evaluate("location.href"))
    until(second, "From a link")
    again = told(second)
    assert again.keys() == seen.keys()
    assert np.array_equal(again["z"], seen["z"])
    assert np.array_equal(again["voxels"], seen["voxels"])
    assert differs(picture, stage(second)) < 0.001


def test_a_photograph_becomes_a_shape_where_the_space_reads_them(page: Any, context: Any) -> None:
    from PIL import Image

    assert not page.locator("#open-photo").is_visible()
    page.locator("#spaces").select_option("seen")
    page.locator("#open-photo").wait_for()
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(picture, "PNG")
    page.locator("#photo").set_input_files(
        {"name": "seat.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )  # fmt: skip
    until(page, "From seat.png")
    seen, picture = told(page), stage(page)
    assert seen["space"] == "seen"
    assert 0 < float(seen["cut"]) < 1  # it has a threshold of its own, at which a link shows it
    second = context.new_page()
    second.goto(page.evaluate("location.href"))
    until(second, "From a link")
    assert told(second)["cut"] == seen["cut"]
    assert differs(picture, stage(second)) < 0.001


def test_a_mesh_that_is_dropped_is_snapped_to_and_searched_by(page: Any, tmp_path: Path) -> None:
    shape = make_space().sample(1, 5)[0]
    shape.save(tmp_path / "mine.stl")
    drop(page, tmp_path / "mine.stl")
    until(page, "Nearest to mine.stl")
    seen = told(page)
    assert iou(shape_of(seen["z"]), shape.voxels) > 0.5
    neighbours = page.locator("#alike .tile")
    neighbours.nth(7).wait_for()
    neighbours.first.click()
    until(page, "Neighbour 1")
    chosen = told(page)
    assert "voxels" not in chosen  # it is a shape of the space, and can be mended and walked from
    assert (make_space().latents(512, 0) == chosen["z"]).all(1).sum() == 1


def test_what_was_built_is_snapped_while_a_bar_tells_how_far_and_undone(page: Any) -> None:
    hold(page)
    page.keyboard.press("3")
    page.keyboard.press("r")
    pointer(page, "#view", spot(page))
    built = told(page)["voxels"]
    watch_progress(page)
    page.get_by_role("button", name="Snap").click()
    until(page, "Snapped")
    seen = told(page)
    assert "voxels" not in seen
    assert iou(shape_of(seen["z"]), built) > 0.5
    parts = page.evaluate("seenParts")
    assert len(parts) >= 3  # streamed, not told at the end
    assert parts == sorted(parts)
    page.keyboard.press("Control+z")
    assert np.array_equal(told(page)["voxels"], built)


def test_the_map_is_wandered_and_what_rests_is_kept(page: Any) -> None:
    z = hold(page)["z"]
    page.locator("#map").scroll_into_view_if_needed()
    pointer(page, "#map", (0.5, 0.5), (0.9, 0.2), (0.1, 0.8))
    until(page, "From the map")
    low = told(page)["z"]
    pointer(page, "#map", (0.5, 0.5), (0.9, 0.1))
    page.locator("#past .tile").nth(2).wait_for()
    high = told(page)["z"]
    assert not np.array_equal(low, high)
    page.locator("#past .tile").nth(1).click()  # the newest is first
    assert np.array_equal(told(page)["z"], low)
    page.locator("#past .tile").last.click()
    assert np.array_equal(told(page)["z"], z)


def test_a_shape_of_the_wall_is_let_fall_on_the_one_in_hand(page: Any) -> None:
    hold(page, 2)
    page.locator("#wall .tile").nth(1).drag_to(page.locator("#stage"))
    until(page, "Blend, 50 %")
    slide(page, "#blend-at", 0)
    until(page, "Blend, 0 %")
    assert np.array_equal(told(page)["z"], make_space().latents(3, 0)[2])
