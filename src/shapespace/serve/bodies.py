"""How much the server holds: requests read whole before they are worked on, answers until they are sent."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shapespace import limits
from shapespace.serve.metrics import Metrics
from shapespace.serve.trouble import Trouble, busy, explain

PIECE = 256 << 10
"""Bytes of an answer handed over at a time: a reader who stops reading costs no more than two."""


@dataclass
class Budget:
    """Bytes that may be held at a time."""

    most: int
    held: int = 0

    def take(self, count: int) -> None:
        """Hold more bytes.

        Raises:
            Trouble: If there is no room for them now.
        """
        if self.held + count > self.most:
            raise busy(f"the server holds {self.held >> 20} MB for others; the limit is {self.most >> 20} MB")
        self.held += count

    def give(self, count: int) -> None:
        """Hold fewer bytes."""
        self.held -= count


@dataclass
class Bodies:
    """Reads each request's body within its limit, and no more requests than may be worked on; an ASGI application.

    Args:
        app: What gets the request, its body in one piece.
        metrics: Where requests are counted.
        raw: Endings of paths whose bodies are files, which may be longer.
        most_requests: At a time.
        beside: Paths that are always answered.
    """

    app: ASGIApp
    metrics: Metrics
    raw: tuple[str, ...] = ()
    most_requests: int = limits.MAX_REQUESTS
    beside: tuple[str, ...] = ("/api/health", "/api/metrics")
    json_budget: Budget = field(default_factory=lambda: Budget(limits.MAX_RECEIVED_BYTES))
    raw_budget: Budget = field(default_factory=lambda: Budget(limits.MAX_RECEIVED_BYTES))
    at_work: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), [0]

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        try:
            await self._one(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.count("requests_total", route=route, status=str(status[0]))
            self.metrics.time(time.perf_counter() - start, route=route)

    async def _one(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_raw = bool(self.raw) and scope["path"].endswith(self.raw)
        budget = self.raw_budget if is_raw else self.json_budget
        held = [0]
        try:
            most = limits.MAX_UPLOAD_BYTES if is_raw else limits.MAX_BODY_BYTES
            body = await _read(scope, receive, most, budget, held)
            await self._work(scope, _replay(body, receive), send)
        except Trouble as refusal:
            await explain(refusal)(scope, receive, send)
        except ClientGone:
            return
        finally:
            budget.give(held[0])

    async def _work(self, scope: Scope, receive: Receive, send: Send) -> None:
        counts = scope["path"] not in self.beside
        # counted only now: whoever withholds a body takes nobody's place
        if counts and self.at_work >= self.most_requests:
            raise busy(f"{self.at_work} requests are being worked on; the limit is {self.most_requests}")
        self.at_work += counts
        try:
            await self.app(scope, receive, send)
        finally:
            self.at_work -= counts


async def _read(scope: Scope, receive: Receive, most: int, budget: Budget, held: list[int]) -> bytes:
    """Return a body; `held` grows by what was taken from the budget for it, also when it is refused half-way."""
    declared = Headers(scope=scope).get("content-length", "0")
    if not declared.isdecimal() or int(declared[:18]) > most:
        raise _too_large(most)
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece = message.get("body", b"")
        if held[0] + len(piece) > most:
            raise _too_large(most)
        budget.take(len(piece))
        held[0] += len(piece)
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


class ClientGone(Exception):
    """Nobody waits for the answer."""


class Pieces(Response):
    """An answer that is handed over piece by piece, and counted until the last one is.

    Args:
        content: All of it.
        budget: What it is counted in; the bytes are taken now. None for what is held anyway.
        media_type: As in HTTP.
        headers: Further ones.
    """

    def __init__(
        self, content: bytes, budget: Budget | None, *, media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        """Count the bytes.

        Raises:
            Trouble: If too many answers wait to be sent.
        """
        self._budget = budget or Budget(len(content))
        self._budget.take(len(content))
        super().__init__(content, 200, headers, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        body = memoryview(self.body)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for start in range(0, len(body) if scope["method"] != "HEAD" else 0, PIECE):
                piece = bytes(body[start : start + PIECE])
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._budget.give(len(body))


def _too_large(most: int) -> HTTPException:
    size = f"{most >> 20} MB" if most >= 1 << 20 else f"{most:,} bytes"
    return Trouble(413, "too_large", f"the body is larger than the limit of {size}")


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def replayed() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replayed
