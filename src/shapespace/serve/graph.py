"""A generator as an ONNX graph of ordinary convolutions, which every runtime has.

Transposed convolutions in three dimensions are missing in several runtimes, among them the one in browsers' GPUs. One
of kernel 4 and stride 2 is eight ordinary ones of kernel 2, one for each corner of a 2^3 block of voxels, whose results
are then laid into each other: the same numbers from the same weights, and faster. Batch norm is folded in before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from shapespace.errors import UsageError
from shapespace.nets.fast import FastGenerator
from shapespace.nets.generator import Generator

if TYPE_CHECKING:
    import onnx

OPSET = 17
"""Of ONNX: of 2022, so that old runtimes read it."""

TOLERANCE = 1e-5
"""Largest difference of an occupancy between the graph and the generator, at any voxel; rounding makes about 1e-6."""

INPUT, OUTPUT = "z", "occupancy"
_TO_THE_END = -(2**31)


def graph_of(generator: Generator, facts: dict[str, str]) -> onnx.ModelProto:
    """Return the model: `z` (n, latent_dim) float32 in, `occupancy` (n, x, y, z) float32 in [0, 1] out.

    Args:
        generator: It is not changed.
        facts: Written into the model as its metadata.

    Raises:
        UsageError: If the package onnx is not installed.
    """
    helper = _onnx().helper
    building = _Building()
    side = generator.resolution
    building.generator(FastGenerator(generator).cpu())
    shapes = {INPUT: ["n", generator.latent_dim], OUTPUT: ["n", side, side, side]}
    ends = [helper.make_tensor_value_info(name, 1, shape) for name, shape in shapes.items()]
    graph = helper.make_graph(building.nodes, "generator", ends[:1], ends[1:], building.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="shapespace")
    model.ir_version = 8
    helper.set_model_props(model, facts)
    _onnx().checker.check_model(model, full_check=True)
    return model


class _Building:
    """Nodes and weights as they come, each node working on what the last one gave."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.last = INPUT

    def generator(self, fast: FastGenerator) -> None:
        """Add all of a generator."""
        self.add("Gemm", fast.project_weight, fast.project_bias)
        self.add("Reshape", np.array([-1, *fast.grid_shape], np.int64))
        if fast.rectified:
            self.add("Relu")
        side = fast.grid_shape[-1]
        for weight, bias in zip(fast.weights, fast.biases, strict=True):
            self.double(side, weight, bias)
            self.add("Relu")
            side *= 2
        self.double(side, *fast.output)
        if fast.symmetric:
            self.average_with_mirror_image()
        self.add("Sigmoid" if fast.activation == "sigmoid" else "Tanh")
        if fast.activation == "tanh":
            self.add("Add", np.float32(1))
            self.add("Mul", np.float32(0.5))
        self.add("Reshape", np.array([-1, *[2 * side] * 3], np.int64), output=OUTPUT)

    def double(self, side: int, weight: Tensor, bias: Tensor | None = None) -> None:
        """Add a transposed convolution of kernel 4, stride 2 and padding 1, as phases."""
        width, cells = weight.shape[1], side + 1
        added = [] if bias is None else [bias.repeat_interleave(8)]
        self.add("Conv", _phases(weight), *added, kernel_shape=[2, 2, 2], pads=[1] * 6)  # (n, 8 width, cells^3)
        self.add("Reshape", np.array([-1, width, 2, 2, 2, cells, cells, cells], np.int64))
        self.add("Transpose", perm=[0, 1, 5, 2, 6, 3, 7, 4])
        self.add("Reshape", np.array([-1, width, *[2 * cells] * 3], np.int64))
        inside = [np.array([value] * 3, np.int64) for value in (1, 2 * cells - 1)]
        self.add("Slice", *inside, np.array([2, 3, 4], np.int64))  # (n, width, (2 side)^3)

    def average_with_mirror_image(self) -> None:
        """Add the mean of a grid and its reflection along x."""
        straight = self.last
        backwards = [np.array([value], np.int64) for value in (-1, _TO_THE_END, 2, -1)]
        self.add("Slice", *backwards)
        self.add("Add", straight)
        self.add("Mul", np.float32(0.5))

    def add(self, kind: str, *inputs: Tensor | np.ndarray | np.generic | str, output: str = "", **options: Any) -> None:
        """Add a node on what the last one gave and on further inputs: weights, or names of what other nodes gave."""
        helper = _onnx().helper
        given = [value if isinstance(value, str) else self._weight(value) for value in inputs]
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.last, *given], [output], **options))
        self.last = output

    def _weight(self, value: Tensor | np.ndarray | np.generic) -> str:
        array = value.detach().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)
        name = f"weight_{len(self.weights)}"
        self.weights.append(_onnx().numpy_helper.from_array(np.array(array, order="C"), name))
        return name


def _phases(weight: Tensor) -> Tensor:
    """Return (in, out, 4, 4, 4) of a transposed convolution as (8 out, in, 2, 2, 2) of an ordinary one."""
    into, out = weight.shape[:2]
    blocks = weight.reshape(into, out, 2, 2, 2, 2, 2, 2)  # a 2^3 block of a 2^3 grid of blocks: (.., X, x, Y, y, Z, z)
    corners = blocks.permute(1, 3, 5, 7, 0, 2, 4, 6).reshape(8 * out, into, 2, 2, 2)
    return torch.flip(corners, (2, 3, 4)).contiguous()


def _onnx() -> Any:
    try:
        import onnx
    except ImportError as error:
        raise UsageError('onnx is not installed; pip install "shapespace[export]"') from error
    return onnx
