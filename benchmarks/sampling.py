"""Sampling: shapes a second of the full generator at 64^3, as `decode` does it, against plain torch in eval mode.

python benchmarks/sampling.py [--quick] [--json]
"""

from __future__ import annotations

import torch

import common
from shapespace.nets.fast import FastGenerator
from shapespace.nets.generator import Generator

CASES = [
    ("64^3, the paper's", {}),
    ("32^3, the paper's", {"resolution": 32}),
    ("32^3, widths 96-48-24", {"resolution": 32, "latent_dim": 128, "widths": (96, 48, 24)}),
]


def generator(arguments: dict) -> Generator:
    torch.manual_seed(0)
    network = Generator(**arguments).eval()
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm3d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 2)
    return network


def make(network: Generator, z: torch.Tensor) -> torch.Tensor:
    """The generator as it is commonly written, layer after layer, no rewriting of any."""
    grid = network.project(z)
    for layer in network.layers:
        grid = layer(grid)
    return network.output(grid).sigmoid()


def gflop(network: Generator) -> float:
    """Multiply-adds of the convolutions for one shape, times two, in 1e9."""
    widths, side = (*network.widths, 1), network.base
    total = network.latent_dim * widths[0] * side**3
    for layer in range(len(network.widths)):
        total += widths[layer] * widths[layer + 1] * 64 * (side << layer) ** 3
    return 2 * total / 1e9


@torch.inference_mode()
def row(name: str, arguments: dict, batch: int, seconds: float, limit: float) -> common.Row:
    plain = generator(arguments)
    fast, z = FastGenerator(plain), torch.rand(batch, plain.latent_dim)
    difference = float((fast(z) - make(plain, z)).abs().max())
    ours, reference = common.compare([lambda: fast(z), lambda: make(plain, z)], seconds=seconds)
    rate = ours.rate(batch)
    return {
        "net": name, "batch": batch, "ms": ours.ms, "shapes/s": rate, "plain ms": reference.ms,
        "times plain": reference.ms / ours.ms, "spread": ours.spread,
        "of matmul": rate * gflop(plain) / limit, "difference": difference,
    }  # fmt: skip


def main() -> None:
    arguments = common.arguments(__doc__)
    limit = common.sgemm_gflops()
    rows = [row(name, case, batch, arguments.seconds, limit) for name, case in CASES for batch in (1, 8)]
    notes = [f"matrix product: {limit:.0f} GFLOP/s"]
    common.report("Sampling, CPU, evaluation mode", rows, json_wanted=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
