"""What the endpoints share: the spaces and their batchers, the pools, the budgets, the counters."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from starlette.responses import Response

from shapespace import limits
from shapespace.serve import answers, wire
from shapespace.serve.batcher import ROWS, Batcher
from shapespace.serve.bodies import Budget, Pieces
from shapespace.serve.jobs import Jobs, Progress, Work
from shapespace.serve.metrics import Metrics
from shapespace.serve.schemas import Request
from shapespace.serve.spaces import Spaces
from shapespace.serve.trouble import Trouble
from shapespace.serve.uploads import Uploads
from shapespace.space import ShapeSpace


class Service:
    """Everything between a request that was understood and its answer.

    Three threads beside the event loop: one decodes, one makes files, one does long work. The health check needs none.

    Args:
        spaces: That are served.
        rows: Shapes decoded in a forward pass, of whoever waits.
    """

    def __init__(self, spaces: Spaces, *, rows: int = ROWS) -> None:
        """Start nothing yet."""
        self._rows = rows
        self.spaces, self.metrics = spaces, Metrics()
        self.unsent = Budget(limits.MAX_UNSENT_BYTES)
        self._decoding = ThreadPoolExecutor(1, "decode")
        self._making = ThreadPoolExecutor(1, "make")
        self._long = ThreadPoolExecutor(1, "long")
        self.jobs, self.making = Jobs(self._long, self.metrics), Jobs(self._making, self.metrics, most=64)
        self.uploads = Uploads(self.metrics)
        self._batchers = {name: self._batcher(space) for name, space in spaces}
        self.metrics.watch("shapes_waiting", lambda: sum(each.waiting for each in self._batchers.values()))
        self.metrics.watch("jobs_waiting", lambda: self.jobs.running)
        self.metrics.watch("unsent_bytes", lambda: self.unsent.held)

    def close(self) -> None:
        """End threads and processes; what was begun is finished."""
        self.uploads.close()
        for pool in (self._decoding, self._making, self._long):
            pool.shutdown(wait=False, cancel_futures=True)

    def latents(self, name: str, rows: list[list[float]]) -> np.ndarray:
        """Return latent vectors that a client sent, (n, latent_dim) float32.

        Raises:
            Trouble: If one is not of the space's length.
        """
        wanted = self.spaces[name].latent_dim
        for number, row in enumerate(rows):
            if len(row) != wanted:
                raise Trouble(422, "invalid", f"latent vector {number} has {len(row)} numbers; {name} takes {wanted}")
        return np.asarray(rows, np.float32).reshape(len(rows), wanted)

    async def decode(self, name: str, z: np.ndarray) -> np.ndarray:
        """Return the quantised occupancy of latent vectors, (n, r, r, r) uint8."""
        self.check_count(name, len(z))
        if not np.isfinite(z).all():
            raise Trouble(422, "invalid", "a latent vector is not finite")
        return await self._batchers[name].decode(np.asarray(z, np.float32))

    def check_count(self, name: str, count: int) -> None:
        """Refuse more shapes than an answer holds.

        Raises:
            Trouble: If so.
        """
        side = self.spaces[name].resolution
        most = limits.MAX_SERVED_VOXELS // side**3
        if count > most:
            raise Trouble(422, "too_many", f"{count} shapes at {side}^3 are too many; at most {most} in one answer")

    async def run(self, work: Work[Any]) -> Any:
        """Return what a short piece of work gives, done beside the event loop."""
        return await self.making.run(work)

    async def shapes(
        self, name: str, asked: Request, z: np.ndarray, *, grids: np.ndarray | None = None, **extra: Any
    ) -> Response:
        """Return the shapes of latent vectors as the client wants them.

        Args:
            name: Of the space.
            asked: The request: its format and threshold.
            z: (n, latent_dim).
            grids: Their quantised occupancy, if it is known.
            **extra: For the header.

        Raises:
            Trouble: If the format cannot hold them.
        """
        answers.check(asked.format, len(z))
        grids = await self.decode(name, z) if grids is None else grids
        packet = wire.Packet(z, grids, asked.threshold or self.spaces[name].threshold, extra)
        content = await self.encoded(asked.format, packet)
        headers = answers.headers(asked.format, name)
        return Pieces(content, self.unsent, media_type=answers.MEDIA[asked.format], headers=headers)

    async def encoded(self, format: str, packet: wire.Packet) -> bytes:
        """Return shapes in a format; only copying bytes is done on the event loop."""
        if format == "shapes":
            return answers.encoded(format, packet)

        def make(_: Progress) -> bytes:
            return answers.encoded(format, packet)

        return await self.run(make)

    def _batcher(self, space: ShapeSpace) -> Batcher:
        def decode(z: np.ndarray) -> np.ndarray:
            return wire.quantised(space.decode(z))

        return Batcher(decode, self._decoding, counted=self._count, rows=self._rows)

    def _count(self, rows: int) -> None:
        self.metrics.count("shapes_decoded_total", rows)
        self.metrics.count("batches_total")
