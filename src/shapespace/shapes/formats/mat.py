"""MATLAB's .mat, version 5: the one 3-D array in it, as in 3D ShapeNets' volumetric data (`instance`, 30^3).

An own reader, because a 200-byte file can end the interpreter within a compiled one.

Source:
    MATLAB MAT-File Format, MathWorks: level 5.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.archive import inflate, unfold_start
from shapespace.shapes.formats.contents import CUT_SHORT, Contents, check_present, check_sides, voxel_contents

_HEADER_BYTES = 128
_HEAD_BYTES = 4096
"""Of a compressed variable: more than its flags, sides and name ever take."""

_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MATRIX, _COMPRESSED = 14, 15
_FLAGS, _SIDES = "u4", "i4"
_NUMERIC_CLASSES = range(6, 16)
_COMPLEX = 0x0800
_WANTED = "instance"
_MOST_VARIABLES = 1_000

Order = Literal["<", ">"]


def parse(data: bytes, name: str) -> Contents:
    """Return the grid of a .mat file: the array named `instance`, or else the first with three axes.

    Raises:
        BadInput: If it is of another version, or holds no array of numbers with three axes.
    """
    order = _byte_order(data, name)
    found: dict[str, np.ndarray] = {}
    for number, (label, array) in enumerate(_variables(data, order, name)):
        if number >= _MOST_VARIABLES:
            raise BadInput(name, f"holds more than {_MOST_VARIABLES} variables")
        if array is not None:
            found.setdefault(label, array)
        if label == _WANTED and array is not None:
            break
    if not found:
        raise BadInput(name, "holds no array of numbers with three axes", "save the voxels as one 3-D array")
    return voxel_contents(name, found.get(_WANTED, next(iter(found.values()))))


def _byte_order(data: bytes, name: str) -> Order:
    if data.startswith(b"MATLAB 7.3") or data.startswith(b"\x89HDF"):
        raise BadInput(name, "is of version 7.3 (HDF5)", "save it with the option -v7")
    orders: dict[bytes, Order] = {b"IM": "<", b"MI": ">"}
    order = orders.get(data[126:128])
    if order is None:
        raise BadInput(name, "is no .mat file of version 5", "save it with the option -v7")
    return order


def _variables(data: bytes, order: Order, name: str) -> Iterator[tuple[str, np.ndarray | None]]:
    """Yield (name, array) of each variable; None for what is not numbers with three axes."""
    budget = limits.MAX_UNPACKED_BYTES
    for code, payload in _elements(memoryview(data)[_HEADER_BYTES:], order, name):
        if code == _COMPRESSED:
            code, payload = _unfolded(payload, order, name, budget)
            budget -= len(payload)
        if code == _MATRIX:
            yield _matrix(payload, order, name)


def _elements(data: memoryview, order: Order, name: str) -> Iterator[tuple[int, memoryview]]:
    """Yield (type, bytes) of the elements that stand one after the other."""
    start = 0
    while len(data) - start >= 8:
        word, length = np.frombuffer(data, f"{order}u4", 2, start).tolist()
        if word >> 16:  # small: length and type share a word, up to four bytes stand in the other
            code, length, begin, after = word & 0xFFFF, word >> 16, start + 4, start + 8
            check_present(name, length, 4, "the bytes of a small element")
        else:
            code, begin = word, start + 8
            after = begin + (length if code == _COMPRESSED else -(-length // 8) * 8)
        check_present(name, length, len(data) - begin, "the bytes of an element")
        yield code, data[begin : begin + length]
        start = after


def _unfolded(payload: memoryview, order: Order, name: str, budget: int) -> tuple[int, memoryview]:
    """Return (type, bytes) of a compressed element: no more than its head unless numbers with three axes follow."""
    head = memoryview(unfold_start(payload, name, _HEAD_BYTES))
    if len(head) < 8:
        raise BadInput(name, "a variable ends early", CUT_SHORT)
    code, length = np.frombuffer(head, f"{order}u4", 2).tolist()
    if code != _MATRIX or _described(_elements(head[8:], order, name), order, name)[1] is None:
        return code, head[8:]
    if length > budget:
        raise BadInput(name, f"its variables take more than {limits.MAX_UNPACKED_BYTES} bytes")
    return code, memoryview(inflate(payload, name, most=8 + length))[8:]


def _matrix(payload: memoryview, order: Order, name: str) -> tuple[str, np.ndarray | None]:
    """Return (name, array) of a variable, None for what is not numbers with three axes."""
    parts = _elements(payload, order, name)
    label, shape = _described(parts, order, name)
    return label, None if shape is None else _values(*_part(parts, name), shape, order, name)


def _described(parts: Iterator[tuple[int, memoryview]], order: Order, name: str) -> tuple[str, tuple[int, ...] | None]:
    """Return (name, sides) of a variable from its first three parts, None for what is not numbers with three axes."""
    flags, sides, label = (_part(parts, name) for _ in range(3))
    shown = bytes(label[1][: limits.MAX_NAME_BYTES]).decode("ascii", "replace")
    kind = int(np.frombuffer(flags[1], f"{order}{_FLAGS}", 1)[0]) if len(flags[1]) >= 4 else 0
    if kind & 0xFF not in _NUMERIC_CLASSES or kind & _COMPLEX or len(sides[1]) != 12:
        return shown, None
    shape = tuple(np.frombuffer(sides[1], f"{order}{_SIDES}").tolist())
    check_sides(name, shape)
    return shown, shape


def _part(parts: Iterator[tuple[int, memoryview]], name: str) -> tuple[int, memoryview]:
    found = next(parts, None)
    if found is None:
        raise BadInput(name, "a variable ends early", CUT_SHORT)
    return found


def _values(code: int, payload: memoryview, shape: tuple[int, ...], order: Order, name: str) -> np.ndarray:
    """Return the array, whose first axis runs fastest in the file."""
    if code not in _NUMBERS:
        raise BadInput(name, f"holds values of type {code}, which are no numbers", CUT_SHORT)
    kind = np.dtype(f"{order}{_NUMBERS[code]}")
    if len(payload) != math.prod(shape) * kind.itemsize:
        raise BadInput(name, f"{shape} values of {kind.itemsize} bytes do not fit {len(payload)} bytes", CUT_SHORT)
    return np.frombuffer(payload, kind).reshape(shape, order="F")
