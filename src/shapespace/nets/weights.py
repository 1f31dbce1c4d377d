"""A trained space as one file: weights in safetensors, and in its header all that rebuilds and explains them.

Nothing in such a file is code. What it declares is checked before memory is taken for it: the digest over every byte,
the architecture against written limits, the shape of each tensor against the architecture, and each number finite.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from shapespace import limits
from shapespace.errors import BadInput, DamagedFile, UsageError
from shapespace.files import write_bytes
from shapespace.nets.card import VERSION, SpaceCard, entry, parse
from shapespace.nets.discriminator import Discriminator
from shapespace.nets.encoder import ImageEncoder
from shapespace.nets.generator import Generator

KEY = "shapespace"
"""Of our entry in the header's metadata."""

UNSIGNED = "0" * 64
MAX_CARD_BYTES = limits.MEGABYTE
PICKLES = (".pt", ".pth", ".pkl")
CONVERT = (
    "convert it yourself: "
    'safetensors.torch.save_file(torch.load("G.pth", map_location="cpu", weights_only=True), "G.safetensors")'
)
"""What the owner of pickled weights can do."""

FLOATS = (torch.float32, torch.float16, torch.bfloat16)


class Networks(NamedTuple):
    """What a file of a space holds."""

    generator: Generator
    discriminator: Discriminator | None
    card: SpaceCard
    encoder: ImageEncoder | None = None


def save_space(
    path: str | PathLike[str],
    generator: Generator,
    card: SpaceCard,
    *,
    discriminator: Discriminator | None = None,
    encoder: ImageEncoder | None = None,
    half: bool = False,
) -> SpaceCard:
    """Write one .safetensors file and return the card as it stands in it.

    Args:
        path: Where; written beside, synced and renamed.
        generator: Its weights are written; so is its architecture, whatever the card says.
        card: The rest.
        discriminator: Written too if given.
        encoder: Written too if given; the prior must be normal, for that is what it was taught to stay near.
        half: Store weights as float16 (a few MB less to ship); norms stay float32.

    Raises:
        OutputError: If it cannot be written.
        UsageError: If a weight is not finite, or overflows float16, or the encoder does not fit.
    """
    _check_encoder(encoder, generator, card)
    card = replace(
        card,
        resolution=generator.resolution,
        generator=generator.arguments,
        discriminator=None if discriminator is None else discriminator.arguments,
        encoder=None if encoder is None else encoder.arguments,
        version=1 if encoder is None else VERSION,
    )
    networks = {"generator": generator, "discriminator": discriminator, "encoder": encoder}
    tensors = {
        f"{kind}.{name}": _stored(f"{kind}.{name}", tensor, half)
        for kind, network in networks.items()
        if network is not None
        for name, tensor in network.state_dict().items()
    }
    write_bytes(path, _signed(safetensors.torch.save(tensors, _metadata(entry(card)))))
    return card


def load_space(path: str | PathLike[str], *, sha256: str | None = None) -> Networks:
    """Return generator, discriminator, card and encoder, in evaluation mode, on the CPU; None for what is not there.

    The bytes are read, not mapped: a file changed later cannot change a network in use.

    Args:
        path: A file that `save_space` wrote.
        sha256: Of the whole file, 64 hexadecimal digits, if it is known from elsewhere.

    Raises:
        BadInput: If the file is missing, too large, of another kind, or asks for what is out of bounds.
        DamagedFile: If its bytes are not those that were written.
    """
    content = read_bounded(path)
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256.lower():
        raise DamagedFile(path, "its SHA-256 is not the one that was promised", "fetch it again")
    card = parse(path, _checked_card(path, content))
    tensors = parse_tensors(path, content)
    generator = rebuilt(path, Generator, card.generator, _part(tensors, "generator."))
    discriminator, encoder = None, None
    if card.discriminator is not None:
        discriminator = rebuilt(path, Discriminator, card.discriminator, _part(tensors, "discriminator."))
    if card.encoder is not None:
        encoder = rebuilt(path, ImageEncoder, card.encoder, _part(tensors, "encoder."))
    if card.resolution != generator.resolution:
        raise BadInput(path, f"its card says {card.resolution}^3 but its generator makes {generator.resolution}^3")
    try:
        _check_encoder(encoder, generator, card)
    except UsageError as error:
        raise BadInput(path, str(error)) from None
    return Networks(generator, discriminator, card, encoder)


def _check_encoder(encoder: ImageEncoder | None, generator: Generator, card: SpaceCard) -> None:
    """Refuse an encoder that answers with other latent vectors than the generator takes."""
    if encoder is None:
        return
    if encoder.latent_dim != generator.latent_dim:
        raise UsageError(
            f"its encoder gives {encoder.latent_dim} latent numbers, its generator takes {generator.latent_dim}"
        )
    if card.prior != "normal":
        raise UsageError(f"it has an encoder and a {card.prior} prior; an encoder's is normal")


def read_bounded(path: str | PathLike[str]) -> bytes:
    """Return the bytes of a file of at most `limits.MAX_SPACE_BYTES`.

    Raises:
        BadInput: If it is missing, unreadable or larger.
    """
    try:
        with Path(path).open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            if size > limits.MAX_SPACE_BYTES:
                raise BadInput(path, f"{size:,} bytes; the limit is {limits.MAX_SPACE_BYTES:,}")
            file.seek(0)
            return file.read(limits.MAX_SPACE_BYTES)
    except OSError as error:
        raise BadInput(path, f"cannot be read: {error.strerror or error}") from error


