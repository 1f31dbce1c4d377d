"""Spaces to take away: the generator as an ONNX file, and the page as a site that needs no server behind it."""

from __future__ import annotations

import base64
import json
import lzma
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from shapespace.errors import OutputError
from shapespace.explore.attributes import REACH, Attributes
from shapespace.explore.map import shape_map
from shapespace.files import atomic_dir, write_bytes
from shapespace.serve.graph import graph_of
from shapespace.serve.page import FOLDER
from shapespace.serve.spaces import Spaces
from shapespace.space import ShapeSpace

ON_MAP = 300
"""Shapes of the map, which are also those that a drawn shape is compared with."""

ON_WALL = 24
"""Shapes that the wall begins with: the same as `sample` gives for seed 0. It is as many as the page asks for."""

RUNTIME = Path(__file__).parent / "runtime"
"""ONNX Runtime Web, packed: 2 MB in place of 14. Only exported sites carry it, unpacked."""

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'"
)
"""What the site may load: nothing from elsewhere. `wasm-unsafe-eval` allows WebAssembly, not `eval`."""


@dataclass(frozen=True)
class Site:
    """What an export wrote."""

    files: int
    megabytes: float


def onnx(space: ShapeSpace, path: str | PathLike[str]) -> float:
    """Write the generator as an ONNX file and return its size in megabytes.

    Args:
        space: Whose.
        path: Where.

    Raises:
        UsageError: If the package onnx is not installed.
        OutputError: If it cannot be written.
    """
    content = graph_of(space.generator, _facts(space)).SerializeToString()
    write_bytes(path, content)
    return len(content) / 1e6


def site(name: str, out: str | PathLike[str], *, seed: int = 0) -> Site:
    """Write the page of a space as a folder of static files, in which the generator runs in the browser.

    Args:
        name: Of the space, as `load` takes it.
        out: The folder to write; it must not be there yet.
        seed: Of the map.

    Raises:
        BadInput: If there is no such space.
        UsageError: If the package onnx is not installed.
        OutputError: If the folder is there, cannot be written, or the page was not built into this installation.
    """
    if not (FOLDER / "index.html").is_file():
        raise OutputError("the page was not built into this installation; run `npm run build` in web/")
    spaces = Spaces.loaded([name])
    (known, space), *_ = spaces
    with atomic_dir(out) as folder:
        _copy_page(folder)
        write_bytes(folder / "runtime/ort-wasm-simd-threaded.wasm", _runtime())
        onnx(space, folder / "generator.onnx")
        told, voxels = _told(known, space, spaces.attributes(known), seed)
        write_bytes(folder / "space.json", json.dumps(told, allow_nan=False, separators=(",", ":")).encode())
        write_bytes(folder / "known.bits", np.packbits(voxels.reshape(len(voxels), -1), axis=1).tobytes())
        sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return Site(len(sizes), sum(sizes) / 1e6)


def _copy_page(folder: Path) -> None:
    for path in FOLDER.rglob("*"):
        if path.is_file():
            content = _without_server(path.read_text("utf-8")) if path.name == "index.html" else path.read_bytes()
            target = folder / path.relative_to(FOLDER)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(target, content.encode() if isinstance(content, str) else content)
    (folder / "runtime").mkdir()


def _without_server(page: str) -> str:
    """Return the page told where its shapes come from, and with the policy that a server would send."""
    told = page.replace('name="shapespace-source" content="api"', 'name="shapespace-source" content="site"')
    if told == page:
        raise OutputError("the page in this installation is of another version; build it anew in web/")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}" />'
    return told.replace('<meta charset="utf-8" />', f'<meta charset="utf-8" />\n    {policy}', 1)


def _runtime() -> bytes:
    return lzma.decompress((RUNTIME / "ort-wasm-simd-threaded.wasm.xz").read_bytes())


def _told(name: str, space: ShapeSpace, known: Attributes | None, seed: int) -> tuple[dict[str, Any], np.ndarray]:
    """Return what the page knows of a space, and the voxels of the shapes on its map."""
    laid = shape_map(space, count=ON_MAP, seed=seed)
    voxels = np.concatenate([space.decode(part) > space.threshold for part in np.array_split(laid.z, 10)])
    attributes = known.names if known else ()
    facts = {
        "name": name, "resolution": space.resolution, "latent_dim": space.latent_dim, "prior": space.prior,
        "threshold": space.threshold, "categories": list(space.card.categories), "licence": space.card.licence,
        "can_reconstruct": False, "can_search": False,
        "attributes": [{"name": each, "low": -REACH, "high": REACH} for each in attributes],
    }  # fmt: skip
    ways = known.directions * known.scales[:, None] if known else np.zeros((0, space.latent_dim))
    told = {
        "facts": facts, "wall": _packed(space.latents(ON_WALL, 0)), "ways": _packed(ways),
        "map": {"z": _packed(laid.z), "xy": np.round(laid.xy, 4).tolist()},
    }  # fmt: skip
    return told, voxels


def _packed(numbers: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers, "<f4").tobytes()).decode()


def _facts(space: ShapeSpace) -> dict[str, str]:
    card = space.card
    return {
        "prior": space.prior, "threshold": str(space.threshold), "categories": ", ".join(card.categories),
        "licence": card.licence, "name": card.name,
    }  # fmt: skip
