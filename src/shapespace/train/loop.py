"""The training loop: fetch, step, log, sample, save, stop. Read once, top to bottom."""

from __future__ import annotations

import math
import os
import platform
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from shapespace.data.store import Store
from shapespace.errors import Interrupted, OutputError, TrainingDiverged, UsageError
from shapespace.nets.encoder import as_seen
from shapespace.settings import Settings, to_toml
from shapespace.train import checkpoint, ranks
from shapespace.train.balance import is_open
from shapespace.train.build import batches_for, begin, build, decided, device_named, views_for
from shapespace.train.collapse import CollapseCheck
from shapespace.train.ema import Ema
from shapespace.train.gan import Gan
from shapespace.train.optimisers import named_state
from shapespace.train.pace import Pace
from shapespace.train.progress import Progress
from shapespace.train.runlog import RunLog
from shapespace.train.signals import StopRequest, stop_requests
from shapespace.train.snapshot import Snapshot
from shapespace.train.state import Clock, RunState, check_facts, copy_tensors, versions
from shapespace.train.vaegan import VaeGan
from shapespace.train.watchdog import Watchdog

UNWRITTEN = 3
"""Checkpoints, sheets or rows of which so many in a row cannot be written (a full disk, mostly) stop the run."""


def train(
    store: Store, settings: Settings, out: Path, *, resume: bool = False, progress: Progress | None = None
) -> Path:
    """Return the file of the trained space, after training on a store of shapes.

    Args:
        store: Shapes; the training split of `settings.run.category` is learned.
        settings: Of the whole run.
        out: The run's folder; it is made here.
        resume: Go on, bit for bit, with the run that is in `out`.
        progress: Where the live numbers go; None is silent.

    Raises:
        UsageError: If `out` holds a run and `resume` is not set, or the reverse, or the data does not fit.
        TrainingDiverged: If a loss is not finite or a collapse lasted; the last good checkpoint stands.
        Interrupted: After a stop signal; everything was saved.
        OutputError: If the run or its result could not be written.
        PeerLost: If another rank died or stopped answering.
    """
    device = device_named(settings.run.device)
    if settings.run.threads:
        torch.set_num_threads(settings.run.threads)
    with stop_requests() as stop, ranks.watched():
        place = ranks.join(device)
        voice = progress if progress and place.leads else Progress.silent()
        try:
            return _Run(store, settings, out, device, place, voice).go(stop, resume)
        finally:
            ranks.leave()


