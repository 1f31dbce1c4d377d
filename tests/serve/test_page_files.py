"""S7: the page's files and nothing else; no spelling of a path leads out of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from asking import ask, get, make_served, post

from shapespace.serve.page import Page

SECRET = "canary-7f3a"
PLACES = ["secret.txt", "etc/passwd", "page/../secret.txt", "windows/win.ini", "secret.txt%00.html", "."]
DOTS = ["..", "%2e%2e", "%2E.", "..%2f", "%252e%252e", "..%c0%af", "..%5c", "..\\", "....//", ".%2e", "..;", "\u2025"]
BEFORE = ["/", "//", "/assets/", "/./", "/%2f", "/assets/%2e/"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("site")
    (root / "secret.txt").write_text(SECRET)
    page = root / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html><title>page</title>")
    (page / "assets" / "main-abc.js").write_text("export {}")
    (page / "assets" / "main-abc.map").write_text("{}")
    (page / "assets" / "link.txt").symlink_to(root / "secret.txt")
    (page / "out").symlink_to(root)
    return page


@pytest.fixture(scope="module")
def served(folder):
    return make_served(page=Page(folder))


def paths() -> list[str]:
    spelled = [f"{start}{dots}/{dots}/{place}" for start in BEFORE for dots in DOTS for place in PLACES]
    return [*spelled, "/assets/link.txt", "/out/secret.txt", "//etc/passwd", "/file:///etc/passwd", "/~root/.ssh/id"]


def raw(served, target: bytes, method: str = "GET", body: bytes = b"") -> tuple[int, bytes]:
    """Return (status, body) for a path exactly as it is spelled: no client makes it nicer first."""
    from urllib.parse import unquote

    sent: list = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(target.decode("latin-1")), "raw_path": target, "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 7860), "state": {},
    }  # fmt: skip

    async def receive() -> dict:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict) -> None:
        sent.append(message)

    asyncio.run(served.asgi(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent)


def test_no_spelling_of_a_path_leads_out(served):
    assert len(paths()) > 300
    for path in paths():
        status, body = raw(served, path.encode())
        assert status in (400, 404), path
        assert SECRET.encode() not in body


def test_no_spelling_of_a_space_s_name_is_a_path(served):
    names = [f"{dots}/{place}" for dots in DOTS for place in PLACES] + ["/etc/passwd", "chair.safetensors", "chair\0"]
    for name in names:
        status, body = raw(served, f"/api/spaces/{name}/sample".encode(), "POST", b"{}")
        assert status in (400, 404, 405), name
        assert b"Errno" not in body


def test_names_of_files_that_are_sent_give_an_ending_and_nothing_else(served):
    names = [f"{dots}/{place}" for dots in DOTS for place in PLACES]
    answers = ask(served, *[post(f"chair/snap-file?name={name}", content=b"x") for name in names])
    for answer in answers:
        assert 400 <= answer.status_code < 500
        assert SECRET not in answer.text


def test_the_page_and_its_files_are_served_with_type_and_caching(served):
    page, script = ask(served, get("/"), get("/assets/main-abc.js"))
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    again = ask(served, get("/", headers={"if-none-match": page.headers["etag"]}))
    assert (again.status_code, again.content) == (304, b"")


def test_a_file_of_another_kind_is_not_served(served):
    assert ask(served, get("/assets/main-abc.map")).status_code == 404


def test_head_has_no_body(served):
    answer = ask(served, lambda client: client.head("/"))
    assert answer.status_code == 200
    assert answer.content == b""


def test_without_a_page_a_clear_line_is_said(tmp_path):
    served = make_served(page=Page(tmp_path / "none"))
    answer = ask(served, get("/"))
    assert answer.status_code == 200
    assert "without its page" in answer.text
    assert ask(served, get("/index.html")).status_code == 404
