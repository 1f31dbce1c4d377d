"""A trained model as one object: sample it, decode latent vectors, encode pictures, save it, load it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import replace
from os import PathLike
from pathlib import Path

import numpy as np
import torch

from shapespace import limits
from shapespace.errors import BadInput, UsageError
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.encoder import SIDE, ImageEncoder, as_seen
from shapespace.nets.fast import FastGenerator
from shapespace.nets.generator import Generator
from shapespace.nets.prior import sample_prior
from shapespace.nets.weights import SpaceCard, load_space, save_space
from shapespace.shapes.cut import best_cut
from shapespace.shapes.shape import Shape, Shapes

SHIPPED = Path(__file__).parent / "spaces"
TOGETHER = 8
"""Shapes decoded at a time: about 27 MB each at 64^3."""


class ShapeSpace:
    """A learned space of shapes.

    It is sampled from the prior it was trained on and from no other, and always in evaluation mode.

    Args:
        generator: Trained; a copy of its weights as they are now is what samples.
        card: What it was trained on and how; its prior and threshold rule here.
        discriminator: If it is kept, for its features.
        encoder: If it learned to read pictures.
    """

    def __init__(
        self,
        generator: Generator,
        card: SpaceCard,
        *,
        discriminator: Discriminator | None = None,
        encoder: ImageEncoder | None = None,
    ) -> None:
        """Take the networks as they are."""
        self.generator, self.discriminator, self.card = generator, discriminator, card
        self.encoder = encoder.eval() if encoder else None
        self._fast = FastGenerator(generator)

    def __repr__(self) -> str:
        """Return what it is, in a line."""
        what = ", ".join(self.card.categories) or "shapes"
        return f"ShapeSpace({what} at {self.resolution}^3, {self.latent_dim} latent numbers, {self.prior} prior)"

    @property
    def resolution(self) -> int:
        """Voxels along a side."""
        return self.generator.resolution

    @property
    def latent_dim(self) -> int:
        """Numbers in a latent vector."""
        return self.generator.latent_dim

    @property
    def prior(self) -> str:
        """Distribution of latent vectors it was trained on."""
        return self.card.prior

    @property
    def threshold(self) -> float:
        """A voxel is inside where its occupancy is above this."""
        return self.card.threshold

    def to(self, device: str | torch.device) -> ShapeSpace:
        """Return this space, moved to a device."""
        self._fast.to(device)
        self.generator.to(device)
        if self.discriminator is not None:
            self.discriminator.to(device)
        if self.encoder is not None:
            self.encoder.to(device)
        return self

    def latents(self, n: int, seed: int = 0) -> np.ndarray:
        """Return n latent vectors from the prior, (n, latent_dim) float32.

        The i-th depends on the seed and on i alone: more samples are the same ones and further ones.

        Args:
            n: How many, at most `limits.MAX_SAMPLES`.
            seed: Any whole number from 0 up.

        Raises:
            UsageError: If n or the seed is out of bounds.
        """
        if not 0 <= n <= limits.MAX_SAMPLES:
            raise UsageError(f"n is {n}; it must be from 0 to {limits.MAX_SAMPLES:,}")
        if not 0 <= seed < 2**63:
            raise UsageError(f"seed is {seed}; it must be a whole number from 0 up, below 2^63")
        rows = [sample_prior(self.prior, 1, self.latent_dim, generator=_source(seed, i)) for i in range(n)]
        return torch.cat(rows).numpy() if rows else np.zeros((0, self.latent_dim), np.float32)

    def decode(self, z: np.ndarray | torch.Tensor) -> np.ndarray:
        """Return the occupancy of each latent vector, (n, x, y, z) float32 in [0, 1].

        On the CPU a shape is the same, bit for bit, whatever others are decoded with it.

        Args:
            z: (n, latent_dim).

        Raises:
            UsageError: If the shape of z is another or a number in it is not finite.
        """
        return np.concatenate([np.zeros((0, *[self.resolution] * 3), np.float32), *self._decoded(z)])

    def occupancy(self, z: torch.Tensor) -> torch.Tensor:
        """Return the occupancy of each latent vector with its gradient, (n, 1, x, y, z) in [0, 1].

        `decode` is faster where no gradient is wanted.

        Args:
            z: (n, latent_dim), on the device of the generator.
        """
        grid = self.generator(z)
        return (grid + 1) / 2 if self.generator.activation == "tanh" else grid

    def stream(self, z: np.ndarray | torch.Tensor) -> Iterator[Shape]:
        """Yield the shape of each latent vector, a few at a time in memory.

        Args:
            z: (n, latent_dim).

        Raises:
            UsageError: If the shape of z is another or a number in it is not finite.
        """
        rows = iter(_rows(z, self.latent_dim).numpy())
        for grids in self._decoded(z):
            for grid in grids:
                yield Shape(grid, next(rows).copy(), self.threshold, self.card)

    @torch.inference_mode()
    def encode(self, images: np.ndarray | torch.Tensor) -> np.ndarray:
        """Return the latent vector of each picture, (n, latent_dim) float32: the mean of what E thinks possible.

        Args:
            images: (n, 3, 256, 256): red, green, blue; uint8, or floats in [-1, 1].

        Raises:
            UsageError: If this space has no encoder, or the pictures have another shape or range.
        """
        encoder = self.reader()
        pictures = _tensor(images)
        seen = as_seen(pictures) if pictures.dtype == torch.uint8 else pictures.float()
        if seen.shape[1:] == (3, SIDE, SIDE) and not (seen.abs() <= 1).all():
            raise UsageError("images hold numbers outside [-1, 1]; give uint8 pictures, or 0 to 255 taken to -1 to 1")
        device = next(encoder.parameters()).device
        means = [encoder(part.to(device))[0].cpu().numpy() for part in seen.split(TOGETHER)]
        return np.concatenate([np.zeros((0, self.latent_dim), np.float32), *means])

    def reconstruct(self, images: np.ndarray | torch.Tensor) -> Shape:
        """Return the shape of a picture, or of several pictures of one object, whose latent vectors are averaged.

        Args:
            images: (3, 256, 256) or (n, 3, 256, 256), as `encode` takes them.

        Raises:
            UsageError: If this space has no encoder, or the pictures have another shape or range.
        """
        pictures = _tensor(images)
        z = self.encode(pictures[None] if pictures.dim() == 3 else pictures)
        if not len(z):
            raise UsageError("no pictures were given; one is enough")
        return self.guess(z.mean(axis=0))

    def guess(self, z: np.ndarray) -> Shape:
        """Return the shape of a picture's latent vector, which hedges as no sample does: cut where it overlaps most.

        Args:
            z: (latent_dim,), what `encode` says of a picture.

        Raises:
            UsageError: If the shape of z is another or a number in it is not finite.
        """
        shape = next(self.stream(z[None]))
        return replace(shape, threshold=best_cut(shape.occupancy))

    def reader(self) -> ImageEncoder:
        """Return the image encoder.

        Raises:
            UsageError: If this space was trained without one.
        """
        if self.encoder is None:
            raise UsageError("this space reads no pictures: it was trained without an encoder; see --preset vaegan")
        return self.encoder

    def sample(self, n: int = 1, seed: int = 0) -> Shapes:
        """Return n new shapes; the i-th depends on the seed and on i alone.

        Args:
            n: How many; each takes 1 MB at 64^3. For very many, use `stream(latents(n, seed))`.
            seed: Any whole number from 0 up.

        Raises:
            UsageError: If n or the seed is out of bounds.
        """
        return Shapes(self.stream(self.latents(n, seed)))

    def save(self, path: str | PathLike[str], *, half: bool = False) -> None:
        """Write the space as one .safetensors file.

        Args:
            path: Where.
            half: Store weights as float16.

        Raises:
            OutputError: If it cannot be written.
        """
        self.card = save_space(
            path, self.generator, self.card, discriminator=self.discriminator, encoder=self.encoder, half=half
        )

    def _decoded(self, z: np.ndarray | torch.Tensor) -> Iterator[np.ndarray]:
        device = self._fast.project_weight.device
        for part in _rows(z, self.latent_dim).split(TOGETHER):
            grids = self._fast(part.to(device))[:, 0]
            if self._fast.activation == "tanh":
                grids = grids.add(1).div(2)
            yield grids.cpu().numpy()


def load(name_or_path: str | PathLike[str], *, sha256: str | None = None) -> ShapeSpace:
    """Return a trained space.

    Args:
        name_or_path: The name of one that comes with shapespace, a .safetensors file, or the folder of a run.
        sha256: Of the file, if it is known from elsewhere.

    Raises:
        BadInput: If there is none, or it cannot be used.
        DamagedFile: If its bytes are not those that were written.
    """
    found = load_space(find(name_or_path), sha256=sha256)
    return ShapeSpace(found.generator, found.card, discriminator=found.discriminator, encoder=found.encoder)


def shipped() -> list[str]:
    """Return the names of the spaces that come with shapespace."""
    # NAME.attributes.safetensors beside a space is no space
    return sorted(path.stem for path in SHIPPED.glob("*.safetensors") if "." not in path.stem)


def find(name_or_path: str | PathLike[str]) -> Path:
    """Return the file that `load` reads for a name, a file or a run folder.

    Raises:
        BadInput: If there is none; it names the spaces that are shipped.
    """
    path = Path(name_or_path)
    if path.is_dir():
        if not (path / "space.safetensors").is_file():
            raise BadInput(path, "holds no space.safetensors", "give the folder of a run that has saved a space")
        return path / "space.safetensors"
    if path.is_file():
        return path
    if str(name_or_path) in shipped():
        return SHIPPED / f"{name_or_path}.safetensors"
    near = difflib.get_close_matches(str(name_or_path), shipped(), n=1)
    hint = f"did you mean {near[0]}?" if near else f"shipped spaces: {', '.join(shipped()) or 'none'}"
    raise BadInput(str(name_or_path), "is neither a file, nor a run folder, nor a shipped space", hint)


def _source(seed: int, index: int) -> torch.Generator:
    state = np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) >> 1)


def _tensor(values: np.ndarray | torch.Tensor) -> torch.Tensor:
    if isinstance(values, np.ndarray) and not values.flags.writeable:
        values = values.copy()  # memory-mapped, say: torch warns of what it cannot write to
    return torch.as_tensor(values)


def _rows(z: np.ndarray | torch.Tensor, latent_dim: int) -> torch.Tensor:
    rows = _tensor(z).to(torch.float32).detach().cpu()
    if rows.dim() != 2 or rows.shape[1] != latent_dim:
        raise UsageError(f"z is {tuple(rows.shape)}; this space takes (n, {latent_dim})")
    if not torch.isfinite(rows).all():
        raise UsageError("z holds numbers that are not finite")
    return rows
