"""What the server's tests share: small spaces, an application, and a client in the same process."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import numpy as np
import torch

from shapespace.explore.attributes import Attributes, fingerprint
from shapespace.explore.reader import Reader
from shapespace.nets.encoder import ImageEncoder
from shapespace.nets.generator import Generator
from shapespace.nets.norm import BatchNorm3d
from shapespace.nets.weights import SpaceCard
from shapespace.serve.app import Served, build
from shapespace.serve.spaces import Spaces
from shapespace.space import ShapeSpace

HOME = "http://127.0.0.1:7860"


def make_space(*, prior: str = "normal", encoder: bool = False) -> ShapeSpace:
    """An untrained space whose shapes differ and are neither empty nor full."""
    torch.manual_seed(1)
    generator = Generator(6, 16, widths=(16, 8)).eval()
    for part in generator.modules():
        if isinstance(part, BatchNorm3d):
            part.running_var.fill_(0.01)
    generator.output.weight.data.mul_(20)
    reader = ImageEncoder(6, widths=(1, 2, 4, 8)) if encoder else None
    return ShapeSpace(generator, SpaceCard(prior=prior, categories=("chair",)), encoder=reader)


def make_served(**options: Any) -> Served:
    chair = make_space()
    spaces = {"chair": chair, "seen": make_space(encoder=True)}
    return build(Spaces(spaces, attributes={"chair": make_attributes(chair)}), **options)


def make_attributes(space: ShapeSpace) -> Attributes:
    """Attributes of nothing in particular: two directions, at right angles."""
    ones, directions = np.ones(2, np.float32), np.eye(2, space.latent_dim, dtype=np.float32)
    torch.manual_seed(2)
    reader = Reader(2, space.resolution)
    kinds, names = np.array([True, False]), ("arms", "back")
    return Attributes(names, directions, ones * 2, ones, ones, ones, kinds, reader, space.prior, fingerprint(space))


def ask(served: Served, *calls: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]], **options: Any) -> Any:
    """Return the answers to requests that are made at the same time; one alone comes without a list."""

    async def all_at_once() -> list[httpx.Response]:
        transport = httpx.ASGITransport(served.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=HOME, **options) as client:
            return list(await asyncio.gather(*[call(client) for call in calls]))

    answers = asyncio.run(all_at_once())
    return answers[0] if len(answers) == 1 else answers


def post(path: str, **options: Any) -> Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]:
    return lambda client: client.post(f"/api/spaces/{path}", **options)


def get(path: str, **options: Any) -> Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]:
    return lambda client: client.get(path, **options)


def code(answer: httpx.Response) -> str:
    return answer.json()["error"]["code"]


def bits(voxels: np.ndarray) -> str:
    return base64.b64encode(np.packbits(voxels)).decode()
