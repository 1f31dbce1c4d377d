"""The fixed classifier: a small network that tells furniture apart, whose features measure what samples are like.

Frechet distance, precision, recall, density and coverage need vectors in which like shapes are near. These are the
last hidden layer of this network. It was trained once, by `tools/fixed_classifier.py`, on ModelNet10's training split,
and never changes silently: its name, its accuracy and the hash of its file stand in every report.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from shapespace.data.fit import fit

FILE = Path(__file__).with_name("classifier.safetensors")
RESOLUTION = 32
WIDTHS = (16, 32, 64, 128)
FEATURES = 128
BATCH = 64


class Network(nn.Module):
    """Four convolutions of kernel 4 and stride 2, then two linear layers; 0.8 million parameters.

    Args:
        categories: How many it tells apart.
    """

    def __init__(self, categories: int) -> None:
        """Draw first weights."""
        super().__init__()
        sides = zip((1, *WIDTHS[:-1]), WIDTHS, strict=True)
        self.body = nn.Sequential(*[_layer(a, b) for a, b in sides])
        corner = RESOLUTION >> len(WIDTHS)
        self.hidden = nn.Linear(WIDTHS[-1] * corner**3, FEATURES)
        self.dropout = nn.Dropout(0.5)
        self.score = nn.Linear(FEATURES, categories)

    def features(self, grids: Tensor) -> Tensor:
        """Return (batch, 128) of (batch, 1, 32, 32, 32) in [0, 1]."""
        return self.hidden(self.body(grids).flatten(1)).relu()

    def forward(self, grids: Tensor) -> Tensor:
        """Return (batch, categories) logits."""
        return self.score(self.dropout(self.features(grids)))


@dataclass(frozen=True, eq=False)
class Classifier:
    """The network with what is known of it.

    Args:
        network: In evaluation mode.
        facts: `name`, `categories`, `accuracy` on held-out clusters with `low` and `high`, the recipe, the terms.
        sha256: Of the file it was read from.
    """

    network: Network
    facts: dict[str, Any]
    sha256: str

    @property
    def entry(self) -> dict[str, Any]:
        """What stands in a report."""
        return {key: self.facts[key] for key in ("name", "accuracy", "low", "high")} | {"sha256": self.sha256}

    def features(self, voxels: np.ndarray) -> np.ndarray:
        """Return (n, 128) float32 of (n, r, r, r) bool shapes of any resolution."""
        return self._each(voxels, self.network.features)

    def logits(self, voxels: np.ndarray) -> np.ndarray:
        """Return (n, categories) float32."""
        return self._each(voxels, self.network)

    @torch.no_grad()
    def _each(self, voxels: np.ndarray, function: Any) -> np.ndarray:
        parts = (voxels[start : start + BATCH] for start in range(0, len(voxels), BATCH))
        return np.concatenate([function(grids(part)).numpy() for part in parts])


def grids(voxels: np.ndarray) -> Tensor:
    """Return shapes as the network takes them, (n, 1, 32, 32, 32), fitted as `data prepare` fits grids."""
    fitted = voxels if voxels.shape[-1] == RESOLUTION else np.stack([fit(shape, RESOLUTION)[0] for shape in voxels])
    return torch.from_numpy(fitted.astype(np.float32))[:, None]


@cache
def fixed() -> Classifier:
    """Return the classifier that is part of shapespace.

    Raises:
        DamagedFile: If its file is not what it was.
    """
    return read(FILE)


def read(path: Path) -> Classifier:
    """Return the classifier in a file.

    Raises:
        DamagedFile: If it is none.
    """
    import safetensors.torch
    from safetensors import SafetensorError

    from shapespace.errors import DamagedFile

    data = path.read_bytes()
    try:
        tensors = safetensors.torch.load(data)
        size = int.from_bytes(data[:8], "little")
        facts = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["facts"])
        network = Network(len(facts["categories"]))
        network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (SafetensorError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise DamagedFile(path, f"is no classifier: {str(error)[:200]}", "install shapespace again") from None
    return Classifier(network.eval(), facts, hashlib.sha256(data).hexdigest())


def write(path: Path, network: Network, facts: dict[str, Any]) -> None:
    """Write a network in half precision with its facts."""
    import safetensors.torch

    from shapespace.files import write_bytes

    # Batch norm's count of batches is an integer, and of no use after training.
    tensors = {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    write_bytes(path, safetensors.torch.save(tensors, metadata={"facts": json.dumps(facts)}))


def _layer(width_in: int, width_out: int) -> nn.Sequential:
    conv = nn.Conv3d(width_in, width_out, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm3d(width_out), nn.ReLU(inplace=True))
