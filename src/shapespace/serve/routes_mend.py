"""The endpoint that moves a shape a little until it is in one piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from fastapi import APIRouter
from starlette.responses import Response

from shapespace.explore.mend import mend
from shapespace.serve import schemas, wire
from shapespace.serve.jobs import Progress
from shapespace.serve.routes import FAILURES, SHAPES, Name
from shapespace.serve.service import Service
from shapespace.shapes.grid import components
from shapespace.space import ShapeSpace


@dataclass(frozen=True, eq=False)
class Mended:
    """What became of a latent vector.

    Args:
        z: (latent_dim,) float32; as it was sent if no shape in one piece was found.
        grid: Its quantised occupancy, (r, r, r) uint8.
        whole: Whether that is in one piece.
        moved: Length of the way to it in latent space.
    """

    z: np.ndarray
    grid: np.ndarray
    whole: bool
    moved: float


def router(service: Service) -> APIRouter:
    """Return the endpoint."""
    routes = APIRouter(responses=FAILURES)

    @routes.post("/api/spaces/{name}/mend", responses=SHAPES, response_class=Response, tags=["shapes"])
    async def mended(name: Name, body: schemas.Mend) -> Response:
        """Return the shape of a latent vector, moved a little until it is in one piece.

        The header's `mended` says whether it is, and `moved` how far the vector was moved; 0 where the shape was in one
        piece already, and where none was found.
        """
        space, z = service.spaces[name], service.latents(name, [body.z])[0]
        cut = body.threshold or space.threshold
        found = await service.jobs.run(lambda told: _mended(space, z, cut, told))
        said = {"mended": found.whole, "moved": round(found.moved, 4)}
        return await service.shapes(name, body, found.z[None], grids=found.grid[None], **said)

    return routes


def _mended(space: ShapeSpace, z: np.ndarray, threshold: float, told: Progress) -> Mended:
    found = mend(space, z[None], threshold=threshold, progress=told)[0]
    grid = wire.quantised(space.decode(found[None])[0])
    # counted in what is sent: a voxel at the very threshold may round to the other side in 255 steps
    whole = components(grid > threshold * 255)[1] <= 1
    return Mended(found, grid, whole, float(np.linalg.norm(found - z)))
