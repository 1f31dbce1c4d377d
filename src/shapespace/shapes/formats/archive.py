"""Zip archives and compressed streams, unfolded within a bound that is checked before memory is taken."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from shapespace.errors import BadInput
from shapespace.limits import MAX_UNPACKED_BYTES

MOST_MEMBERS = 10_000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,  # UnicodeDecodeError of names is one
    NotImplementedError,
    RuntimeError,  # encrypted members
    OverflowError,
    IndexError,
)
"""What zipfile raises for archives that are broken, one kind a mistake."""

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)


class Archive:
    """The members of a zip archive by name; each unfolds to at most `MAX_UNPACKED_BYTES`.

    Raises:
        BadInput: If the bytes are no zip archive.
    """

    def __init__(self, data: bytes, name: str) -> None:
        """Read the list of members, and nothing of them."""
        self._name = name
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self._members = {info.filename: info for info in self._zip.infolist()}
        except _BROKEN as error:
            raise BadInput(name, f"is no zip archive: {_said(error)}", "the file may have been cut short") from None
        if len(self._members) > MOST_MEMBERS:
            raise BadInput(name, f"has {len(self._members)} members, at most {MOST_MEMBERS} are read")

    def names(self) -> list[str]:
        """Return the names of the members, in their order."""
        return list(self._members)

    def read(self, member: str, most: int = MAX_UNPACKED_BYTES) -> bytes:
        """Return the bytes of a member.

        Raises:
            BadInput: If it is broken, encrypted, packed in a strange way, or unfolds to more than `most` bytes.
        """
        info = self._members[member]
        if info.file_size > most:
            raise BadInput(self._name, f"{member!r} declares {info.file_size} bytes, at most {most} are read")
        if info.compress_type not in _METHODS:
            raise BadInput(self._name, f"{member!r} is packed by method {info.compress_type}", "use plain zip")
        try:
            with self._zip.open(info) as file:
                return file.read(info.file_size)
        except _BROKEN as error:
            raise BadInput(self._name, f"{member!r} is broken: {_said(error)}", "copy the file again") from None


def pack(members: Mapping[str, bytes]) -> bytes:
    """Return a zip archive that depends on nothing but the members: its dates are all the first that zip knows."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, _FIRST_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def inflate(data: bytes | memoryview, name: str, *, most: int, is_gzip: bool = False) -> bytes:
    """Return the unfolded bytes of a zlib or gzip stream.

    Raises:
        BadInput: If it is broken, ends early, or unfolds to more than `most` bytes.
    """
    unfolded, is_whole = _start(data, name, most + 1, zlib.MAX_WBITS + (16 if is_gzip else 0))
    if len(unfolded) > most:
        raise BadInput(name, f"its compressed part unfolds to more than {most} bytes")
    if not is_whole:
        raise BadInput(name, "its compressed part ends early", "the file may have been cut short")
    return unfolded


def unfold_start(data: bytes | memoryview, name: str, most: int) -> bytes:
    """Return the first bytes of a zlib stream, at most `most`.

    Raises:
        BadInput: If it is broken.
    """
    return _start(data, name, most, zlib.MAX_WBITS)[0]


def _start(data: bytes | memoryview, name: str, most: int, bits: int) -> tuple[bytes, bool]:
    stream = zlib.decompressobj(bits)
    try:
        return stream.decompress(data, most), stream.eof
    except zlib.error as error:
        raise BadInput(name, f"its compressed part is broken: {error}", "copy the file again") from None


def _said(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:120]
