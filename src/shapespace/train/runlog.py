"""The run folder: settings, statistics, curves, sheets of samples, checkpoints; it explains itself."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from shapespace.errors import OutputError, UsageError
from shapespace.files import atomic_file, write_bytes, write_text
from shapespace.settings import Settings, different_settings, read_toml, to_toml, with_changes

CURVES = (
    ("loss", ("loss_discriminator", "loss_generator")),
    ("accuracy of D, gate open", ("accuracy", "gate_open")),
    ("occupancy", ("occupancy_fake", "occupancy_real")),
    ("diversity", ("diversity_fake", "diversity_real")),
)


class RunLog:
    """One run's folder.

    `config.toml`, `run.json`, `stats.jsonl`, `curves.png`, `sheets/`, `checkpoints/`, `space.safetensors`.
    """

    def __init__(self, folder: Path, *, resume: bool) -> None:
        """Open a run's folder and hold it against other trainers.

        Raises:
            UsageError: If a run is there and `resume` is not set, the reverse, or another process holds it.
            OutputError: If the folder cannot be made or written.
        """
        self.folder = folder
        exists = (folder / "config.toml").exists()
        if exists and not resume:
            raise UsageError(f"{folder} holds a run already; add --resume to go on with it, or choose another --out")
        if resume and not exists:
            raise UsageError(f"{folder} holds no run to resume; leave out --resume to start one")
        try:
            (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
            (folder / "sheets").mkdir(exist_ok=True)
            self._lock = _lock(folder / "run.lock")
        except OSError as error:
            raise OutputError(f"{folder} cannot hold a run: {error.strerror or error}; choose another --out") from error
        self._stats: IO[bytes] | None = None
        self._board: Any = None

    def start(self, config: str, facts: Mapping[str, Any]) -> None:
        """Write what the run is: its settings and where it began."""
        write_text(self.folder / "run.json", json.dumps(dict(facts), indent=1) + "\n")
        write_text(self.folder / "config.toml", config)  # last: it marks the folder as a run

    def go_on(self, settings: Settings, step: int) -> list[str]:
        """Return the names of the settings that are not those of before, after noting them and rewinding to `step`."""
        path = self.folder / "config.toml"
        before = with_changes(Settings(), read_toml(path), str(path))
        if before != settings:
            write_text(path, to_toml(settings))
        self._rewind(step)
        return different_settings(before, settings)

    def _rewind(self, step: int) -> None:
        """Forget statistics after `step`: the resumed run writes them again, the same."""
        path = self.folder / "stats.jsonl"
        if path.exists():
            kept = [line for line in path.read_bytes().splitlines(keepends=True) if _step_of(line) <= step]
            write_bytes(path, b"".join(kept))

    def rows(self) -> list[dict[str, Any]]:
        """Return all statistics so far, oldest first."""
        path = self.folder / "stats.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def append(self, stats: Mapping[str, Any]) -> None:
        """Add one row of statistics.

        Raises:
            OutputError: If there is no room for it; the rows before are whole.
        """
        line = json.dumps(dict(stats)).encode() + b"\n"
        path = self.folder / "stats.jsonl"
        try:
            if self._stats is None:
                self._stats = open(path, "ab", buffering=0)  # noqa: PTH123, SIM115  (a log grows in place)
            _append(self._stats, line)
        except OSError as error:
            raise OutputError(f"{path}: row of step {stats['step']} not written: {error.strerror or error}") from error
        if self._board is not None:
            numbers = {name: value for name, value in stats.items() if not isinstance(value, list)}
            for name, value in numbers.items():
                self._board.add_scalar(name, value, stats["shapes"])

    def use_tensorboard(self) -> bool:
        """Return whether TensorBoard is installed; if so, statistics go there too."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return False
        self._board = SummaryWriter(str(self.folder / "tensorboard"))
        return True

    def draw_curves(self) -> None:
        """Draw `curves.png` from all statistics; the x axis is shapes seen."""
        rows = self.rows()
        if rows:
            draw_curves(self.folder / "curves.png", rows)

    def close(self) -> None:
        """Let go of the folder."""
        if self._stats is not None:
            self._stats.close()
        if self._board is not None:
            self._board.close()
        self._lock.close()


def draw_curves(path: Path, rows: list[dict[str, Any]]) -> None:
    """Draw the curves of one run as a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.5), layout="constrained")
    FigureCanvasAgg(figure)
    shapes = [row["shapes"] for row in rows]
    for axes, (title, names) in zip(figure.subplots(2, 2).flat, CURVES, strict=True):
        for name in names:
            axes.plot(shapes, [row[name] for row in rows], linewidth=1.2, label=name.replace("_", " "))
        axes.set_title(title, fontsize=10, loc="left")
        axes.set_xlabel("shapes seen", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    with atomic_file(path) as file:
        figure.savefig(file, format="png", dpi=110)


def _append(file: IO[bytes], line: bytes) -> None:
    """Write a line whole, or leave the file as it was."""
    end = os.fstat(file.fileno()).st_size
    try:
        if file.write(line) != len(line):  # the last bytes of a disk
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        os.ftruncate(file.fileno(), end)
        raise


def _step_of(line: bytes) -> int:
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return 1 << 62  # half a line, from a kill


def _lock(path: Path) -> IO[str]:
    file = open(path, "a+")  # noqa: PTH123, SIM115  (held open for the whole run)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "another process"
        file.close()
        raise UsageError(f"{path.parent} is in use by {holder}; wait for it or choose another --out") from None
    file.truncate(0)
    file.write(f"pid {os.getpid()} on host {socket.gethostname()}")
    file.flush()
    return file
