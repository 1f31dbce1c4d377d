"""What stands behind a view: photographs the user has, or rooms made by the program.

A background belongs to one split for ever, by the hash of what it is: the bytes of a photograph, the number of a
room. So no picture that is trained on is ever behind a shape of the test, whatever files are added or renamed.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from shapespace.data.manifest import SPLITS
from shapespace.errors import BadInput, UsageError
from shapespace.limits import MAX_UNPACKED_BYTES

PHOTOGRAPH_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp")
MAX_PHOTOGRAPHS = 1_000_000
MAX_PHOTOGRAPH_BYTES = 64 << 20
MAX_PHOTOGRAPH_PIXELS = 80_000_000
"""Bounds of what is read: a photograph is refused by its header, before its pixels take memory."""

KEPT_SIDE = 384
"""Short side, in pixels, at which a photograph is kept in memory."""

KEPT_BYTES = 256 << 20
"""Photographs kept in memory."""

ROOMS = 1 << 20
"""Rooms there are."""

_SHARES = (0.8, 0.9)


class Rooms:
    """Backgrounds made by the program: endless, seeded, in perspective with the view."""

    name = "rooms made by shapespace"

    def __init__(self) -> None:
        """Nothing is made yet."""
        self.digest = hashlib.sha256(self.name.encode()).hexdigest()

    def picture(self, split: str, seed: Sequence[int], *, elevation: float, size: int) -> np.ndarray:
        """Return (size, size, 3) uint8, a pure function of the arguments.

        Args:
            split: Train, validation or test; the room belongs to it.
            seed: Numbers that name the draw.
            elevation: How far the camera looks down, in degrees.
            size: Pixels along a side.
        """
        from shapespace.shapes.views_room import room

        return room(self.number(split, seed), elevation=elevation, size=size)

    def number(self, split: str, seed: Sequence[int]) -> int:
        """Return the number of a room of the split."""
        random = np.random.default_rng([*seed, 1])
        while True:
            number = int(random.integers(ROOMS))
            if split_of(b"room %d" % number) == split:
                return number


class Photographs:
    """Photographs of a folder, searched to the bottom, or of a zip file, read as they are asked for."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """List and hash the photographs at `path`; none is decoded.

        Raises:
            BadInput: If there is no photograph at `path`.
        """
        self.path = Path(path)
        self.name = self.path.name
        by_hash = {}
        for name, content in _contents(self.path):
            by_hash.setdefault(hashlib.sha256(content).digest(), name)  # copies of one picture are one
        if not by_hash:
            raise BadInput(path, "holds no photograph", f"known are {' '.join(PHOTOGRAPH_EXTENSIONS)}")
        order = sorted(by_hash)  # by content, so that neither names nor the order of a folder matter
        self.digest = hashlib.sha256(b"".join(order)).hexdigest()
        self._names = {split: [by_hash[key] for key in order if _split_of_hash(key) == split] for split in SPLITS}
        self._kept: OrderedDict[str, np.ndarray] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Photographs that differ."""
        return sum(map(len, self._names.values()))

    def names(self, split: str) -> list[str]:
        """Return the files of a split, in the order of their hashes."""
        return list(self._names[split])

    def picture(self, split: str, seed: Sequence[int], *, elevation: float, size: int) -> np.ndarray:
        """Return (size, size, 3) uint8: a part of a photograph of the split, perhaps mirrored.

        Args:
            split: Train, validation or test; the photograph belongs to it.
            seed: Numbers that name the draw.
            elevation: Has no meaning here: a photograph cannot be tilted.
            size: Pixels along a side.

        Raises:
            UsageError: If no photograph falls to the split.
            BadInput: If the photograph cannot be read.
        """
        names = self._names[split]
        if not names:
            raise UsageError(
                f"{self.path} has no photograph for the {split} split: each of the {len(self)} belongs to a split by "
                "its content; give 30 or more"
            )
        random = np.random.default_rng([*seed, 1])
        return _cut(self._photograph(names[int(random.integers(len(names)))]), random, size)

    def _photograph(self, name: str) -> np.ndarray:
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        pixels = _decoded(f"{self.path}/{name}", _content(self.path, name))
        with self._lock:
            if name not in self._kept:
                self._kept[name] = pixels
                self._kept_bytes += pixels.nbytes
            while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
                self._kept_bytes -= self._kept.popitem(last=False)[1].nbytes
        return pixels


