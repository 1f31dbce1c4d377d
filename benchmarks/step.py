"""Training step of the full nets at 64^3, batch 4, gate open and closed, against the same mathematics in plain torch.

    python benchmarks/step.py [--quick] [--json]

Wall time suffers from whoever shares the machine; the columns `cpu` are processor time of this process and do not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

import common
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.generator import Generator
from shapespace.presets import paper
from shapespace.settings import with_changes
from shapespace.train.gan import Gan

BATCH, RESOLUTION = 4, 64
GFLOP_PLAIN = 2 * 3.9 * BATCH * (3 * 2 + 1 + 3 + 3)
"""3.9e9 multiply-adds a pass of either net; a backward pass is two. D learns from real and fake (3 each), G makes the
fakes (1), makes others (3 with its backward pass), and D judges these (3)."""
"""D on real and on fake (forward, two backward), G for D, then G and D forward and twice backward."""


class Clocked:
    """A function whose processor seconds are kept."""

    def __init__(self, function: Callable[[], object]) -> None:
        self.function, self.seconds = function, []

    def __call__(self) -> None:
        start = time.process_time()
        self.function()
        self.seconds.append(time.process_time() - start)

    @property
    def ms(self) -> float:
        return 1e3 * median(self.seconds[1:])


def networks() -> tuple[Generator, Discriminator]:
    torch.manual_seed(0)
    return Generator(), Discriminator()


def plain_step(real: torch.Tensor) -> Callable[[], None]:
    """One step as it is commonly written: logits, detached fakes, two draws, no rewriting of any layer."""
    generator, discriminator = networks()
    adams = [torch.optim.Adam(net.parameters(), lr=1e-4, betas=(0.5, 0.999)) for net in (generator, discriminator)]

    def make(z: torch.Tensor) -> torch.Tensor:
        grid = generator.project(z)
        for layer in generator.layers:
            grid = layer(grid)
        return generator.output(grid).sigmoid()

    def judge(shapes: torch.Tensor, label: float) -> torch.Tensor:
        for layer in discriminator.layers:
            shapes = layer(shapes)
        logits = discriminator.score(shapes).flatten()
        return binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    def step() -> None:
        fake = make(torch.rand(BATCH, 200)).detach()
        adams[1].zero_grad()
        (judge(real, 1.0) + judge(fake, 0.0)).backward()
        adams[1].step()
        adams[0].zero_grad()
        judge(make(torch.rand(BATCH, 200)), 1.0).backward()
        adams[0].step()

    return step


def our_step(real: torch.Tensor, *, is_open: bool, one_draw: bool) -> Callable[[], object]:
    settings = with_changes(paper(), {"train": {"one_draw": one_draw, "batch_size": BATCH}}, "benchmark")
    gan, steps = Gan(*networks(), settings), iter(range(10**9))
    return lambda: gan.step(real, step=next(steps), count=BATCH, is_open=is_open)


def main() -> None:
    arguments = common.arguments(__doc__)
    real = (torch.rand(BATCH, 1, *[RESOLUTION] * 3, generator=torch.Generator().manual_seed(1)) > 0.9).float()
    limit = common.sgemm_gflops()
    cases = {"plain": Clocked(plain_step(real))} | {
        f"ours, {'two draws' if two else 'one draw'}, gate {'open' if is_open else 'closed'}": Clocked(
            our_step(real, is_open=is_open, one_draw=not two)
        )
        for two in (True, False)
        for is_open in (True, False)
    }
    timings = common.compare(list(cases.values()), seconds=12 * arguments.seconds)
    plain, plain_cpu = timings[0].ms, cases["plain"].ms
    rows = [
        {
            "step": name, "ms": wall.ms, "shapes/s": wall.rate(BATCH), "times plain": plain / wall.ms,
            "spread": wall.spread, "cpu ms": cpu.ms, "cpu, times plain": plain_cpu / cpu.ms,
        }
        for (name, cpu), wall in zip(cases.items(), timings, strict=True)
    ]  # fmt: skip
    shares = [GFLOP_PLAIN / (wall.ms / 1e3) / limit for wall in timings[:2]]
    notes = [
        f"matrix product {limit:.0f} GFLOP/s; of it the plain step reaches {shares[0]:.0%}, the first of ours "
        f"{shares[1]:.0%} counted by the plain step's work"
    ]
    common.report(f"Training step, {RESOLUTION}^3, batch {BATCH}", rows, json_wanted=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
