"""Photographs: turned, framed, told from their background; and hostile ones refused in one line."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, features
from scipy import ndimage

from shapespace.data import photos
from shapespace.data.photos import read_photo, stands_out
from shapespace.errors import BadInput

RED, WHITE = (200, 30, 30), (240, 240, 238)


def scene(width: int = 120, height: int = 80, box=(30, 20, 60, 60)) -> Image.Image:
    """Return a red block (left, top, right, bottom) before a white wall."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, box)
    return image


def is_red(picture: np.ndarray) -> np.ndarray:
    return (picture[0] > 150) & (picture[1] < 120)


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def saved(image: Image.Image, path, **options):
    image.save(path, **options)
    return path


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "gif", "tiff", "ppm"])
def test_the_object_is_found_and_fills_the_frame_whatever_the_format(tmp_path, ending):
    photo = read_photo(saved(scene(), tmp_path / f"a.{ending}"))
    assert photo.picture.shape == (3, 256, 256)
    assert photo.picture.dtype == np.uint8
    assert (is_red(photo.picture) == photo.mask).mean() > 0.96
    left, top, right, bottom = box_of(photo.mask)
    assert bottom - top == pytest.approx(
        0.8 * 256, abs=14
    )  # the block is higher than wide; the blur widens it a little
    assert (left + right) / 2 == pytest.approx(128, abs=4)
    assert (top + bottom) / 2 == pytest.approx(128, abs=4)
    assert "no mask was given" in photo.how


def test_transparency_is_the_mask_and_a_plain_wall_stands_behind(tmp_path):
    image = scene().convert("RGBA")
    alpha = Image.new("L", image.size, 0)
    alpha.paste(255, (30, 20, 60, 60))
    image.putalpha(alpha)
    photo = read_photo(saved(image, tmp_path / "a.png"))
    assert "transparency" in photo.how
    assert (is_red(photo.picture) == photo.mask).mean() > 0.99
    assert np.abs(photo.picture[:, 2, 2].astype(int) - photos.WALL).max() <= 1


def test_what_is_behind_a_found_object_becomes_a_plain_wall_and_it_is_said(tmp_path):
    photo = read_photo(saved(scene(), tmp_path / "a.png"))
    assert "became a plain wall" in photo.how
    far = ndimage.distance_transform_edt(~photo.mask) > 12
    assert far.any()
    assert np.abs(photo.picture[:, far].astype(int) - photos.WALL).max() <= 2
    deep = ndimage.distance_transform_edt(photo.mask) > 24
    assert np.abs(photo.picture[:, deep].astype(int) - np.array(RED)[:, None]).max() <= 2


def test_an_opaque_alpha_says_nothing(tmp_path):
    photo = read_photo(saved(scene().convert("RGBA"), tmp_path / "a.png"))
    assert "no mask was given" in photo.how


def test_a_mask_beside_it_or_given_is_taken(tmp_path):
    path = saved(scene(), tmp_path / "a.jpg")
    mask = Image.new("L", (120, 80), 0)
    mask.paste(255, (80, 10, 110, 40))  # not where the block is: the mask decides
    saved(mask, tmp_path / "a.mask.png")
    photo = read_photo(path)
    assert "a.mask.png" in photo.how
    assert not is_red(photo.picture)[photo.mask].any()
    saved(mask, tmp_path / "other.png")
    assert np.array_equal(read_photo(path, mask=tmp_path / "other.png").mask, photo.mask)
    saved(Image.new("L", (120, 80), 0), tmp_path / "a.mask.png")
    with pytest.raises(BadInput, match="dark everywhere"):
        read_photo(path)


def test_where_nothing_stands_out_the_whole_picture_is_taken_and_it_is_said(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    photo = read_photo(saved(Image.fromarray(noise), tmp_path / "a.png"))
    assert not photo.mask.any()
    assert "whole picture" in photo.how
    assert stands_out(np.full((40, 40, 3), 90, np.uint8)) is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_turned_as_its_exif_says(tmp_path, orientation):
    """The same scene stored in each of the eight ways a camera may store it."""
    back = {
        1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM], 5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_270],
    }  # fmt: skip
    upright = scene(box=(10, 5, 60, 60))
    upright.paste((20, 20, 160), (10, 5, 30, 20))  # a blue corner, upper left
    stored = upright
    for turn in back[orientation]:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = read_photo(saved(stored, tmp_path / "a.png", exif=exif))
    plain = read_photo(saved(upright, tmp_path / "b.png"))
    assert np.array_equal(photo.picture, plain.picture)


