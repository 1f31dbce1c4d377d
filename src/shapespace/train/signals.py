"""Ctrl-C, SIGTERM and SIGUSR1 become a flag that the loop asks for; a second one quits at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)


class StopRequest:
    """Whether somebody asked the run to stop, and by which signal."""

    def __init__(self) -> None:
        """Start with no request."""
        self.name = ""

    def __bool__(self) -> bool:
        """Return whether the run must stop."""
        return bool(self.name)

    def note(self, number: int, _frame: object) -> None:
        """Take a signal; the second ends the process at once."""
        if self.name:
            os._exit(143)
        self.name = signal.Signals(number).name


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Yield a request that stop signals set while the block runs."""
    request = StopRequest()
    before = {number: signal.signal(number, request.note) for number in STOP_SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
