"""What a space is, but for its weights: the card that stands in its file's header."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import Any

from shapespace.errors import BadInput, UsageError
from shapespace.nets.prior import PRIORS

VERSION = 2
"""Of the file's layout; a reader refuses a newer one. Without an encoder a file is written as version 1, which every
reader understands."""

FORMER = "picture_threshold"
"""Of shapes made of pictures, in files of an earlier shapespace; now each has its own (`shapes.cut`)."""


@dataclass(frozen=True)
class SpaceCard:
    """What a space is: everything about it but its weights.

    Raises:
        UsageError: If the prior is unknown or the threshold is not between 0 and 1.
    """

    prior: str = "uniform"
    """Distribution of z it was trained on, and the only one it is sampled from."""
    threshold: float = 0.5
    """A voxel is inside where its occupancy is above this; chosen on validation data."""
    categories: tuple[str, ...] = ()
    """What it was trained on, as in ("chair",)."""
    data: dict[str, Any] = field(default_factory=dict)
    """Where the data came from."""
    licence: str = ""
    """Under which terms the weights may be used."""
    trained: dict[str, Any] = field(default_factory=dict)
    """How it was trained: preset, shapes seen, minutes, versions."""
    name: str = ""
    resolution: int = 64
    """Voxels along a side; filled in from the generator."""
    generator: dict[str, Any] = field(default_factory=dict)
    """Keywords that build the generator again; filled in from it."""
    discriminator: dict[str, Any] | None = None
    """The same of the discriminator, None if the file holds none."""
    encoder: dict[str, Any] | None = None
    """The same of the image encoder, None if the file holds none."""
    version: int = 1
    """Of the file's layout: `VERSION` with an encoder, 1 without; filled in when it is written."""

    def __post_init__(self) -> None:
        """Refuse what would make the space lie about itself, and keep plain numbers and names."""
        object.__setattr__(self, "threshold", float(self.threshold))
        object.__setattr__(self, "categories", tuple(map(str, self.categories)))
        if self.prior not in PRIORS:
            raise UsageError(f"prior {self.prior!r} is not known; use one of {', '.join(PRIORS)}")
        if not 0 < self.threshold < 1:
            raise UsageError(f"threshold {self.threshold!r} must lie between 0 and 1")


def entry(card: SpaceCard) -> dict[str, Any]:
    """Return the card as it stands in the file; without an encoder as readers of version 1 know it."""
    written: dict[str, Any] = dict(asdict(card))
    if card.encoder is None:
        del written["encoder"]
    return written


def parse(path: str | PathLike[str], found: dict[str, Any]) -> SpaceCard:
    """Return the card that a file's header holds.

    Raises:
        BadInput: If it is of a newer version, or a field is not known or of another kind.
    """
    if not isinstance(found.get("version"), int) or found["version"] > VERSION:
        raise BadInput(path, f"version {found.get('version')!r}; this shapespace reads up to {VERSION}", "upgrade it")
    for name, value in found.items():
        if name not in _PLAIN:
            raise BadInput(path, f"its card has a field {name[:40]!r} that is not known")
        if isinstance(value, bool) or not isinstance(value, _PLAIN[name]):
            raise BadInput(path, f"its card's {name} is a {type(value).__name__}")
    try:
        return SpaceCard(**{name: value for name, value in found.items() if name != FORMER})
    except UsageError as error:
        raise BadInput(path, f"its card is wrong: {error}") from error


_PLAIN: dict[str, tuple[type, ...]] = {
    "prior": (str,), "threshold": (float,), "categories": (list,), "data": (dict,), "licence": (str,),
    "trained": (dict,), "name": (str,), "resolution": (int,), "generator": (dict,),
    "discriminator": (dict, type(None)), "encoder": (dict, type(None)), "version": (int,),
    FORMER: (float, type(None)),
}  # fmt: skip
