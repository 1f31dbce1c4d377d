"""The server on loopback: many clients at a time, decoding together against one by one, and clients that are slow.

python benchmarks/serve.py [--seconds 60] [--clients 32] [--slow] [--space chair] [--json] [--quick]

Three tables. **Load**: each client asks again as soon as it is answered (samples of 1, 4 and 16, slider moves, paths,
the page, and uploads of a mesh and of a photograph); health is asked beside them. More uploads than may wait are
answered 503 with Retry-After, and a client then comes again when it says. **Together**: one shape a request, with
forward passes shared by 8 requests and not shared. **Slow**, only with --slow: 500 half-sent heads, 500
withheld bodies and 200 readers that do not read, while one client goes on as usual, uploads too.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import io
import json
import random
import re
import resource
import socket
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

import common

HOST = "127.0.0.1"
HEADS, BODIES, READERS = 500, 500, 200
CLOSED_WITHIN = 15.0
"""Seconds in which a slow client is to be closed."""


@dataclass
class Record:
    """What clients saw."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    shapes: int = 0

    def row(self, kind: str) -> common.Row:
        ordered = sorted(self.times[kind])
        last = len(ordered) - 1
        p50, p99 = (1e3 * ordered[min(last, int(part * len(ordered)))] for part in (0.5, 0.99))
        return {"request": kind, "answers": len(ordered), "p50 ms": p50, "p99 ms": p99, "max ms": 1e3 * ordered[-1]}


