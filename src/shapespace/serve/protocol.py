"""HTTP/1.1 that waits for nobody: a request that does not arrive and an answer that is not read are given up.

uvicorn alone keeps a half-sent request for ever, and with it a connection; a few hundred of them shut everybody out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from shapespace import limits
from shapespace.serve.metrics import Metrics
from shapespace.serve.trouble import answer, busy, explain

SECONDS = 10.0
"""In which a request must have arrived, head and body, and a reader must have made room for more of the answer."""

LEAST_RATE = 64 << 10
"""Bytes a second: a large upload has as much longer as it takes at this rate."""

LINGER_SECONDS = 2.0
"""For which the rest of a refused body is still taken and thrown away, so that the refusal can be read."""


class PromptProtocol(H11Protocol):
    """One connection."""

    metrics: Metrics | None = None
    seconds = SECONDS
    is_ending = False
    """Of all connections of the server: those that are made now have come too late."""
    most_connections = limits.MAX_CONNECTIONS
    _late: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None
    _began, _received, _lingers = 0.0, 0, False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the first request its time; refuse a connection too many."""
        super().connection_made(cast(asyncio.Transport, _Closing(transport, self._close)))
        if self.is_ending:
            self._give_up("server ends")
            return
        if len(self.connections) > self.most_connections:
            self._refuse()
            return
        self._expect()

    def data_received(self, data: bytes) -> None:
        """Take bytes; only a whole request stops the clock, not a byte now and then."""
        if self._lingers:
            return
        if self._late is None and self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            self._expect()
        self._received += len(data)
        super().data_received(data)
        if self._is_whole():
            self._late = _stopped(self._late)

    def on_response_complete(self) -> None:
        """Give the rest of a refused body, and an answer that is still to be read, their time."""
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self._linger()
        elif self._is_whole() or self.conn.their_state is h11.IDLE:
            self._late = _stopped(self._late)
        if self.transport.get_write_buffer_size() and self._stuck is None:
            self._stuck = self.loop.call_later(self.seconds, self._give_up_unsent)

    def pause_writing(self) -> None:
        """Give the reader its time."""
        super().pause_writing()
        _stopped(self._stuck)
        self._stuck = self.loop.call_later(self.seconds, self._give_up, "answer not read")

    def resume_writing(self) -> None:
        """Go on; the rest has its time as well."""
        super().resume_writing()
        _stopped(self._stuck)
        self._stuck = self.loop.call_later(self.seconds, self._give_up_unsent)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._late, self._stuck = _stopped(self._late), _stopped(self._stuck)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close, once what was asked is answered; who has not finished asking is not waited for."""
        if self.conn.their_state is h11.SEND_BODY:
            self._give_up("server ends")
        else:
            super().shutdown()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the one structure; in the middle of an answer there is nothing to say."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self._give_up("broken request")
            return
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # its body broke off: what it would answer has no place any more
            self.cycle.message_event.set()
        refusal = answer(400, "bad_request", "this is no HTTP request")
        headers = [*refusal.raw_headers, (b"connection", b"close")]
        self.transport.write(self.conn.send(h11.Response(status_code=400, headers=headers, reason=b"Bad Request")))
        self.transport.write(self.conn.send(h11.Data(data=bytes(refusal.body))))
        self.transport.write(self.conn.send(h11.EndOfMessage()))
        self.transport.close()

    def _close(self, close: Callable[[], None]) -> None:
        """Close; with a refused body still on its way the answer would be lost if it were done at once."""
        if self.conn.their_state is h11.SEND_BODY and not self._lingers:
            self._lingers = True
            self.flow.resume_reading()
            self._linger()
        elif not self._lingers:
            close()

    def _linger(self) -> None:
        _stopped(self._late)
        self._late = self.loop.call_later(LINGER_SECONDS, self._give_up, "refused body")

    def _is_whole(self) -> bool:
        return self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)

    def _expect(self) -> None:
        self._began, self._received = self.loop.time(), 0
        self._late = self.loop.call_later(self.seconds, self._check)

    def _check(self) -> None:
        left = self._began + self.seconds + self._received / LEAST_RATE - self.loop.time()
        if left > 0:
            self._late = self.loop.call_later(left, self._check)
        else:
            self._give_up("request not sent")

    def _give_up_unsent(self) -> None:
        self._stuck = None
        if self.transport.get_write_buffer_size():
            self._give_up("answer not read")

    def _give_up(self, reason: str) -> None:
        if self.metrics is not None:
            self.metrics.count("connections_closed_total", reason=reason)
        self.transport.abort()

    def _refuse(self) -> None:
        refusal = explain(busy(f"there are {len(self.connections) - 1} connections; that is the limit"))
        headers = b"".join(b"%s: %s\r\n" % pair for pair in refusal.raw_headers)
        head = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n"
        self.transport.write(head + headers + b"\r\n" + bytes(refusal.body))
        self.transport.close()


class _Closing:
    """A transport that asks before it closes."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[Callable[[], None]], None]) -> None:
        self._transport, self._close = transport, close

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        self._close(self._transport.close)


def _stopped(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
