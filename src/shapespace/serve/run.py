"""The server as a process: a socket, deadlines, a clean end."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from shapespace.errors import OutputError, UsageError
from shapespace.serve.app import Served
from shapespace.serve.guard import LEAST_TOKEN, is_loopback
from shapespace.serve.metrics import Metrics
from shapespace.serve.protocol import SECONDS, PromptProtocol

GRACE_SECONDS = 8
"""For which answers that were begun are finished after a signal."""

HEAD_BYTES = 16 << 10
"""Of a request's first line and headers."""


def check_address(host: str, port: int, token: str | None) -> None:
    """Refuse an address that would open this machine to others without a token.

    Raises:
        UsageError: If so, or the port or token cannot be meant.
    """
    if not 0 <= port <= 65_535:
        raise UsageError(f"--port is {port}; it must be from 0, any free one, to 65535")
    if token is not None and (len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable()):
        raise UsageError(f"--token must have at least {LEAST_TOKEN} plain letters; `--token new` makes one")
    if token is None and not is_loopback(host):
        raise UsageError(f"--host {host} can be reached from other machines; give --token as well, or `--token new`")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        OutputError: If the address is taken or is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        if sys.platform != "win32":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(address)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot listen at {host}, port {port}: {why}; choose another --port") from None
    return listening


def serve(
    served: Served, listening: socket.socket, *, patience: float = SECONDS, ready: Callable[[], None] = lambda: None
) -> None:
    """Answer requests until SIGTERM or Ctrl-C, then finish what was begun; the process's children end with it.

    Args:
        served: What answers.
        listening: Where.
        patience: Seconds for a request to arrive, and for an answer to be read on.
        ready: Called when requests are taken.
    """
    _allow_connections()
    protocol = _protocol(served.service.metrics, patience)
    config = uvicorn.Config(
        served.asgi, http=protocol, ws="none", lifespan="off", log_level="error",
        access_log=False, server_header=False, proxy_headers=False, timeout_keep_alive=10,
        timeout_graceful_shutdown=GRACE_SECONDS, h11_max_incomplete_event_size=HEAD_BYTES, backlog=2048,
    )  # fmt: skip
    server = _Server(config, protocol, ready, served.service.uploads.warm)
    with _signals_end_quietly():
        server.run(sockets=[listening])
    served.service.close()
    for reader in multiprocessing.active_children():
        reader.kill()  # one that is still starting, or in a file nobody waits for, would be waited for


class _Server(uvicorn.Server):
    """uvicorn's, which tells when it is ready."""

    def __init__(
        self,
        config: uvicorn.Config,
        protocol: type[PromptProtocol],
        ready: Callable[[], None],
        warm: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._protocol = protocol
        self._ready, self._warm = ready, warm

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._warm()  # the first file finds its reader started
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._protocol.is_ending = True
        await super().shutdown(sockets)


def _protocol(counted: Metrics, patience: float) -> type[PromptProtocol]:
    class Counted(PromptProtocol):
        metrics, seconds = counted, patience

    return Counted


@contextlib.contextmanager
def _signals_end_quietly() -> Iterator[None]:
    """Uvicorn raises a signal again once it has ended; that second time it means nothing any more."""

    def nothing(*_: Any) -> None:
        return None

    before = {each: signal.signal(each, nothing) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _allow_connections() -> None:
    """Let the process have as many files open as it may; many machines begin with 1,024."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else max(soft, 16_384)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, 65_536), hard))
