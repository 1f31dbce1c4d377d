"""Every other parser of files meets mutated ones: manifests, spaces, latent vectors, settings.

Each gives what it promises or one of our errors, fast and within bounds; the shapes' parsers have their own test.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from hostile.fuzz import Report, fuzz
from shapespace.data.manifest import Manifest, parse_manifest
from shapespace.data.writer import write_store
from shapespace.errors import BadInput, ShapeSpaceError
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.nets.latents import read_latents, write_latents
from shapespace.nets.weights import KEY, UNSIGNED, SpaceCard, load_space, save_space
from shapespace.settings import Settings, read_toml, to_toml, with_changes

LATENT_DIM = 5


@dataclass
class Target:
    """A parser, good inputs for it, and (content, closing function) of what lies within them."""

    parse: Callable[[bytes], object]
    seeds: list[bytes]
    wrapped: list[tuple[bytes, Callable[[bytes], bytes]]]
    refusal: type[ShapeSpaceError] = BadInput


def manifest(folder: Path) -> Target:
    write_store(folder / "a.shapes", np.ones((3, 8, 8, 8), bool), categories="chair")
    compact = json.dumps(json.loads((folder / "a.shapes" / "manifest.json").read_bytes())).encode()

    def parse(data: bytes) -> None:
        assert isinstance(parse_manifest(data), Manifest)

    return Target(parse, [(folder / "a.shapes" / "manifest.json").read_bytes(), compact], [])


def latents(folder: Path) -> Target:
    path = folder / "z.npz"
    write_latents(path, np.random.default_rng(0).random((3, LATENT_DIM), np.float32))

    def parse(data: bytes) -> None:
        path.write_bytes(data)
        z = read_latents(path, LATENT_DIM)
        assert z.dtype == np.float32
        assert np.isfinite(z).all()

    seed = path.read_bytes()
    member = zipfile.ZipFile(io.BytesIO(seed)).read("z.npy")
    return Target(parse, [seed], [(member, zipped), (member[10:128], lambda head: zipped(with_header(member, head)))])


def zipped(member: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("z.npy", member)
    return buffer.getvalue()


def with_header(member: bytes, head: bytes) -> bytes:
    return member[:8] + (len(head) % 65536).to_bytes(2, "little") + head + member[128:]


def space(folder: Path) -> Target:
    path = folder / "a.safetensors"
    torch.manual_seed(0)
    save_space(path, Generator(4, 16, widths=(2, 2)), SpaceCard(name="a", categories=("chair",)),
               discriminator=Discriminator(16, widths=(2, 2)))  # fmt: skip
    seed = path.read_bytes()
    size = int.from_bytes(seed[:8], "little")
    header = json.loads(seed[8 : 8 + size])
    card = json.dumps(json.loads(header["__metadata__"][KEY])["card"]).encode()

    def parse(data: bytes) -> None:
        path.write_bytes(data)
        generator, _, found, _ = load_space(path)
        assert all(torch.isfinite(tensor).all() for tensor in generator.state_dict().values())
        assert found.resolution == generator.resolution

    def with_card(text: bytes) -> bytes:
        entry = '{"digest": "' + UNSIGNED + '", "card": ' + text.decode("utf-8", "replace") + "}"
        return signed(json.dumps({**header, "__metadata__": {KEY: entry}}).encode(), seed[8 + size :])

    return Target(
        parse, [seed], [(card, with_card), (seed[8 : 8 + size], lambda head: resigned(head, seed[8 + size :]))]
    )


def resigned(header: bytes, body: bytes) -> bytes:
    """Return a file whose header, however it was changed, has the right digest: mutations reach what lies behind it."""
    start = header.find(b'digest\\": \\"') + 12
    return signed(header[:start] + UNSIGNED.encode() + header[start + 64 :], body)


def signed(header: bytes, body: bytes) -> bytes:
    content = len(header).to_bytes(8, "little") + header + body
    return content.replace(UNSIGNED.encode(), hashlib.sha256(content).hexdigest().encode(), 1)


def settings(folder: Path) -> Target:
    path = folder / "config.toml"

    def parse(data: bytes) -> None:
        path.write_bytes(data)
        found = with_changes(Settings(), read_toml(path), str(path))
        path.write_text(to_toml(found), encoding="utf-8")
        assert with_changes(Settings(), read_toml(path), str(path)) == found

    short = b"[train]\nbatch-size = 32\ngenerator_lr = 1e-3\n[nets]\nwidths = [2, 3]\n[run]\nseed = 3\n"
    pair = b"[train]\nbatch-size = 32\n\n[run]\nkeep = 2\n"
    return Target(parse, [to_toml(Settings()).encode(), short, pair], [], ShapeSpaceError)


TARGETS = [manifest, latents, space, settings]


def run(target: Target, **bounds: float) -> Report:
    return fuzz(target.parse, target.seeds, wrapped=target.wrapped, refusal=target.refusal, **bounds)


@pytest.mark.parametrize("make_target", TARGETS)
def test_a_second_of_mutations(make_target, tmp_path):
    report = run(make_target(tmp_path), seconds=1.0, seed=0)
    assert report.accepted >= 0.005 * report.inputs  # mutations that all die at the header test nothing


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("make_target", TARGETS)
def test_a_minute_of_mutations(make_target, tmp_path):
    print(f"{make_target.__name__}: {run(make_target(tmp_path), seconds=60.0, fewest=50_000, seed=1)}")


DEEP = 30_000


@pytest.mark.parametrize(
    "text",
    [
        b"a = " + b"[" * DEEP,
        b"a = " + b"{a=" * DEEP,
        b"[run]\nseed = " + b"9" * 5_000,
        b"[run]\ncpu_minutes = 1" + b"0" * 400,
        b'[run]\n"two\\nlines" = 1\n',
        b"[run]\n" + b"k" * 10_000 + b" = 1\n",
        b'[train]\nloss = "' + b"x" * 100_000 + b'"\n',
        b"\xff\xfe",
    ],
    ids=["deep list", "deep table", "digits", "too large", "two lines", "long key", "long value", "no text"],
)
def test_strange_settings_cost_one_line(text, tmp_path):
    target = settings(tmp_path)
    with pytest.raises(ShapeSpaceError) as caught:
        target.parse(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "header", [b"{[]: 1}", b"-" * 2000 + b"1", b"(" * 2000, b"{'descr': '<f4', 'shape': (3L, 5L), "]
)
def test_strange_headers_of_latents_cost_one_line(header, tmp_path):
    (tmp_path / "a.npz").write_bytes(zipped(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header))
    with pytest.raises(BadInput):
        read_latents(tmp_path / "a.npz", LATENT_DIM)
