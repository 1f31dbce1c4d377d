"""The endpoint that finds the known shapes most like one."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response

from shapespace.explore.neighbours import Neighbours, of_latents
from shapespace.serve import schemas
from shapespace.serve.jobs import Progress
from shapespace.serve.routes import FAILURES, SHAPES, Name
from shapespace.serve.service import Service
from shapespace.serve.trouble import Trouble
from shapespace.space import ShapeSpace

AMONG = 512
"""Samples of a space that are searched among."""


class Samples:
    """Samples of each space, indexed when they are first searched; for one thread at a time."""

    def __init__(self, count: int = AMONG) -> None:
        """Index nothing yet."""
        self._count = count
        self._found: dict[int, tuple[np.ndarray, Neighbours]] = {}

    def nearest(self, space: ShapeSpace, z: np.ndarray, k: int, told: Progress) -> tuple[np.ndarray, np.ndarray]:
        """Return (latents, distances) of the samples most like the shape of z, (k, latent_dim) and (k,) float32.

        If z is one of them, it is left out.

        Args:
            space: Kept for as long as it is served.
            z: (latent_dim,).
            k: How many.
            told: How much of the index is built, from 0 to 1.
        """
        if id(space) not in self._found:
            self._found[id(space)] = self._indexed(space, told)
        samples, index = self._found[id(space)]
        own = index.shapes.numbers(z[None])
        ids, distances = index.search(space.decode(z[None]) > space.threshold, k, without=own)
        return samples[ids[0]], distances[0]

    def _indexed(self, space: ShapeSpace, told: Progress) -> tuple[np.ndarray, Neighbours]:
        z = space.latents(self._count, seed=0)
        by = "features" if space.discriminator is not None else "voxels"
        return z, Neighbours(space, of_latents(space, z), by, told=lambda done: told(done / self._count))


def router(service: Service) -> APIRouter:
    """Return the endpoint."""
    routes, samples = APIRouter(responses=FAILURES), Samples()

    @routes.post("/api/spaces/{name}/neighbours", responses=SHAPES, response_class=Response, tags=["search"])
    async def near(name: Name, body: schemas.Neighbours) -> Response:
        """Return the samples of the space most like the shape of a latent vector, nearest first, with distances.

        If the shape is itself one of those samples, it is left out.
        """
        space, z = service.spaces[name], service.latents(name, [body.z])[0]
        if body.format not in ("shapes", "json", "npz"):
            raise Trouble(422, "one_shape", f"{body.format} holds one shape; ask for shapes, json or npz")
        service.check_count(name, body.k)
        found, distances = await service.jobs.run(lambda told: samples.nearest(space, z, body.k, told))
        return await service.shapes(name, body, found, distances=distances.astype(float).round(6).tolist())

    return routes
