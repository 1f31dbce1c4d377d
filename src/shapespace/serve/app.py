"""The HTTP application: endpoints over spaces, behind a guard and limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Depends, FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from shapespace.serve import examples, routes, routes_mend, routes_near, routes_search, routes_walk, trouble
from shapespace.serve.batcher import ROWS
from shapespace.serve.bodies import Bodies
from shapespace.serve.guard import Guard
from shapespace.serve.page import Page
from shapespace.serve.service import Service
from shapespace.serve.spaces import Spaces

RAW = ("/reconstruct", "/snap-file")
"""Endings of the paths whose bodies are files."""

ABOUT = """Sample, decode, interpolate and edit shapes of a learned latent space.

Latent vectors are lists of `latent_dim` finite numbers. Shapes come back in the binary form
`application/vnd.shapespace.shapes` unless another `format` is asked for; every error is
`{"error": {"code", "message"}}`."""


@dataclass(frozen=True)
class Served:
    """An application and what is inside it.

    Args:
        asgi: What a server runs.
        api: The endpoints alone, without guard and limits.
        service: What they share.
        bodies: What reads requests.
    """

    asgi: ASGIApp
    api: FastAPI
    service: Service
    bodies: Bodies


def build(
    spaces: Spaces, *, token: str | None = None, any_host: bool = False, page: Page | None = None, rows: int = ROWS
) -> Served:
    """Return the application.

    Args:
        spaces: That are served.
        token: That every request must bring.
        any_host: Take any name in Host: only with a token.
        page: Its files; those that come with shapespace if not given.
        rows: Shapes decoded in a forward pass, of whoever waits.
    """
    service, shown = Service(spaces, rows=rows), page or Page()
    api, known_only = _api(service), [Depends(trouble.refuse_unknown)]
    api.include_router(routes.router(service), dependencies=known_only)
    api.include_router(routes_walk.router(service), dependencies=known_only)
    api.include_router(routes_mend.router(service), dependencies=known_only)
    api.include_router(routes_near.router(service), dependencies=known_only)
    api.include_router(routes_search.router(service), dependencies=known_only)
    examples.install(api, service)
    _add_page(api, shown)
    bodies = Bodies(api, service.metrics, RAW)
    return Served(Guard(bodies, token, RAW, any_host), api, service, bodies)


def _api(service: Service) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    from importlib.metadata import version

    # the usual pages about the API load scripts from elsewhere; this server has to work with no network
    api = FastAPI(
        title="shapespace", version=version("shapespace"), description=ABOUT, lifespan=lifespan, docs_url=None,
        redoc_url=None, openapi_url="/api/openapi.json", redirect_slashes=False,
    )  # fmt: skip
    trouble.install(api)
    return api


def _add_page(api: FastAPI, page: Page) -> None:
    @api.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def index(request: Request) -> Response:
        return page.answer(request, "")

    @api.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def asset(request: Request, path: str) -> Response:
        return page.answer(request, path)
