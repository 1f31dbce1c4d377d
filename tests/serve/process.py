"""The real server as a process, and a socket to be rude to it with."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from shapespace.serve.wire import MEDIA_TYPE

START_SECONDS = 120
PATIENT = 60.0
__all__ = ["MEDIA_TYPE", "Running", "running"]


@dataclass
class Running:
    """A server that answers."""

    process: subprocess.Popen[str]
    port: int
    token: str | None = None

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENT)

    def send(self, data: bytes) -> bytes:
        """Return all that comes back for these bytes, until the server closes."""
        with self.connect() as connection:
            connection.sendall(data)
            return everything(connection)

    def get(self, path: str) -> bytes:
        return self.send(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())

    def post(self, path: str, body: bytes, kind: str = "application/json") -> bytes:
        head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {kind}\r\n"
        return self.send(head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body)

    def resident_mb(self) -> float:
        """Return the memory of the server and its readers, in MB."""
        own = psutil.Process(self.process.pid)
        return own.memory_info().rss / 1e6

    def descriptors(self) -> int:
        return psutil.Process(self.process.pid).num_fds()

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENT)


def everything(connection: socket.socket) -> bytes:
    pieces = []
    while piece := connection.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def status(answer: bytes) -> int:
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


@contextmanager
def running(*arguments: str | Path, environment: dict[str, str] | None = None) -> Iterator[Running]:
    """Start `shapespace serve` at a free port; it is ended whatever happens."""
    command = [sys.executable, "-m", "shapespace", "serve", "--port", "0", *map(str, arguments)]
    own = os.environ | {"OMP_NUM_THREADS": "1"} | (environment or {})
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=own)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://[^ /]+:(\d+)/(?:\?token=([^ ]+))?", line)
        assert found, line + (process.stderr.read() if process.stderr and process.poll() is not None else "")
        yield Running(process, int(found[1]), found[2])
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        process.communicate()


def until(condition, seconds: float = PATIENT) -> bool:
    """Wait for a condition, long enough for the slowest machine; return whether it came true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False
