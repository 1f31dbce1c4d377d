"""The arithmetic of both networks: how many layers a resolution takes, how wide they are, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence

from shapespace.errors import UsageError

RESOLUTIONS = (16, 32, 64, 128, 256)
"""Voxels along a side the networks are built for."""

PROJECTIONS = ("conv", "linear")
MAX_LATENT_DIM = 8_192
MAX_WIDTH = 4_096
"""Channels of one layer."""

MAX_PARAMETERS = 500_000_000
"""Of one network: 2 GB of float32. What a file asks for is compared with this before memory is taken."""


def widths_for(resolution: int, base: int = 4, *, narrowest: int = 64) -> tuple[int, ...]:
    """Return channels a layer, narrowest (nearest the full grid) first: 64, 128, 256, then 512 throughout.

    At 64^3 these are the paper's. Above, they stop at eight times the narrowest, so that 256^3 costs memory for voxels,
    not for weights.
    """
    return tuple(min(8 * narrowest, narrowest << layer) for layer in range(doublings(resolution, base)))


def doublings(resolution: int, base: int) -> int:
    """Return how many layers of stride 2 lie between a grid of side `base` and one of side `resolution`.

    Raises:
        UsageError: If the resolution is not one of `RESOLUTIONS`, or the base is not a smaller power of two.
    """
    if resolution not in RESOLUTIONS:
        raise UsageError(f"resolution {resolution!r} is not one of {', '.join(map(str, RESOLUTIONS))}")
    if base not in (1, 2, 4, 8, 16) or base >= resolution:
        raise UsageError(f"base {base!r} must be a power of two, at most 16 and below the resolution {resolution}")
    return (resolution // base).bit_length() - 1


def checked_widths(widths: Sequence[int] | None, resolution: int, base: int) -> tuple[int, ...]:
    """Return the channels of each hidden layer, narrowest first, `widths` where given, else the rule's.

    Raises:
        UsageError: If their number does not fit the resolution or one is out of bounds.
    """
    layers = doublings(resolution, base)
    if widths is None:
        return widths_for(resolution, base)
    if len(widths) != layers:
        raise UsageError(f"widths {tuple(widths)} has {len(widths)} numbers; {resolution}^3 takes {layers}")
    for width in widths:
        check_range("a width", width, MAX_WIDTH)
    return tuple(int(width) for width in widths)


def check_range(name: str, value: int, most: int) -> None:
    """Refuse what is not a whole number from 1 to `most`.

    Raises:
        UsageError: Naming the argument and its value.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise UsageError(f"{name} is {value!r}; it must be a whole number from 1 to {most}")


def check_flag(name: str, value: bool) -> None:
    """Refuse what is neither True nor False.

    Raises:
        UsageError: Naming the argument and its value.
    """
    if not isinstance(value, bool):
        raise UsageError(f"{name} is {value!r}; it must be true or false")


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Refuse what is not one of the choices.

    Raises:
        UsageError: Naming the argument, its value and the choices.
    """
    if value not in choices:
        raise UsageError(f"{name} {value!r} is not known; use one of {', '.join(choices)}")


def check_parameters(count: int) -> None:
    """Refuse a network of more than `MAX_PARAMETERS` parameters, before any is allocated.

    Raises:
        UsageError: With the number and the limit.
    """
    if count > MAX_PARAMETERS:
        raise UsageError(f"these widths make {count:,} parameters; the limit is {MAX_PARAMETERS:,}")
