"""The endpoints that need nothing but a space: list, sample, decode, interpolate, reconstruct."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import PlainTextResponse, Response

from shapespace.explore.attributes import REACH
from shapespace.explore.interpolate import centre_of, interpolate
from shapespace.serve import schemas, wire
from shapespace.serve.answers import MEDIA
from shapespace.serve.schemas import Failure, Health, SpaceFacts, SpaceList
from shapespace.serve.service import Service
from shapespace.serve.trouble import Trouble
from shapespace.shapes.cut import best_cut

Name = Annotated[str, Path(max_length=64, description="of a space, as /api/spaces lists it", examples=["chair"])]

Threshold = Annotated[
    float | None,
    Query(gt=0, lt=1, description="a voxel is inside above this; where the shape overlaps most if not given"),
]

_MEANINGS = {
    400: "what was sent is no HTTP request, or no JSON", 401: "a token is needed", 403: "host or origin not allowed",
    404: "no such space or place", 405: "another method is needed", 413: "the body is too large",
    415: "the body is of a kind that is not taken", 422: "out of bounds, or a file that cannot be used",
    503: "too much is asked at a time; Retry-After says when to come again",
}  # fmt: skip
FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failure, "description": meaning} for status, meaning in _MEANINGS.items()
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
SHAPES: dict[int | str, dict[str, Any]] = FAILURES | {
    200: {
        "description": "shapes, in the format that was asked for",
        "content": {wire.MEDIA_TYPE: _BINARY} | {kind: _BINARY for kind in MEDIA.values() if kind != wire.MEDIA_TYPE},
    }
}
FILE_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": _BINARY, "image/*": _BINARY}}}


def facts(service: Service, name: str) -> SpaceFacts:
    """Return what there is to know of a space."""
    space, known = service.spaces[name], service.spaces.attributes(name)
    return SpaceFacts(
        name=name,
        resolution=space.resolution,
        latent_dim=space.latent_dim,
        prior=space.prior,
        threshold=space.threshold,
        categories=list(space.card.categories),
        licence=space.card.licence,
        can_reconstruct=space.encoder is not None,
        can_search=True,
        attributes=[schemas.Attribute(name=each, low=-REACH, high=REACH) for each in known.names] if known else [],
    )


def router(service: Service) -> APIRouter:
    """Return the endpoints."""
    routes = APIRouter(responses=FAILURES)
    _add_general(routes, service)
    _add_shapes(routes, service)
    _add_reconstruct(routes, service)
    return routes


def _add_general(routes: APIRouter, service: Service) -> None:
    @routes.get("/api/health", tags=["server"])
    async def health() -> Health:
        """Say that the server answers; it needs no thread and no token."""
        return Health()

    @routes.get("/api/metrics", tags=["server"], response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        """Return counters and times, for Prometheus."""
        return PlainTextResponse(service.metrics.text(), media_type="text/plain; version=0.0.4")

    @routes.get("/api/spaces", tags=["server"])
    async def spaces() -> SpaceList:
        """List the spaces that are served."""
        return SpaceList(spaces=[facts(service, name) for name, _ in service.spaces])


def _add_shapes(routes: APIRouter, service: Service) -> None:
    @routes.post("/api/spaces/{name}/sample", responses=SHAPES, response_class=Response, tags=["shapes"])
    async def sample(name: Name, body: schemas.Sample) -> Response:
        """Return new shapes; the i-th depends on the seed and on i alone."""
        space = service.spaces[name]
        service.check_count(name, body.n)
        return await service.shapes(name, body, space.latents(body.n, body.seed))

    @routes.post("/api/spaces/{name}/decode", responses=SHAPES, response_class=Response, tags=["shapes"])
    async def decode(name: Name, body: schemas.Decode) -> Response:
        """Return the shapes of latent vectors."""
        return await service.shapes(name, body, service.latents(name, body.z))

    @routes.post("/api/spaces/{name}/interpolate", responses=SHAPES, response_class=Response, tags=["shapes"])
    async def between(name: Name, body: schemas.Interpolate) -> Response:
        """Return shapes on the way from the first latent vector over all others to the last."""
        ends = service.latents(name, body.ends)
        centre = centre_of(service.spaces[name].prior)
        return await service.shapes(name, body, interpolate(ends, body.steps, how=body.how, centre=centre))


def _add_reconstruct(routes: APIRouter, service: Service) -> None:
    @routes.post(
        "/api/spaces/{name}/reconstruct",
        responses=SHAPES,
        response_class=Response,
        tags=["files"],
        openapi_extra=FILE_BODY,
    )
    async def reconstruct(
        name: Name, request: Request, format: schemas.Format = "shapes", threshold: Threshold = None
    ) -> Response:
        """Return the shape that a photograph shows; the body is the file, and the header's `how` says what was seen."""
        space = service.spaces[name]
        if space.encoder is None:
            raise Trouble(422, "no_encoder", f"{name} reads no pictures: it was trained without an encoder")
        photo = await service.uploads.picture(await request.body())
        z = await service.run(lambda _: space.encode(photo.picture[None]))
        rows = np.asarray(z, np.float32)
        grids = await service.decode(name, rows)
        asked = schemas.Request(format=format, threshold=threshold or best_cut(grids[0] / 255))
        return await service.shapes(name, asked, rows, grids=grids, how=photo.how)
