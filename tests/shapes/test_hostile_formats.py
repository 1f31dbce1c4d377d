"""Hostile files: each is refused in one line that names the reason, in time, with no memory taken for promises."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import suppress

import pytest

from hostile import make
from shapespace.errors import BadInput
from shapespace.shapes import formats

HOSTILE = make.hostile()
GOOD = [(extension, number) for extension, files in make.seeds().items() for number in range(len(files))]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason(name, tmp_path):
    data, said = HOSTILE[name]
    path = tmp_path / name
    path.write_bytes(data)
    tracemalloc.start()
    start = time.thread_time()
    with pytest.raises(BadInput, match=said) as caught:
        formats.read(path)
        formats.read_pack(path)
    spent, (_, peak) = time.thread_time() - start, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert spent < 3  # half of it is tracemalloc
    assert peak < (64 << 20) + 4 * len(data)


@pytest.mark.parametrize("extension", formats.PARSERS)
def test_every_format_says_what_an_empty_file_is(extension, tmp_path):
    path = tmp_path / f"a{extension}"
    path.touch()
    with pytest.raises(BadInput, match="is empty"):
        formats.read(path)


@pytest.mark.parametrize("extension", formats.PARSERS)
@pytest.mark.parametrize("data", [b"\0", b"x", b"\n", b" " * 1000, bytes(1000), b"\xff" * 1000], ids=repr)
def test_every_format_refuses_nonsense(extension, data):
    with pytest.raises(BadInput):
        formats.parse(data, f"a{extension}")


@pytest.mark.parametrize(("extension", "number"), GOOD)
def test_a_file_cut_anywhere_is_refused_or_whole(extension, number):
    data = make.seeds()[extension][number]
    for end in range(0, len(data), max(1, len(data) // 200)):
        with suppress(BadInput):
            formats.parse(data[:end], f"a{extension}")
            # .obj declares nothing, and the ends of others may be blank or hold what nobody reads
            assert extension == ".obj" or end > 0.6 * len(data), end


def test_missing_folder_and_unknown(tmp_path):
    for path, said in [(tmp_path / "a.off", "cannot be read"), (tmp_path, "not a regular file")]:
        with pytest.raises(BadInput, match=said):
            formats.read(path)
    (tmp_path / "a.blend").write_bytes(b"BLENDER")
    with pytest.raises(BadInput, match=r"known are \.off"):
        formats.read(tmp_path / "a.blend")


def test_a_file_larger_than_the_limit_is_not_read(tmp_path, monkeypatch):
    from shapespace import limits

    monkeypatch.setattr(limits, "MAX_FILE_BYTES", 10)
    (tmp_path / "a.off").write_bytes(bytes(11))
    with pytest.raises(BadInput, match="has 11 bytes, at most 10"):
        formats.read(tmp_path / "a.off")


@pytest.mark.parametrize("extension", [".off", ".obj", ".stl", ".ply", ".glb", ".gltf", ".3mf"])
def test_meshes_over_the_limits_are_refused(extension, monkeypatch):
    from shapespace import limits

    data = make.seeds()[extension][0]
    for limit in ("MAX_VERTICES", "MAX_FACES"):
        with monkeypatch.context() as patch:
            patch.setattr(limits, limit, 2)
            with pytest.raises(BadInput, match=r"at most [26] |names vertex 2"):
                formats.parse(data, f"a{extension}")
