"""The one writer: durable output is written beside its place, synced, and renamed into it.

A reader, or a run that is killed at any point, sees the old file or the new one, never half of either.
Everything shapespace keeps on disk goes through `atomic_file` or `atomic_dir`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from shapespace.errors import OutputError


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Yield a binary file that appears at `path`, whole and durable, when the block ends without an error.

    Raises:
        OutputError: If the disk is full or the folder cannot be written; what stood at `path` still stands.
    """
    path = Path(path)
    with _as_output_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_umask())  # mkstemp's 0600 would hide results from the user's group
            os.replace(name, path)
            sync_folder(path.parent)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def atomic_dir(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a folder to fill; it appears at `path`, whole and durable, when the block ends without an error.

    Raises:
        OutputError: If `path` exists already, the disk is full, or the folder cannot be written.
    """
    path = Path(path)
    with _as_output_error(path):
        check_new(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
        try:
            yield folder
            for file in sorted(folder.rglob("*")):
                _sync(file)
            folder.chmod(0o777 & ~_umask())
            sync_folder(folder)
            os.rename(folder, path)
            sync_folder(path.parent)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


def check_new(path: Path) -> None:
    """Refuse a place that is taken, before hours are spent on what is to be put there.

    Raises:
        OutputError: If something stands at `path`, or it is the empty name.
    """
    if path == Path():
        raise OutputError("the name to write to is empty; give --out a name")
    if path.exists():
        raise OutputError(f"{path} exists already; choose another --out or remove it first")


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Put `content` at `path` by the atomic writer."""
    with atomic_file(path) as file:
        file.write(content)


def write_text(path: str | os.PathLike[str], content: str) -> None:
    """Put UTF-8 `content` at `path` by the atomic writer."""
    write_bytes(path, content.encode())


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits, reading it in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync(path: Path) -> None:
    if path.is_dir():
        sync_folder(path)
        return
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    # There is no way to read the mask but to set it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@contextmanager
def _as_output_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        free = _free_megabytes(path)
        raise OutputError(
            f"{path} not written: {error.strerror or error} ({free}); what stood there before still stands"
        ) from error


def _free_megabytes(path: Path) -> str:
    for folder in (path.parent, *path.parent.parents):
        if folder.is_dir():
            return f"{shutil.disk_usage(folder).free >> 20} MB free on {folder}"
    return "folder missing"
