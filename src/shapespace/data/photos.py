"""A photograph of one object as the image encoder expects it: turned upright, framed about the object, 256 x 256.

Which pixels are the object's is taken from the picture's own transparency, or from a mask that lies beside it, or else
found by how the object differs from the picture's border; whichever it was is said. What is behind the object is then
replaced by a plain wall; an object that could not be told from it keeps its background.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shapespace.errors import BadInput

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 256
"""Pixels along a side of what is returned."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""What is read; each by its own first bytes, whatever the name. AVIF too, where Pillow has its decoder."""

MAX_PHOTO_BYTES = 64 << 20
MAX_PHOTO_PIXELS = 100_000_000
MIN_PHOTO_SIDE = 16
"""Bounds of what is read: a photograph is refused by its header, before its pixels take memory."""

KEPT_SIDE = 1_024
"""Longer side at which a photograph is worked on."""

FILL = 0.8
"""Part of the frame's side that the object's longer side takes: the middle of what the encoder learned from."""

SOLID, APART = 0.2, 0.7
"""Least part of its box that a found object fills; least part of the distances' variance that the cut explains."""

WALL = 205
"""Grey behind an object that was told from its background."""

_REMOVED = "what is behind it became a plain wall"
_KNOWN = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"}


@dataclass(frozen=True)
class Photo:
    """One photograph, ready to be encoded."""

    picture: np.ndarray
    """(3, 256, 256) uint8: red, green, blue."""
    mask: np.ndarray
    """(256, 256) bool, True on the object; all False where the object could not be told from the background."""
    how: str
    """In words, how the object was found."""


def read_photo(path: str | PathLike[str], *, mask: str | PathLike[str] | None = None) -> Photo:
    """Return a photograph framed about its object.

    Args:
        path: A JPEG, PNG, WebP, AVIF, BMP, GIF, TIFF or PPM file.
        mask: A picture of the same size, bright on the object; by default `NAME.mask.png` beside the photograph, if it
            is there.

    Raises:
        BadInput: If it is missing, damaged, not a photograph, animated, too large or too small; one line says which.
    """
    image = _opened(path, _bytes(path))
    pixels, alpha = _pixels(path, image)
    beside = Path(mask) if mask else Path(path).with_suffix(".mask.png")
    return _photo(image, pixels, alpha, beside if mask or beside.is_file() else None)


def parse_photo(content: bytes, name: str, *, most_pixels: int = MAX_PHOTO_PIXELS) -> Photo:
    """Return a photograph that came as bytes; nothing is looked for beside it.

    Args:
        content: Of a file of one of `FORMATS`.
        name: For messages.
        most_pixels: Of the picture; it is refused by its header.

    Raises:
        BadInput: As `read_photo`.
    """
    image = _opened(name, content, most_pixels)
    return _photo(image, *_pixels(name, image), None)


def _photo(image: Image, pixels: np.ndarray, alpha: np.ndarray | None, mask: Path | None) -> Photo:
    inside, how = _object(pixels, alpha, mask)
    if inside.any() and alpha is None:
        pixels = _before_wall(pixels, inside)
    converted = "converted from CMYK; " if image.mode == "CMYK" else ""
    return Photo(*_framed(pixels, inside, guessed=alpha is None and mask is None), converted + how)


def _opened(path: str | PathLike[str], content: bytes, most_pixels: int = MAX_PHOTO_PIXELS) -> Image:
    """Return a picture whose header was found harmless, not yet decoded."""
    from PIL import Image, UnidentifiedImageError, features

    read = (*FORMATS, "AVIF") if features.check("avif") else FORMATS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound stands below
            image = Image.open(io.BytesIO(content), formats=read)
    except Image.DecompressionBombError:
        raise BadInput(path, f"declares more pixels than the limit of {MAX_PHOTO_PIXELS:,}") from None
    except UnidentifiedImageError:
        raise BadInput(path, _what_else(content), f"save it as one of {', '.join(read)}") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise BadInput(path, f"its header cannot be read: {str(error)[:80]}") from None
    _check(path, image, most_pixels)
    return image


