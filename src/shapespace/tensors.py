"""Named tensor types: what the arrays that cross a border mean, with their shapes.

Axes everywhere: `grid[x, y, z]`, right-handed, z up; batches `(batch, 1, x, y, z)`.
They are jaxtyping annotations: checked in the tests, free in use.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

Latent = Float[Tensor, "batch latent"]
"""Latent vectors z, drawn from a prior."""

Occupancy = Float[Tensor, "batch 1 x y z"]
"""Probabilities in [0, 1] that a voxel is inside the shape (in [-1, 1] for a tanh generator)."""

Logits = Float[Tensor, " batch"]
"""One score a shape, before the sigmoid; above 0 means real."""

Images = Float[Tensor, "batch 3 height width"]
"""Pictures as the encoder expects them."""

Scalar = Float[Tensor, ""]
"""One number, still on its device."""
