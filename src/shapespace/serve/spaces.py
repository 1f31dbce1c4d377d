"""The spaces that are served, each by a name that the server made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from shapespace.errors import UsageError
from shapespace.explore.attributes import Attributes, of
from shapespace.serve.trouble import Trouble
from shapespace.space import ShapeSpace, find, load


class Spaces:
    """Spaces by name. A name that a client sends is looked up here, and is nothing else but a key.

    Args:
        named: In the order in which they are listed.
        sources: For those that were loaded from a file, its path.
        attributes: For those whose attributes are known.
    """

    def __init__(
        self,
        named: dict[str, ShapeSpace],
        *,
        sources: dict[str, Path] | None = None,
        attributes: dict[str, Attributes] | None = None,
    ) -> None:
        """Keep them.

        Raises:
            UsageError: If there are none.
        """
        if not named:
            raise UsageError("no space to serve; name one")
        self._named, self._sources, self._attributes = dict(named), dict(sources or {}), dict(attributes or {})

    @classmethod
    def loaded(cls, names: Iterable[str]) -> Spaces:
        """Return the spaces that `load` gives for names, files and run folders.

        Raises:
            BadInput: If one is not there or cannot be used.
            UsageError: If none is given.
        """
        named: dict[str, ShapeSpace] = {}
        sources: dict[str, Path] = {}
        attributes: dict[str, Attributes] = {}
        for given in names:
            path = find(given)
            name = _free(_name(path), named)
            named[name], sources[name] = load(path), path
            if (known := of(path, named[name])) is not None:
                attributes[name] = known
        return cls(named, sources=sources, attributes=attributes)

    def __iter__(self) -> Iterator[tuple[str, ShapeSpace]]:
        """Yield (name, space)."""
        return iter(self._named.items())

    def __getitem__(self, name: str) -> ShapeSpace:
        """Return the space of that name.

        Raises:
            Trouble: If there is none.
        """
        space = self._named.get(name)
        if space is None:
            raise Trouble(404, "no_such_space", f"no such space; there are {', '.join(self._named)}")
        return space

    def attributes(self, name: str) -> Attributes | None:
        """Return what is known of a space's attributes."""
        return self._attributes.get(name)

    def source(self, name: str) -> Path | None:
        """Return the file a space was loaded from."""
        return self._sources.get(name)


def _name(path: Path) -> str:
    # every run's file has the same name; the folder's tells them apart
    stem = path.resolve().parent.name if path.name == "space.safetensors" else path.stem
    return re.sub(r"[^a-z0-9_-]+", "-", stem.lower()).strip("-")[:60] or "space"


def _free(name: str, taken: dict[str, ShapeSpace]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    return free
