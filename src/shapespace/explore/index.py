"""Nearest vectors among millions: usearch's graph, and one checksummed file to keep it in.

Up to `EXACT_UP_TO` vectors every one is compared. Beyond that the graph is walked, which misses a near one now and
then. Numbers are kept in a byte each: a distance is right to about a hundredth.

The file is a line of magic, the length of a JSON header, the header, and usearch's own bytes. It is a cache of one's
own: the checksum finds damage, not malice, so an index that came with somebody else's data is best deleted.

Source: Malkov and Yashunin 2018, hierarchical navigable small worlds, as usearch has them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput, DamagedFile, UsageError
from shapespace.files import atomic_file

if TYPE_CHECKING:
    from usearch.index import Index as Graph

MAGIC = b"shapespace index 1\n"
EXACT_UP_TO = 20_000
MAX_HEADER_BYTES = 65_536
HINT = "delete it; it is built again"


class Index:
    """Vectors by number, to be searched for the nearest.

    Args:
        graph: usearch's.
        facts: What the vectors are, for whoever wants to know whether it still fits.
    """

    def __init__(self, graph: Graph, facts: Mapping[str, Any]) -> None:
        """Take both as they are."""
        self._graph, self.facts = graph, dict(facts)

    @classmethod
    def build(
        cls,
        vectors: np.ndarray | Iterable[np.ndarray],
        *,
        facts: Mapping[str, Any] | None = None,
        threads: int = 1,
        told: Callable[[int], object] = lambda _: None,
    ) -> Index:
        """Return the index of vectors numbered from 0 on.

        Args:
            vectors: (n, d), or blocks of rows. Floats are compared by their angle, the distance 1 - cosine; uint8 are
                bits, eight a byte, compared by 1 - IoU.
            facts: Kept with it; as JSON can hold them.
            threads: 0 means all cores; with more than one, ties and rare misses may differ from time to time.
            told: Called with the vectors added so far.

        Raises:
            UsageError: If there are none, or a number is not finite.
        """
        graph = None
        for block in [vectors] if isinstance(vectors, np.ndarray) else vectors:
            graph = _graph(block) if graph is None else graph
            first = len(graph)
            graph.add(np.arange(first, first + len(block), dtype=np.uint64), _checked(block), threads=threads)
            told(len(graph))
        if graph is None or not len(graph):
            raise UsageError("there is nothing to search among")
        return cls(graph, facts or {})

    def __len__(self) -> int:
        """Return how many vectors there are."""
        return len(self._graph)

    @property
    def bytes(self) -> int:
        """Memory it takes."""
        return int(self._graph.memory_usage)

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (numbers, distances) of the nearest, nearest first: (m, k) int64 and (m, k) float32.

        Args:
            queries: (m, d), or (d,) for one, whose answers are (k,).
            k: How many; fewer are returned if there are fewer.

        Raises:
            UsageError: If k is out of bounds, or the queries have another length or are not finite.
        """
        rows, length = np.atleast_2d(queries), _stored_length(self._graph)
        if rows.ndim != 2 or rows.shape[1] != length:
            raise UsageError(f"a query is {np.shape(queries)}; this index takes ({length},)")
        k = min(checked(k), len(self))
        if not len(rows):
            return np.zeros((0, k), np.int64), np.zeros((0, k), np.float32)
        exact = len(self) <= EXACT_UP_TO
        found = self._graph.search(_checked(rows), k, exact=exact, threads=1)
        shape = (k,) if np.ndim(queries) == 1 else (len(rows), k)
        return found.keys.astype(np.int64).reshape(shape), found.distances.astype(np.float32).reshape(shape)

    def save(self, path: str | PathLike[str]) -> None:
        """Write it as one file.

        Raises:
            OutputError: If it cannot be written.
        """
        payload = self._graph.save()
        assert payload is not None
        facts = {"facts": self.facts, "bytes": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}
        header = json.dumps(facts, allow_nan=False).encode()
        with atomic_file(path) as file:
            file.write(MAGIC + len(header).to_bytes(4, "little") + header)
            file.write(payload)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Index:
        """Return the index in a file.

        Raises:
            BadInput: If it cannot be read.
            DamagedFile: If its bytes are not those that were written.
        """
        from usearch.index import Index as Graph

        header, payload = _opened(path)
        try:
            graph = Graph.restore(payload)
        except (RuntimeError, ValueError) as error:
            raise DamagedFile(path, f"holds no index: {str(error)[:80]}", HINT) from error
        if graph is None or not len(graph):
            raise DamagedFile(path, "holds no index", HINT)
        return cls(graph, header["facts"])


