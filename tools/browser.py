"""A real browser without a window or a GPU, and what it looks at: for the page's tests, benchmark and pictures."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
"""Of this machine; empty where there is none."""

PATIENCE = 120_000
"""Milliseconds that a browser on a busy machine may take for anything."""

ARGUMENTS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-dev-shm-usage")


@contextmanager
def chromium() -> Iterator[Any]:
    """Start a browser, which needs playwright and `CHROMIUM`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def opened(browser: Any, address: str, **options: Any) -> Any:
    """Return the page in a fresh profile, its wall drawn."""
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    wall(page)
    return page


def wall(page: Any) -> None:
    """Wait until all of the wall is drawn."""
    page.locator("#wall canvas[data-drawn]").nth(23).wait_for()


def map_drawn(page: Any) -> None:
    """Wait until the small pictures of the map are drawn, too."""
    page.locator("#map[data-drawn]").wait_for()


def slide(page: Any, selector: str, value: float) -> None:
    """Move a slider as a hand does: it is told of, and let go."""
    page.locator(selector).evaluate(
        "(input, value) => { input.value = value; for (const kind of ['input', 'change'])"
        " input.dispatchEvent(new Event(kind, { bubbles: true })); }",
        str(value),
    )


@contextmanager
def serving(application: Any, port: int = 0) -> Iterator[str]:
    """Serve an ASGI application in a thread; yield the address."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(application, port=port, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError(f"no server could be started at port {port}")
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    server.should_exit = True
    thread.join(10)


@contextmanager
def serving_space(space: str) -> Iterator[str]:
    """Serve one space as `shapespace serve` does; yield the address."""
    from shapespace.serve.app import build
    from shapespace.serve.spaces import Spaces

    with serving(build(Spaces.loaded([space])).asgi) as address:
        yield address


@contextmanager
def serving_files(folder: Path) -> Iterator[str]:
    """Serve the files of a folder in a thread; yield the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
