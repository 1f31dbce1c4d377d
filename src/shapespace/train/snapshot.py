"""What a run shows of itself while it goes: sheets of fixed latents, their diversity, and the space so far."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from shapespace import __version__
from shapespace.data.store import Store, spaced
from shapespace.nets.prior import sample_prior
from shapespace.nets.weights import SpaceCard, save_space
from shapespace.settings import Settings
from shapespace.shapes.grid import components
from shapespace.tensors import Occupancy
from shapespace.train.draws import generator_for

if TYPE_CHECKING:
    from shapespace.train.ema import Ema
    from shapespace.train.gan import Gan
    from shapespace.train.vaegan import VaeGan

SHOWN = 24
"""Shapes on a sheet: always those of the same latents, so that sheets can be compared."""

WATCHED = 16
"""Shapes in the batch whose diversity is logged."""

JUDGED = 512
"""Samples whose occupancy is matched to the validation shapes' for the threshold; a sheet makes do with a quarter."""

THRESHOLDS = np.round(np.arange(0.1, 0.91, 0.05), 2)
"""Candidates for the threshold that is saved with a space."""

SETTLED, SETTLING_BATCHES = 64, 8
"""Latents in a batch, and batches, under which the average's batch norm statistics are measured."""


class Snapshot:
    """Looks at a generator through fixed latents."""

    def __init__(self, store: Store, settings: Settings, device: torch.device) -> None:
        """Draw the latents, and measure the real shapes once.

        Args:
            store: The run's data.
            settings: Of the whole run.
            device: Where the generator is.
        """
        self.store, self.settings, self.device = store, settings, device
        nets = settings.nets
        rng = generator_for(settings.run.seed, 0, "snapshot")
        self.latents = sample_prior(nets.prior, JUDGED, nets.latent_dim, generator=rng)
        category = settings.run.category or None
        train = store.indices("train", category)
        held_out = store.indices("validation", category)
        judged = store.read(spaced(held_out if len(held_out) else train, 512))
        self.held_out_occupancy = judged.reshape(len(judged), -1).mean(axis=1)
        self.diversity_real = diversity(torch.from_numpy(store.read(spaced(train, WATCHED))).float()[:, None])

    def settling_latents(self) -> list[Tensor]:
        """Return batches of the prior under which the average's batch norm is measured, always the same."""
        rng = generator_for(self.settings.run.seed, 0, "settle")
        nets = self.settings.nets
        batches = [sample_prior(nets.prior, SETTLED, nets.latent_dim, generator=rng) for _ in range(SETTLING_BATCHES)]
        return [z.to(self.device) for z in batches]

    def diversity(self, generator: nn.Module) -> dict[str, float]:
        """Return how much the shapes of fixed latents differ, beside the same number of real shapes."""
        fake = self._occupancy(generator, WATCHED)
        return {"diversity_fake": diversity(fake), "diversity_real": self.diversity_real}

    def sheet(self, generator: nn.Module, path: Path) -> None:
        """Write a picture of the shapes of the fixed latents, binarised at the threshold chosen now."""
        from shapespace.shapes.render import save_sheet

        occupancy = self._occupancy(generator, JUDGED // 4)
        grids = occupancy[:SHOWN, 0].numpy() > choose_threshold(occupancy, self.held_out_occupancy)
        save_sheet(path, list(grids), columns=8)

    def space(self, system: Gan | VaeGan, ema: Ema, path: Path, shapes: int) -> None:
        """Write the space so far: the averaged generator, the other networks, and all that rebuilds them."""
        threshold = choose_threshold(self._occupancy(ema.network, JUDGED), self.held_out_occupancy)
        category = self.settings.run.category
        card = SpaceCard(
            prior=self.settings.nets.prior,
            threshold=threshold,
            categories=(category,) if category else tuple(self.store.category_names),
            data=dict(self.store.provenance),
            licence=str(self.store.provenance.get("licence", "")),
            trained={"shapes": shapes, "seed": self.settings.run.seed, "shapespace": __version__},
        )
        others: dict[str, Any] = {k: v for k, v in system.networks.items() if k != "generator"}
        if self.settings.vae.reads == "shapes":  # it has done its work: what it knew is in how G lays its shapes out
            others.pop("encoder", None)
        # pyrefly: ignore[bad-argument-type]  (an average is of any network; here it is a Generator)
        save_space(path, ema.network, card, **others)

    @torch.no_grad()
    def _occupancy(self, generator: nn.Module, count: int) -> Occupancy:
        """Return the first fixed latents' occupancy in [0, 1], (count, 1, x, y, z), on the CPU."""
        was_training = generator.training
        generator.eval()
        pieces = [generator(z.to(self.device)).float().cpu() for z in self.latents[:count].split(16)]
        generator.train(was_training)
        grids = torch.cat(pieces)
        return (grids + 1) / 2 if self.settings.nets.activation == "tanh" else grids


def diversity(grids: Occupancy) -> float:
    """Return the mean soft Jaccard-like distance between the shapes of a batch, in [0, 1]; 0 is one shape for all.

    The distance of two grids is the sum of their differences over the sum of both.
    """
    flat = grids.flatten(1)
    sums = flat.sum(1)
    total = (sums[:, None] + sums[None, :]).clamp_min(1e-6)
    distances = torch.cdist(flat, flat, p=1) / total
    count = len(flat)
    return float(distances.sum() / max(count * (count - 1), 1))


def choose_threshold(occupancy: Occupancy, held_out: np.ndarray) -> float:
    """Return the threshold at which samples are as full as held-out shapes are and most of them are in one piece.

    "As full" means that the mean occupancies differ by less than 5 %, or than the standard error of their difference if
    that is more. Among such thresholds connectedness decides, then nearness to 0.5; where there is none,
    the one that comes nearest in occupancy.

    Args:
        occupancy: Samples in [0, 1], (batch, 1, x, y, z).
        held_out: Share of full voxels of each held-out shape.
    """
    grids = occupancy[:, 0].numpy()
    shares = np.stack([(grids > level).mean(axis=(1, 2, 3)) for level in THRESHOLDS])
    gaps = np.abs(shares.mean(axis=1) - held_out.mean())
    errors = np.sqrt(shares.var(axis=1) / shares.shape[1] + held_out.var() / len(held_out))
    close = np.flatnonzero(gaps <= np.maximum(0.05 * held_out.mean(), errors))
    if not len(close):
        return float(THRESHOLDS[int(np.argmin(gaps))])
    levels = [float(level) for level in THRESHOLDS[close]]
    return min(levels, key=lambda level: (-_in_one_piece(grids > level), abs(level - 0.5)))


def _in_one_piece(voxels: np.ndarray) -> float:
    """Return the share of shapes (n, x, y, z) whose voxels all hang together by their faces."""
    return float(np.mean([components(grid)[1] == 1 for grid in voxels]))
