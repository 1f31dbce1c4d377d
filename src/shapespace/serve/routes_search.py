"""The endpoints that look for a shape: of a drawing, of a file."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from shapespace.errors import ShapeSpaceError
from shapespace.explore.placing import Frame, Placing, Side, Up
from shapespace.explore.snap import Snapped, snap
from shapespace.explore.target import half
from shapespace.serve import schemas, wire
from shapespace.serve.jobs import Work
from shapespace.serve.routes import FAILURES, FILE_BODY, SHAPES, Name
from shapespace.serve.service import Service
from shapespace.serve.trouble import Trouble

LINES = "application/x-ndjson"
STREAMED = SHAPES[200]["content"] | {LINES: {"schema": {"type": "string"}}}
ANSWERS = SHAPES | {200: SHAPES[200] | {"content": STREAMED}}

FileName = Annotated[str, Query(max_length=255, description="of the file; only its ending counts", examples=["a.stl"])]
Keep = Annotated[Side | None, Query(description="only this half counts, the other is completed")]
Framed = Annotated[Frame, Query(description="a mesh is fitted by its box; by its box as half's; or lies in the grid")]
Upward = Annotated[Up, Query(description="the axis that points up in the file")]
Stream = Annotated[bool, Query(description="progress line by line, then the shape as base64 of the binary form")]


def router(service: Service) -> APIRouter:
    """Return the endpoints."""
    routes = APIRouter(responses=FAILURES)

    @routes.post("/api/spaces/{name}/snap", responses=ANSWERS, response_class=Response, tags=["search"])
    async def snapped(name: Name, body: schemas.Snap, stream: Stream = False) -> Response:
        """Return the shape of the space that is nearest to drawn voxels."""
        space = service.spaces[name]
        drawn = _grid(body.voxels, body.resolution, "voxels")
        mask = None if body.mask is None else _grid(body.mask, body.resolution, "mask")
        seed = body.seed % 2**32
        search = partial(snap, space, drawn, mask=mask, likeness=body.likeness, steps=body.steps, seed=seed)
        return await _answered(service, name, body, lambda told: search(progress=told), stream)

    @routes.post(
        "/api/spaces/{space_name}/snap-file",
        responses=ANSWERS,
        response_class=Response,
        tags=["files"],
        openapi_extra=FILE_BODY,
    )
    async def snapped_file(  # noqa: PLR0913 - a request's parameters
        request: Request,
        space_name: Name,
        name: FileName,
        likeness: Annotated[schemas.Likeness, Query()] = 0.5,
        steps: Annotated[schemas.Steps, Query()] = schemas.SNAP_STEPS,
        keep: Keep = None,
        frame: Framed = "box",
        up: Upward = "auto",
        format: schemas.Format = "shapes",
        stream: Stream = False,
    ) -> Response:
        """Return the shape of the space that is nearest to the one in a file; the body is the file."""
        space = service.spaces[space_name]
        placing = Placing(up, frame, keep)
        voxels = await service.uploads.voxels(await request.body(), name, space.resolution, placing)
        mask = half(space.resolution, keep) if keep else None
        search = partial(snap, space, voxels, mask=mask, likeness=likeness, steps=steps)
        asked = schemas.Request(format=format)
        return await _answered(service, space_name, asked, lambda told: search(progress=told), stream)

    return routes


async def _answered(service: Service, name: str, asked: schemas.Request, work: Work[Snapped], stream: bool) -> Response:
    if not stream:
        return await _whole(service, name, asked, await service.jobs.run(work))
    service.jobs.check()  # while the status can still say it
    return StreamingResponse(_lines(service, name, work), media_type=LINES, headers={"Cache-Control": "no-store"})


async def _whole(service: Service, name: str, asked: schemas.Request, found: Snapped) -> Response:
    grids = wire.quantised(found.occupancy)[None]
    fit = {"iou_before": round(found.iou_before, 4), "iou_after": round(found.iou_after, 4)}
    return await service.shapes(name, asked, found.z[None], grids=grids, **fit)


async def _lines(service: Service, name: str, work: Work[Snapped]) -> AsyncIterator[bytes]:
    """Yield what is told while the work goes on; an error is the last line, since the status is long sent."""
    try:
        async for event in service.jobs.stream(work):
            if isinstance(event, float):
                yield _line({"progress": round(event, 3)})
                continue
            answer = await _whole(service, name, schemas.Request(), event)
            shapes = base64.b64encode(bytes(answer.body)).decode()
            service.unsent.give(len(answer.body))
            yield _line({"done": True, "shapes": shapes})
    except (HTTPException, ShapeSpaceError) as error:
        code = error.code if isinstance(error, Trouble) else "invalid"
        message = str(error.detail) if isinstance(error, HTTPException) else str(error)
        yield _line({"error": {"code": code, "message": " ".join(message.split())}})


def _line(record: dict[str, object]) -> bytes:
    return json.dumps(record, allow_nan=False).encode() + b"\n"


def _grid(text: str, resolution: int, what: str) -> np.ndarray:
    """Return the grid that packed bits in base64 hold, (r, r, r) bool.

    Raises:
        Trouble: If they are not as many as the resolution says.
    """
    wanted = -(-(resolution**3) // 8)
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Trouble(422, "invalid", f"{what}: is no base64") from None
    if len(data) != wanted:
        raise Trouble(422, "invalid", f"{what}: has {len(data)} bytes; {resolution}^3 voxels take {wanted}")
    bits = np.unpackbits(np.frombuffer(data, np.uint8), count=resolution**3)
    return bits.astype(bool).reshape(resolution, resolution, resolution)
