"""Examples in the API's documentation: requests that the first space answers as they stand."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from fastapi import FastAPI

from shapespace.serve.service import Service

SIDE = 16
"""Of the grid of the example that is drawn by hand."""


def install(api: FastAPI, service: Service) -> None:
    """Fill the documentation's examples when it is first asked for: latent vectors must have the space's length."""
    plain = api.openapi

    def documented() -> dict[str, Any]:
        if api.openapi_schema is None:
            for name, example in requests(service).items():
                plain()["components"]["schemas"][name]["examples"] = [example]
        return plain()

    api.openapi = documented


def requests(service: Service) -> dict[str, dict[str, Any]]:
    """Return a request of each kind that names latent vectors or voxels, by its schema."""
    name, space = next(iter(service.spaces))
    first, second = np.round(space.latents(2, seed=0).astype(float), 2).tolist()
    known = service.spaces.attributes(name)
    return {
        "Decode": {"z": [first], "format": "glb"},
        "Interpolate": {"ends": [first, second], "steps": 9},
        "Arithmetic": {"plus": [first], "minus": [], "attributes": {known.names[0]: 0.7} if known else {}},
        "Neighbours": {"z": first, "k": 8},
        "Mend": {"z": first},
        "Snap": {"voxels": _box(), "resolution": SIDE},
    }


def _box() -> str:
    voxels = np.zeros((SIDE, SIDE, SIDE), bool)
    voxels[4:12, 4:12, 2:8] = True
    return base64.b64encode(np.packbits(voxels).tobytes()).decode()
