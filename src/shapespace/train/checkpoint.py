"""Checkpoints: the whole state of a run, in folders that are whole or absent.

`checkpoints/step-000001200/` holds `state.safetensors` (every tensor), `facts.json` (every number) and
`manifest.json` (sizes and SHA-256 of both). A folder that does not match its manifest is moved to `rejected/`,
out loud, and the one before is used.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from shapespace.errors import DamagedFile, OutputError
from shapespace.files import atomic_dir, sha256, write_bytes

VERSION = 1
FILES = ("state.safetensors", "facts.json")


@dataclass(frozen=True)
class Checkpoint:
    """What a run needs to go on bit for bit."""

    step: int
    tensors: dict[str, Tensor]
    facts: dict[str, Any]


def save(folder: Path, checkpoint: Checkpoint, keep: int) -> Path:
    """Return the folder written for one step; older ones are deleted only after it is durable.

    The newest `keep` stay, and the newest that was healthy, so that a collapse never costs the last good weights.
    """
    target = folder / f"step-{checkpoint.step:09d}"
    if target.exists():  # a resumed run came here again, with the same state bit for bit
        return target
    with atomic_dir(target) as place:
        write_bytes(place / "state.safetensors", safetensors.torch.save(checkpoint.tensors))
        write_bytes(place / "facts.json", json.dumps(checkpoint.facts, indent=1).encode())
        write_bytes(place / "manifest.json", _manifest(place, checkpoint.step).encode())
    _prune(folder, keep)
    return target


def check_room(folder: Path, tensors: Mapping[str, Tensor], keep: int) -> None:
    """Refuse a run whose checkpoints will not fit the disk: `keep`, a healthy one, and the one being written.

    Raises:
        OutputError: With what is needed and what is free.
    """
    size = sum(tensor.nbytes for tensor in tensors.values())
    count = max(keep + 2 - len(_steps(folder)), 1)
    free = shutil.disk_usage(folder).free
    if free < count * size:
        raise OutputError(
            f"{folder} needs {count * size / 1e9:.2f} GB for {count} checkpoints, {free / 1e9:.2f} GB are free; "
            "make room, lower --run.keep, or choose another --out"
        )


def latest(folder: Path, announce: Callable[[str], None]) -> Checkpoint | None:
    """Return the newest undamaged checkpoint, or None if there is none.

    Args:
        folder: The run's `checkpoints` folder.
        announce: Told, in one line, of each damaged one that was set aside.
    """
    _sweep(folder)
    for place in reversed(_steps(folder)):
        try:
            return read(place)
        except DamagedFile as error:
            aside = _set_aside(place)
            announce(f"{error}; moved to {aside}, trying the checkpoint before")
    return None


def read(place: Path) -> Checkpoint:
    """Return the checkpoint in a folder.

    Raises:
        DamagedFile: If any byte of it is not what was written, or a number in it is not finite.
    """
    manifest = _read_manifest(place)
    for name, expected in manifest["files"].items():
        _check(place / name, expected)
    tensors, facts = _tensors(place / "state.safetensors"), _facts(place / "facts.json")
    return Checkpoint(manifest["step"], tensors, facts)


def _tensors(path: Path) -> dict[str, Tensor]:
    """Return a checkpoint's tensors; a manifest vouches for bytes, not for what they mean."""
    try:
        tensors = safetensors.torch.load(path.read_bytes())
    except (safetensors.SafetensorError, KeyError):
        raise DamagedFile(path, "no safetensors file, though its checksum is right") from None
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise DamagedFile(path, f"{name} holds numbers that are not finite")
    return tensors


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_bytes())
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise DamagedFile(path, "no facts of ours, though its checksum is right")
    return facts


def _manifest(place: Path, step: int) -> str:
    files = {name: {"bytes": (place / name).stat().st_size, "sha256": sha256(place / name)} for name in FILES}
    return json.dumps({"version": VERSION, "step": step, "files": files})


def _read_manifest(place: Path) -> dict[str, Any]:
    path = place / "manifest.json"
    try:
        manifest = json.loads(path.read_bytes())
        whole = set(manifest) == {"version", "step", "files"} and set(manifest["files"]) == set(FILES)
        step = manifest["step"]
    except (OSError, ValueError, TypeError, KeyError):
        raise DamagedFile(place, "incomplete: its manifest cannot be read") from None
    if not whole or place.name != f"step-{step:09d}":
        raise DamagedFile(place, "its manifest is not one of ours")
    if manifest["version"] != VERSION:
        raise DamagedFile(place, f"written by format {manifest['version']}, this version reads {VERSION}")
    return manifest


def _check(path: Path, expected: Any) -> None:
    if not path.is_file():
        raise DamagedFile(path, "missing")
    if not isinstance(expected, dict) or set(expected) != {"bytes", "sha256"}:
        raise DamagedFile(path, "its manifest is not one of ours")
    size = path.stat().st_size
    if size != expected["bytes"]:
        raise DamagedFile(path, f"{size} bytes of {expected['bytes']}")
    found = sha256(path)
    if found != expected["sha256"]:
        raise DamagedFile(path, f"sha256 differs (expected {str(expected['sha256'])[:12]}, got {found[:12]})")


def _steps(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step-*") if path.is_dir())


def _set_aside(place: Path) -> Path:
    rejected = place.parent / "rejected"
    rejected.mkdir(exist_ok=True)
    target = rejected / place.name
    shutil.rmtree(target, ignore_errors=True)
    return place.rename(target)


def _sweep(folder: Path) -> None:
    # What a kill in the middle of a save leaves behind; it was never a checkpoint.
    for litter in folder.glob(".step-*.tmp"):
        shutil.rmtree(litter, ignore_errors=True)


def _prune(folder: Path, keep: int) -> None:
    steps = _steps(folder)
    kept = set(steps[-keep:])
    healthy = [place for place in steps if _is_healthy(place)]
    kept.update(healthy[-1:])
    for place in steps:
        if place not in kept:
            shutil.rmtree(place)


def _is_healthy(place: Path) -> bool:
    try:
        return bool(json.loads((place / "facts.json").read_bytes())["healthy"])
    except (OSError, ValueError, KeyError):
        return False