class Client:
    """One connection that is kept, in HTTP/1.1."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    again = 0.0
    """Seconds after which the server wants the last request to come again; 0 if it answered it."""

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        if self.streams is None:
            self.streams = await asyncio.open_connection(HOST, self.port)
        reader, writer = self.streams
        is_file = isinstance(body, bytes)
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
        kind = f"content-type: application/{'octet-stream' if is_file else 'json'}\r\n" if content else ""
        head = f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n{kind}content-length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
        assert length, answer
        later = re.search(rb"retry-after: (\d+)", answer, re.IGNORECASE)
        assert later or answer[9:12] != b"503", answer
        self.again = float(later[1]) if later else 0.0
        return int(answer[9:12]), await reader.readexactly(int(length[1]))

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


@contextmanager
def server(space: str, rows: int = 8) -> Iterator[tuple[int, psutil.Process]]:
    """Start one at a free port; its passes are shared by `rows` requests."""
    command = [sys.executable, __file__, "--as-server", str(rows), "--space", space]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline()), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def be_server(space: str, rows: int) -> None:
    from shapespace.serve.app import build
    from shapespace.serve.run import listen, serve
    from shapespace.serve.spaces import Spaces

    with listen(HOST, 0) as listening:
        served = build(Spaces.loaded([space]), rows=rows)
        serve(served, listening, ready=lambda: print(listening.getsockname()[1], flush=True))


async def usual(port: int, space: str, seed: int, until: float, record: Record) -> None:
    """Ask for what a page asks for, again and again."""
    chance, client, where = random.Random(seed), Client(port), f"/api/spaces/{space}"
    facts = json.loads((await client.ask("GET", "/api/spaces"))[1])["spaces"][0]
    dim, files = facts["latent_dim"], uploads(where, can_reconstruct=facts["can_reconstruct"])
    while time.perf_counter() < until:
        z = [[chance.gauss(0, 1) for _ in range(dim)] for _ in range(2)]
        kind, method, path, body, count = chance.choice([
            ("sample 1", "POST", f"{where}/sample", {"n": 1, "seed": chance.randrange(10**6)}, 1),
            ("sample 4", "POST", f"{where}/sample", {"n": 4, "seed": chance.randrange(10**6)}, 4),
            ("sample 16", "POST", f"{where}/sample", {"n": 16, "seed": chance.randrange(10**6)}, 16),
            ("decode 1", "POST", f"{where}/decode", {"z": z[:1]}, 1),
            ("decode 1", "POST", f"{where}/decode", {"z": z[1:]}, 1),
            ("interpolate 8", "POST", f"{where}/interpolate", {"ends": z, "steps": 8}, 8),
            ("page", "GET", "/", None, 0),
            *files,
        ])  # fmt: skip
        await timed(client, kind, method, path, body, count, record)
        await asyncio.sleep(client.again)
    client.close()


async def warm(port: int, space: str) -> None:
    """Ask for each kind of work once: what is loaded on first use is no growth."""
    client, where = Client(port), f"/api/spaces/{space}"
    facts = json.loads((await client.ask("GET", "/api/spaces"))[1])["spaces"][0]
    await client.ask("POST", f"{where}/sample", {"n": 16})
    for _, method, path, body, _ in uploads(where, can_reconstruct=facts["can_reconstruct"]):
        await client.ask(method, path, body)
    client.close()


def uploads(where: str, *, can_reconstruct: bool) -> list[tuple[str, str, str, bytes, int]]:
    """Return requests that bring a file: a mesh, whose search is one step long, and a photograph if it can be read."""
    mesh = ("upload mesh", "POST", f"{where}/snap-file?name=a.stl&steps=1", a_mesh(), 1)
    photograph = ("upload picture", "POST", f"{where}/reconstruct", a_photograph(), 1)
    return [mesh, photograph] if can_reconstruct else [mesh]


@functools.cache
def a_mesh() -> bytes:
    import trimesh

    return bytes(trimesh.creation.icosphere(3).export(file_type="stl"))


@functools.cache
def a_photograph() -> bytes:
    import numpy as np
    from PIL import Image

    pixels, buffer = np.full((480, 640, 3), 230, np.uint8), io.BytesIO()
    pixels[100:380, 200:440] = (180, 40, 30)
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


async def timed(client: Client, kind: str, method: str, path: str, body: object, count: int, record: Record) -> None:
    start = time.perf_counter()
    status, _ = await client.ask(method, path, body)
    record.times[kind].append(time.perf_counter() - start)
    record.statuses[status] += 1
    record.shapes += count * (status == 200)


async def health(port: int, until: float, record: Record) -> None:
    client = Client(port)
    while time.perf_counter() < until:
        await timed(client, "health", "GET", "/api/health", None, 0, record)
        await asyncio.sleep(0.1)
    client.close()


async def sliders(port: int, space: str, clients: int, until: float) -> float:
    """Return shapes a second when each client asks for one at a time."""
    done = [0] * clients

    async def one(number: int) -> None:
        client, chance = Client(port), random.Random(number)
        dim = json.loads((await client.ask("GET", "/api/spaces"))[1])["spaces"][0]["latent_dim"]
        while time.perf_counter() < until:
            z = [[chance.gauss(0, 1) for _ in range(dim)]]
            status, _ = await client.ask("POST", f"/api/spaces/{space}/decode", {"z": z})
            done[number] += status == 200
        client.close()

    start = time.perf_counter()
    await asyncio.gather(*[one(number) for number in range(clients)])
    return sum(done) / (time.perf_counter() - start)


def load(space: str, clients: int, seconds: float) -> tuple[list[common.Row], list[str]]:
    record = Record()

    async def everybody(port: int) -> None:
        until = time.perf_counter() + seconds
        askers = [usual(port, space, number, until, record) for number in range(clients)]
        await asyncio.gather(*askers, health(port, until, record))

    with server(space) as (port, process):
        asyncio.run(warm(port, space))
        before = process.memory_info().rss / 1e6
        asyncio.run(everybody(port))
        after = process.memory_info().rss / 1e6
    rows = [record.row(kind) for kind in sorted(record.times)]
    wrong = sum(count for status, count in record.statuses.items() if status >= 500 and status != 503)
    return rows, [
        f"{clients} clients, {seconds:g} s: {sum(record.statuses.values())} answers, {wrong} of them 5xx "
        f"other than 503 with Retry-After ({dict(record.statuses)}), {record.shapes / seconds:.1f} shapes/s, "
        f"{before:.0f} MB before, {after:.0f} after"
    ]


def together(space: str, clients: int, seconds: float) -> list[common.Row]:
    """Shapes a second with passes shared and not, in turn, so that a noisy neighbour slows both."""
    rates: dict[int, list[float]] = {8: [], 1: []}
    with server(space, 8) as (shared, _), server(space, 1) as (alone, _):
        for _ in range(3):
            for rows, port in ((8, shared), (1, alone)):
                rates[rows].append(asyncio.run(sliders(port, space, clients, time.perf_counter() + seconds / 6)))
    ratio = sorted(a / b for a, b in zip(rates[8], rates[1], strict=True))[1]
    return [
        {"requests in a pass": 8, "shapes/s": sorted(rates[8])[1], "times one by one": ratio},
        {"requests in a pass": 1, "shapes/s": sorted(rates[1])[1], "times one by one": 1.0},
    ]


async def hold(port: int, data: bytes, until: float, held: list[float], read: bool) -> None:
    """Send part of a request, or ask and not read; note for how long the server stood it, again and again."""
    while time.perf_counter() < until:
        try:
            reader, writer = await connected(port)
        except OSError:
            await asyncio.sleep(1)
            continue
        start = time.perf_counter()
        try:
            writer.write(data)
            if read:
                await asyncio.wait_for(reader.read(), 60)
            else:
                await stuck(writer)
        except (OSError, TimeoutError):
            pass
        held.append(time.perf_counter() - start)
        writer.transport.abort()


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect with room for a few KB only: what is not read shall wait at the server's side."""
    own = socket.socket()
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    own.setblocking(False)
    await asyncio.get_running_loop().sock_connect(own, (HOST, port))
    return await asyncio.open_connection(sock=own, limit=1 << 12)


