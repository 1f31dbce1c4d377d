"""Weights of the two public ports compute here what they compute there.

The oracles below say in functional form what the ports' networks do with the tensors of their state dicts.
"""

from __future__ import annotations

import pytest
import safetensors.torch
import torch
from torch import Tensor
from torch.nn import functional

from shapespace.errors import BadInput
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.foreign import read_foreign
from shapespace.nets.generator import Generator

State = dict[str, Tensor]


def norm_entries(name: str, width: int) -> State:
    return {
        f"{name}.weight": torch.rand(width) + 0.5,
        f"{name}.bias": torch.randn(width),
        f"{name}.running_mean": torch.randn(width) * 0.1,
        f"{name}.running_var": torch.rand(width) + 0.5,
        f"{name}.num_batches_tracked": torch.tensor(3),
    }


def black_generator(dim: int, top: int = 32) -> State:
    base = dim // 16
    state = {"linear.weight": torch.randn(top * base**3, 9) * 0.3, "linear.bias": torch.randn(top * base**3)}
    widths = [top, top // 2, top // 4, top // 8, 1]
    for i in range(1, 5):
        state[f"conv{i}.0.weight"] = torch.randn(widths[i - 1], widths[i], 4, 4, 4) * 0.2
        if i < 4:
            state |= norm_entries(f"conv{i}.1", widths[i])
    return state


def black_discriminator(dim: int, top: int = 32) -> State:
    base, state, widths = dim // 16, {}, [1, top // 8, top // 4, top // 2, top]
    for i in range(1, 5):
        state[f"conv{i}.0.weight"] = torch.randn(widths[i], widths[i - 1], 4, 4, 4) * 0.2
        state |= norm_entries(f"conv{i}.1", widths[i])
    return state | {"out.0.weight": torch.randn(1, top * base**3) * 0.1, "out.0.bias": torch.randn(1)}


def rim_generator(cube_len: int, bias: bool, z_size: int = 7) -> State:
    widths, state = [z_size, cube_len * 8, cube_len * 4, cube_len * 2, cube_len, 1], {}
    for i in range(1, 6):
        state[f"layer{i}.0.weight"] = torch.randn(widths[i - 1], widths[i], 4, 4, 4) * 0.1
        if bias:
            state[f"layer{i}.0.bias"] = torch.randn(widths[i])
        if i < 5:
            state |= norm_entries(f"layer{i}.1", widths[i])
    return state


def rim_discriminator(cube_len: int, bias: bool) -> State:
    widths, state = [1, cube_len, cube_len * 2, cube_len * 4, cube_len * 8, 1], {}
    for i in range(1, 6):
        state[f"layer{i}.0.weight"] = torch.randn(widths[i], widths[i - 1], 4, 4, 4) * 0.1
        if bias:
            state[f"layer{i}.0.bias"] = torch.randn(widths[i])
        if i < 5:
            state |= norm_entries(f"layer{i}.1", widths[i])
    return state


def normed(x: Tensor, state: State, name: str) -> Tensor:
    mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
    return functional.batch_norm(x, mean, var, state[f"{name}.weight"], state[f"{name}.bias"])


def run_black_generator(state: State, z: Tensor) -> Tensor:
    base = round((len(state["linear.bias"]) / len(state["conv1.0.weight"])) ** (1 / 3))
    x = functional.linear(z, state["linear.weight"], state["linear.bias"]).view(len(z), -1, base, base, base)
    for i in range(1, 5):
        x = functional.conv_transpose3d(x, state[f"conv{i}.0.weight"], stride=2, padding=1)
        x = normed(x, state, f"conv{i}.1").relu() if i < 4 else x.sigmoid()
    return x


def run_black_discriminator(state: State, x: Tensor) -> Tensor:
    for i in range(1, 5):
        x = functional.conv3d(x, state[f"conv{i}.0.weight"], stride=2, padding=1)
        x = functional.leaky_relu(normed(x, state, f"conv{i}.1"), 0.2)
    return functional.linear(x.flatten(1), state["out.0.weight"], state["out.0.bias"]).sigmoid()[:, 0]


def run_rim_generator(state: State, z: Tensor, cube_len: int) -> Tensor:
    x = z[:, :, None, None, None]
    for i in range(1, 6):
        pad = int(cube_len == 32) if i == 1 else 1
        x = functional.conv_transpose3d(
            x, state[f"layer{i}.0.weight"], state.get(f"layer{i}.0.bias"), stride=2, padding=pad
        )
        x = normed(x, state, f"layer{i}.1").relu() if i < 5 else x.sigmoid()
    return x


def run_rim_discriminator(state: State, x: Tensor, cube_len: int) -> Tensor:
    for i in range(1, 6):
        pad = int(cube_len == 32) if i == 5 else 1
        x = functional.conv3d(x, state[f"layer{i}.0.weight"], state.get(f"layer{i}.0.bias"), stride=2, padding=pad)
        x = functional.leaky_relu(normed(x, state, f"layer{i}.1"), 0.2) if i < 5 else x.sigmoid()
    return x.flatten()


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)
    with torch.no_grad():
        yield


