"""`shapespace serve`: spaces in the browser and over HTTP."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

TOKEN_VARIABLE = "SHAPESPACE_TOKEN"
PATIENCE_VARIABLE = "SHAPESPACE_PATIENCE"
"""Seconds in which a request must have arrived; 10 if not set. Longer for very slow lines."""


def serve(
    *spaces: str,
    port: int = 7860,
    host: str = "127.0.0.1",
    token: str | None = None,
    open: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Answer on this machine, until Ctrl-C: a page to walk spaces in, and an HTTP API.

    Args:
        spaces: Shipped spaces' names, .safetensors files, or folders of runs; the shipped chairs if none is named.
        port: To listen at; 0 takes a free one.
        host: The address to listen at. Any other than this machine's own needs a token.
        token: That every request must bring; `new` makes one. SHAPESPACE_TOKEN does as well, unseen by `ps`.
        open: Open the page in the browser.
    """
    import os

    from shapespace.cli.console import say

    token = _token(token if token is not None else os.environ.get(TOKEN_VARIABLE))
    patience = _patience(os.environ.get(PATIENCE_VARIABLE))
    from shapespace.serve import run
    from shapespace.serve.app import build
    from shapespace.serve.guard import is_loopback
    from shapespace.serve.spaces import Spaces

    run.check_address(host, port, token)
    with run.listen(host, port) as listening:
        named = Spaces.loaded(spaces or ["chair"])
        served = build(named, token=token, any_host=not is_loopback(host))
        address = _address(host, listening.getsockname()[1], token)

        def ready() -> None:
            say(f"serving {', '.join(name for name, _ in named)} at {address} (Ctrl-C ends it)")
            _show(address, open)

        run.serve(served, listening, patience=patience, ready=ready)


def _patience(given: str | None) -> float:
    from shapespace.errors import UsageError

    try:
        seconds = float(given or 10)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 600:
        raise UsageError(f"{PATIENCE_VARIABLE} is {given}; it is a number of seconds from 0.1 to 600")
    return seconds


def _token(given: str | None) -> str | None:
    import secrets

    return secrets.token_urlsafe(24) if given == "new" else given or None


def _address(host: str, port: int, token: str | None) -> str:
    from urllib.parse import quote

    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?token={quote(token)}" if token else "")


def _show(address: str, wanted: bool) -> None:
    import sys
    import webbrowser

    sys.stdout.flush()
    if wanted:
        webbrowser.open(address)
