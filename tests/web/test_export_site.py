"""The site that needs no server: its generator in the browser makes what Python makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from asking import make_space
from seeing import SIDE, hold, stage, told, until

from browser import serving_files, slide, wall
from shapespace.serve import export
from shapespace.shapes import formats


def test_the_site_makes_pythons_shapes_and_snaps_without_a_server(context: Any, tmp_path: Path) -> None:
    space = make_space()
    space.save(tmp_path / "small.safetensors")
    export.site(str(tmp_path / "small.safetensors"), tmp_path / "site")
    with serving_files(tmp_path / "site") as address:
        page = context.new_page()
        page.goto(address)
        wall(page)
        z = space.latents(3, 0)
        assert np.array_equal(hold(page, 2)["z"], z[2])
        assert not page.locator("#mend").is_visible()  # it takes gradients
        page.get_by_role("button", name="Voxels").click()
        with page.expect_download() as coming:
            page.get_by_role("button", name="STL").click()
        coming.value.save_as(tmp_path / "taken.stl")
        mesh = formats.read(tmp_path / "taken.stl").mesh
        assert mesh is not None
        voxels = int(space.sample(3)[2].voxels.sum())
        # a voxel at the very threshold may round to the other side in 255 steps
        assert abs(mesh.volume * (SIDE / 100) ** 3 - voxels) < 0.01 * voxels
        page.locator("#wall .tile").nth(1).drag_to(page.locator("#wall .tile").nth(0))
        slide(page, "#blend-at", 1)
        until(page, "Blend, 100 %")
        assert np.array_equal(told(page)["z"], z[0])
        page.keyboard.press("3")
        before = stage(page)
        page.keyboard.press("s")
        until(page, "Snapped")
        assert before.shape == stage(page).shape