def parse_tensors(path: str | PathLike[str], content: bytes) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file by name.

    Raises:
        BadInput: If it is something else; pickled weights are named as such and never opened.
    """
    if content[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise BadInput(path, "pickled weights (.pt, .pth, .pkl), which can run code and are never opened", CONVERT)
    try:
        return safetensors.torch.load(content)
    except (safetensors.SafetensorError, KeyError, ValueError, TypeError) as error:
        hint = CONVERT if Path(path).suffix.lower() in PICKLES else ""
        raise BadInput(path, f"not a safetensors file: {str(error)[:120]}", hint) from error


def rebuilt(path: str | PathLike[str], kind: type, arguments: dict[str, Any], tensors: dict[str, Tensor]) -> Any:
    """Return a network of `kind` built with `arguments` and filled with `tensors`, in evaluation mode.

    Raises:
        BadInput: If it cannot be built, or the tensors do not fit it.
    """
    try:
        # On the meta device a network has shapes and no memory: what a file asks for costs nothing until it fits.
        with torch.device("meta"):
            network = kind(**arguments)
    except (UsageError, TypeError) as error:
        raise BadInput(path, f"its {kind.__name__.lower()} cannot be built: {error}") from error
    return fill(network, tensors, path)


def fill(network: nn.Module, tensors: dict[str, Tensor], path: str | PathLike[str]) -> nn.Module:
    """Return `network`, built on the meta device, with `tensors` as its weights, in evaluation mode.

    Raises:
        BadInput: If one is missing, superfluous, of another shape or kind, or not finite.
    """
    wanted = network.state_dict()
    if missing := sorted(wanted.keys() - tensors.keys()):
        raise BadInput(path, f"{len(missing)} of its tensors are missing, first {missing[0]}")
    if strange := sorted(tensors.keys() - wanted.keys()):
        raise BadInput(path, f"{len(strange)} of its tensors belong to no layer, first {strange[0][:80]}")
    ready = {name: _checked(path, name, tensors[name], like) for name, like in wanted.items()}
    network.load_state_dict(ready, assign=True)
    return network.eval()


def _checked(path: str | PathLike[str], name: str, tensor: Tensor, like: Tensor) -> Tensor:
    if tensor.shape != like.shape:
        raise BadInput(path, f"{name} is {tuple(tensor.shape)}; its architecture makes it {tuple(like.shape)}")
    if not like.is_floating_point():
        if tensor.dtype != like.dtype:
            raise BadInput(path, f"{name} is {tensor.dtype}, not {like.dtype}")
        return tensor
    if tensor.dtype not in FLOATS:
        raise BadInput(path, f"{name} is {tensor.dtype}, not a float of 16 or 32 bits")
    if not torch.isfinite(tensor).all():
        raise BadInput(path, f"{name} holds numbers that are not finite", "the training run diverged")
    if name.endswith("running_var") and (tensor < 0).any():
        raise BadInput(path, f"{name} holds a negative variance")
    return tensor.to(torch.float32)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _stored(name: str, tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if half and tensor.is_floating_point() and tensor.dim() > 1:
        tensor = tensor.to(torch.float16)
    if not torch.isfinite(tensor).all():
        raise UsageError(f"{name} holds numbers that are not finite{' in float16' if half else ''}: nothing was saved")
    return tensor


def _metadata(card: dict[str, Any]) -> dict[str, str]:
    # One entry: safetensors writes several in any order, and the same space must be the same bytes.
    return {KEY: json.dumps({"digest": UNSIGNED, "card": card}, allow_nan=False, sort_keys=True)}


def _signed(content: bytes) -> bytes:
    """Return `content` with the 64 zeros in its header replaced by the digest of all of it."""
    return content.replace(UNSIGNED.encode(), hashlib.sha256(content).hexdigest().encode(), 1)


def _checked_card(path: str | PathLike[str], content: bytes) -> dict[str, Any]:
    """Return the card, as it was written, of a file whose digest is right."""
    header = content[8 : 8 + int.from_bytes(content[:8], "little")]
    metadata = _json(path, header).get("__metadata__")
    entry = _json(path, str(metadata.get(KEY)).encode()) if isinstance(metadata, dict) else {}
    digest, card = str(entry.get("digest", "")), entry.get("card")
    if len(digest) != len(UNSIGNED) or not isinstance(card, dict):
        parse_tensors(path, content)  # says what else it is, if it can
        raise BadInput(path, "no card in its header: weights, but not a space", "make one of it with shapespace import")
    unsigned = content[:8] + header.replace(digest.encode(), UNSIGNED.encode(), 1) + content[8 + len(header) :]
    if hashlib.sha256(unsigned).hexdigest() != digest:
        raise DamagedFile(path, "its bytes are not those that were written", "copy or fetch it again")
    return card


def _json(path: str | PathLike[str], text: bytes) -> dict[str, Any]:
    """Return a JSON object of at most `MAX_CARD_BYTES`; an empty one where it is no JSON at all."""
    if len(text) > MAX_CARD_BYTES:
        raise BadInput(path, f"its header takes {len(text):,} bytes; the limit is {MAX_CARD_BYTES:,}")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
