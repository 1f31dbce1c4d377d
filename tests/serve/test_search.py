"""Snapping over HTTP: the library's answer, with progress, bounded, ended when nobody waits."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from asking import ask, bits, code, get, make_served, post

from shapespace.explore.snap import snap
from shapespace.explore.target import half
from shapespace.serve.jobs import Jobs, Stopped
from shapespace.serve.metrics import Metrics
from shapespace.serve.schemas import SNAP_STEPS
from shapespace.serve.trouble import Trouble
from shapespace.serve.wire import quantised, unpack
from shapespace.shapes.formats import stl
from shapespace.shapes.surface import to_mesh

BALL = (np.square(np.indices((16, 16, 16)) - 7.5).sum(0) < 30).astype(bool)


@pytest.fixture(scope="module")
def served():
    return make_served()


def drawn(**more) -> dict:
    return {"voxels": bits(BALL), "resolution": 16} | more


def test_a_drawing_is_snapped_as_the_library_does(served):
    space = served.service.spaces["chair"]
    packet = unpack(ask(served, post("chair/snap", json=drawn(likeness=0.8))).content)
    found = snap(space, BALL, likeness=0.8, steps=SNAP_STEPS)
    assert np.array_equal(packet.latents[0], found.z)
    assert np.array_equal(packet.occupancy[0], quantised(found.occupancy))
    assert packet.header["iou_after"] == round(found.iou_after, 4)


def test_a_mask_says_where_the_drawing_counts(served):
    mask = np.zeros_like(BALL)
    mask[8:] = True
    space = served.service.spaces["chair"]
    packet = unpack(ask(served, post("chair/snap", json=drawn(mask=bits(mask)))).content)
    assert np.array_equal(packet.latents[0], snap(space, BALL, mask=mask, steps=SNAP_STEPS).z)


def test_progress_comes_line_by_line_and_the_shape_last(served):
    answer = ask(served, post("chair/snap?stream=1", json=drawn()))
    assert answer.headers["content-type"] == "application/x-ndjson"
    *told, last = [json.loads(line) for line in answer.text.splitlines()]
    parts = [line["progress"] for line in told]
    assert parts[0] == 0
    assert parts[-1] == 1
    assert parts == sorted(parts)
    packet = unpack(base64.b64decode(last["shapes"]))
    assert last["done"] is True
    assert np.array_equal(packet.latents, unpack(ask(served, post("chair/snap", json=drawn())).content).latents)
    assert served.service.unsent.held == 0


@pytest.mark.parametrize("stream", ["", "?stream=1"])
def test_an_empty_drawing_is_refused_in_one_line(served, stream):
    answer = ask(served, post(f"chair/snap{stream}", json=drawn(voxels=bits(np.zeros_like(BALL)))))
    assert "empty" in json.loads(answer.text.splitlines()[-1])["error"]["message"]


@pytest.mark.parametrize(
    "more",
    [
        {"voxels": "AAAA"}, {"voxels": "A" * 5}, {"voxels": "!"}, {"resolution": 15}, {"resolution": 4096},
        {"resolution": 0}, {"mask": "AAAA"}, {"likeness": 2}, {"likeness": -1}, {"seed": 0.5},
        {"steps": 0}, {"steps": 5_000},
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_refused(served, more):
    answer = ask(served, post("chair/snap", json=drawn(**more)))
    assert (answer.status_code, code(answer)) == (422, "invalid")


def test_a_file_is_snapped_and_its_name_is_only_an_ending(served, monkeypatch):
    from shapespace.shapes.formats import binvox

    async def here(function, task):
        assert task[1] == "file.binvox"
        return function(task)

    monkeypatch.setattr(served.service.uploads, "_read", here)
    kind = {"content-type": "application/octet-stream"}
    data = binvox.encode(BALL)
    good, other = ask(
        served,
        post("chair/snap-file?name=../x/ball.binvox&likeness=1", content=data, headers=kind),
        post("chair/snap-file?name=ball.exe", content=data, headers=kind),
    )
    wanted = snap(served.service.spaces["chair"], BALL, likeness=1.0, steps=SNAP_STEPS).z
    assert np.array_equal(unpack(good.content).latents[0], wanted)
    assert (other.status_code, code(other)) == (415, "wrong_type")


def test_a_mesh_of_one_half_is_completed(served, monkeypatch):
    """Where it lies: by its own box half a ball would be a whole loaf."""

    async def here(function, task):
        return function(task)

    monkeypatch.setattr(served.service.uploads, "_read", here)
    mask = half(16, "left")
    data, kind = _stl(BALL & mask), {"content-type": "application/octet-stream"}
    path = "chair/snap-file?name=a.stl&steps=5"
    placed, unplaced, refused = ask(
        served,
        post(f"{path}&keep=left&frame=grid", content=data, headers=kind),
        post(f"{path}&keep=left", content=data, headers=kind),
        post(f"{path}&frame=half", content=data, headers=kind),
    )
    found = snap(served.service.spaces["chair"], BALL & mask, mask=mask, steps=5).z
    assert np.array_equal(unpack(placed.content).latents[0], found)
    assert not np.array_equal(unpack(unplaced.content).latents[0], found)
    assert refused.status_code == 422
    assert "which half" in refused.json()["error"]["message"]


def _stl(voxels: np.ndarray) -> bytes:
    return stl.encode(to_mesh(voxels, style="blocks"))


def test_too_many_long_jobs_are_told_when_to_come_again(served, monkeypatch):
    monkeypatch.setattr(served.service.jobs, "_most", 0)
    for stream in ("", "?stream=1"):
        answer = ask(served, post(f"chair/snap{stream}", json=drawn()))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert ask(served, get("/api/health")).status_code == 200


def test_a_job_that_nobody_waits_for_ends_at_its_next_report():
    started, gone, ended = threading.Event(), threading.Event(), []

    def work(progress) -> None:
        progress(0.1)
        started.set()
        assert gone.wait(20)
        try:
            progress(0.2)
        except Stopped:
            ended.append(True)
            raise

    async def leave() -> None:
        with ThreadPoolExecutor(1) as pool:
            jobs = Jobs(pool, Metrics())
            steps = jobs.stream(work)
            assert await anext(steps) == 0.0
            await asyncio.to_thread(started.wait, 20)
            await steps.aclose()
            gone.set()
            while jobs.running:
                await asyncio.sleep(0.01)

    asyncio.run(leave())
    assert ended == [True]


def test_a_job_that_takes_too_long_is_ended():
    def work(progress) -> None:
        for _ in range(10):
            progress(0.5)

    async def wait() -> None:
        with ThreadPoolExecutor(1) as pool:
            await Jobs(pool, Metrics(), seconds=-1.0).run(work)

    with pytest.raises(Trouble) as trouble:
        asyncio.run(wait())
    assert (trouble.value.status_code, trouble.value.code) == (503, "slow")
