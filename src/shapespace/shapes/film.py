"""Shapes in motion: one after the other while the camera goes once around, as a GIF or an MP4."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from os import PathLike
from pathlib import Path

import numpy as np

from shapespace.errors import UsageError
from shapespace.files import atomic_file, write_bytes
from shapespace.shapes.mesh import Mesh
from shapespace.shapes.render import BACKGROUND, render

FRAMES_A_SECOND = 14
COLOURS = 64
"""In the palette of a GIF: one for all frames, or the clay would flicker."""


def turntable(
    shapes: Sequence[Mesh | np.ndarray], *, size: int = 256, azimuth: float = 30.0, turns: float = 1.0
) -> Iterator[np.ndarray]:
    """Yield a (size, size, 3) uint8 picture of each shape, the camera going on around from one to the next.

    Args:
        shapes: Meshes or grids, a frame each.
        size: Pixels along a side.
        azimuth: Degrees from the front, of the first.
        turns: Of the camera over all frames; whole ones end just short of the beginning, so that a loop is smooth.
    """
    ground = np.array(BACKGROUND, np.float32)
    for number, shape in enumerate(shapes):
        seen = render(shape, azimuth=azimuth + 360 * turns * number / len(shapes), size=size).astype(np.float32)
        alpha = seen[..., 3:] / 255
        yield (seen[..., :3] * alpha + ground * (1 - alpha)).round().astype(np.uint8)


def save_gif(path: str | PathLike[str], frames: Iterable[np.ndarray], *, rate: int = FRAMES_A_SECOND) -> None:
    """Write pictures as an animated GIF that goes round for ever.

    Args:
        path: Where.
        frames: (height, width, 3) uint8 each, at least one, all alike in size.
        rate: Frames a second.

    Raises:
        OutputError: If it cannot be written.
    """
    from PIL import Image

    pictures = [Image.fromarray(frame) for frame in frames]
    several = np.concatenate([np.asarray(picture) for picture in pictures[:: max(1, len(pictures) // 6)]])
    palette = Image.fromarray(several).quantize(COLOURS)
    indexed = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    with atomic_file(path) as file:
        indexed[0].save(
            file, format="GIF", save_all=True, append_images=indexed[1:], duration=round(1000 / rate), loop=0,
            optimize=False,
        )  # fmt: skip


def save_mp4(path: str | PathLike[str], frames: Iterable[np.ndarray], *, rate: int = FRAMES_A_SECOND) -> None:
    """Write pictures as an MP4 (H.264), by the optional package imageio-ffmpeg.

    Args:
        path: Where.
        frames: (height, width, 3) uint8 each, at least one, all alike in size, which is even.
        rate: Frames a second.

    Raises:
        UsageError: If the package is not installed.
        OutputError: If it cannot be written.
    """
    try:
        ffmpeg = import_module("imageio_ffmpeg")
    except ImportError:
        raise UsageError(
            "an MP4 needs the package imageio-ffmpeg: pip install 'shapespace[film]'; a GIF does not"
        ) from None
    pictures = list(frames)
    height, width = pictures[0].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        writer = ffmpeg.write_frames(str(film), (width, height), fps=rate, macro_block_size=2)
        writer.send(None)
        for picture in pictures:
            writer.send(np.ascontiguousarray(picture))
        writer.close()
        write_bytes(path, film.read_bytes())
