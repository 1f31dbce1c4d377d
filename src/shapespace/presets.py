"""Complete named runs. `docs/results.md` shows what each reaches, in how long.

A preset is a function that returns all settings of a run, so that reading it tells everything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shapespace.errors import UsageError
from shapespace.settings import AugmentSettings, NetSettings, RunSettings, Settings, TrainSettings


def paper() -> Settings:
    """Return the recipe as printed: what the paper states, and the usual values where it is silent.

    Source: Wu et al. 2016, section 3.1. It is slow to start: D's rate is 250 times below G's, and for a long time
    the samples are a grey block, which the watchdog would stop.
    """
    return Settings(run=RunSettings(watchdog="warn"))


def modern() -> Settings:
    """Return what trains best by our measurements (`docs/results.md`), at 32^3 and on one CPU core in 45 minutes."""
    return Settings(
        nets=NetSettings(
            latent_dim=128,
            prior="normal",
            generator_width=48,
            discriminator_width=32,
            discriminator_norm="none",
            bias=True,
            start="he",
            symmetry="auto",
        ),
        train=TrainSettings(
            batch_size=16,
            shapes=92_000,
            generator_rate=2e-3,
            discriminator_rate=5e-4,
            final_rate=0.1,
            beta1=0.0,
            beta2=0.99,
            balance=1.0,
            loss="relativistic",
            r1=3.0,
            r2=3.0,
            penalty_every=4,
            one_pass=True,
            ema_half_life=1_000,
        ),
        augment=AugmentSettings(mirror=True, shift=1, soften=0.5),
    )


def laptop() -> Settings:
    """Return `modern` with narrower networks: something to look at within ten minutes on a laptop's CPU."""
    settings = modern()
    return replace(
        settings,
        nets=replace(settings.nets, generator_width=16, discriminator_width=16),
        train=replace(settings.train, shapes=30_000),
    )


def tiny() -> Settings:
    """Return the smallest run that shows a shape: the demo, about three minutes on two cores at 32^3."""
    settings = modern()
    return replace(
        settings,
        nets=replace(settings.nets, latent_dim=64, generator_width=12, discriminator_width=12),
        train=replace(settings.train, shapes=8_000, ema_half_life=500.0),
        run=replace(settings.run, sheet_every=1_000, save_every=2_000),
    )


PRESETS: dict[str, Callable[[], Settings]] = {"paper": paper, "modern": modern, "laptop": laptop, "tiny": tiny}


def preset(name: str) -> Settings:
    """Return the settings of a named preset.

    Raises:
        UsageError: If there is none of that name.
    """
    if name not in PRESETS:
        raise UsageError(f"no preset {name!r}; there are: {', '.join(PRESETS)}")
    return PRESETS[name]()
