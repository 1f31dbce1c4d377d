"""What views are drawn of, and the work of one process: a few shapes in, their pictures out. A pure function."""

from __future__ import annotations

import hashlib
import io
import zlib
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from shapespace.data.backgrounds import split_of
from shapespace.data.limited import deadline
from shapespace.data.manifest import MANIFEST_NAME
from shapespace.data.sources import Origin, Refusal, printable, scan
from shapespace.data.store import Store
from shapespace.errors import BadInput
from shapespace.limits import MAX_FILE_BYTES
from shapespace.shapes import formats, views
from shapespace.shapes.mesh import Mesh

MESH_SECONDS = 30.0
"""Time to read one mesh and make it ready."""

_WEBP_METHOD = 2
"""Of 0 to 6; 2 is a third smaller than 0 and no slower, 4 takes three times as long for a tenth less."""


@dataclass(frozen=True)
class Subject:
    """One shape to be seen: a number in a store, or a file."""

    number: int
    id: str
    category: str
    split: str
    path: str = ""
    up: str = ""


@dataclass(frozen=True)
class Subjects:
    """All shapes of a source, a name for their content, and where they come from."""

    shapes: list[Subject]
    digest: str
    provenance: dict[str, Any]


@dataclass(frozen=True)
class ShardTask:
    """What a process is asked to draw."""

    source: Path
    subjects: tuple[Subject, ...]
    seed: int
    quality: int


@dataclass(frozen=True)
class Drawn:
    """A shard: its pictures one after the other, where each ends, their CRC-32, azimuths and elevations."""

    pictures: bytes
    ends: list[int]
    crcs: list[int]
    angles: list[tuple[float, float]]
    subjects: list[Subject]
    refused: list[Refusal]


def find_subjects(source: Path, up: str = "auto") -> Subjects:
    """Return the shapes of a store, or the meshes at `source`.

    Args:
        source: A store, a mesh, or a folder of meshes.
        up: The axis that points up in meshes; auto goes by layout and format.

    Raises:
        BadInput: If there is nothing to draw.
    """
    if (source / MANIFEST_NAME).exists():
        store = Store.open(source)
        shapes = [Subject(i, store.id(i), store.category(i), store.split(i)) for i in range(len(store))]
        found = Subjects(shapes, store.digest, dict(store.provenance))
    else:
        listed = scan(source, formats.MESH_EXTENSIONS)
        pairs = [_mesh_subject(number, listed.root, origin, up) for number, origin in enumerate(listed.files)]
        digest = hashlib.sha256(b"".join(content for _, content in pairs)).hexdigest()
        found = Subjects([subject for subject, _ in pairs], digest, {"source": printable(source.resolve().name)})
    if not found.shapes:
        raise BadInput(source, "holds no shape to draw", f"give a store or meshes: {' '.join(formats.MESH_EXTENSIONS)}")
    return found


def draw_shard(task: ShardTask) -> Drawn:
    """Return the views of a shard's shapes in order; a mesh that cannot be read costs only itself."""
    drawn = Drawn(b"", [], [], [], [], [])
    pictures = bytearray()
    for subject in task.subjects:
        try:
            with deadline(MESH_SECONDS) if subject.path else nullcontext():
                model = views.model(_shape(task.source, subject))
        except (BadInput, TimeoutError, MemoryError) as error:
            if not subject.path:  # a store is whole, or it is no source
                raise
            drawn.refused.append(Refusal(subject.id, str(getattr(error, "what", "")) or "takes too much to draw"))
            continue
        drawn.subjects.append(subject)
        for view in range(views.COUNT):
            how = views.look((task.seed, subject.number), view)
            encoded = _encoded(views.picture(model, how), task.quality)
            pictures += encoded
            drawn.ends.append(len(pictures))
            drawn.crcs.append(zlib.crc32(encoded))
            drawn.angles.append((how.azimuth, how.elevation))
    return replace(drawn, pictures=bytes(pictures))


def _shape(source: Path, subject: Subject) -> Mesh | np.ndarray:
    if not subject.path:
        return Store.open(source).read([subject.number])[0]
    mesh = formats.read(subject.path).mesh
    if mesh is None or not len(mesh.faces):
        raise BadInput(subject.path, "holds no mesh")
    return mesh.to_z_up(subject.up)


def _encoded(picture: np.ndarray, quality: int) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", quality=quality, method=_WEBP_METHOD)
    return file.getvalue()


def _mesh_subject(number: int, root: Path, origin: Origin, up: str) -> tuple[Subject, bytes]:
    """Return what is known of a mesh unread, and its hash, which settles its split: copies of a file stay together."""
    path = root / origin.path
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise BadInput(path, f"has {path.stat().st_size} bytes, at most {MAX_FILE_BYTES} are read")
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(path, f"cannot be read: {error.strerror}") from None
    split = origin.split or split_of(content)
    known = (origin.up or formats.native_up(path)) if up == "auto" else up
    subject = Subject(number, printable(origin.path), origin.category, split, str(path), known)
    return subject, hashlib.sha256(content).digest()