@pytest.mark.parametrize("dim", [32, 64])
def test_black0017_generator(dim):
    state, z = black_generator(dim), torch.rand(2, 9)
    ours = read_foreign(state)
    assert isinstance(ours, Generator)
    assert (ours.resolution, ours.projection, ours.latent_dim) == (dim, "linear", 9)
    torch.testing.assert_close(ours(z), run_black_generator(state, z), rtol=0, atol=1e-5)


@pytest.mark.parametrize("dim", [32, 64])
def test_black0017_discriminator(dim):
    state, shapes = black_discriminator(dim), torch.rand(2, 1, dim, dim, dim)
    ours = read_foreign(state)
    assert isinstance(ours, Discriminator)
    torch.testing.assert_close(ours(shapes).sigmoid(), run_black_discriminator(state, shapes), rtol=0, atol=1e-5)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("cube_len", "resolution"), [(32, 32), (4, 64)])
def test_rimchang_generator(cube_len, resolution, bias):
    state, z = rim_generator(cube_len, bias), torch.rand(2, 7)
    ours = read_foreign(state)
    assert isinstance(ours, Generator)
    assert ours.resolution == resolution
    torch.testing.assert_close(ours(z), run_rim_generator(state, z, cube_len), rtol=0, atol=1e-5)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("cube_len", "resolution"), [(32, 32), (4, 64)])
def test_rimchang_discriminator(cube_len, resolution, bias):
    state, shapes = rim_discriminator(cube_len, bias), torch.rand(2, 1, resolution, resolution, resolution)
    ours = read_foreign(state)
    assert isinstance(ours, Discriminator)
    theirs = run_rim_discriminator(state, shapes, cube_len)
    torch.testing.assert_close(ours(shapes).sigmoid(), theirs, rtol=0, atol=1e-4)


def test_a_prior_of_another_spread_is_folded_in():
    state, z = rim_generator(4, bias=False), torch.randn(2, 7)
    scaled = read_foreign(state, latent_scale=0.33)
    torch.testing.assert_close(scaled(z), read_foreign(state)(0.33 * z), rtol=0, atol=1e-5)


def test_data_parallel_s_prefix_and_old_torch_s_missing_counters_are_no_obstacle():
    state, z = black_generator(32), torch.rand(1, 9)
    old = {f"module.{key}": value for key, value in state.items() if "num_batches" not in key}
    assert torch.equal(read_foreign(old)(z), read_foreign(state)(z))


def test_a_safetensors_file_is_read_and_a_pickle_is_not(tmp_path):
    safetensors.torch.save_file(black_generator(32), tmp_path / "g.safetensors")
    assert isinstance(read_foreign(tmp_path / "g.safetensors", activation="tanh"), Generator)
    (tmp_path / "g.pkl").write_bytes(b"\x80\x02.")
    with pytest.raises(BadInput, match="pickled"):
        read_foreign(tmp_path / "g.pkl")


def without(state: State, name: str) -> State:
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"weight": torch.zeros(3)},
        {"linear.weight": torch.zeros(3)},
        {"layer1.0.weight": torch.zeros(1, 2), "layer5.0.weight": torch.zeros(1, 1)},
        without(black_generator(32), "conv2.0.weight"),
        without(black_generator(32), "linear.bias"),
        without(rim_generator(4, bias=True), "layer3.0.bias"),
        black_discriminator(32) | {"out.0.weight": torch.zeros(1, 31)},
        rim_discriminator(4, bias=False) | {"layer2.0.weight": torch.full((8, 4, 4, 4, 4), torch.nan)},
    ],
)
def test_what_is_not_a_port_s_is_refused(state):
    with pytest.raises(BadInput):
        read_foreign(state)
