"""A fuzzer in plain Python that knows what files are made of: numbers in text, integers in headers, blocks.

`fuzz(parse, seeds, seconds=1)` is all that a parser's test needs; other parsers than those of shapes use it too.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shapespace.errors import BadInput, ShapeSpaceError

MOST_SECONDS = 1.0
MOST_BYTES = 64 << 20
LONGEST_MESSAGE = 600

_WORD = re.compile(rb"[-+.\w]+")
_NUMBERS = (
    b"0", b"-1", b"1", b"2", b"3", b"7", b"255", b"256", b"65536", b"999", b"1001", b"2147483647", b"-2147483648",
    b"4294967295", b"9223372036854775807", b"1e9", b"nan", b"inf", b"-inf", b"1e308", b"1e-320", b"1e999", b"0.5",
    b"99999999999999999999", b"", b"9" * 400, b"true", b"null", b"[]", b"{}", b"\"\"",
)  # fmt: skip
_INTEGERS = (0, 1, 2, 3, 4, 7, 8, 127, 128, 255, 256, 512, 513, 0x7FFF, 0xFFFF, 1 << 20, 1 << 24, 2**31 - 1, 2**31,
             2**32 - 1)  # fmt: skip

Mutator = Callable[[bytearray, random.Random, Sequence[bytes]], None]


@dataclass
class Report:
    """What a run of the fuzzer found."""

    inputs: int = 0
    accepted: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    grown: int = 0

    def __str__(self) -> str:
        """Return one line."""
        rate = self.inputs / max(self.seconds, 1e-9)
        part = self.accepted / max(self.inputs, 1)
        return (
            f"{self.inputs} inputs, {rate:.0f}/s, {part:.0%} accepted, slowest {1000 * self.slowest:.0f} ms, "
            f"memory +{self.grown / 2**20:.1f} MB"
        )


def fuzz(
    parse: Callable[[bytes], object],
    seeds: Sequence[bytes],
    *,
    seconds: float,
    fewest: int = 1,
    wrapped: Sequence[tuple[bytes, Callable[[bytes], bytes]]] = (),
    seed: int = 0,
    refusal: type[ShapeSpaceError] = BadInput,
) -> Report:
    """Return what became of mutated inputs; any error but `refusal`, and any limit passed, fails with its input.

    Args:
        parse: A function of bytes that raises nothing but `refusal`.
        seeds: Good inputs.
        seconds: How long at least, by the clock.
        fewest: Inputs that are tried however long they take.
        wrapped: (content, closing function): the content is mutated, and then closed into a whole input.
        seed: The same one makes the same inputs in the same order.
        refusal: The error that a parser may raise.
    """
    dice, report = random.Random(seed), Report()
    sources = [(content, bytes) for content in seeds] + list(wrapped)
    contents = [content for content, _ in sources]
    for content, close in sources:
        _try(parse, close(content), report, refusal)  # also loads what is loaded once
    before, start = _reset_peak(), time.perf_counter()
    while report.inputs < len(sources) + fewest or time.perf_counter() - start < seconds:
        content, close = dice.choice(sources)
        _try(parse, bytes(close(_mutated(content, dice, contents))), report, refusal)
    report.seconds = time.perf_counter() - start
    report.grown = max(0, _peak() - before)
    assert report.grown <= MOST_BYTES, f"an input took memory: {report}"
    return report


def _try(parse: Callable[[bytes], object], data: bytes, report: Report, refusal: type[ShapeSpaceError]) -> None:
    start = time.perf_counter()  # not thread_time: asking for that takes longer than most parsers
    try:
        parse(data)
        report.accepted += 1
    except refusal as error:
        message = str(error)
        assert message.isprintable() or "\n" not in message, f"more than a line: {message!r}"
        assert len(message) <= LONGEST_MESSAGE, f"too long: {message!r}"
    except BaseException as error:
        error.add_note(f"input: {data[:2000]!r} ({len(data)} bytes)")
        raise
    spent = time.perf_counter() - start
    if spent > MOST_SECONDS:
        spent = _again(parse, data)
    assert spent <= MOST_SECONDS, f"{spent:.2f} s for {data[:2000]!r}"
    report.slowest = max(report.slowest, spent)
    report.inputs += 1


def _again(parse: Callable[[bytes], object], data: bytes) -> float:
    """Return the seconds of processor time an input takes: the clock also counts what other programs do."""
    start = time.thread_time()
    with suppress(BadInput):
        parse(data)
    return time.thread_time() - start


def _mutated(content: bytes, dice: random.Random, others: Sequence[bytes]) -> bytes:
    data = bytearray(content)
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        if data:
            dice.choice(_MUTATORS)(data, dice, others)
    return bytes(data)


def _place(data: bytearray, dice: random.Random) -> int:
    # Headers decide more than what follows them.
    return dice.randrange(min(len(data), 160)) if dice.random() < 0.5 else dice.randrange(len(data))


def _flip(data: bytearray, dice: random.Random, _others: Sequence[bytes]) -> None:
    data[_place(data, dice)] ^= 1 << dice.randrange(8)


def _set(data: bytearray, dice: random.Random, _others: Sequence[bytes]) -> None:
    data[_place(data, dice)] = dice.randrange(256)


def _integer(data: bytearray, dice: random.Random, _others: Sequence[bytes]) -> None:
    width = dice.choice((1, 2, 4, 4, 4, 8))
    place = _place(data, dice) // min(width, 4) * min(width, 4) if dice.random() < 0.7 else _place(data, dice)
    value = dice.choice(_INTEGERS) % (1 << (8 * width))
    data[place : place + width] = value.to_bytes(width, dice.choice(("little", "big")))


def _word(data: bytearray, dice: random.Random, _others: Sequence[bytes]) -> None:
    words = list(_WORD.finditer(data, 0, 1 << 14))
    if words:
        chosen, other = dice.choice(words), dice.choice(words)
        number = str(dice.choice(_INTEGERS)).encode()
        data[slice(*chosen.span())] = dice.choice((dice.choice(_NUMBERS), number, bytes(other[0])))


def _cut(data: bytearray, dice: random.Random, _others: Sequence[bytes]) -> None:
    del data[_place(data, dice) :]


def _delete(data: bytearray, dice: random.Random, _others: Sequence[bytes]) -> None:
    place = _place(data, dice)
    del data[place : place + dice.choice((1, 2, 4, 8, 64))]


def _repeat(data: bytearray, dice: random.Random, _others: Sequence[bytes]) -> None:
    place = _place(data, dice)
    piece = data[place : place + dice.choice((1, 4, 12, 50, 200))]
    data[place:place] = piece * dice.choice((1, 1, 2, 8))


def _insert(data: bytearray, dice: random.Random, _others: Sequence[bytes]) -> None:
    place = _place(data, dice)
    data[place:place] = dice.choice(
        (b"\n", b" ", b"#", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\r", b"/", b"-", b'"', b"<")
    )


def _splice(data: bytearray, dice: random.Random, others: Sequence[bytes]) -> None:
    other = dice.choice(others)
    place, start = _place(data, dice), dice.randrange(len(other) + 1)
    data[place:] = other[start:]


def _lines(data: bytearray, dice: random.Random, _others: Sequence[bytes]) -> None:
    lines = bytes(data).split(b"\n")
    first, second = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    data[:] = b"\n".join(lines)


_MUTATORS: tuple[Mutator, ...] = (
    _flip, _set, _integer, _integer, _word, _word, _word, _cut, _delete, _repeat, _insert, _splice, _lines,
)  # fmt: skip


def _reset_peak() -> int:
    """Begin to measure this process' peak of memory anew; return the bytes it holds now, 0 where that is unknown."""
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")
    return _peak()


def _peak() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    return int(found[1]) << 10 if found else 0
