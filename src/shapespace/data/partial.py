"""A half-finished job on disk: chunks that are done, whole and checksummed, beside the store they will become.

`X.shapes.partial/` holds the fingerprint of the plan and, for each finished chunk, its bits and then its
records; a chunk without records is not finished. So a job that is killed at any moment goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from bisect import bisect_right
from dataclasses import asdict
from pathlib import Path

import numpy as np

from shapespace.data.sources import Refusal
from shapespace.data.work import Made, Record
from shapespace.errors import DamagedFile, UsageError
from shapespace.files import write_bytes, write_text

PLAN_NAME = "plan.json"


class Partial:
    """The chunks of one plan."""

    def __init__(self, folder: Path, fingerprint: str, resolution: int) -> None:
        """Open the folder, or begin it.

        Raises:
            UsageError: If the folder holds chunks of another plan.
        """
        self.folder = folder
        self.shape_bytes = math.ceil(resolution**3 / 8)
        plan = folder / PLAN_NAME
        if not plan.exists():
            write_text(plan, json.dumps({"fingerprint": fingerprint}))
        elif not self.belongs_to(folder, fingerprint):
            raise UsageError(
                f"{folder} holds the unfinished work of another job (its source, options or program version differ); "
                "remove that folder to begin anew, or choose another --out"
            )

    @staticmethod
    def belongs_to(folder: Path, fingerprint: str) -> bool:
        """Return whether the folder holds chunks of the plan with this fingerprint."""
        try:
            return json.loads((folder / PLAN_NAME).read_text())["fingerprint"] == fingerprint
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def done(self, chunk: int) -> bool:
        """Return whether a chunk is finished; its records are written last."""
        return self._records(chunk).exists()

    def put(self, chunk: int, made: Made) -> None:
        """Keep a finished chunk."""
        bits = made.bits.tobytes()
        record = {
            "sha256": hashlib.sha256(bits).hexdigest(),
            "records": [asdict(record) for record in made.records],
            "refused": [asdict(refusal) for refusal in made.refused],
            "left_out": made.left_out,
        }
        write_bytes(self.bits_file(chunk), bits)
        write_text(self._records(chunk), json.dumps(record))

    def get(self, chunk: int) -> Made:
        """Return a finished chunk.

        Raises:
            DamagedFile: If its bits are not those that were written.
        """
        record = json.loads(self._records(chunk).read_text())
        bits = self.bits_file(chunk).read_bytes()
        if hashlib.sha256(bits).hexdigest() != record["sha256"]:
            raise DamagedFile(self.bits_file(chunk), "is not what was written", f"remove {self.folder} and run again")
        return Made(
            np.frombuffer(bits, np.uint8).reshape(-1, self.shape_bytes),
            [Record(**fields) for fields in record["records"]],
            [Refusal(**fields) for fields in record["refused"]],
            record["left_out"],
        )

    def remove(self) -> None:
        """Remove the folder: the store holds everything now."""
        shutil.rmtree(self.folder)

    def bits_file(self, chunk: int) -> Path:
        """Return the file of a chunk's packed shapes."""
        return self.folder / f"chunk-{chunk:06d}.bits"

    def _records(self, chunk: int) -> Path:
        return self.folder / f"chunk-{chunk:06d}.json"


class ChunkBits:
    """Packed shapes by their number over all chunks, read as they are asked for."""

    def __init__(self, partial: Partial, sizes: list[int]) -> None:
        """Take the chunks' numbers of shapes, in order."""
        self.partial = partial
        self.ends = np.cumsum(sizes).tolist()

    def __call__(self, shapes: np.ndarray) -> np.ndarray:
        """Return (n, bytes) uint8."""
        size = self.partial.shape_bytes
        bits = np.empty((len(shapes), size), np.uint8)
        for row, shape in zip(bits, shapes.tolist(), strict=True):
            chunk = bisect_right(self.ends, shape)
            start = self.ends[chunk - 1] if chunk else 0
            with self.partial.bits_file(chunk).open("rb", buffering=0) as file:
                file.seek((shape - start) * size)
                file.readinto(row.data)
        return bits
