"""Attributes of shapes as directions of the latent space: more or less of one, the others left as they are.

A network learns to read the attributes off labelled shapes, then reads them off samples of the space. How each
attribute changes with z is a linear regression; the direction of one is the shortest step that by all the regressions
changes it and no other. One line for the whole space is a rough guide; `steer` bends it for one shape.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

from shapespace import limits
from shapespace.errors import BadInput, UsageError
from shapespace.explore.interpolate import centre_of
from shapespace.explore.reader import Reader, fit
from shapespace.files import write_bytes
from shapespace.nets.prior import PRIORS
from shapespace.nets.weights import parse_tensors, read_bounded, rebuilt
from shapespace.space import ShapeSpace, find

KEY, VERSION = "shapespace.attributes", 1

SURE = 5.0
"""Logits beyond this say nothing more: there, or not there."""

ALIKE = 0.1
"""Attributes that differ by less than this part of what they share are moved together: no step parts them."""

REACH = 2.0
"""Of a slider, in typical changes to either side."""

_ARRAYS = ("directions", "scales", "steps", "means", "spans", "kinds")


@dataclass(frozen=True, eq=False)
class Attributes:
    """What is known of a space's attributes.

    Args:
        names: Of the m attributes.
        directions: (m, d) float32 of length 1, in z.
        scales: (m,) float32: length of the step in z that by the regression makes one typical change.
        steps: (m,) float32: that change in the reader's scores: a standard deviation over samples, or for what is
            there or not from the mean of those without to the mean of those with.
        means: (m,) float32: what a score of 0 stands for, in the labels' units; 0 for what is there or not.
        spans: (m,) float32: what a score of 1 more adds; 1 for what is there or not.
        kinds: (m,) bool: which are there or not; the rest are numbers.
        reader: Reads the scores off voxels.
        prior: Of the space they were learned on.
        space: `fingerprint` of that space.
    """

    names: tuple[str, ...]
    directions: np.ndarray
    scales: np.ndarray
    steps: np.ndarray
    means: np.ndarray
    spans: np.ndarray
    kinds: np.ndarray
    reader: Reader
    prior: str
    space: str

    @classmethod
    def learn(
        cls,
        space: ShapeSpace,
        voxels: np.ndarray,
        labels: Mapping[str, np.ndarray],
        *,
        samples: int = 3000,
        epochs: int = 5,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> Attributes:
        """Return the attributes of a space, learned from labelled shapes.

        Args:
            space: On the CPU.
            voxels: (n, r, r, r) bool, at the space's resolution.
            labels: By name, (n,) each: bool for what is there or not, numbers else. A number should be one that a
                grid shows: a proportion, not a length in metres.
            samples: Of the space, for the directions.
            epochs: How often the reader sees each labelled shape.
            seed: Of the reader and the samples.
            progress: Told the fraction that is done.

        Raises:
            UsageError: If shapes and labels do not fit, or an attribute is alike in all of them.
        """
        told = progress or (lambda _: None)
        targets, means, spans, kinds = _standard(space, voxels, labels)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            reader = Reader(len(labels), space.resolution)
        fit(reader, voxels, targets, kinds, epochs=epochs, seed=seed, progress=lambda part: told(part / 2))
        z = space.latents(samples, seed)
        scores = _scores_of(space, reader, z, lambda part: told(0.5 + part / 2))
        directions, scales, steps = lines(z - centre_of(space.prior), scores, kinds)
        return cls(
            tuple(labels), directions, scales, steps, means, spans, kinds, reader, space.prior, fingerprint(space)
        )

    def move(self, z: np.ndarray, amounts: Mapping[str, float]) -> np.ndarray:
        """Return latent vectors moved along the attributes' lines, float32 of the shape of `z`.

        Args:
            z: (d,) or (n, d).
            amounts: By name; 1 is one typical change: it gets what it had not, or grows by a standard deviation.

        Raises:
            UsageError: If a name is not known or an amount not finite.
        """
        wanted = self.wanted(amounts)
        moved = np.asarray(z, np.float32) + ((wanted * self.scales) @ self.directions).astype(np.float32)
        return moved.clip(0, 1) if self.prior == "uniform" else moved

    def read(self, voxels: np.ndarray) -> np.ndarray:
        """Return how much of each attribute shapes have, (n, m) float32: a probability, or a number in its own unit.

        Args:
            voxels: (n, r, r, r) bool.
        """
        scores = self.reader.scores(voxels)
        return np.where(self.kinds, 1 / (1 + np.exp(-scores)), scores * self.spans + self.means).astype(np.float32)

    def wanted(self, amounts: Mapping[str, float]) -> np.ndarray:
        """Return the amount of each attribute in order, (m,) float32, 0 where none is asked for.

        Raises:
            UsageError: If a name is not known or an amount not finite.
        """
        for name, amount in amounts.items():
            if name not in self.names:
                raise UsageError(f"attribute {name!r} is not known; there are {', '.join(self.names)}")
            if not np.isfinite(amount):
                raise UsageError(f"attribute {name} is to change by {amount}, which is no finite number")
        return np.array([amounts.get(name, 0.0) for name in self.names], np.float32)

    def check(self, space: ShapeSpace) -> Attributes:
        """Return these attributes.

        Raises:
            UsageError: If they were learned on another space than this.
        """
        if fingerprint(space) != self.space:
            raise UsageError("these attributes were learned on another space; learn them anew on this one")
        return self

    def save(self, path: str | PathLike[str]) -> None:
        """Write one .safetensors file; the reader's weights as float16.

        Raises:
            OutputError: If it cannot be written.
        """
        tensors = {name: torch.from_numpy(np.ascontiguousarray(getattr(self, name))) for name in _ARRAYS}
        for name, weight in self.reader.state_dict().items():
            tensors[f"reader.{name}"] = weight.half() if weight.dim() > 1 else weight
        facts = {"version": VERSION, "names": list(self.names), "reader": self.reader.arguments}
        facts |= {"prior": self.prior, "space": self.space}
        write_bytes(path, safetensors.torch.save(tensors, {KEY: json.dumps(facts, sort_keys=True)}))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Attributes:
        """Return what `save` wrote.

        Raises:
            BadInput: If it is something else, or its parts do not fit each other.
        """
        content = read_bounded(path)
        tensors = parse_tensors(path, content)
        facts = _facts(path, content)
        weights = {name.removeprefix("reader."): t for name, t in tensors.items() if name.startswith("reader.")}
        reader = rebuilt(path, Reader, facts["reader"], weights)
        names = tuple(facts["names"])
        arrays = _arrays(path, {name: tensors[name] for name in _ARRAYS if name in tensors}, len(names))
        if reader.outputs != len(names):
            raise BadInput(path, f"{len(names)} names for a reader of {reader.outputs} attributes")
        return cls(names, **arrays, reader=reader, prior=facts["prior"], space=facts["space"])


def of(name_or_path: str | PathLike[str], space: ShapeSpace | None = None) -> Attributes | None:
    """Return the attributes that lie beside a space, or None if there are none.

    Args:
        name_or_path: Of the space, as `load` takes it.
        space: That space, if it is loaded: then it is made sure that they were learned on it.

    Raises:
        BadInput: If there is no such space, or the attributes' file cannot be used.
        UsageError: If they were learned on another space.
    """
    path = beside(name_or_path)
    if not path.is_file():
        return None
    found = Attributes.load(path)
    return found.check(space) if space else found


def beside(name_or_path: str | PathLike[str]) -> Path:
    """Return where the attributes of a space lie: X.attributes.safetensors, in a run folder attributes.safetensors.

    Raises:
        BadInput: If there is no such space.
    """
    path = find(name_or_path)
    own = "attributes" if path.name == "space.safetensors" else f"{path.stem}.attributes"
    return path.with_name(f"{own}.safetensors")


def fingerprint(space: ShapeSpace) -> str:
    """Return the SHA-256 of a generator's weights, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    for name, weight in sorted(space.generator.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(weight.detach().cpu().numpy()).data)
    return digest.hexdigest()


