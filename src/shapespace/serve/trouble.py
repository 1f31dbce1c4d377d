"""What the server answers when it cannot answer: one structure, one clear line, never what was sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shapespace.errors import BadInput, ShapeSpaceError

if TYPE_CHECKING:
    from fastapi import FastAPI

CODES = {400: "bad_request", 401: "no_token", 403: "forbidden", 404: "not_found", 405: "wrong_method"}
LONGEST_MESSAGE = 400


class Trouble(HTTPException):
    """A request that is answered with an error.

    Args:
        status: Of HTTP.
        code: One word for programs.
        message: One line for people.
        retry_after: Seconds after which it is worth trying again.
    """

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(status, message, headers)
        self.code = code


def busy(message: str, retry_after: int = 1) -> Trouble:
    """Return the answer to a request there is no room for now."""
    return Trouble(503, "busy", message, retry_after=retry_after)


def answer(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    """Return an error as a response."""
    line = "".join(letter if letter.isprintable() else " " for letter in message)[:LONGEST_MESSAGE]
    # kept to ASCII: half a surrogate pair in a name that was sent has no UTF-8
    content = json.dumps({"error": {"code": code, "message": line}}).encode()
    return Response(content, status, headers, "application/json")


def explain(error: HTTPException) -> Response:
    """Return the response for an error that says its own status."""
    code = error.code if isinstance(error, Trouble) else CODES.get(error.status_code, "error")
    return answer(error.status_code, code, str(error.detail), dict(error.headers or {}))


def install(app: FastAPI) -> None:
    """Make the application answer every error in the one structure."""
    from fastapi.exceptions import RequestValidationError

    app.add_exception_handler(HTTPException, _explained)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(ShapeSpaceError, _of_user)
    app.add_exception_handler(Exception, _ours)


async def refuse_unknown(request: Request) -> None:
    """Refuse parameters of the query that an endpoint does not have: what is dropped in silence is believed to work.

    Raises:
        Trouble: If there is one.
    """
    known = [field.alias for field in request.scope["route"].dependant.query_params]
    for name in request.query_params:
        if name not in known:
            has = f"there are: {', '.join(known)}" if known else "this takes none"
            raise Trouble(422, "invalid", f"no parameter {name[:40]!r} in the query; {has}")


async def _explained(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return explain(error)


async def _invalid(_: Request, error: Exception) -> Response:
    found: Sequence[Any] = error.errors()  # type: ignore[attr-defined]
    first = found[0] if found else {}
    if first.get("type") == "json_invalid":
        return answer(400, "bad_json", "the body is no JSON")
    place = ".".join(str(part)[:40] for part in first.get("loc", ())[1:])
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return answer(422, "invalid", f"{place or 'body'}: {first.get('msg', 'invalid')}{more}")


async def _of_user(_: Request, error: Exception) -> Response:
    return answer(422, "bad_input" if isinstance(error, BadInput) else "invalid", " ".join(str(error).split()))


async def _ours(_: Request, error: Exception) -> Response:
    return answer(500, "internal", "this is a mistake in shapespace; the server's log tells more")
