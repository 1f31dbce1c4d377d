"""Sources as they come: which files there are, and what their place says about category, split and up-axis.

Layouts, told apart by the path of each file:

- ModelNet, `category/split/name.off`: category and official split from the folders, z up.
- ShapeNetCore, `synset/model/models/name.obj` or `synset/model/model.obj`: the synset's category, y up; the
  other files beside the .obj show the same shape and are left out.
- 3D ShapeNets' grids, `category/30/split/name_7.mat`: as ModelNet; the twelve turns of a name are one shape.
- Anything else: the folder a file lies in is its category. A pack (.npy, .npz of many shapes) that has no labels
  of its own gives its first word: `chair_64.npz` holds chairs.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from shapespace.data.synsets import SYNSETS
from shapespace.errors import BadInput

SPLIT_WORDS = {"train": "train", "val": "validation", "valid": "validation", "validation": "validation", "test": "test"}
PACK_EXTENSIONS = (".npy", ".npz")

_TURN = re.compile(r"(.+)_\d{1,2}")
_FIRST_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Refusal:
    """A file, or one shape of it, that gave no shape, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Origin:
    """What the place of a file says about the shapes in it.

    Attributes:
        path: Relative to the source, with `/`.
        category: Name, unless the file itself knows better.
        split: Official split, if the source has them.
        up: The axis that points up, if the layout settles it.
        group: Equal for files that show one shape.
    """

    path: str
    category: str
    split: str | None = None
    up: str | None = None
    group: str = ""


@dataclass
class Scan:
    """What was found under a source, files in the order of their paths."""

    root: Path
    files: list[Origin] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)


def scan(source: Path, extensions: tuple[str, ...]) -> Scan:
    """Return the files of a source that may hold shapes; nothing in them is read.

    Args:
        source: A file or a folder.
        extensions: Lower-case endings of the files to take.

    Raises:
        BadInput: If there is nothing at `source`.
    """
    if source.is_file():
        return Scan(source.parent, [origin(source.name, source.resolve().parent.name)])
    if not source.is_dir():
        raise BadInput(source, "no such file or folder", "give a mesh, a voxel file, a pack, or a folder of them")
    found = Scan(source)
    real_root, folder_name = source.resolve(), source.resolve().name
    for path in _walk(source):
        relative = path.relative_to(source).as_posix()
        if not path.name.lower().endswith(extensions):
            found.ignored[path.suffix.lower() or "no extension"] += 1
        elif reason := _refused_unread(path, real_root):
            found.refused.append(Refusal(printable(relative), reason))
        elif not _is_repeated(relative):
            found.files.append(origin(relative, folder_name))
    return found


def origin(path: str, folder: str) -> Origin:
    """Return what a relative path says about its shapes.

    Args:
        path: Relative to the source, with `/`.
        folder: Name of the source's folder, for files that lie directly in it.
    """
    *parents, name = [folder, *path.split("/")]
    stem, extension = os.path.splitext(name)  # noqa: PTH122 - a name, not a path
    if synset := _synset(parents, name):
        return Origin(path, SYNSETS.get(synset, synset), None, "y", path)
    if len(parents) > 1 and parents[-1].lower() in SPLIT_WORDS:
        above = parents[:-1]
        is_grids = above[-1].isdigit() and len(above) > 1
        category = above[-2] if is_grids else above[-1]
        turn = _TURN.fullmatch(stem) if is_grids and extension.lower() == ".mat" else None
        group = f"{path[: -len(name)]}{turn[1]}" if turn else path
        return Origin(path, printable(category), SPLIT_WORDS[parents[-1].lower()], _split_layout_up(extension), group)
    if extension.lower() in PACK_EXTENSIONS and (word := _FIRST_WORD.match(stem)):
        return Origin(path, word[0], group=path)
    return Origin(path, printable(parents[-1]), group=path)


def printable(name: str) -> str:
    """Return a name fit for a line of a table: control characters and bytes that are no UTF-8 are escaped."""
    clean = name.encode(errors="backslashreplace").decode()
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in clean)


def _walk(folder: Path) -> Iterator[Path]:
    # Sorted by name at each level: the order a disk lists names in differs from machine to machine.
    for parent, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(parent, name)


def _refused_unread(path: Path, real_root: Path) -> str:
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(real_root):
            return "a link that leads out of the source"
        return "" if S_ISREG(path.stat().st_mode) else "not a regular file"
    except (OSError, RuntimeError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"


def _synset(parents: list[str], name: str) -> str:
    if len(parents) >= 3 and parents[-1] == "models" and re.fullmatch(r"\d{8}", parents[-3]):
        return parents[-3]
    if len(parents) >= 2 and name == "model.obj" and re.fullmatch(r"\d{8}", parents[-2]):
        return parents[-2]
    return ""


def _is_repeated(path: str) -> bool:
    # ShapeNetCore keeps .binvox and .ply pictures of the same shape beside models/model_normalized.obj.
    parents = path.split("/")[:-1]
    return bool(_synset(["", *parents], "")) and not path.lower().endswith(".obj")


def _split_layout_up(extension: str) -> str | None:
    return "z" if extension.lower() == ".off" else None
