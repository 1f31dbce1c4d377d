"""Spaces taken away: the ONNX graph gives the generator's numbers, and a site holds what its page needs."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from asking import make_space

from shapespace.cli.main import main
from shapespace.errors import OutputError
from shapespace.nets.generator import Generator
from shapespace.nets.norm import BatchNorm3d
from shapespace.nets.weights import SpaceCard
from shapespace.serve import export
from shapespace.serve.graph import TOLERANCE, graph_of
from shapespace.space import ShapeSpace

runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
onnx = pytest.importorskip("onnx", reason="onnx is not installed")


def run(model: bytes, z: np.ndarray) -> np.ndarray:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    return runtime.InferenceSession(model, options).run(None, {"z": z})[0]


@pytest.mark.parametrize("options", [
    {}, {"projection": "linear"}, {"activation": "tanh"}, {"bias": True}, {"symmetric": True},
    {"symmetric": True, "bias": True, "activation": "tanh", "projection": "linear"},
])  # fmt: skip
def test_the_graph_is_the_generator_whatever_its_kind(options: dict) -> None:
    torch.manual_seed(0)
    generator = Generator(5, 16, widths=(6, 4), **options).eval()
    for part in generator.modules():
        if isinstance(part, BatchNorm3d):
            part.running_var.uniform_(0.01, 0.1)
            part.running_mean.normal_(0, 0.1)
            part.weight.data.normal_(1, 0.3)
    space = ShapeSpace(generator, SpaceCard(prior="normal"))
    z = space.latents(3, 1)
    found = run(graph_of(generator, {}).SerializeToString(), z)
    assert found.shape == (3, 16, 16, 16)
    assert np.abs(found - space.decode(z)).max() <= TOLERANCE
    assert float(np.ptp(found)) > 0.01


def test_the_shipped_space_keeps_its_numbers_and_says_what_it_is(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from shapespace.space import load

    assert main(["export", "onnx", "chair", "--out", str(tmp_path / "chair.onnx")]) == 0
    assert "chair.onnx" in capsys.readouterr().out
    space = load("chair")
    z = space.latents(2, 5)
    model = (tmp_path / "chair.onnx").read_bytes()
    assert np.abs(run(model, z) - space.decode(z)).max() <= TOLERANCE
    told = {entry.key: entry.value for entry in onnx.load_from_string(model).metadata_props}
    assert float(told["threshold"]) == space.threshold
    assert "ConvTranspose" not in {node.op_type for node in onnx.load_from_string(model).graph.node}
    assert main(["export", "onnx", "chair", "--out", str(tmp_path / "chair.onnx")]) != 0  # it is there


def test_a_site_holds_the_page_the_generator_and_what_is_known(tmp_path: Path) -> None:
    space = make_space()
    space.save(tmp_path / "small.safetensors")
    written = export.site(str(tmp_path / "small.safetensors"), tmp_path / "site")
    files = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert written.files == len(files)
    page = (tmp_path / "site/index.html").read_text()
    assert 'name="shapespace-source" content="site"' in page
    assert "'unsafe-inline'" not in page
    assert (tmp_path / "site/runtime/ort-wasm-simd-threaded.wasm").read_bytes()[:4] == b"\0asm"
    told = json.loads((tmp_path / "site/space.json").read_text())
    assert told["facts"]["name"] == "small"
    wall = np.frombuffer(base64.b64decode(told["wall"]), "<f4").reshape(-1, 6)
    assert np.array_equal(wall, space.latents(export.ON_WALL, 0))
    z = np.frombuffer(base64.b64decode(told["map"]["z"]), "<f4").reshape(-1, 6)
    bits = np.frombuffer((tmp_path / "site/known.bits").read_bytes(), np.uint8).reshape(len(z), -1)
    assert np.array_equal(np.unpackbits(bits[0]).reshape([16] * 3).astype(bool), space.decode(z[:1].copy())[0] > 0.5)
    with pytest.raises(OutputError, match="exists already"):
        export.site(str(tmp_path / "small.safetensors"), tmp_path / "site")