def _check(path: str | PathLike[str], image: Image, most_pixels: int) -> None:
    if image.width * image.height > most_pixels:
        raise BadInput(path, f"{image.width} x {image.height} pixels; the limit is {most_pixels:,}")
    if min(image.size) < MIN_PHOTO_SIDE:
        raise BadInput(path, f"{image.width} x {image.height} pixels show no object; at least {MIN_PHOTO_SIDE} a side")
    # A telephone's JPEG may bring a second picture, of depth or brightness; the first is the photograph.
    if getattr(image, "is_animated", False) and image.format != "MPO":
        raise BadInput(path, "is an animation, or several pictures in one file", "give one picture a file")
    if image.mode not in _KNOWN:
        raise BadInput(path, f"has pixels of kind {image.mode}, which no camera writes", "save it as a plain PNG")


def _bytes(path: str | PathLike[str]) -> bytes:
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_PHOTO_BYTES + 1)
    except OSError as error:
        raise BadInput(path, f"cannot be read: {error.strerror or error}") from None
    if len(content) > MAX_PHOTO_BYTES:
        raise BadInput(path, f"has more than {MAX_PHOTO_BYTES:,} bytes, which is the limit")
    return content


def _what_else(content: bytes) -> str:
    """Return what a file is that is no photograph."""
    head = content[:512].lstrip().lower()
    if b"<svg" in head or head.startswith(b"<?xml"):
        return "is a drawing (SVG), not a photograph"
    if content[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypavif"):
        return "is a HEIC or AVIF picture of a kind that is not read here"
    return "is empty" if not content else "is no picture of a kind that is read"


def _pixels(path: str | PathLike[str], image: Image) -> tuple[np.ndarray, np.ndarray | None]:
    """Return (height, width, 3) uint8, upright and at most `KEPT_SIDE` long, and what is opaque if not all is."""
    from PIL import Image, ImageOps

    try:
        image.draft("RGB", (KEPT_SIDE, KEPT_SIDE))  # a JPEG unfolds to no more than it needs to
        upright = ImageOps.exif_transpose(image)
        if upright.mode == "I;16":
            upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
        clear = upright.mode in ("LA", "PA", "RGBA") or "transparency" in upright.info
        plain = upright.convert("RGBA" if clear else "RGB")
        plain.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.BOX)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInput(
            path, f"its pixels cannot be read: {str(error)[:80]}", "the file is damaged or cut off"
        ) from None
    pixels = np.asarray(plain)
    if not clear or (pixels[..., 3] >= 128).all():
        return np.ascontiguousarray(pixels[..., :3]), None
    alpha = pixels[..., 3:].astype(np.float32) / 255
    return (pixels[..., :3] * alpha + WALL * (1 - alpha)).round().astype(np.uint8), alpha[..., 0] >= 0.5


def _object(pixels: np.ndarray, alpha: np.ndarray | None, mask: Path | None) -> tuple[np.ndarray, str]:
    """Return (height, width) bool, and how it was found."""
    if mask is not None:
        return _mask(mask, pixels.shape[:2]), f"object as {mask.name} has it; {_REMOVED}"
    if alpha is not None and alpha.any():
        return alpha, "object as its transparency has it"
    found = stands_out(pixels)
    if found is None:
        return np.zeros(pixels.shape[:2], bool), "no object stands out from the border; the whole picture is taken"
    return found, f"object found by its difference from the border, no mask was given; {_REMOVED}"


