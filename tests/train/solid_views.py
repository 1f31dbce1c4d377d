"""Stand-ins for the pictures of `data.views`: one colour each, so that what reaches the encoder is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from small_runs import small, small_modern

from shapespace.settings import Settings


class SolidViews:
    """Each shape is a picture of one colour, which grows with its number."""

    def __len__(self) -> int:
        return 26

    def batch(self, shape_indices, *, draw: int) -> tuple[np.ndarray, np.ndarray]:
        numbers = np.asarray(shape_indices, np.int64)
        colours = np.stack([numbers * 9, 255 - numbers * 9, np.full(len(numbers), draw % 200)], axis=1).astype(np.uint8)
        return np.broadcast_to(colours[:, :, None, None], (len(numbers), 3, 256, 256)).copy(), numbers % 72


def with_encoder(settings: Settings, **vae: object) -> Settings:
    """Return the settings with a tiny encoder and the prior it needs."""
    chosen = {"encoder_width": 1, "encoder_rate": 1e-3, "kl_weight": 0.01, "reconstruction_weight": 0.01} | vae
    return replace(settings, nets=replace(settings.nets, prior="normal"), vae=replace(settings.vae, **chosen))


def small_vaegan(**train: object) -> Settings:
    """Return the paper's form: E, then G by what the new E says."""
    return with_encoder(small(**({"shapes": 20} | train)))


def small_vaegan_modern(**train: object) -> Settings:
    """Return the form in which E and G learn from one pass, with everything that makes a step depend on its place."""
    more = {"reconstruction": "bce", "kl_warm_up": 0.5, "free_bits": 0.01, "kl": "mean"}
    return with_encoder(small_modern(**({"shapes": 20} | train)), **more)


FORMS = {"paper": small_vaegan, "modern": small_vaegan_modern}
