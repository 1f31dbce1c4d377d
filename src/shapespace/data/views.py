"""Picture-shape pairs for the image encoder: views of shapes before backgrounds, a pure function of their numbers.

Views come from a store of shapes and are drawn when they are asked for, or from a folder of views that
`data render` made. Splits are those of the shapes; a shape of the test stands before backgrounds of the test only.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import numpy as np

from shapespace.data.backgrounds import Backgrounds, open_backgrounds
from shapespace.data.store import Store
from shapespace.data.view_folder import StoredViews, is_views
from shapespace.files import atomic_file
from shapespace.shapes import views as ring

if TYPE_CHECKING:
    from shapespace.shapes.views_model import Model

KEPT_BYTES = 512 << 20
"""Prepared shapes kept in memory."""


class Source(Protocol):
    """Where views come from, without their backgrounds."""

    digest: str
    shapes_digest: str

    def __len__(self) -> int:
        """Shapes there are."""
        ...

    def indices(self, split: str | None = None, category: str | None = None) -> np.ndarray:
        """Return the numbers of the shapes of a split and a category."""
        ...

    def split(self, index: int) -> str:
        """Return a shape's split."""
        ...

    def view(self, index: int, view: int, seed: Sequence[int]) -> tuple[np.ndarray, float]:
        """Return (size, size, 4) uint8 RGBA and the elevation it was seen from, in degrees."""
        ...


class Views:
    """Views of shapes before backgrounds.

    Attributes:
        seed: Of everything that is drawn.
        backgrounds: What stands behind the shapes.
        size: Pixels along a side.
        digest: Names the store or the folder of views, as `Store.digest` does.
        shapes_digest: Names the shapes: the digest of the store they were drawn from.
    """

    def __init__(
        self,
        source: Source,
        *,
        seed: int,
        backgrounds: Backgrounds,
        workers: int = 1,
    ) -> None:
        """Put views before backgrounds; `open` is the usual way."""
        if seed < 0:
            raise ValueError(f"seed must be 0 or more, not {seed}")
        self._source, self.seed, self.backgrounds, self.size = source, seed, backgrounds, ring.SIZE
        self.digest, self.shapes_digest = source.digest, source.shapes_digest
        self._pool = ThreadPoolExecutor(workers) if workers > 1 else None

    @classmethod
    def open(
        cls,
        path_or_store: str | os.PathLike[str] | Store,
        *,
        seed: int,
        backgrounds: str | os.PathLike[str] | Backgrounds | None = None,
        workers: int = 1,
    ) -> Views:
        """Return the views of a store, drawn when they are asked for, or of a folder made by `data render`.

        Args:
            path_or_store: The store or its folder, X.shapes, or a folder of views, X.views.
            seed: Of everything that is drawn.
            backgrounds: A folder or a zip of photographs; rooms made by the program if None.
            workers: Threads that draw a batch; the pictures are the same for any number.

        Raises:
            BadInput: If there are no shapes, or no photographs, where they should be.
        """
        if isinstance(path_or_store, Store):
            source: Source = RenderedViews(path_or_store)
        elif is_views(path_or_store):
            source = StoredViews(path_or_store)
        else:
            source = RenderedViews(Store.open(path_or_store))
        return cls(source, seed=seed, backgrounds=open_backgrounds(backgrounds), workers=workers)

    def __len__(self) -> int:
        """Shapes there are views of."""
        return len(self._source)

    def indices(self, split: str | None = None, category: str | None = None) -> np.ndarray:
        """Return the numbers of the shapes of a split and a category, as `Store.indices` does: int64, ascending."""
        return self._source.indices(split, category)

    def picture(self, shape: int, view: int, background: int = 0) -> np.ndarray:
        """Return (3, 256, 256) uint8: one view of a shape before a background of its split.

        Args:
            shape: Number of the shape.
            view: Number of the view, 0 to 71; see `shapes.views`.
            background: Number of a draw of the background.
        """
        return self._composed(shape, view, (self.seed, shape), (self.seed, shape, view, background))

    def batch(self, shape_indices: Sequence[int] | np.ndarray, *, draw: int) -> tuple[np.ndarray, np.ndarray]:
        """Return (pictures, views): (n, 3, 256, 256) uint8 and (n,) int64 numbers of the views that were drawn.

        Each picture has a view, a light, a material and a background of its own; all of it is a pure function of the
        seed, the indices and the draw.

        Args:
            shape_indices: Numbers of the shapes, in any order, repeated or not.
            draw: Number of the draw, such as the step of the training.
        """
        shapes = [int(index) for index in shape_indices]
        seeds = [(self.seed, draw, place, shape) for place, shape in enumerate(shapes)]
        numbers = [int(np.random.default_rng([*seed, 0]).integers(ring.COUNT)) for seed in seeds]
        pictures = np.empty((len(shapes), 3, self.size, self.size), np.uint8)

        def put(place: int) -> None:
            pictures[place] = self._composed(shapes[place], numbers[place], seeds[place], seeds[place])

        each = map if self._pool is None else self._pool.map
        for _ in each(put, range(len(shapes))):
            pass
        return pictures, np.array(numbers, np.int64)

    def _composed(self, shape: int, view: int, look: Sequence[int], background: Sequence[int]) -> np.ndarray:
        from shapespace.shapes.views_compose import composed

        front, elevation = self._source.view(shape, view, look)
        split = self._source.split(shape)
        behind = self.backgrounds.picture(split, background, elevation=elevation, size=self.size)
        return composed(front, behind, np.random.default_rng([*background, 2]).random(4))


