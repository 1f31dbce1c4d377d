"""Latent vectors in a file: NumPy reads it, and nothing hostile gets through."""

from __future__ import annotations

import io
import random
import zipfile

import numpy as np
import pytest

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.nets.latents import read_latents, write_latents

Z = np.random.default_rng(0).random((3, 5), dtype=np.float32)


def member(content: bytes, name: str = "z.npy") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def header(shape: tuple[int, ...], descr: str = "<f4") -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": descr, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def test_what_goes_in_comes_out_here_and_in_numpy(tmp_path):
    write_latents(tmp_path / "a.npz", Z)
    assert np.array_equal(read_latents(tmp_path / "a.npz", 5), Z)
    assert np.array_equal(np.load(tmp_path / "a.npz")["z"], Z)
    write_latents(tmp_path / "b.npz", Z)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip",
        member(npy(Z), "other.npy"),
        member(b"not an array"),
        member(npy(Z.astype(np.float64))),
        member(npy(np.asfortranarray(Z))),
        member(npy(Z[0])),
        member(npy(Z[:0])),
        member(npy(Z[:, :4])),
        member(npy(np.where(Z > 0.5, np.nan, Z).astype(np.float32))),
        member(npy(np.array([{}], dtype=object))),
        member(header((10**15, 5))),
        member(header((3, 5)) + bytes(59)),
        member(header((3, 5)) + bytes(61)),
        member(header((-3, 5)) + bytes(60)),
        member(npy(Z))[:-30],
    ],
)
def test_anything_else_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(BadInput):
        read_latents(tmp_path / "a.npz", 5)


def test_a_bomb_is_refused_before_it_unfolds(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_UNPACKED_BYTES", 1000)
    (tmp_path / "a.npz").write_bytes(member(bytes(10**6)))
    with pytest.raises(BadInput, match="limit 1,000"):
        read_latents(tmp_path / "a.npz", 5)


def test_random_damage_is_refused_or_harmless(tmp_path):
    rng, content = random.Random(0), member(npy(Z))
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        (tmp_path / "a.npz").write_bytes(damaged)
        try:
            found = read_latents(tmp_path / "a.npz", 5)
        except BadInput:
            continue
        assert found.shape == (3, 5)
