"""The endpoint that adds shapes and moves them along attributes."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response

from shapespace.explore.arithmetic import arithmetic
from shapespace.explore.steer import steer
from shapespace.serve import schemas
from shapespace.serve.routes import FAILURES, SHAPES, Name
from shapespace.serve.service import Service
from shapespace.serve.trouble import Trouble


def router(service: Service) -> APIRouter:
    """Return the endpoint."""
    routes = APIRouter(responses=FAILURES)

    @routes.post("/api/spaces/{name}/arithmetic", responses=SHAPES, response_class=Response, tags=["shapes"])
    async def added(name: Name, body: schemas.Arithmetic) -> Response:
        """Return the shape that latent vectors add up to, moved along attributes."""
        plus, minus = service.latents(name, body.plus), service.latents(name, body.minus)
        space = service.spaces[name]
        z = plus[0] if len(plus) == 1 and not len(minus) else arithmetic(space, list(plus), list(minus))
        if body.attributes:
            z = await _moved(service, name, z, body)
        return await service.shapes(name, body, z[None])

    return routes


async def _moved(service: Service, name: str, z: np.ndarray, body: schemas.Arithmetic) -> np.ndarray:
    known, space = service.spaces.attributes(name), service.spaces[name]
    if known is None:
        raise Trouble(422, "no_attributes", f"{name} knows no attributes")
    unknown = sorted(set(body.attributes) - set(known.names))
    if unknown:
        raise Trouble(422, "invalid", f"{name} has no such attribute; it has {', '.join(known.names)}")
    if not body.careful:
        return known.move(z, body.attributes)
    return await service.run(lambda _: steer(space, known, z, body.attributes))