class RenderedViews:
    """Views of a store, drawn when they are asked for; prepared shapes are kept as long as there is room."""

    def __init__(self, store: Store) -> None:
        """Draw nothing yet."""
        self.store, self.digest, self.shapes_digest = store, store.digest, store.digest
        self._kept: OrderedDict[int, Model] = OrderedDict()
        self._kept_bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Shapes in the store."""
        return len(self.store)

    def indices(self, split: str | None = None, category: str | None = None) -> np.ndarray:
        """Return the numbers of the store's shapes of a split and a category."""
        return self.store.indices(split, category)

    def split(self, index: int) -> str:
        """Return a shape's split."""
        return self.store.split(index)

    def view(self, index: int, view: int, seed: Sequence[int]) -> tuple[np.ndarray, float]:
        """Return (size, size, 4) uint8 RGBA and the elevation it was seen from: a pure function of the arguments."""
        how = ring.look(seed, view)
        return ring.picture(self._model(index), how), how.elevation

    def _model(self, index: int) -> Model:
        with self._lock:
            if index in self._kept:
                self._kept.move_to_end(index)
                return self._kept[index]
        made = ring.model(self.store.read([index])[0])
        with self._lock:
            if index not in self._kept:
                self._kept[index] = made
                self._kept_bytes += _bytes(made)
            while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
                self._kept_bytes -= _bytes(self._kept.popitem(last=False)[1])
        return made


def normalised(pictures: np.ndarray) -> np.ndarray:
    """Return float32 pictures in [-1, 1] of uint8 ones, as the image encoder expects them."""
    return pictures.astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def save_view_sheet(path: str | os.PathLike[str], views: Views, count: int) -> None:
    """Write `count` views before their backgrounds, of shapes and sides evenly spaced, as one PNG of eight a row.

    Raises:
        OutputError: If the disk is full or the folder cannot be written.
    """
    from PIL import Image

    shapes = [place * len(views) // count for place in range(count)]
    pictures = [views.picture(shape, 7 * place % ring.COUNT) for place, shape in enumerate(shapes)]
    pictures += [np.zeros_like(pictures[0])] * (-count % 8)
    rows = [np.concatenate(pictures[start : start + 8], axis=2) for start in range(0, len(pictures), 8)]
    with atomic_file(path) as file:
        Image.fromarray(np.concatenate(rows, axis=1).transpose(1, 2, 0)).save(file, "PNG")


def _bytes(model: Model) -> int:
    return sum(part.nbytes for part in vars(model).values() if isinstance(part, np.ndarray))
