"""The collapse check of an image encoder: does the picture decide the shape, or would any picture do?

A variational encoder that has learned to ignore its pictures looks healthy by its losses. What gives it away is that
shapes made of pictures match their own truths no better than those of other pictures, and that the divergence from the
prior is nowhere used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from shapespace.data.store import Store
from shapespace.data.views import Views
from shapespace.nets.encoder import as_seen
from shapespace.settings import Settings
from shapespace.shapes.cut import best_cut
from shapespace.tensors import Images, Latent
from shapespace.train import variational

CHECKED = 32
"""Held-out shapes, a picture each: always the same, so that rows can be compared."""

TOGETHER = 16
"""Pictures, and shapes, that pass a network at a time."""


class CollapseCheck:
    """Looks at an encoder through fixed pictures of held-out shapes."""

    def __init__(self, views: Views, store: Store, settings: Settings, device: torch.device) -> None:
        """Choose the shapes and keep a picture of each.

        Args:
            views: Of the store's shapes.
            store: The run's data; its validation split is used, or the training split where there is no other.
            settings: Of the whole run.
            device: Where the networks are.
        """
        category = settings.run.category or None
        held_out = store.indices("validation", category)
        among = held_out if len(held_out) > 1 else store.indices("train", category)
        order = np.random.default_rng(settings.run.seed).permutation(among)
        chosen = np.sort(order[:CHECKED])
        self.pictures = torch.from_numpy(views.batch(chosen, draw=0)[0])
        self.truths = torch.from_numpy(store.read(chosen)).flatten(1).float()
        self.tanh, self.device = settings.nets.activation == "tanh", device

    def measure(self, encoder: nn.Module, generator: nn.Module) -> dict[str, Any]:
        """Return the check's numbers of the networks as they are now.

        Returns:
            `iou_own`, of each picture's shape with the truth, `iou_shuffled`, with the truths of the other pictures,
            and `iou_gap`, the first minus the second; `kl_dimensions`, nats a dimension, averaged over the pictures;
            `active_dimensions`, those that vary with the picture.
        """
        mean, log_variance = _evaluated(encoder, self._encoded)
        voxels = cut(_evaluated(generator, lambda net: self._decoded(net, mean)))
        own, shuffled = own_and_shuffled(voxels, self.truths)
        nats = variational.divergences(mean, log_variance).mean(0)
        return {
            "iou_own": own, "iou_shuffled": shuffled, "iou_gap": own - shuffled,
            "active_dimensions": variational.active_dimensions(mean),
            "kl_dimensions": [round(value, 4) for value in nats.tolist()],
        }  # fmt: skip

    def _encoded(self, encoder: nn.Module) -> tuple[Latent, Latent]:
        images: list[Images] = [as_seen(part.to(self.device)) for part in self.pictures.split(TOGETHER)]
        means, log_variances = zip(*(encoder(part) for part in images), strict=True)
        return torch.cat(means).float().cpu(), torch.cat(log_variances).float().cpu()

    def _decoded(self, generator: nn.Module, z: Latent) -> Tensor:
        grids = torch.cat([generator(part.to(self.device)).float().cpu() for part in z.split(TOGETHER)])
        return (grids + 1) / 2 if self.tanh else grids


def cut(occupancy: Tensor) -> Tensor:
    """Return the voxels of shapes made of pictures, bool, same shape: each at its own best cut."""
    levels = torch.tensor([best_cut(grid) for grid in occupancy.numpy()])
    return occupancy > levels.view(-1, *[1] * (occupancy.dim() - 1))


def own_and_shuffled(voxels: Tensor, truths: Tensor) -> tuple[float, float]:
    """Return the mean IoU of shapes with their own truths, and with all the others'.

    Args:
        voxels: (n, ...) bool or 0 and 1, n at least 2.
        truths: The same number of voxels each.
    """
    ious = iou_table(voxels, truths)
    own = ious.diagonal().mean()
    count = len(ious)
    return float(own), float((ious.sum() - ious.diagonal().sum()) / (count * (count - 1)))


def iou_table(a: Tensor, b: Tensor) -> Tensor:
    """Return the IoU of each shape of `a` with each of `b`, (len(a), len(b)); two empty shapes have 1."""
    a, b = a.flatten(1).float(), b.flatten(1).float()
    both = a @ b.T
    either = a.sum(1)[:, None] + b.sum(1)[None, :] - both
    return torch.where(either > 0, both / either.clamp_min(1), torch.ones(()))


@torch.no_grad()
def _evaluated(network: nn.Module, look: Any) -> Any:
    """Return what `look` makes of a network in evaluation mode, and leave the network as it was."""
    was_training = network.training
    network.eval()
    try:
        return look(network)
    finally:
        network.train(was_training)