def lines(z: np.ndarray, scores: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (directions, scales, steps) of attributes, as `Attributes` has them.

    Args:
        z: (n, d), with the prior's centre at 0.
        scores: (n, m) what was read off the shapes of z.
        kinds: (m,) bool: which are there or not.

    Source:
        The shortest step with given effects is the pseudo-inverse of the regression's slopes; with one attribute it
        is the slope itself, as in Shen et al. 2020, where others are projected out one by one.
    """
    bounded = np.where(kinds, scores.clip(-SURE, SURE), scores)
    steps = np.array([_typical(column, kind) for column, kind in zip(bounded.T, kinds, strict=True)])
    slopes = np.linalg.lstsq(np.c_[z, np.ones(len(z))], bounded / steps, rcond=None)[0][:-1]  # (d, m)
    ways = np.linalg.pinv(slopes, rcond=ALIKE)  # (m, d): one typical change of one, none of the others
    lengths = np.linalg.norm(ways, axis=1)
    return (ways / lengths[:, None]).astype(np.float32), lengths.astype(np.float32), steps.astype(np.float32)


def _typical(scores: np.ndarray, kind: bool) -> float:
    """Return one typical change of a score."""
    there = scores > 0
    if kind and there.any() and not there.all():
        return float(scores[there].mean() - scores[~there].mean())
    return SURE if kind else float(scores.std())


def _scores_of(space: ShapeSpace, reader: Reader, z: np.ndarray, progress: Callable[[float], None]) -> np.ndarray:
    """Return what is read off the shapes of z, (n, m), a few in memory at a time."""
    parts = []
    for start in range(0, len(z), 100):
        parts.append(reader.scores(space.decode(z[start : start + 100]) > space.threshold))
        progress(min(1.0, (start + 100) / len(z)))
    return np.concatenate(parts)


def _standard(
    space: ShapeSpace, voxels: np.ndarray, labels: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return (targets, means, spans, kinds): labels as the reader learns them, and how to undo that."""
    if voxels.shape[1:] != (space.resolution,) * 3 or voxels.dtype != bool:
        raise UsageError(
            f"voxels are {voxels.dtype} {voxels.shape}; this space takes bool (n, r, r, r), r {space.resolution}"
        )
    if not labels:
        raise UsageError("there is no label to learn from")
    columns = {name: np.asarray(column) for name, column in labels.items()}
    for name, column in columns.items():
        if column.shape != (len(voxels),) or not np.isfinite(column).all():
            raise UsageError(f"label {name!r} is {column.shape}; it must be {len(voxels)} finite numbers, one a shape")
        if not np.ptp(column.astype(np.float64)):
            raise UsageError(f"label {name!r} is the same in all shapes; there is nothing to learn")
    kinds = np.array([column.dtype == bool for column in columns.values()])
    table = np.stack([column.astype(np.float32) for column in columns.values()], axis=1)
    means = np.where(kinds, 0, table.mean(axis=0)).astype(np.float32)
    spans = np.where(kinds, 1, table.std(axis=0)).astype(np.float32)
    return (table - means) / spans, means, spans, kinds


def _facts(path: str | PathLike[str], content: bytes) -> dict[str, Any]:
    """Return what the header says, of the right kinds.

    Raises:
        BadInput: If it is another file's.
    """
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    try:
        facts = json.loads(header.get("__metadata__", {}).get(KEY, "null"))
    except (ValueError, RecursionError):
        facts = None
    kinds = {"version": int, "names": list, "reader": dict, "prior": str, "space": str}
    if not isinstance(facts, dict) or any(not isinstance(facts.get(name), kind) for name, kind in kinds.items()):
        raise BadInput(path, "holds no attributes of a space", "give what Attributes.save wrote")
    if facts["version"] > VERSION:
        raise BadInput(path, f"version {facts['version']}; this shapespace reads up to {VERSION}", "upgrade it")
    known = all(isinstance(name, str) and 0 < len(name) <= limits.MAX_NAME_BYTES for name in facts["names"])
    if not known or len(set(facts["names"])) < len(facts["names"]) or facts["prior"] not in PRIORS:
        raise BadInput(path, "its names or its prior are not what attributes have")
    return facts


def _arrays(path: str | PathLike[str], tensors: dict[str, torch.Tensor], count: int) -> dict[str, np.ndarray]:
    """Return the arrays of a file, checked against each other."""
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
    for name in _ARRAYS:
        if name not in arrays or arrays[name].shape[:1] != (count,) or arrays[name].ndim != 1 + (name == "directions"):
            raise BadInput(path, f"its {name} are not one row for each of {count} attributes")
        if arrays[name].dtype != (bool if name == "kinds" else np.float32) or not np.isfinite(arrays[name]).all():
            raise BadInput(path, f"its {name} are not finite numbers")
    return arrays
