"""The file of a space: what goes in comes out; what is damaged, hostile or foreign is one clear line."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch

from shapespace import limits
from shapespace.errors import BadInput, DamagedFile, UsageError
from shapespace.nets import weights
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.nets.weights import SpaceCard, load_space, save_space

CARD = SpaceCard(
    prior="normal", threshold=0.4, categories=("chair", "sofa"), data={"source": "furniture", "shapes": 900},
    licence="CC0-1.0", trained={"preset": "tiny", "minutes": 3.5}, name="chair",
)  # fmt: skip


def networks(**of_discriminator) -> tuple[Generator, Discriminator]:
    return Generator(5, 16, widths=(4, 2), activation="tanh"), Discriminator(16, widths=(2, 4), **of_discriminator)


@pytest.fixture
def path(tmp_path):
    generator, discriminator = networks()
    save_space(tmp_path / "space.safetensors", generator, CARD, discriminator=discriminator)
    return tmp_path / "space.safetensors"


def rewritten(path, *, card=None, tensors=None):
    """Write the file again, well signed, with changes to its card or tensors."""
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    found = json.loads(header["__metadata__"][weights.KEY])["card"] | (card or {})
    both = safetensors.torch.load(content) | (tensors or {})
    metadata = {weights.KEY: json.dumps({"digest": weights.UNSIGNED, "card": found})}
    path.write_bytes(weights._signed(safetensors.torch.save(both, metadata)))
    return path


@pytest.mark.parametrize("norm", ["batch", "none", "spectral"])
def test_what_goes_in_comes_out(tmp_path, norm):
    generator, discriminator = networks(norm=norm, minibatch_std=True)
    card = save_space(tmp_path / "a.safetensors", generator, CARD, discriminator=discriminator)
    again, judge, found, _ = load_space(tmp_path / "a.safetensors")
    assert (
        found
        == card
        == replace(CARD, resolution=16, generator=generator.arguments, discriminator=discriminator.arguments)
    )
    for network, loaded in ((generator, again), (discriminator, judge)):
        state = loaded.state_dict()
        assert state.keys() == network.state_dict().keys()
        assert all(torch.equal(state[name], tensor) for name, tensor in network.state_dict().items())
    assert not again.training
    z, shapes = torch.rand(3, 5), torch.rand(3, 1, 16, 16, 16)
    with torch.no_grad():
        assert torch.equal(again(z), generator.eval()(z))
        assert torch.equal(judge(shapes), discriminator.eval()(shapes))


def test_the_same_space_is_the_same_bytes(tmp_path):
    generator, _ = networks()
    for name in "ab":
        save_space(tmp_path / name, generator, CARD)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_discriminator_is_optional(tmp_path):
    save_space(tmp_path / "a", networks()[0], CARD)
    assert load_space(tmp_path / "a")[1] is None


def test_half_precision_halves_the_file_and_barely_moves_a_shape(tmp_path):
    generator = Generator(32, 16, widths=(64, 32)).eval()
    for name, half in (("full", False), ("half", True)):
        save_space(tmp_path / name, generator, CARD, half=half)
    sizes = [(tmp_path / name).stat().st_size for name in ("half", "full")]
    assert sizes[0] < 0.53 * sizes[1]
    loaded, z = load_space(tmp_path / "half")[0], torch.rand(4, 32)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    with torch.no_grad():
        assert torch.allclose(loaded(z), generator(z), atol=1e-3)


def test_loading_draws_no_random_number(path):
    state = torch.get_rng_state()
    load_space(path)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_loaded_network_trains(path):
    generator, discriminator, _, _ = load_space(path)
    discriminator(generator(torch.rand(2, 5))).sum().backward()
    assert all(p.grad is not None for p in generator.parameters())


def test_a_file_changed_later_does_not_change_the_network(path):
    generator = load_space(path)[0]
    before = generator.output.weight.clone()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(bytes(1000))
    assert torch.equal(generator.output.weight, before)


def test_every_flipped_bit_is_found(path):
    content, rng = path.read_bytes(), random.Random(0)
    header = 8 + int.from_bytes(content[:8], "little")
    for number in range(300):
        damaged = bytearray(content)
        damaged[rng.randrange(header if number % 2 else len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(BadInput):
            load_space(path)


@pytest.mark.parametrize("keep", [0, 1, 7, 8, 100, -1])
def test_a_truncated_file_is_found(path, keep):
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(BadInput):
        load_space(path)


def test_damage_to_a_weight_is_named_damage(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match="not those that were written"):
        load_space(path)


def test_a_promised_sha256_is_held(path):
    import hashlib

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    load_space(path, sha256=digest.upper())
    with pytest.raises(DamagedFile, match="promised"):
        load_space(path, sha256="0" * 64)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"prior": "gaussian"}, "prior 'gaussian'"),
        ({"threshold": 1.5}, "threshold 1.5"),
        ({"threshold": float("nan")}, "threshold nan"),
        ({"threshold": "high"}, "threshold is a str"),
        ({"picture_threshold": "low"}, "picture_threshold is a str"),
        ({"categories": "chair"}, "categories is a str"),
        ({"resolution": 32}, "32"),
        ({"version": 3}, "version 3"),
        ({"version": "new"}, "version 'new'"),
        ({"command": "rm"}, "'command'"),
        ({"generator": {"latent_dim": 10**12}}, "latent_dim"),
        ({"generator": {"resolution": 1024}}, "resolution 1024"),
        ({"generator": {"widths": [10**12, 2], "resolution": 16}}, "a width"),
        ({"generator": {"widths": [4096, 4096], "resolution": 16, "latent_dim": 8192}}, "parameters"),
        ({"generator": {"widths": 7}}, "cannot be built"),
        ({"generator": {"colour": "red"}}, "cannot be built"),
        ({"generator": {}}, "(200, 512, 4, 4, 4)|missing"),
        ({"discriminator": {"minibatch_std": 10**30, "resolution": 16}}, "minibatch_std"),
        ({"discriminator": {"norm": "layer"}}, "norm 'layer'"),
    ],
)
def test_a_card_that_asks_for_what_cannot_be_is_refused(path, change, named):
    with pytest.raises(BadInput, match=named):
        load_space(rewritten(path, card=change))


def test_a_card_of_an_earlier_shapespace_is_read_without_its_threshold_for_pictures(path):
    assert load_space(rewritten(path, card={"picture_threshold": 0.2})).card == load_space(path).card


@pytest.mark.parametrize(
    ("name", "tensor", "named"),
    [
        ("generator.output.weight", torch.full((2, 1, 4, 4, 4), torch.nan), "not finite"),
        ("generator.output.weight", torch.full((2, 1, 4, 4, 4), torch.inf), "not finite"),
        ("generator.output.weight", torch.zeros(2, 1, 4, 4), "architecture makes it"),
        ("generator.output.weight", torch.zeros(2, 1, 4, 4, 4, dtype=torch.float64), "float64"),
        ("generator.layers.0.1.running_var", torch.full((2,), -1.0), "negative variance"),
        ("generator.layers.0.1.num_batches_tracked", torch.tensor(1.0), "int64"),
        ("generator.stranger", torch.zeros(1), "belong to no layer"),
    ],
)
def test_weights_that_do_not_fit_are_refused(path, name, tensor, named):
    with pytest.raises(BadInput, match=named):
        load_space(rewritten(path, tensors={name: tensor}))


def test_a_missing_tensor_is_named(path):
    found = safetensors.torch.load(path.read_bytes())
    kept = {name: tensor for name, tensor in found.items() if name != "generator.output.weight"}
    with pytest.raises(BadInput, match=r"missing, first output\.weight"):
        weights.fill(Generator(5, 16, widths=(4, 2)), weights._part(kept, "generator."), path)


def test_an_architecture_costs_no_memory_until_its_tensors_fit(path):
    import resource

    large = {"widths": [4096, 1024], "resolution": 16, "latent_dim": 512, "base": 4}  # 1.6 GB of float32
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadInput, match="architecture makes it"):
        load_space(rewritten(path, card={"generator": large}))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024  # KiB


@pytest.mark.parametrize("content", [b"PK\x03\x04rest of a zip", b"\x80\x02}q\x00.", b"\x80\x05rest"])
def test_a_pickle_is_named_and_never_opened(tmp_path, content):
    (tmp_path / "net.pt").write_bytes(content)
    with pytest.raises(BadInput, match="pickled weights"):
        load_space(tmp_path / "net.pt")


def test_other_weights_are_not_a_space(tmp_path):
    safetensors.torch.save_file({"a": torch.zeros(3)}, tmp_path / "a.safetensors")
    with pytest.raises(BadInput, match="not a space"):
        load_space(tmp_path / "a.safetensors")


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff" * 100, b"\x02\0\0\0\0\0\0\0{}", b"[" * 100_000])
def test_something_else_is_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(BadInput):
        load_space(tmp_path / "a")


def test_deeply_nested_json_is_refused(tmp_path):
    header = b'{"__metadata__":' + b"[" * 100_000 + b"}"
    (tmp_path / "a").write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(BadInput):
        load_space(tmp_path / "a")


def test_a_file_over_the_limit_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_SPACE_BYTES", 99)
    (tmp_path / "a").write_bytes(bytes(100))
    with pytest.raises(BadInput, match="the limit is 99"):
        load_space(tmp_path / "a")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInput, match="No such file"):
        load_space(tmp_path / "nothing")


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    generator, _ = networks()
    generator.output.weight.data[0] = torch.nan
    with pytest.raises(UsageError, match=r"output\.weight"):
        save_space(tmp_path / "a", generator, CARD)
    generator.output.weight.data[:] = 1e6
    with pytest.raises(UsageError, match="float16"):
        save_space(tmp_path / "a", generator, CARD, half=True)
    assert list(tmp_path.iterdir()) == []


def test_a_card_keeps_plain_values():
    card = SpaceCard(threshold=np.float32(0.25), categories=["chair"])
    assert type(card.threshold) is float
    assert card.categories == ("chair",)