async def stuck(writer: asyncio.StreamWriter) -> None:
    """Read nothing, and find out by sending a byte now and then whether the other side is still there."""
    transport = writer.transport
    assert isinstance(transport, asyncio.Transport)
    transport.pause_reading()
    for _ in range(120):
        await asyncio.sleep(0.5)
        writer.write(b"\r\n")
        if transport.is_closing():
            return


def largest() -> str:
    """Return the path of the page's largest file, or of something else that is not small."""
    from shapespace.serve.page import FOLDER

    files = sorted(FOLDER.glob("assets/*.js"), key=lambda path: path.stat().st_size)
    return f"/assets/{files[-1].name}" if files else "/api/openapi.json"


def slow(space: str, seconds: float) -> tuple[list[common.Row], list[str]]:
    """S4: each slow client closed in time, one that goes on as usual always answered, descriptors given back."""
    record, held = Record(), {"half a head": [], "withheld body": [], "not read": []}
    where = f"POST /api/spaces/{space}/sample HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    sent = {
        "half a head": (HEADS, b"GET / HTTP/1.1\r\nhost: lo", True),
        "withheld body": (BODIES, (where + "content-length: 900\r\n\r\n{").encode(), True),
        "not read": (READERS, b"GET %s HTTP/1.1\r\nhost: localhost\r\n\r\n" % largest().encode() * 40, False),
    }

    async def everybody(port: int) -> None:
        until = time.perf_counter() + seconds
        rude = [
            hold(port, data, until - 16, held[kind], read)
            for kind, (count, data, read) in sent.items()
            for _ in range(count)
        ]
        polite = Client(port)
        facts = json.loads((await polite.ask("GET", "/api/spaces"))[1])["spaces"][0]
        files = uploads(f"/api/spaces/{space}", can_reconstruct=facts["can_reconstruct"])

        async def goes_on() -> None:
            while time.perf_counter() < until:
                await timed(polite, "health", "GET", "/api/health", None, 0, record)
                await timed(polite, "page", "GET", "/", None, 0, record)
                for each in files:
                    await timed(polite, *each, record)
                await asyncio.sleep(0.1)

        await asyncio.gather(*rude, goes_on())

    with server(space) as (port, process):
        asyncio.run(warm(port, space))
        descriptors, memory = process.num_fds(), process.memory_info().rss / 1e6
        asyncio.run(everybody(port))
        time.sleep(2)
        after, grown = process.num_fds(), process.memory_info().rss / 1e6 - memory
    rows: list[common.Row] = [
        {"client": kind, "connections": len(times), "closed after s, median": sorted(times)[len(times) // 2],
         "at most s": max(times), f"within {CLOSED_WITHIN:g} s": sum(time <= CLOSED_WITHIN for time in times)}
        for kind, times in held.items() if times
    ]  # fmt: skip
    notes = [
        f"meanwhile: {dict(record.statuses)}; health p99 {record.row('health')['p99 ms']:.0f} ms; "
        f"descriptors {descriptors} before, {after} after; memory grew by {grown:.0f} MB"
    ]
    return rows, notes


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, help="of each table; 60 if not given")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--space", default="chair")
    parser.add_argument("--slow", action="store_true", help="the table of slow clients, and no other")
    parser.add_argument("--quick", action="store_true", help="6 seconds a table, for a first impression")
    parser.add_argument("--cpu", action="store_true", help="without meaning here")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--as-server", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 8_192)), hard))
    seconds = given.seconds or (6.0 if given.quick else 60.0)
    if given.as_server:
        be_server(given.space, given.as_server)
        return
    if given.slow:
        rows, notes = slow(given.space, max(seconds, 40.0))
        common.report("Slow clients", rows, json_wanted=given.json, notes=notes)
        return
    rows, notes = load(given.space, given.clients, seconds)
    common.report("Load", rows, json_wanted=given.json, notes=notes)
    common.report("Together", together(given.space, given.clients, seconds), json_wanted=given.json)


if __name__ == "__main__":
    main()
