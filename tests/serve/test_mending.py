"""Mending over HTTP: the library's answer, of one vector, bounded, and told when there is none."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from asking import ask, code, get, make_served, post

from shapespace.explore import mend as mending
from shapespace.explore.mend import in_one_piece, mend
from shapespace.serve import jobs
from shapespace.serve.app import Served, build
from shapespace.serve.spaces import Spaces
from shapespace.serve.wire import unpack
from shapespace.shapes.grid import components
from shapespace.space import load

WHOLE, BROKEN = 0, 2
"""Shipped chairs of seed 0: one in one piece, one in several."""


@pytest.fixture(scope="module")
def chairs() -> Served:
    return build(Spaces({"chair": load("chair")}))


@pytest.fixture(scope="module")
def served() -> Served:
    return make_served()


def chair(served: Served, number: int) -> np.ndarray:
    return served.service.spaces["chair"].latents(number + 1, 0)[number]


def pieces(grid: np.ndarray, threshold: float) -> int:
    return components(grid > threshold * 255)[1]


def test_a_broken_chair_comes_back_in_one_piece_as_from_the_library(chairs):
    space, z = chairs.service.spaces["chair"], chair(chairs, BROKEN)
    packet = unpack(ask(chairs, post("chair/mend", json={"z": z.tolist()})).content)
    assert not in_one_piece(space, z)
    assert np.array_equal(packet.latents, mend(space, z[None]))
    assert pieces(packet.occupancy[0], packet.threshold) == 1
    moved = round(float(np.linalg.norm(packet.latents[0] - z)), 4)
    assert packet.header["mended"] is True
    assert packet.header["moved"] == moved > 0


def test_a_chair_in_one_piece_stays_as_it_is(chairs):
    z = chair(chairs, WHOLE)
    packet = unpack(ask(chairs, post("chair/mend", json={"z": z.tolist()})).content)
    assert np.array_equal(packet.latents[0], z)
    assert (packet.header["mended"], packet.header["moved"]) == (True, 0.0)


def test_it_is_mended_at_the_threshold_and_in_the_format_that_are_asked_for(chairs):
    body = {"z": chair(chairs, WHOLE).tolist(), "threshold": 0.95}
    shapes, told, mesh = ask(
        chairs, *[post("chair/mend", json=body | {"format": format}) for format in ("shapes", "json", "stl")]
    )
    packet = unpack(shapes.content)
    assert packet.threshold == 0.95
    assert packet.header["mended"] == (pieces(packet.occupancy[0], 0.95) <= 1)
    assert told.json()["mended"] == packet.header["mended"]
    assert mesh.headers["content-type"] == "model/stl"


def test_what_cannot_be_mended_is_said_and_comes_as_it_was(served):
    """Of an untrained space: its shapes are dust."""
    z = chair(served, 0)
    packet = unpack(ask(served, post("chair/mend", json={"z": z.tolist()})).content)
    assert (packet.header["mended"], packet.header["moved"]) == (False, 0.0)
    assert np.array_equal(packet.latents[0], z)
    assert pieces(packet.occupancy[0], packet.threshold) > 1


@pytest.mark.parametrize(
    "body",
    [
        {}, {"z": []}, {"z": [0.0] * 5}, {"z": [[0.0] * 6]}, {"z": [1e9] * 6}, {"z": ["a"] * 6}, {"z": None},
        {"z": [0.0] * 6, "threshold": 1.0}, {"z": [0.0] * 6, "format": "off"}, {"z": [0.0] * 6, "steps": 4_000},
    ],
)  # fmt: skip
def test_what_is_no_latent_vector_is_refused(served, body):
    answer = ask(served, post("chair/mend", json=body))
    assert (answer.status_code, code(answer)) == (422, "invalid")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(served, number):
    content = f'{{"z": [{number}, 0, 0, 0, 0, 0]}}'.encode()
    answer = ask(served, post("chair/mend", content=content, headers={"content-type": "application/json"}))
    assert answer.status_code in (400, 422)


def test_too_many_are_told_when_to_come_again(served, monkeypatch):
    monkeypatch.setattr(served.service.jobs, "_most", 0)
    answer, health = ask(served, post("chair/mend", json={"z": [0.0] * 6}), get("/api/health"))
    assert (answer.status_code, code(answer), answer.headers["retry-after"]) == (503, "busy", "5")
    assert health.status_code == 200


def test_one_that_takes_too_long_is_ended_within_its_steps(served, monkeypatch):
    """Not only before the first: a space of many voxels takes longer for each."""
    clock = [0.0]

    def slow(*_) -> float:
        clock[0] += 61
        return 0.0

    monkeypatch.setattr(jobs, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(mending, "_downhill", slow)
    answer = ask(served, post("chair/mend", json={"z": chair(served, 0).tolist()}))
    assert (answer.status_code, code(answer)) == (503, "slow")
    assert clock == [61]  # after the first of forty
