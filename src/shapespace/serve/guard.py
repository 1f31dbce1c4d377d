"""Who may ask: the server's own page and programs on this machine, or whoever has the token.

Every request's Host and Origin are looked at before anything else of it. A page of another site can make a browser send
requests here; it cannot make it leave out the Origin, and a name of its own that it points at this machine (DNS
rebinding) stays in the Host.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shapespace.serve.trouble import answer

COOKIE = "shapespace_token"
LEAST_TOKEN = 16
"""Letters of a token."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""What the page may load: its own files, and pictures that it made itself."""

HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
"""On every answer."""

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::[0-9]{1,5})?", re.IGNORECASE)
_SIMPLE = {"text/plain", "multipart/form-data", "application/x-www-form-urlencoded"}
"""Kinds of body that a form of another site can send without asking."""


def is_loopback(host: str) -> bool:
    """Return whether a name or an address is this machine's own."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Guard:
    """Lets through what may pass and answers the rest; an ASGI application around another.

    Args:
        app: What is guarded.
        token: That every request must bring, as `Authorization: Bearer` or in the page's cookie; None asks for none.
        raw: Endings of paths whose bodies are files, not JSON.
        any_host: Take any name in Host: only behind a token, where the names of the machine are not known.
    """

    app: ASGIApp
    token: str | None = None
    raw: tuple[str, ...] = ()
    any_host: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, with_headers)
        else:
            await self.app(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        return self._stranger(headers) or self._without_token(scope, headers) or self._wrong_body(scope, headers)

    def _stranger(self, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        found = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        if found is None:
            return answer(400, "bad_host", "a request names the host it is for, once")
        if not self.any_host and not is_loopback(found["name"]):
            return answer(403, "host_not_allowed", "host not allowed; use localhost, or start the server with --host")
        origins = headers.getlist("origin")
        own = {f"http://{hosts[0].lower()}", f"https://{hosts[0].lower()}"}
        if len(origins) > 1 or any(origin.lower() not in own for origin in origins):
            return answer(403, "origin_not_allowed", "origin not allowed: only this server's own page may ask")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return answer(403, "origin_not_allowed", "origin not allowed: only this server's own page may ask")
        return None

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        if self.token is None or scope["path"] == "/api/health":
            return None
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_right(given.strip()):
            return None
        if self._is_right(_cookie(headers)):
            return None
        if scope["path"] == "/" and scope["method"] == "GET":
            return self._let_in(scope)
        return answer(401, "no_token", "give the token: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})

    def _let_in(self, scope: Scope) -> Response:
        """Answer the page's first request: a right `?token=` becomes a cookie and leaves the address."""
        query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=50) if scope["query_string"] else {}
        given = query.pop("token", [""])[0]
        if not self._is_right(given):
            return answer(401, "no_token", "open the address that the server printed: it ends with ?token=...")
        rest = urlencode(query, doseq=True)
        response = RedirectResponse("/" + (f"?{rest}" if rest else ""), 303)
        response.set_cookie(COOKIE, given, httponly=True, samesite="strict", path="/")
        return response

    def _is_right(self, given: str) -> bool:
        assert self.token is not None
        return hmac.compare_digest(given.encode(), self.token.encode())

    def _wrong_body(self, scope: Scope, headers: Headers) -> Response | None:
        if scope["method"] not in ("POST", "PUT", "PATCH"):
            return None
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if scope["path"].endswith(self.raw) and self.raw:
            if kind in _SIMPLE:
                return answer(415, "wrong_type", f"send the file itself as the body, not as {kind}")
        elif kind != "application/json":
            return answer(415, "wrong_type", "send JSON, as Content-Type: application/json")
        if headers.get("content-encoding", "identity").lower() != "identity":
            return answer(415, "wrong_type", "send the body as it is, not compressed")
        return None


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
