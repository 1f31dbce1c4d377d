"""Numbers in lines of text, read a megabyte at a time so that memory stays near the size of the result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np

from shapespace.errors import BadInput

BLOCK_BYTES = 1 << 20
BLOCK_ROWS = 1 << 15
LONGEST_LINE = 1 << 20
"""Bytes; a polygon of a thousand corners takes a fortieth of it."""

LARGEST_INDEX = 2**53

_COMMENT = re.compile(rb"#[^\r\n]*")


def blocks(data: bytes) -> Iterator[bytes]:
    """Yield the text in pieces of about a megabyte that end where a line ends."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + BLOCK_BYTES) + 1 or len(data)
        yield data[start:end]
        start = end


class Lines:
    """The lines of a text one after the other, without comments, blank lines and spaces at their ends."""

    def __init__(self, data: bytes) -> None:
        """Begin at the start of the text; a byte order mark is no part of it."""
        self._lines = self._all(data.removeprefix(b"\xef\xbb\xbf"))

    def take(self, most: int) -> list[bytes]:
        """Return the next lines, fewer than `most` only at the end."""
        return [line for _, line in zip(range(most), self._lines, strict=False)]

    def _all(self, data: bytes) -> Iterator[bytes]:
        for block in blocks(data):
            clean = _COMMENT.sub(b"", block) if b"#" in block else block
            yield from filter(None, map(bytes.strip, clean.splitlines()))


def numbers(name: str, words: Iterable[bytes]) -> np.ndarray:
    """Return (n,) float64.

    Raises:
        BadInput: If a word is no number.
    """
    try:
        return np.fromiter(map(float, words), np.float64)
    except ValueError as error:
        shown = str(error).rpartition(": ")[2][:60]
        raise BadInput(name, f"expected a number, found {shown}", "is it what its ending says?") from None


def table(name: str, lines: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Return (values, counts): the numbers of all lines, and how many are in each.

    Raises:
        BadInput: If a word is no number, or a line is longer than any that is meant.
    """
    longest = max(map(len, lines), default=0)
    if longest > LONGEST_LINE:
        raise BadInput(name, f"has a line of {longest} bytes, at most {LONGEST_LINE} are read")
    # Each line is split twice, because the words of all of them at once take twenty times the memory of the text.
    counts = np.fromiter((len(line.split()) for line in lines), np.int64, len(lines))
    return numbers(name, chain.from_iterable(map(bytes.split, lines))), counts


def columns(name: str, values: np.ndarray, counts: np.ndarray, wanted: list[int]) -> np.ndarray:
    """Return (rows, wanted) float64: the numbers at the wanted places of each row.

    Raises:
        BadInput: If a row is too short.
    """
    if len(counts) and counts.min() <= max(wanted):
        raise BadInput(name, f"a line has {counts.min()} numbers where {max(wanted) + 1} are needed")
    return values[(np.cumsum(counts) - counts)[:, None] + np.array(wanted)]


def whole(name: str, values: np.ndarray) -> np.ndarray:
    """Return the values as int64.

    Raises:
        BadInput: If one is no whole number, or too large to name anything.
    """
    fits = (np.abs(values) <= LARGEST_INDEX) & (values == np.trunc(values))
    if not fits.all():
        raise BadInput(name, f"expected a whole number, found {values[np.argmin(fits)]:g}")
    return values.astype(np.int64)


def ragged(starts: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the places start, start + 1, ... of each row, `counts` of them, rows one after the other."""
    return np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())


def polygons(name: str, values: np.ndarray, counts: np.ndarray, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return (corners, counts) of rows "n a b c ..." with anything after: an OFF face or a PLY list.

    Args:
        name: Of the file, for messages.
        values: The numbers of all rows.
        counts: (rows,) how many numbers each has.
        first: Place of n within a row.

    Raises:
        BadInput: If a row is shorter than its n says.
    """
    sizes = whole(name, columns(name, values, counts, [first])[:, 0])
    if len(sizes) and (sizes.min() < 0 or (sizes + first + 1 > counts).any()):
        raise BadInput(name, "a face has fewer corners than it declares", "the file may have been cut short")
    return whole(name, values[ragged(np.cumsum(counts) - counts + first + 1, sizes)]), sizes


def rows_of(template: str, values: np.ndarray) -> str:
    """Return one line of text a row; `%r` in the template writes the shortest digits that mean the same number.

    Args:
        template: Of one line, with its line end and a placeholder for each column.
        values: (rows, columns).
    """
    return (template * len(values)) % tuple(values.ravel().tolist())
