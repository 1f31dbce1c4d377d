"""Moving pictures: a frame each, the camera going round, a GIF that Pillow reads again."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from shapespace.errors import UsageError
from shapespace.shapes.film import save_gif, save_mp4, turntable
from shapespace.shapes.grid import handed
from shapespace.shapes.render import BACKGROUND, render


def test_a_frame_is_the_picture_on_the_ground_and_the_camera_goes_round():
    frames = list(turntable([handed()] * 4, size=48))
    assert [frame.shape for frame in frames] == [(48, 48, 3)] * 4
    for number, frame in enumerate(frames):
        picture = Image.fromarray(render(handed(), azimuth=30 + 90 * number, size=48))
        expected = Image.new("RGB", (48, 48), BACKGROUND)
        expected.paste(picture, (0, 0), picture)
        assert np.abs(frame.astype(int) - np.asarray(expected)).max() <= 1


def test_without_turns_the_camera_stands():
    first, second = turntable([handed()] * 2, size=32, turns=0)
    assert np.array_equal(first, second)


def test_a_gif_has_all_frames_goes_round_for_ever_and_shows_what_was_given(tmp_path):
    frames = list(turntable([handed()] * 5, size=48))
    save_gif(tmp_path / "a.gif", frames, rate=10)
    with Image.open(tmp_path / "a.gif") as film:
        assert film.n_frames == 5
        assert film.info["loop"] == 0
        assert film.info["duration"] == 100
        for number, frame in enumerate(frames):
            film.seek(number)
            shown = np.asarray(film.convert("RGB")).astype(int)
            assert np.abs(shown - frame).mean() < 4


def test_the_same_film_is_the_same_bytes(tmp_path):
    for name in ("a.gif", "b.gif"):
        save_gif(tmp_path / name, turntable([handed()] * 3, size=32))
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_without_the_package_an_mp4_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UsageError, match=r"shapespace\[film\]"):
        save_mp4(tmp_path / "a.mp4", turntable([handed()], size=32))
    assert not any(tmp_path.iterdir())


def test_with_the_package_an_mp4_of_as_many_pictures_is_written(tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    save_mp4(tmp_path / "a.mp4", turntable([handed()] * 3, size=32))
    assert b"ftyp" in (tmp_path / "a.mp4").read_bytes()[:16]
    assert ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))[0] == 3