def checked(k: int) -> int:
    """Return how many neighbours are wanted.

    Raises:
        UsageError: If it is out of bounds.
    """
    if not 1 <= k <= limits.MAX_NEIGHBOURS:
        raise UsageError(f"k is {k}; it must be from 1 to {limits.MAX_NEIGHBOURS:,}")
    return k


def facts_of(path: str | PathLike[str]) -> Mapping[str, Any]:
    """Return what the vectors of the index in a file are, without reading them.

    Raises:
        BadInput: If it cannot be read.
        DamagedFile: If it is no such file.
    """
    try:
        with Path(path).open("rb") as file:
            return _header(file, path)["facts"]
    except OSError as error:
        raise BadInput(path, f"cannot be read: {error.strerror or error}") from error


def _opened(path: str | PathLike[str]) -> tuple[Mapping[str, Any], bytes]:
    """Return header and payload of a file, each compared with what the header says."""
    try:
        with Path(path).open("rb") as file:
            header = _header(file, path)
            payload = file.read(header["bytes"] + 1)
    except OSError as error:
        raise BadInput(path, f"cannot be read: {error.strerror or error}") from error
    if len(payload) != header["bytes"] or hashlib.sha256(payload).hexdigest() != header["sha256"]:
        raise DamagedFile(path, "its bytes are not those that were written", HINT)
    return header, payload


def _header(file: BinaryIO, path: str | PathLike[str]) -> Mapping[str, Any]:
    start = file.read(len(MAGIC) + 4)
    length = int.from_bytes(start[len(MAGIC) :], "little")
    if not start.startswith(MAGIC) or len(start) != len(MAGIC) + 4 or length > MAX_HEADER_BYTES:
        raise DamagedFile(path, "is no index of shapespace", HINT)
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError) as error:
        raise DamagedFile(path, "its header cannot be read", HINT) from error
    if not _is_header(header):
        raise DamagedFile(path, "its header is not what it should be", HINT)
    return header


def _is_header(header: object) -> bool:
    if not isinstance(header, dict) or not isinstance(header.get("facts"), dict):
        return False
    size = header.get("bytes")
    sized = isinstance(size, int) and not isinstance(size, bool) and 0 < size <= limits.MAX_INDEX_BYTES
    return sized and isinstance(header.get("sha256"), str)


def _graph(block: np.ndarray) -> Graph:
    from usearch.index import Index as Graph

    if block.ndim != 2 or not block.shape[1]:
        raise UsageError(f"vectors are {block.shape}; give rows of numbers")
    if block.dtype == np.uint8:
        return Graph(ndim=8 * block.shape[1], metric="tanimoto", dtype="b1")
    return Graph(ndim=block.shape[1], metric="cos", dtype="i8")


def _stored_length(graph: Graph) -> int:
    """Return the numbers, or the bytes of bits, in a row."""
    return graph.ndim // 8 if _of_bits(graph) else graph.ndim


def _of_bits(graph: Graph) -> bool:
    from usearch.index import ScalarKind

    return graph.dtype == ScalarKind.B1


def _checked(rows: np.ndarray) -> np.ndarray:
    """Return rows as usearch takes them: bits as they are, numbers as float32 of length 1."""
    if rows.dtype == np.uint8:
        return np.ascontiguousarray(rows)
    rows = np.asarray(rows, np.float32)
    if not np.isfinite(rows).all():
        raise UsageError("vectors hold numbers that are not finite")
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-12))
