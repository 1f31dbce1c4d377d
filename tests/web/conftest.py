"""A real browser before a real server: small spaces in a thread of this process, Debian's Chromium without a window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import make_served

from browser import CHROMIUM, PATIENCE, chromium, serving, wall


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser that draws without a GPU is slow: `make test-page` runs these."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("slow")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A browser; the test is skipped, with the reason, where there is none."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("no chromium on this machine")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where a server of two small spaces listens."""
    with serving(make_served().asgi) as address:
        yield address


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    """A fresh profile of a desk's size; whatever a page complains of, or asks another host for, fails the test."""
    context = browser.new_context(viewport={"width": 1000, "height": 640}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    complaints: list[str] = []

    def asked(url: str) -> None:
        if "127.0.0.1" not in url and not url.startswith(("blob:", "data:")):
            complaints.append(url)

    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("request", lambda request: asked(request.url))
    context.on("console", lambda line: complaints.append(line.text) if "Content Security" in line.text else None)
    yield context
    context.close()
    assert not complaints


@pytest.fixture
def page(context: Any, address: str) -> Any:
    """The page, its wall drawn."""
    page = context.new_page()
    page.goto(address)
    wall(page)
    return page
