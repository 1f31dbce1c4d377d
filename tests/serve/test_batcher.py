"""Batched decoding: everyone gets their own rows, passes are shared and fair, and queues are bounded."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from shapespace.serve.batcher import Batcher
from shapespace.serve.trouble import Trouble


class Decoder:
    """Gives each row back; waits at a gate, and remembers what passed."""

    def __init__(self) -> None:
        self.gate, self.passes = threading.Event(), []

    def __call__(self, z: np.ndarray) -> np.ndarray:
        assert self.gate.wait(20)
        self.passes.append(z[:, 0].tolist())
        return z


def rows(start: int, count: int) -> np.ndarray:
    return np.arange(start, start + count, dtype=np.float32)[:, None]


async def settled() -> None:
    """Let everything happen that needs no thread."""
    for _ in range(5):
        await asyncio.sleep(0)


def asked(batches: list[np.ndarray], **options) -> tuple[list, Decoder]:
    """Return what all got who asked at once, the first of them while the decoder was at work."""
    decoder = Decoder()

    async def everyone() -> list:
        with ThreadPoolExecutor(1) as pool:
            batcher = Batcher(decoder, pool, **options)
            tasks = []
            for z in batches:
                tasks.append(asyncio.create_task(batcher.decode(z)))
                await settled()
            decoder.gate.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(everyone()), decoder


def test_everyone_gets_their_own_rows_in_order():
    batches = [rows(100 * i, n) for i, n in enumerate([1, 30, 2, 7, 1, 64, 3])]
    answers, decoder = asked(batches)
    for z, answer in zip(batches, answers, strict=True):
        assert np.array_equal(z, answer)
    assert sum(map(len, decoder.passes)) == 108
    assert max(map(len, decoder.passes)) <= 8


def test_many_small_requests_share_a_pass():
    _, decoder = asked([rows(i, 1) for i in range(17)])
    assert [len(each) for each in decoder.passes] == [1, 8, 8]


def test_a_large_request_does_not_hold_up_a_small_one():
    _, decoder = asked([rows(0, 64), rows(100, 1), rows(200, 1)])
    assert {100.0, 200.0} <= set(decoder.passes[1])


def test_what_does_not_fit_is_refused_with_a_time_to_come_again():
    answers, _ = asked([rows(0, 8), rows(0, 8), rows(0, 8), rows(0, 1)], most=16)
    refused = [answer for answer in answers if isinstance(answer, Trouble)]
    assert len(refused) == 1
    assert refused[0].status_code == 503
    assert refused[0].headers["Retry-After"] == "1"


def test_who_waits_too_long_is_told_so():
    answers, _ = asked([rows(0, 8), rows(0, 8)], seconds=-1.0)
    assert [answer.code for answer in answers] == ["slow", "slow"]


def test_an_error_in_a_pass_is_given_to_those_in_it_and_to_nobody_else():
    def fails(z: np.ndarray) -> np.ndarray:
        if (z == 13).any():
            raise RuntimeError("unlucky")
        return z

    async def both() -> list:
        with ThreadPoolExecutor(1) as pool:
            batcher = Batcher(fails, pool)
            bad = await asyncio.gather(batcher.decode(rows(10, 40)), return_exceptions=True)
            return [*bad, await batcher.decode(rows(0, 3)), batcher.waiting]

    bad, good, waiting = asyncio.run(both())
    assert isinstance(bad, RuntimeError)
    assert np.array_equal(good, rows(0, 3))
    assert waiting == 0


def test_rows_of_who_went_away_are_not_decoded():
    decoder = Decoder()

    async def leave() -> None:
        with ThreadPoolExecutor(1) as pool:
            batcher = Batcher(decoder, pool)
            first = asyncio.create_task(batcher.decode(rows(0, 1)))
            await settled()
            second = asyncio.create_task(batcher.decode(rows(50, 40)))
            await settled()
            second.cancel()
            await asyncio.gather(second, return_exceptions=True)
            decoder.gate.set()
            await first
            await batcher.decode(rows(9, 1))

    asyncio.run(leave())
    assert not any(value >= 50 for each in decoder.passes for value in each)


def test_passes_and_rows_are_counted():
    counts: list[int] = []
    count: Callable[[int], None] = counts.append
    asked([rows(0, 20)], counted=count)
    assert sum(counts) == 20


@pytest.mark.parametrize("count", [1, 7, 8, 9])
def test_one_request_alone(count):
    answers, _ = asked([rows(0, count)])
    assert np.array_equal(answers[0], rows(0, count))
