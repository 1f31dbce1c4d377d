"""The shape encoder of an earlier run as teacher: what it says of a shape, an image encoder is to say of its picture.

G then need not be asked, and what is aimed at stays where it is: nearly twice the pictures in the same time.

Source: Girdhar et al. 2016 (the T-L network: an image encoder taught by a shape encoder), here with whole posteriors.
"""

from __future__ import annotations

from pathlib import Path

import torch

from shapespace.errors import BadInput, UsageError
from shapespace.nets.shape_encoder import BASE, ShapeEncoder
from shapespace.train import checkpoint

PREFIX = "encoder."


def teacher_of(run: Path, latent_dim: int, device: torch.device) -> ShapeEncoder:
    """Return the shape encoder in the newest checkpoint of a run, which learns no more.

    Args:
        run: Its folder.
        latent_dim: Numbers in a latent vector that the pupil answers with.
        device: Where it is to be.

    Raises:
        BadInput: If there is no such run, or its encoder reads no shapes.
        UsageError: If its latent vectors are of another length.
    """
    saved = checkpoint.latest(run / "checkpoints", lambda _: None) if run.is_dir() else None
    if saved is None:
        raise BadInput(run, "holds no checkpoint", "give the folder of a run with --vae.reads shapes")
    tensors = {name.removeprefix(PREFIX): part for name, part in saved.tensors.items() if name.startswith(PREFIX)}
    last = tensors.get("output.weight")
    if last is None or last.dim() != 5:
        raise BadInput(run, "has no encoder of shapes", "give the folder of a run with --vae.reads shapes")
    if len(last) != 2 * latent_dim:
        raise UsageError(f"{run}: its encoder answers with {len(last) // 2} numbers, this run's with {latent_dim}")
    widths = [len(tensors[f"layers.{number}.0.weight"]) for number in range(_layers(tensors))]
    teacher = ShapeEncoder(latent_dim, BASE << len(widths), widths=widths)
    teacher.load_state_dict(tensors)
    return teacher.eval().requires_grad_(False).to(device)


def _layers(tensors: dict[str, torch.Tensor]) -> int:
    return sum(name.startswith("layers.") and name.endswith(".0.weight") for name in tensors)