def _before_wall(pixels: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the picture with a plain wall for whatever is not the object, its edge soft over two pixels."""
    from scipy import ndimage

    part = ndimage.gaussian_filter(inside.astype(np.float32), 0.8)[..., None]
    return (pixels * part + WALL * (1 - part)).round().astype(np.uint8)


def _mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    from PIL import Image

    pixels, _ = _pixels(path, _opened(path, _bytes(path)))
    fitted = Image.fromarray(pixels).convert("L").resize(size[::-1], Image.Resampling.BOX)
    inside = np.asarray(fitted) >= 128
    if not inside.any():
        raise BadInput(path, "is dark everywhere: a mask is bright on the object")
    return inside


def stands_out(pixels: np.ndarray, *, colours: int = 4) -> np.ndarray | None:
    """Return (height, width) bool of what differs from the border's colours and hangs together, or None.

    Each pixel's distance from the nearest of a few colours that the border has is cut where it separates best (Otsu
    1979); of what is beyond, the largest piece is kept and its holes stay open. None if that is a speck, nearly all,
    a mere scribble in its box, or if the cut separates badly: then the border is as colourful as the object.

    Args:
        pixels: (height, width, 3) uint8.
        colours: Of the border, at most.
    """
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    smooth = ndimage.gaussian_filter(pixels.astype(np.float32), (2, 2, 0))
    edge = max(2, min(pixels.shape[:2]) // 32)
    frame = np.ones(pixels.shape[:2], bool)
    frame[edge:-edge, edge:-edge] = False
    centres = _centres(smooth[frame], colours)
    distance = np.min(np.linalg.norm(smooth[..., None, :] - centres, axis=-1), axis=-1)
    if distance.max() < 12:  # a picture of one colour
        return None
    beyond = distance > threshold_otsu(distance)
    labels, count = ndimage.label(beyond)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    inside = labels == 1 + int(np.argmax(sizes))
    filled = inside.sum() / max(1, np.ptp(np.argwhere(inside), axis=0).prod())
    apart = (
        1
        - np.where(beyond, distance - distance[beyond].mean(), distance - distance[~beyond].mean()).var()
        / distance.var()
    )
    return inside if 0.01 <= inside.mean() <= 0.85 and filled > SOLID and apart > APART else None


def _centres(samples: np.ndarray, count: int, rounds: int = 8) -> np.ndarray:
    """Return (count, 3) colours about which the samples lie: k-means from the quantiles of brightness."""
    order = samples[np.argsort(samples.sum(axis=1), kind="stable")]
    centres = order[np.linspace(0, len(order) - 1, 2 * count + 1).astype(int)[1::2]]
    for _ in range(rounds):
        nearest = np.argmin(np.linalg.norm(samples[:, None] - centres, axis=-1), axis=1)
        centres = np.stack(
            [samples[nearest == k].mean(0) if (nearest == k).any() else centres[k] for k in range(count)]
        )
    return centres


def _framed(pixels: np.ndarray, inside: np.ndarray, *, guessed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return (3, SIDE, SIDE) uint8 and (SIDE, SIDE) bool: a square about the object; the border's colour is beyond."""
    from PIL import Image

    height, width = inside.shape
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    top, bottom, left, right = (
        (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) if len(rows) else (0, height, 0, width)
    )
    side = max(bottom - top, right - left) / (FILL if len(rows) else 1.0)
    side = min(side, max(height, width)) if guessed else side  # a wrong guess must not make the object smaller
    x, y = (left + right - side) / 2, (top + bottom - side) / 2
    frame = (int(np.floor(x)), int(np.floor(y)), int(np.ceil(x + side)), int(np.ceil(y + side)))
    around = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = tuple(int(value) for value in np.median(around, axis=0))
    square = _cropped(Image.fromarray(pixels), frame, colour).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    cut = _cropped(Image.fromarray(inside.astype(np.uint8) * 255), frame, 0).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.ascontiguousarray(np.asarray(square).transpose(2, 0, 1)), np.asarray(cut) >= 128


def _cropped(image: Image, frame: tuple[int, int, int, int], beyond: int | tuple[int, ...]) -> Image:
    from PIL import Image as Images

    left, top, right, bottom = frame
    canvas = Images.new(image.mode, (right - left, bottom - top), beyond)
    canvas.paste(image, (-left, -top))
    return canvas
