"""Photographs and shapes come back as they lie, upright, and what is damaged is one line."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shapespace.errors import BadInput
from shapespace.evaluate import ikea
from shapespace.shapes.grid import bounding_box, handed, pack, pad, to_z_up

NAMES = ("b.jpg", "a.jpg", "c.jpg")


def made(folder: Path, **changed: object) -> Path:
    """Write a set of two shapes and three photographs, with some arrays replaced or (None) left out."""
    x_up = np.moveaxis(pad(handed(), 20), 2, 0)  # (x, y, z) -> (z, x, y): the inverse of turning it z up
    arrays: dict[str, object] = {
        "voxels": pack(np.stack([x_up, np.zeros_like(x_up)])), "res": np.int64(20),
        "model_class": np.array(["chair", "table"]), "image_name": np.array(NAMES),
        "image_model": np.array([1, 0, 1], np.int16),
    }  # fmt: skip
    np.savez(folder / ikea.GRIDS, **{name: each for name, each in (arrays | changed).items() if each is not None})
    with zipfile.ZipFile(folder / ikea.PHOTOGRAPHS, "w") as archive:
        for shade, name in enumerate(sorted(NAMES)):
            out = io.BytesIO()
            Image.new("RGB", (40, 30), (90 * shade, 0, 0)).save(out, format="JPEG")
            archive.writestr(name, out.getvalue())
    return folder


def test_each_photograph_comes_with_its_own_shape_z_up(tmp_path):
    found = ikea.read(made(tmp_path))
    assert found.names == NAMES
    assert found.categories == ("table", "chair", "table")
    assert found.voxels.shape == (3, 20, 20, 20)
    assert np.array_equal(found.voxels[1], pad(handed(), 20))
    assert not found.voxels[0].any()
    reds = [Image.open(io.BytesIO(content)).getpixel((20, 15))[0] for content in found.photographs]
    assert reds == pytest.approx([90, 0, 180], abs=2)


def test_photographs_are_ready_for_the_encoder(tmp_path):
    photos = list(ikea.read(made(tmp_path)).photos())
    assert [photo.picture.shape for photo in photos] == [(3, 256, 256)] * 3


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"voxels": None}, "has no voxels"),
        ({"res": np.int64(21)}, "21\\^3"),
        ({"res": np.int64(-20)}, "no resolution"),
        ({"res": np.float64(20)}, "no resolution"),
        ({"image_model": np.array([1, 0, 2])}, "not among its 2"),
        ({"image_model": np.array([-1, 0, 1])}, "not among its 2"),
        ({"image_model": np.array([0, 1])}, "different lengths"),
        ({"model_class": np.array(["chair"])}, "different lengths"),
        ({"image_name": np.array(["a.jpg", "b.jpg", "x.jpg"])}, "x.jpg"),
        ({"image_name": np.array([{}, {}, {}], object)}, "no file of grids"),
    ],
)
def test_what_does_not_fit_together_is_one_line(tmp_path, changed, says):
    with pytest.raises(BadInput, match=says) as caught:
        ikea.read(made(tmp_path, **changed))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [ikea.GRIDS, ikea.PHOTOGRAPHS])
@pytest.mark.parametrize("content", [None, b"", b"no zip", "cut"])
def test_missing_and_damaged_files_are_one_line(tmp_path, name, content):
    file = made(tmp_path) / name
    file.write_bytes(file.read_bytes()[:-200] if content == "cut" else content or b"")
    if content is None:
        file.unlink()
    with pytest.raises(BadInput, match=name):
        ikea.read(tmp_path)


def test_the_real_set_stands_upright(real_data):
    found = ikea.read(real_data / "ikea")
    assert (len(found), found.shapes.shape) == (488, (23, 20, 20, 20))
    counts = {name: found.categories.count(name) for name in set(found.categories)}
    assert counts == {"bed": 11, "bookcase": 155, "chair": 51, "desk": 19, "sofa": 89, "table": 163}
    tables = found.shapes[[name == "table" for name in found.shape_categories]]
    for table in tables:  # a table is fullest at its top, whichever way it is turned
        low, high = bounding_box(table)
        areas = table.sum((0, 1))[low[2] : high[2]]
        assert areas[-4:].max() > 2 * areas[: len(areas) // 2].mean()


def test_turning_is_no_mirroring():
    back = to_z_up(np.moveaxis(pad(handed(), 20), 2, 0), ikea.UP)
    assert np.array_equal(back, pad(handed(), 20))