class _Run:
    """Everything one run holds while it goes."""

    def __init__(
        self, store: Store, settings: Settings, out: Path, device: torch.device, place: ranks.Ranks, progress: Progress
    ) -> None:
        self.store, self.settings, self.out, self.device = store, settings, out, device
        self.ranks, self.progress = place, progress
        self.batches, self.views = batches_for(store, settings, place), views_for(store, settings)
        torch.manual_seed(settings.run.seed)  # first weights: the only use of torch's global generator
        self.system = build(settings, store, device, place)
        self.ema = Ema(self.system.generator, half_life=settings.train.ema_half_life)
        self.watchdog = Watchdog(settings.run.watchdog)
        self.snapshot = Snapshot(store, settings, device)
        self.collapse = CollapseCheck(self.views, store, settings, device) if self.views else None
        self.state, self.began, self.clock = RunState(), RunState(), Clock()
        self.log: RunLog | None = None
        self.unwritten: Counter[str] = Counter()
        self.pace = Pace(settings, alone=place.size == 1)

    def go(self, stop: StopRequest, resume: bool) -> Path:
        """Train to the end, or to the first reason to stop; return the space's file."""
        if self.ranks.leads:
            self.log = RunLog(self.out, resume=resume)
        self.ranks.wait()
        try:
            if self.log:
                checkpoint.check_room(self.out / "checkpoints", self._tensors(), self.settings.run.keep)
            if not (resume and self._restore()):
                self._begin()
            if not resume and self.log:
                self.log.start(to_toml(self.settings), _facts(self.store, self.settings, self.system))
            if self.log and self.settings.run.tensorboard:
                self.log.use_tensorboard()
            self._learn(stop)
            self._save()
            self._draw()
            self.ranks.wait()
            if stop:
                raise Interrupted(f"{stop.name}: the run had just ended; it is whole in {self.out}")
        finally:
            if self.log:
                self.log.close()
        return self.out / "space.safetensors"

    def _learn(self, stop: StopRequest) -> None:
        state, every, total = self.state, self.settings.run, self.settings.train.shapes
        self.clock, self.began = Clock(), replace(state)
        with ThreadPoolExecutor(1) as fetcher, self.progress.running(total, state.shapes):
            ahead = fetcher.submit(self._fetch, state.step)
            while state.shapes < total and not self.pace.is_over(self._clocks()[1]):
                # fetch: the next batch is read while this one is learned
                batch = self._as_shown_to_nets(*ahead.result())
                ahead = fetcher.submit(self._fetch, state.step + 1)
                count = self.batches.count_at(state.step)

                # step: the gate follows from D's accuracy in the last batch, over all ranks
                opened = is_open(state.last_accuracy, self.settings.train.balance)
                self.system.set_progress(state.shapes / total)
                stats = self._step(batch, count, opened)
                stopping = self._agree(stats, stop, opened)
                self.ema.update(self.system.generator, count)
                seen_before, state.shapes, state.step = state.shapes, state.shapes + count, state.step + 1
                self.progress.advance(state.shapes)

                # log, sample, save
                if state.step % every.log_every == 0 or state.shapes >= total:
                    self._log()
                if _crossed(seen_before, state.shapes, every.sheet_every):
                    with self._outlived("sheet"):
                        self._draw()
                if stopping:
                    self._leave(stop)
                if _crossed(seen_before, state.shapes, every.save_every):
                    with self._outlived("checkpoint"):
                        self._save()

    def _fetch(self, step: int) -> tuple[np.ndarray, ...]:
        """Return a batch as it lies on disk: grids of 0 and 1, and where there is an encoder a picture of each."""
        grids = self.batches.at(step)
        return (grids, self.views.batch(self.batches.indices_at(step), draw=step)[0]) if self.views else (grids,)

    def _as_shown_to_nets(self, grids: np.ndarray, *pictures: np.ndarray) -> list[Tensor]:
        shapes = torch.from_numpy(grids).to(self.device, non_blocking=True).float()
        shapes = shapes * 2 - 1 if self.settings.nets.activation == "tanh" else shapes
        return [shapes, *(as_seen(torch.from_numpy(some).to(self.device, non_blocking=True)) for some in pictures)]

    def _step(self, batch: list[Tensor], count: int, opened: bool) -> dict[str, Tensor]:
        try:
            return self.system.step(*batch, step=self.state.step, count=count, is_open=opened)
        except TrainingDiverged as error:
            raise TrainingDiverged(
                f"{error} at step {self.state.step}; stopped before the update; last good: {self._last_good()}; "
                "lower the learning rates, or check the data with `shapespace data info --verify`"
            ) from None

    def _agree(self, stats: dict[str, Tensor], stop: StopRequest, opened: bool) -> bool:
        """Take D's accuracy over all ranks, for the next gate, and return whether any rank was told to stop."""
        flag = torch.tensor([float(bool(stop))], device=self.device)
        right, decisions, stopping = self.ranks.add(torch.cat([stats.pop("counts"), flag])).tolist()
        self.state.last_accuracy = right / decisions
        self.state.window.append({**stats, "accuracy": right / decisions, "gate_open": float(opened)})
        return stopping > 0

    def _log(self) -> None:
        row = self._row()
        verdict = self.watchdog.look(row)
        if self.log:
            with self._outlived("row"):
                self.log.append(row)
            self.progress.show(row)
        if self.log and verdict:
            self.progress.say(f"watchdog: {verdict}")
        if warning := self.pace.warning(row):
            self.progress.say(warning)
        if self.watchdog.must_stop(self.state.shapes):
            raise TrainingDiverged(
                f"stopped at step {self.state.step}: {self.watchdog.verdict}; last good: {self._last_good()}; "
                "--run.watchdog warn goes on regardless"
            )

    def _row(self) -> dict[str, Any]:
        """Return the statistics since the last row, averaged over steps and ranks, and forget them."""
        state = self.state
        means = [_mean([row[name] for row in state.window]) for name in state.window[-1]]
        # over all ranks: each must come to the same verdict, or one would stop and leave the others waiting
        shared = self.ranks.add(torch.tensor(means, dtype=torch.float64, device=self.device)) / self.ranks.size
        stats = dict(zip(state.window[-1], shared.tolist(), strict=True))
        state.window.clear()
        seconds, cpu_seconds = self._clocks()
        rate = (state.shapes - self.began.shapes) / max(self.clock.read()[0], 1e-9)
        position = {"step": state.step, "shapes": state.shapes, "epoch": self.batches.epoch(state.step)}
        times = {"seconds": seconds, "cpu_seconds": cpu_seconds, "shapes_per_second": rate}
        return position | stats | self._watched() | times

    def _watched(self) -> dict[str, Any]:
        """Return what fixed latents, and fixed pictures, say of the networks now."""
        watched: dict[str, Any] = dict(self.snapshot.diversity(self.system.generator))
        if self.collapse:
            watched |= self.collapse.measure(self.system.networks["encoder"], self.system.generator)
        return watched

    def _settle(self) -> None:
        """Give the average its own batch norm statistics; every rank must come here, for the norm counts them all."""
        if self.settings.train.ema_half_life:
            self.ema.recalibrate(self.ranks.part(z) for z in self.snapshot.settling_latents())

    def _draw(self) -> None:
        self._settle()
        if self.log:
            self.snapshot.sheet(self.ema.network, self.out / "sheets" / f"shapes-{self.state.shapes:09d}.png")
            self.log.draw_curves()

    def _leave(self, stop: StopRequest) -> None:
        self._save()
        who = stop.name or "another rank's signal"
        raise Interrupted(f"{who}: saved step {self.state.step} in {self.out}; go on with --resume")

    def _save(self) -> None:
        self._settle()
        if not self.log:
            return
        saved = checkpoint.Checkpoint(self.state.step, self._tensors(), self._facts())
        checkpoint.save(self.out / "checkpoints", saved, self.settings.run.keep)
        self.snapshot.space(self.system, self.ema, self.out / "space.safetensors", self.state.shapes)

    @contextmanager
    def _outlived(self, kind: str) -> Iterator[None]:
        """Say that something was not written, and go on: what is missing can be written later, but not for ever."""
        try:
            yield
            self.unwritten[kind] = 0
        except OutputError as error:
            self.unwritten[kind] += 1
            if self.unwritten[kind] == UNWRITTEN:
                raise OutputError(f"{error}; stopped, {UNWRITTEN} in a row failed") from error
            self.progress.say(f"{error}; training goes on, last good: {self._last_good()}")

    def _begin(self) -> None:
        """Start from the weights of another space, if the settings name one."""
        begin(self.system, self.settings)
        self.ema = Ema(self.system.generator, half_life=self.settings.train.ema_half_life)

    def _restore(self) -> bool:
        """Take up the newest undamaged checkpoint; return whether there was one."""
        if not self.log:
            self.ranks.wait()  # until the leading rank has set aside what is damaged
        saved = checkpoint.latest(self.out / "checkpoints", self.progress.say)
        if saved is None:
            self.progress.say(f"{self.out} holds no undamaged checkpoint; starting from step 0")
        else:
            self._take(saved)
            self.progress.say(f"resumed from step {self.state.step}, {self.state.shapes} shapes seen")
        if self.log:
            changed = self.log.go_on(self.settings, self.state.step)
            if changed:
                self.progress.say(f"other settings than before: {', '.join(changed)}; config.toml now has them")
            self.ranks.wait()
        return saved is not None

    def _take(self, saved: checkpoint.Checkpoint) -> None:
        facts = saved.facts
        check_facts(self._facts(), facts, self.out)
        if facts["data"] != self.store.digest:
            raise UsageError(f"{self.out} was trained on other data than this; give the store it began with")
        if facts["versions"] != versions():
            self.progress.say(f"resume is not bit-exact: {facts['versions']} then, {versions()} now")
        copy_tensors(self._tensors(), saved.tensors, self.out)
        self.state = RunState.from_facts(facts)
        self.watchdog.restore(facts["watchdog"])

    def _facts(self) -> dict[str, Any]:
        """Return every number that a resumed run needs; `_tensors` has the rest."""
        seconds, cpu_seconds = self._clocks()
        return replace(self.state, seconds=seconds, cpu_seconds=cpu_seconds).facts() | {
            "watchdog": self.watchdog.state(), "healthy": self.watchdog.healthy,
            "data": self.store.digest, "versions": versions(),
        }  # fmt: skip

    def _tensors(self) -> dict[str, Tensor]:
        return named_state(self.system.networks | {"average": self.ema}, self.system.adams)

    def _clocks(self) -> tuple[float, float]:
        """Return wall and processor seconds this run has taken, over all its sessions."""
        wall, cpu = self.clock.read()
        return round(self.began.seconds + wall, 2), round(self.began.cpu_seconds + cpu, 2)

    def _last_good(self) -> str:
        steps = sorted((self.out / "checkpoints").glob("step-*"))
        return str(steps[-1]) if steps else "none yet"


def _facts(store: Store, settings: Settings, system: Gan | VaeGan) -> dict[str, Any]:
    return {
        "data": {"digest": store.digest, "shapes": len(store), "provenance": store.provenance},
        "category": settings.run.category, "decided": decided(system),
        "parameters": {name: _parameters(network) for name, network in system.networks.items()},
        "versions": versions(), "machine": f"{platform.machine()}, {os.cpu_count()} cores, {system.device}",
    }  # fmt: skip


def _parameters(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def _mean(values: list[Tensor | float]) -> float:
    # get numbers as floats only here: it waits for the device
    return math.fsum(float(value) for value in values) / len(values)


def _crossed(before: int, now: int, every: int) -> bool:
    return before // every != now // every
