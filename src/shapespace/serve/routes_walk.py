"""The endpoints that add shapes, move them along attributes, and lay them out on a map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response

from shapespace.explore.arithmetic import arithmetic
from shapespace.explore.map import ShapeMap, shape_map
from shapespace.explore.steer import steer
from shapespace.serve import schemas
from shapespace.serve.routes import FAILURES, SHAPES, Name
from shapespace.serve.service import Service
from shapespace.serve.trouble import Trouble
from shapespace.space import ShapeSpace

MAPS = 8
"""That are kept."""


def router(service: Service) -> APIRouter:
    """Return the endpoints."""
    routes = APIRouter(responses=FAILURES)
    maps = Kept(MAPS, shape_map)

    @routes.post("/api/spaces/{name}/arithmetic", responses=SHAPES, response_class=Response, tags=["shapes"])
    async def added(name: Name, body: schemas.Arithmetic) -> Response:
        """Return the shape that latent vectors add up to, moved along attributes."""
        plus, minus = service.latents(name, body.plus), service.latents(name, body.minus)
        space = service.spaces[name]
        z = plus[0] if len(plus) == 1 and not len(minus) else arithmetic(space, list(plus), list(minus))
        if body.attributes:
            z = await _moved(service, name, z, body)
        return await service.shapes(name, body, z[None])

    @routes.post("/api/spaces/{name}/map", responses=SHAPES, response_class=Response, tags=["shapes"])
    async def laid_out(name: Name, body: schemas.Map) -> Response:
        """Return shapes with their places on a square; latent vectors alone, unless occupancy is asked for."""
        if body.format not in ("shapes", "json"):
            raise Trouble(422, "invalid", "format: a map comes as shapes or json")
        space = service.spaces[name]
        if body.occupancy:
            service.check_count(name, body.count)
        found = await service.jobs.run(lambda _: maps(space, body.count, body.seed))
        grids = None if body.occupancy else np.zeros((0, *[space.resolution] * 3), np.uint8)
        return await service.shapes(name, body, found.z, grids=grids, xy=found.xy.astype(float).round(6).tolist())

    return routes


class Kept:
    """The latest few maps; making one takes seconds, and every page asks for the same."""

    def __init__(self, most: int, make: Callable[[ShapeSpace, int, int], ShapeMap]) -> None:
        """Keep none yet."""
        self._most, self._make = most, make
        self._kept: dict[tuple[int, int, int], ShapeMap] = {}

    def __call__(self, space: ShapeSpace, count: int, seed: int) -> ShapeMap:
        """Return the map of a space, made now if it is not kept; for one thread at a time."""
        key = (id(space), count, seed)
        found = self._kept.pop(key, None) or self._make(space, count, seed)
        self._kept[key] = found
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return found


async def _moved(service: Service, name: str, z: np.ndarray, body: schemas.Arithmetic) -> np.ndarray:
    known, space = service.spaces.attributes(name), service.spaces[name]
    if known is None:
        raise Trouble(422, "no_attributes", f"{name} knows no attributes")
    unknown = sorted(set(body.attributes) - set(known.names))
    if unknown:
        raise Trouble(422, "invalid", f"{name} has no such attribute; it has {', '.join(known.names)}")
    if body.straight:
        return known.move(z, body.attributes)
    return await service.run(lambda _: steer(space, known, z, body.attributes))