def plain(size=(64, 48)):
    image = Image.new("RGB", size, (236, 236, 236))
    image.paste((180, 40, 30), (20, 12, 44, 36))
    return image


def test_a_telephone_s_jpeg_is_its_first_picture(tmp_path):
    plain().save(tmp_path / "a.jpg")
    plain().save(tmp_path / "b.jpg", "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))])
    assert np.array_equal(*(read_photo(tmp_path / name).picture for name in ("a.jpg", "b.jpg")))


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_read_whole_and_refused_cut_off(tmp_path):
    plain().save(tmp_path / "a.png")
    plain().save(tmp_path / "b.avif", quality=90)
    both = [read_photo(tmp_path / name).picture.astype(int) for name in ("a.png", "b.avif")]
    assert abs(both[0] - both[1]).mean() < 6
    content = (tmp_path / "b.avif").read_bytes()
    (tmp_path / "c.avif").write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput):
        read_photo(tmp_path / "c.avif")


def test_sixteen_bits_of_grey_are_scaled_not_cut(tmp_path):
    grey = np.full((48, 64), 60_000, np.uint16)
    grey[12:36, 20:44] = 12_800
    Image.fromarray(grey).save(tmp_path / "deep.png")
    picture = read_photo(tmp_path / "deep.png").picture
    assert picture[:, 128, 128].tolist() == [50, 50, 50]


def test_channels_are_red_green_blue_and_come_first(tmp_path):
    photo = read_photo(saved(Image.new("RGB", (64, 64), (255, 0, 10)), tmp_path / "a.png"))
    assert [int(plane.min()) for plane in photo.picture] == [255, 0, 10] == [int(p.max()) for p in photo.picture]


def test_cmyk_is_converted_and_said(tmp_path):
    photo = read_photo(saved(scene().convert("CMYK"), tmp_path / "a.jpg", quality=95))
    assert photo.how.startswith("converted from CMYK")
    assert (is_red(photo.picture) == photo.mask).mean() > 0.95


def bomb() -> bytes:
    """Return a PNG of 60,000 x 60,000 pixels in 100 bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def cut_off() -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()[:9_000]


def animated() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("P", (32, 32), i) for i in range(3)]
    frames[0].putpalette([i % 256 for i in range(768)])
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def small(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


HOSTILE = {
    "bomb": (bomb, "limit of 100,000,000"),
    "cut off": (cut_off, "cannot be read"),
    "one pixel": (lambda: small(1, 1), "1 x 1 pixels show no object"),
    "a line": (lambda: small(4_000, 1), "4000 x 1 pixels"),
    "animated": (animated, "animation"),
    "svg": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', r"drawing \(SVG\)"),
    "svg with a prologue": (lambda: b'<?xml version="1.0"?><svg/>', r"drawing \(SVG\)"),
    "heic": (lambda: b"\0\0\0\x18ftypheic" + bytes(40), "HEIC"),
    "empty": (lambda: b"", "is empty"),
    "text": (lambda: b"a chair, brown", "no picture of a kind"),
    "a pickle": (lambda: b"\x80\x04\x95" + bytes(30), "no picture of a kind"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_picture_is_refused_in_one_line_whatever_its_name(tmp_path, kind):
    make, says = HOSTILE[kind]
    path = tmp_path / "chair.jpg"
    path.write_bytes(make())
    with pytest.raises(BadInput, match=says) as refused:
        read_photo(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_of_too_many_bytes_and_one_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(photos, "MAX_PHOTO_BYTES", 100)
    with pytest.raises(BadInput, match="more than 100 bytes"):
        read_photo(saved(scene(), tmp_path / "a.bmp"))
    with pytest.raises(BadInput, match="No such file"):
        read_photo(tmp_path / "none.jpg")


@pytest.mark.parametrize("mode", ["F", "I"])
def test_kinds_of_pixels_that_no_camera_writes_are_named(tmp_path, mode):
    image = Image.new(mode, (32, 32))
    path = saved(image, tmp_path / "a.tiff")
    with pytest.raises(BadInput, match="which no camera writes"):
        read_photo(path)


def test_random_damage_gives_a_photo_or_one_line(tmp_path):
    buffer = io.BytesIO()
    scene().save(buffer, "JPEG")
    content, rng = buffer.getvalue(), np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 4):
            damaged[place] = rng.integers(0, 256)
        path = tmp_path / "a.jpg"
        path.write_bytes(damaged)
        with contextlib.suppress(BadInput):
            assert read_photo(path).picture.shape == (3, 256, 256)
