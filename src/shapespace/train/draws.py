"""Random numbers as pure functions of (seed, step, purpose): nothing to save, nothing to restore.

A resumed run, or one on another number of ranks, draws the very same latents and augmentations.
"""

from __future__ import annotations

import hashlib

import torch


def generator_for(seed: int, step: int, purpose: str) -> torch.Generator:
    """Return a CPU random generator that belongs to one purpose in one step of one run."""
    digest = hashlib.blake2b(f"{seed}/{step}/{purpose}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)
