"""The page at `/` and its files: read when the server starts, so that no path a client sends ever reaches a disk."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shapespace.serve.bodies import Pieces
from shapespace.serve.trouble import Trouble

FOLDER = Path(__file__).parent / "page"

TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json",
    ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".webp": "image/webp", ".jpg": "image/jpeg",
    ".woff2": "font/woff2", ".webmanifest": "application/manifest+json", ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8", ".onnx": "application/octet-stream", ".glb": "model/gltf-binary",
}  # fmt: skip
"""What is served; a file of another kind is not."""

FOR_EVER = "public, max-age=31536000, immutable"
"""For files with a digest in their names."""

ABSENT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>shapespace</title>"
    "<h1>shapespace is serving, without its page</h1><p>The page was not built into this installation: "
    "run <code>npm run build</code> in <code>web/</code>. The HTTP API works: "
    "<a href=/api/spaces>/api/spaces</a>, <a href=/api/openapi.json>/api/openapi.json</a>.</p></html>"
)


@dataclass(frozen=True)
class Asset:
    """One file of the page."""

    content: bytes
    media_type: str
    tag: str
    caching: str


class Page:
    """The page's files by their paths, as they were when the server started.

    Args:
        folder: Of the built page; links in it are not followed.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read them."""
        self._assets = {path.relative_to(folder).as_posix(): _asset(path, folder) for path in _files(folder)}

    @property
    def is_there(self) -> bool:
        """Return whether there is a page."""
        return "index.html" in self._assets

    def answer(self, request: Request, path: str) -> Response:
        """Return the file of a path.

        Args:
            request: For what the browser has already.
            path: Below `/`; empty for the page itself.

        Raises:
            Trouble: If there is none.
        """
        if not path and not self.is_there:
            return HTMLResponse(ABSENT, headers={"Cache-Control": "no-store"})
        asset = self._assets.get(path or "index.html")
        if asset is None:
            raise Trouble(404, "not_found", "there is nothing here")
        headers = {"ETag": asset.tag, "Cache-Control": asset.caching}
        if asset.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Pieces(asset.content, None, media_type=asset.media_type, headers=headers)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    found = [path for path in folder.rglob("*") if path.suffix in TYPES and path.is_file() and not path.is_symlink()]
    real = folder.resolve()
    return [path for path in found if path.resolve().is_relative_to(real)]


def _asset(path: Path, folder: Path) -> Asset:
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    is_named_by_digest = path.relative_to(folder).parts[0] == "assets"  # as Vite names them
    return Asset(content, TYPES[path.suffix], tag, FOR_EVER if is_named_by_digest else "no-cache")
