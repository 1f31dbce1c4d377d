"""Batches as a pure function of (seed, step): to resume is to remember the step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from shapespace.data.store import Store


class Batches:
    """An endless stream of batches: each epoch is a fresh permutation of the shapes, cut into batches.

    The last, smaller batch of an epoch is kept if every rank gets a shape of it and it has at least two (batch
    statistics of one shape are none); else its shapes join the batch before. So each shape is seen once an epoch.
    """

    def __init__(
        self,
        store: Store,
        indices: Sequence[int] | np.ndarray,
        batch_size: int,
        *,
        seed: int,
        rank: int = 0,
        world: int = 1,
        dtype: type[np.uint8] | type[np.float32] = np.uint8,
    ) -> None:
        """Say which shapes, in which order.

        Args:
            store: Where the shapes are.
            indices: Which of them to use; at least two, and one a rank.
            batch_size: Shapes in a batch, over all ranks.
            seed: Of the order.
            rank: Which part of each batch is ours.
            world: Number of parts.
            dtype: Of the values: uint8, a quarter of the traffic to a device, or float32, ready to use.

        Raises:
            ValueError: If a number makes no batch.
        """
        self.store, self.shapes = store, np.array(indices, np.int64)
        self.seed, self.rank, self.world = seed, rank, world
        self.fewest = max(2, world)
        self.batch_size = min(batch_size, len(self.shapes))
        if self.batch_size < self.fewest or not 0 <= rank < world or seed < 0:
            raise ValueError(f"batch {batch_size} of {len(self.shapes)} shapes, rank {rank} of {world}, seed {seed}")
        self.dtype = dtype
        self._order: tuple[int, np.ndarray] = (-1, self.shapes)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one pass over the shapes."""
        full, rest = divmod(len(self.shapes), self.batch_size)
        return full + (rest >= self.fewest)

    def epoch(self, step: int) -> int:
        """Return how many passes were finished before `step`."""
        return step // self.steps_per_epoch

    def count_at(self, step: int) -> int:
        """Return how many shapes all ranks together see in `step`."""
        low, high = self._span(step)
        return high - low

    def indices_at(self, step: int) -> np.ndarray:
        """Return the store's numbers of this rank's shapes in `step`, int64."""
        low, high = self._span(step)
        return np.array_split(self._permutation(self.epoch(step))[low:high], self.world)[self.rank]

    def at(self, step: int, out: np.ndarray | None = None) -> np.ndarray:
        """Return this rank's batch, (batch, 1, r, r, r), 1 inside the shape and 0 outside.

        Args:
            step: Which batch, from 0.
            out: Memory to write into, (at least batch, 1, r, r, r), for callers who are done with an earlier batch:
                new memory costs more time than everything else here.

        Raises:
            DamagedFile: If a shape is not as it was written.
        """
        r = self.store.resolution
        bits = self.store.packed(self.indices_at(step))
        batch = np.empty((len(bits), 1, r, r, r), self.dtype) if out is None else out[: len(bits)]
        for row, values in zip(bits, batch, strict=True):
            values[...] = np.unpackbits(row, count=r**3).reshape(1, r, r, r)
        return batch

    def _span(self, step: int) -> tuple[int, int]:
        position = step % self.steps_per_epoch
        is_last = position == self.steps_per_epoch - 1
        return position * self.batch_size, len(self.shapes) if is_last else (position + 1) * self.batch_size

    def _permutation(self, epoch: int) -> np.ndarray:
        kept, order = self._order  # one assignment, so that a fetching thread sees a pair that belongs together
        if kept != epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(self.shapes)
            self._order = (epoch, order)
        return order
