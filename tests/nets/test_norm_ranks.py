"""Batch norm on two ranks equals batch norm of the whole batch in one process: outputs, gradients, statistics."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

WORKER = """
import sys, torch
import torch.distributed as dist
from shapespace.nets.norm import BatchNorm3d
rank, port, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
data = torch.Generator().manual_seed(0)
x = torch.randn(5, 3, 2, 4, 2, generator=data, dtype=torch.float64) * 2 + 100
slope = torch.randn(5, 3, 2, 4, 2, generator=data, dtype=torch.float64)
part = slice(0, 2) if rank == 0 else slice(2, 5)
norm = BatchNorm3d(3).double()
with torch.no_grad():
    norm.weight.copy_(torch.tensor([1.0, 2.0, -1.0])); norm.bias.copy_(torch.tensor([0.0, 1.0, 2.0]))
x = x[part].clone().requires_grad_()
y = norm(x)
(y * slope[part]).sum().backward()
for p in norm.parameters():
    dist.all_reduce(p.grad)
from safetensors.torch import save_file
save_file({"y": y.detach(), "x.grad": x.grad, "w.grad": norm.weight.grad, "b.grad": norm.bias.grad,
           **{k: v.contiguous() for k, v in norm.state_dict().items()}}, f"{folder}/{rank}.safetensors")
dist.destroy_process_group()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def from_two_ranks(tmp_path_factory) -> list[dict[str, torch.Tensor]]:
    from safetensors.torch import load_file

    folder = tmp_path_factory.mktemp("ranks")
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    port = str(free_port())
    command = [sys.executable, "-c", WORKER]
    workers = [subprocess.Popen([*command, str(rank), port, str(folder)], env=environment) for rank in (0, 1)]
    try:
        assert [worker.wait(timeout=120) for worker in workers] == [0, 0]
    finally:
        for worker in workers:
            worker.kill()
    return [load_file(Path(folder) / f"{rank}.safetensors") for rank in (0, 1)]


def whole_batch() -> dict[str, torch.Tensor]:
    data = torch.Generator().manual_seed(0)
    x = torch.randn(5, 3, 2, 4, 2, generator=data, dtype=torch.float64) * 2 + 100
    slope = torch.randn(5, 3, 2, 4, 2, generator=data, dtype=torch.float64)
    norm = torch.nn.BatchNorm3d(3).double()
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 2.0, -1.0]))
        norm.bias.copy_(torch.tensor([0.0, 1.0, 2.0]))
    x.requires_grad_()
    y = norm(x)
    (y * slope).sum().backward()
    found = {"y": y.detach(), "x.grad": x.grad, "w.grad": norm.weight.grad, "b.grad": norm.bias.grad}
    return found | norm.state_dict()


@pytest.mark.parametrize("name", ["y", "x.grad"])
def test_each_rank_has_its_part_of_the_whole(from_two_ranks, name):
    both = torch.cat([found[name] for found in from_two_ranks])
    torch.testing.assert_close(both, whole_batch()[name], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["w.grad", "b.grad", "running_mean", "running_var", "num_batches_tracked"])
def test_every_rank_has_the_statistics_of_the_whole(from_two_ranks, name):
    for found in from_two_ranks:
        torch.testing.assert_close(found[name], whole_batch()[name], rtol=1e-9, atol=1e-9)
