"""S5: files from strangers: pictures and meshes come through, bombs are refused in one line, nothing else suffers."""

from __future__ import annotations

import asyncio
import io
import os
import struct
import threading
import zlib

import numpy as np
import psutil
import pytest
from asking import ask, code, make_served, post
from PIL import Image

from hostile import make
from shapespace.errors import BadInput
from shapespace.explore.placing import WHOLE
from shapespace.serve import uploads
from shapespace.serve.metrics import Metrics
from shapespace.serve.trouble import Trouble
from shapespace.serve.uploads import Uploads, ending, read_picture, read_voxels
from shapespace.serve.wire import unpack
from shapespace.shapes import formats, grid
from shapespace.shapes.shape import Shape


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *extra: bytes) -> bytes:
    """A PNG whose header declares a size; its pixels are a few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 4096))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(extra) + pixels + chunk(b"IEND", b"")


def animation() -> bytes:
    frames = [Image.new("L", (32, 32), 90 * i) for i in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def photograph() -> bytes:
    pixels = np.full((120, 160, 3), 230, np.uint8)
    pixels[30:90, 50:110] = (180, 40, 30)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


BOMBS = {
    "88 megapixels": png(13_300, 6_650),
    "177 megapixels": png(13_300, 13_300),
    "one row of two thousand million": png(1, 2_000_000_000),
    "a text that unfolds": png(64, 64, chunk(b"zTXt", b"a\0\0" + zlib.compress(b"a" * (80 << 20)))),
    "a profile that unfolds": png(64, 64, chunk(b"iCCP", b"a\0\0" + zlib.compress(b"a" * (80 << 20)))),
    "animated": animation(),
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "cut short": photograph()[:200],
    "a mesh": b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n",
    "noise": bytes(range(256)) * 40,
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_picture_that_is_a_bomb_is_refused_in_one_line(kind):
    before = psutil.Process().memory_info().rss
    with pytest.raises(BadInput) as refusal:
        read_picture((BOMBS[kind], "picture", 0))
    assert "\n" not in str(refusal.value)
    assert psutil.Process().memory_info().rss - before < 64 << 20


def test_a_refusal_does_not_hold_the_file():
    """Its process keeps the last one; with what it was made from, it would keep every copy of a large file's bytes."""
    for kind in ("cut short", "noise", "a text that unfolds"):
        with pytest.raises(BadInput) as refusal:
            read_picture((BOMBS[kind], "picture", 0))
        assert refusal.value.__context__ is None


def test_a_picture_within_the_limit_is_read():
    picture = read_picture((photograph(), "picture", 0, WHOLE)).picture
    assert picture.shape == (3, 256, 256)
    assert picture[:, 128, 128].tolist() == [180, 40, 30]


@pytest.mark.parametrize("name", ["off", "stl", "glb", "gltf", "obj", "binvox", "npz"])
def test_a_shape_comes_back_upright_and_at_the_wanted_resolution(tmp_path, name):
    voxels = np.pad(grid.handed(), 4)
    path = tmp_path / f"a.{name}"
    Shape(voxels.astype(np.float32)).save(path, **({} if name in ("binvox", "npz") else {"style": "blocks"}))
    read = read_voxels((path.read_bytes(), f"file.{name}", 32, WHOLE))
    assert read.shape == (32, 32, 32)
    sides = np.ptp(np.argwhere(read), axis=0) + 1
    assert sides.argsort().tolist() == [0, 1, 2]  # 4 along x, 6 along y, 8 along z


@pytest.mark.parametrize(
    "name", ["chair.STL", "../../chair.glb", "C:\\a\\b.obj", "a.b.npz", "x" * 500 + ".off", ".ply"]
)
def test_of_a_name_only_the_ending_is_taken(name):
    assert ending(name) == "." + name.rpartition(".")[2].lower()


@pytest.mark.parametrize(
    "name", ["", "chair", "a.exe", "a.blend", "a.pt", "a.pkl", "a.stl/", "a.stl\0", "a.stl.py", "."]
)
def test_other_endings_are_refused(name):
    with pytest.raises(Trouble) as refusal:
        ending(name)
    assert refusal.value.status_code == 415


def test_every_ending_is_of_a_format_that_is_read():
    assert set(uploads.ENDINGS) == set(formats.PARSERS)


@pytest.mark.slow
def test_a_file_that_is_hostile_is_refused_in_one_line():
    for name, (data, _) in make.hostile().items():
        with pytest.raises(BadInput) as refusal:
            read_voxels((data, f"file{ending(name)}", 32, WHOLE))
        assert "\n" not in str(refusal.value), name


def end_process(task) -> np.ndarray:
    os._exit(int(task[2]))


def test_a_file_that_ends_its_reader_costs_only_itself():
    async def three() -> list:
        reader = Uploads(Metrics())
        try:
            first = await reader.picture(photograph())
            crash = await asyncio.gather(reader._read(end_process, (b"x", "a.stl", 3)), return_exceptions=True)
            return [first, *crash, await reader.picture(photograph())]
        finally:
            reader.close()

    first, crash, again = asyncio.run(three())
    assert isinstance(crash, BadInput)
    assert np.array_equal(first.picture, again.picture)


def test_once_closed_nothing_is_left_for_the_interpreter_to_end():
    """It would write into a pipe that the pool's own thread is closing, and say so on standard error."""
    before = set(threading.enumerate())
    reader = Uploads(Metrics())
    asyncio.run(reader.picture(photograph()))
    reader.close()
    assert set(threading.enumerate()) <= before


def test_files_that_wait_are_bounded():
    async def ask_one() -> None:
        reader = Uploads(Metrics(), most=0)
        await reader.picture(b"x")

    with pytest.raises(Trouble) as refusal:
        asyncio.run(ask_one())
    assert refusal.value.status_code == 503


def test_a_photograph_gives_the_shape_that_the_encoder_answers(monkeypatch):
    served = make_served()

    async def here(function, task):
        return function(task)

    monkeypatch.setattr(served.service.uploads, "_read", here)
    kind = {"content-type": "image/png"}
    good, bad, deaf = ask(
        served,
        post("seen/reconstruct", content=photograph(), headers=kind),
        post("seen/reconstruct", content=BOMBS["177 megapixels"], headers=kind),
        post("chair/reconstruct", content=photograph(), headers=kind),
    )
    packet = unpack(good.content)
    space = served.service.spaces["seen"]
    assert "object found by its difference from the border" in packet.header["how"]
    assert packet.threshold == pytest.approx(space.guess(packet.latents[0]).threshold, abs=0.01)
    assert np.array_equal(packet.latents, space.encode(read_picture((photograph(), "picture", 0, WHOLE)).picture[None]))
    assert (bad.status_code, code(bad)) == (422, "bad_input")
    assert "limit is 16,777,216" in bad.json()["error"]["message"]
    assert code(deaf) == "no_encoder"