Backgrounds = Rooms | Photographs


def open_backgrounds(path: str | os.PathLike[str] | Backgrounds | None) -> Backgrounds:
    """Return the photographs at `path`, or the rooms the program makes if it is None.

    Raises:
        BadInput: If there is no photograph at `path`.
    """
    if path is None:
        return Rooms()
    return path if isinstance(path, Rooms | Photographs) else Photographs(path)


def split_of(content: bytes) -> str:
    """Return the split that content belongs to by its SHA-256: 80 % train, 10 % validation, 10 % test."""
    return _split_of_hash(hashlib.sha256(content).digest())


def _split_of_hash(key: bytes) -> str:
    place = int.from_bytes(key[:8], "big") / 2**64
    return SPLITS[(place >= _SHARES[0]) + (place >= _SHARES[1])]


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of each photograph at `path`."""
    if path.is_file():
        yield from _zipped(path)
        return
    if not path.is_dir():
        raise BadInput(path, "is neither a folder nor a zip of photographs")
    files = sorted(each for each in path.rglob("*") if each.suffix.lower() in PHOTOGRAPH_EXTENSIONS)
    for file in files[:MAX_PHOTOGRAPHS]:
        name = file.relative_to(path).as_posix()
        if file.is_file():
            yield name, _content(path, name)


def _zipped(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            wanted = [each for each in archive.infolist() if each.filename.lower().endswith(PHOTOGRAPH_EXTENSIONS)]
            for member in wanted[:MAX_PHOTOGRAPHS]:
                yield member.filename, _member(path, archive, member)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise BadInput(path, f"is no zip that can be read: {error}", "unpack it and give the folder") from None


def _member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    most = min(MAX_PHOTOGRAPH_BYTES, MAX_UNPACKED_BYTES)
    with archive.open(member) as file:
        content = file.read(most + 1)  # what the header declares may be a lie
    if len(content) > most:
        raise BadInput(f"{path}/{member.filename}", f"is larger than {most >> 20} MB")
    return content


def _content(path: Path, name: str) -> bytes:
    try:
        if path.is_file():
            with zipfile.ZipFile(path) as archive:
                return _member(path, archive, archive.getinfo(name))
        file = path / name
        if file.stat().st_size > MAX_PHOTOGRAPH_BYTES:
            raise BadInput(file, f"is larger than {MAX_PHOTOGRAPH_BYTES >> 20} MB")
        return file.read_bytes()
    except OSError as error:
        raise BadInput(path / name, f"cannot be read: {error.strerror}") from None


def _decoded(name: str, content: bytes) -> np.ndarray:
    """Return (h, w, 3) uint8, the short side about `KEPT_SIDE` at most, turned as its EXIF says."""
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit, below, is lower
            image = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP"))
        with image:
            if image.width * image.height > MAX_PHOTOGRAPH_PIXELS or min(image.size) < 8:
                what = (
                    f"is {image.width} x {image.height} pixels, allowed are 8 x 8 to {MAX_PHOTOGRAPH_PIXELS:,} in all"
                )
                raise BadInput(name, what)
            image.draft("RGB", (2 * KEPT_SIDE, 2 * KEPT_SIDE))  # a JPEG is decoded no larger than is needed
            turned = ImageOps.exif_transpose(image).convert("RGB")
            factor = min(1.0, KEPT_SIDE / min(turned.size))
            small = turned.resize((round(turned.width * factor), round(turned.height * factor)), Image.Resampling.BOX)
            return np.asarray(small)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInput(name, f"is no photograph that can be read: {error}", "remove it") from None


def _cut(pixels: np.ndarray, random: np.random.Generator, size: int) -> np.ndarray:
    """Return (size, size, 3) uint8: a square of 0.55 to 1 of the short side, somewhere, mirrored half of the time."""
    from PIL import Image

    height, width = pixels.shape[:2]
    side = min(height, width) * random.uniform(0.55, 1.0)
    x, y = random.uniform(0, width - side), random.uniform(0, height - side)
    square = Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR, box=(x, y, x + side, y + side))
    cut = np.asarray(square)
    return np.ascontiguousarray(cut[:, ::-1]) if random.random() < 0.5 else cut
