"""Several processes train as one (gloo, on the loopback): same weights on all, and those of a single process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from small_runs import final_state, small

from shapespace.settings import to_toml
from shapespace.train.loop import train

WORKER = """
import sys, torch
from pathlib import Path
from safetensors.torch import save_file
from shapespace.train import loop
gans, build = [], loop.build
loop.build = lambda *a: gans.append(build(*a)) or gans[-1]
torch.set_num_threads(1)
import os
from shapespace.data.store import Store
from shapespace.settings import Settings, read_toml, with_changes
store, config, out = sys.argv[1:]
loop.train(Store.open(store), with_changes(Settings(), read_toml(config), config), Path(out))
state = {f"{n}.{k}": v for n in ("generator", "discriminator") for k, v in getattr(gans[0], n).state_dict().items()}
save_file(state, f"{out}/rank{os.environ['RANK']}.safetensors")
"""


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def environment(deadline: int = 110) -> dict[str, str]:
    """A deadline in seconds that a machine busy with other tests keeps, but for the test that waits for it."""
    own = {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1", "SHAPESPACE_RANK_DEADLINE": str(deadline)}
    return {**os.environ, **own}


def settings():
    # all gates open and closed in turn; batches of 5, 5, 5, 5 and 2 so that the parts of two ranks differ
    return small(balance=0.6, shapes=44, batch_size=5)


def test_two_ranks_hold_the_same_weights_and_those_of_one(store, tmp_path):
    from safetensors.torch import load_file

    (tmp_path / "worker.py").write_text(WORKER)
    (tmp_path / "config.toml").write_text(to_toml(settings()))
    out = tmp_path / "two"
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", free_port()]
    command = [*launch, str(tmp_path / "worker.py"), str(store.path), str(tmp_path / "config.toml"), str(out)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[:3000]
    first, second = load_file(out / "rank0.safetensors"), load_file(out / "rank1.safetensors")
    assert all(torch.equal(first[name], second[name]) for name in first)

    train(store, settings(), tmp_path / "one")
    alone, together = final_state(tmp_path / "one"), final_state(out)
    gates = [row["gate_open"] for row in alone["rows"]]
    assert gates == [row["gate_open"] for row in together["rows"]]
    assert 0 < sum(gates) < len(gates)
    for name, tensor in alone["tensors"].items():
        if name.startswith(("generator.", "discriminator.")):
            assert torch.allclose(tensor.float(), together["tensors"][name].float(), rtol=1e-3, atol=1e-5), name


def test_a_lost_rank_ends_the_other_one_which_says_so(store, tmp_path):
    (tmp_path / "worker.py").write_text(WORKER)
    long = replace(settings(), train=replace(settings().train, shapes=100_000))
    (tmp_path / "config.toml").write_text(to_toml(long))
    out, port = tmp_path / "run", free_port()
    ranks = [
        subprocess.Popen(
            [sys.executable, "-m", "shapespace", "train", "--data", str(store.path), "--out", str(out), "--quiet",
             "--config", str(tmp_path / "config.toml")],
            env=environment(20) | {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2",
                                 "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port},
            stderr=subprocess.PIPE if rank == 0 else subprocess.DEVNULL, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end and not (out / "stats.jsonl").exists():
            time.sleep(0.05)
        ranks[1].send_signal(signal.SIGKILL)
        _, said = ranks[0].communicate(timeout=60)
    finally:
        for rank in ranks:
            rank.kill()
            rank.wait()
    assert ranks[0].returncode == 75, said[-3000:]
    assert "another rank stopped answering" in said.splitlines()[-1]


@pytest.mark.parametrize("shares", [[5, 5], [3, 2]])
def test_the_whole_batch_is_cut_the_same_way_for_shapes_and_latents(store, shares):
    from shapespace.data.batches import Batches
    from shapespace.train.ranks import Ranks

    count = sum(shares)
    whole = torch.arange(count)
    for rank, share in enumerate(shares):
        batches = Batches(store, range(count), count, seed=0, rank=rank, world=2)
        assert len(Ranks(rank, 2).part(whole)) == share == len(batches.indices_at(0))
