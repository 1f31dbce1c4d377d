"""A grid or a mesh -> a shaded picture; many of them -> a contact sheet; the ring of 24 x 3 cameras.

A grid is drawn in its own frame, so that shapes of one store keep their relative sizes; a mesh is brought to
the size the store gives it (its longest side fills 7/8). Azimuth 0 looks at the front, from -y, and grows
counter-clockwise seen from above; elevation grows upwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from shapespace.files import atomic_file
from shapespace.shapes import lighting, raster
from shapespace.shapes.mesh import Mesh

if TYPE_CHECKING:
    from PIL import Image

AZIMUTHS = tuple(range(0, 360, 15))
ELEVATIONS = (5, 20, 35)
"""The ring of cameras: 24 azimuths by 3 elevations, in degrees."""

CLAY = (0.72, 0.60, 0.47)
BACKGROUND = (246, 245, 243)
INK = (92, 88, 84)

_FIELD_OF_VIEW = 26.0
_DISTANCE = 3.15
_MESH_FILL = 7 / 8
_VOLUME_SIZE = 64
_CREASE_COSINE = math.cos(math.radians(40))
_KEY_AZIMUTH, _KEY_ELEVATION = -48.0, 52.0
_FILL_AZIMUTH, _FILL_ELEVATION = 62.0, 22.0


@dataclass(frozen=True)
class Scene:
    """A shape made ready to be seen from many sides.

    Args:
        corners: (T, 3, 3) float32, triangles inside the unit cube about the origin.
        normals: (T, 3, 3) float32, a unit normal for each corner.
        fine: (n, n, n) float32, occupancy blurred a little.
        coarse: (n, n, n) float32, occupancy blurred widely.
        floor: Height of the lowest point.
    """

    corners: np.ndarray
    normals: np.ndarray
    fine: np.ndarray
    coarse: np.ndarray
    floor: float


def scene(shape: Mesh | np.ndarray) -> Scene:
    """Return what `view` needs of a mesh or of a (r, r, r) grid, which counts as full above 0.5."""
    if isinstance(shape, Mesh):
        return _mesh_scene(shape)
    voxels = np.asarray(shape)
    return _grid_scene(voxels if voxels.dtype == bool else voxels > 0.5)


def view(
    seen: Scene,
    *,
    azimuth: float = 30.0,
    elevation: float = 22.0,
    size: int = 256,
    shadow: bool = True,
    colour: tuple[float, float, float] = CLAY,
    supersampling: int = 2,
) -> np.ndarray:
    """Return (size, size, 4) uint8 RGBA of a prepared scene; alpha is not multiplied into the colour.

    Args:
        seen: From `scene`.
        azimuth: Degrees from the front, counter-clockwise seen from above.
        elevation: Degrees above the horizon.
        size: Pixels along a side.
        shadow: Whether the shape throws shadows; without, alpha is the shape's silhouette.
        colour: Red, green, blue of the shape in [0, 1].
        supersampling: Samples along the side of a pixel.
    """
    samples = size * supersampling
    camera = camera_at(azimuth, elevation, samples)
    nearest, hit = raster.depth_buffer(seen.corners, camera[0], camera[1:4], camera[4, 0], samples)
    lights = np.stack(
        [_towards(azimuth + _KEY_AZIMUTH, _KEY_ELEVATION), _towards(azimuth + _FILL_AZIMUTH, _FILL_ELEVATION)]
    )
    floor = seen.floor if shadow and elevation > 0 else -2.0
    linear = np.array(colour) ** 2.2
    picture = lighting.shade(
        nearest, hit, seen.corners, seen.normals, camera, lights, seen.fine, seen.coarse, linear, floor, supersampling
    )
    return lighting.developed(picture)


def render(
    shape: Mesh | np.ndarray,
    *,
    azimuth: float = 30.0,
    elevation: float = 22.0,
    size: int = 256,
    shadow: bool = True,
    colour: tuple[float, float, float] = CLAY,
) -> np.ndarray:
    """Return one (size, size, 4) uint8 RGBA picture of a mesh or grid; see `view` for the arguments."""
    return view(scene(shape), azimuth=azimuth, elevation=elevation, size=size, shadow=shadow, colour=colour)


def ring(shape: Mesh | np.ndarray, *, size: int = 224, shadow: bool = False) -> np.ndarray:
    """Return (3, 24, size, size, 4) uint8: the shape from each elevation of `ELEVATIONS` and azimuth of `AZIMUTHS`."""
    seen = scene(shape)
    return np.stack(
        [np.stack([view(seen, azimuth=a, elevation=e, size=size, shadow=shadow) for a in AZIMUTHS]) for e in ELEVATIONS]
    )


def contact_sheet(
    shapes: Iterable[Mesh | np.ndarray],
    *,
    columns: int | None = None,
    size: int = 160,
    captions: Sequence[str] | None = None,
    azimuth: float = 30.0,
    elevation: float = 22.0,
) -> Image.Image:
    """Return one RGB picture of all shapes, `size` pixels each, on a plain light ground.

    Args:
        shapes: Meshes or grids; an empty grid leaves its place empty.
        columns: Shapes in a row; by default about as wide as high, a little wider.
        size: Pixels along a shape's side.
        captions: A line under each shape; longer ones are cut.
        azimuth: Degrees from the front.
        elevation: Degrees above the horizon.
    """
    shapes = list(shapes)
    columns = min(columns or math.ceil(math.sqrt(1.6 * len(shapes))), len(shapes)) or 1
    pictures = (render(shape, azimuth=azimuth, elevation=elevation, size=size) for shape in shapes)
    return picture_sheet(pictures, len(shapes), columns=columns, size=size, captions=captions)


def picture_sheet(
    pictures: Iterable[np.ndarray], count: int, *, columns: int, size: int, captions: Sequence[str] | None = None
) -> Image.Image:
    """Return one RGB picture of pictures in rows, on a plain light ground.

    Args:
        pictures: (size, size, 4) uint8 RGBA each.
        count: How many they are.
        columns: Pictures in a row.
        size: Pixels along a picture's side.
        captions: A line under each; longer ones are cut.
    """
    from PIL import Image

    line = max(11, size // 12) if captions else 0
    sheet = Image.new(
        "RGB", (columns * size, (math.ceil(count / columns) or 1) * (size + line + line // 2)), BACKGROUND
    )
    for i, pixels in enumerate(pictures):
        corner = (i % columns * size, i // columns * (size + line + line // 2))
        picture = Image.fromarray(pixels)
        sheet.paste(picture, corner, picture)
        if captions and i < len(captions):
            _write_caption(sheet, captions[i], corner, size, line)
    return sheet


def save_sheet(
    path: str | PathLike[str],
    shapes: Iterable[Mesh | np.ndarray],
    *,
    columns: int | None = None,
    size: int = 160,
    captions: Sequence[str] | None = None,
) -> None:
    """Write the contact sheet of the shapes as a PNG.

    Raises:
        OutputError: If the disk is full or the folder cannot be written.
    """
    sheet = contact_sheet(shapes, columns=columns, size=size, captions=captions)
    with atomic_file(path) as file:
        sheet.save(file, format="PNG", optimize=True)


def _write_caption(sheet: Image.Image, text: str, corner: tuple[int, int], size: int, line: int) -> None:
    from PIL import ImageDraw, ImageFont

    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(line)
    while len(text) > 1 and draw.textlength(text, font) > size * 0.94:
        text = text.rstrip("…")[:-1] + "…"
    draw.text((corner[0] + size / 2, corner[1] + size), text, INK, font, anchor="ma")


def _towards(azimuth: float, elevation: float) -> np.ndarray:
    """Return the (3,) unit vector from the origin to a direction in degrees."""
    a, e = math.radians(azimuth), math.radians(elevation)
    return np.array([math.sin(a) * math.cos(e), -math.cos(a) * math.cos(e), math.sin(e)])


def camera_at(azimuth: float, elevation: float, size: int) -> np.ndarray:
    """Return (5, 3): eye, right, up, forward, and the focal length in pixels in the first place of the last row."""
    away = _towards(azimuth, elevation)
    # From the azimuth, not from away x z, which vanishes straight above.
    right = _towards(azimuth + 90.0, 0.0)
    focal = 0.5 * size / math.tan(math.radians(_FIELD_OF_VIEW / 2))
    return np.stack([away * _DISTANCE, right, np.cross(away, right), -away, np.array([focal, 0.0, 0.0])])


def _grid_scene(voxels: np.ndarray) -> Scene:
    quads, normals = _exposed_faces(voxels)
    corners = (quads / max(voxels.shape) - 0.5).astype(np.float32)
    occupied = voxels.any(axis=(0, 1))
    floor = np.argmax(occupied) / max(voxels.shape) - 0.5 if occupied.any() else -0.5
    return Scene(_split(corners), np.repeat(normals, 2, axis=0), *_volumes(voxels), float(floor))


def _exposed_faces(voxels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ((Q, 4, 3) float32 corners in voxels, (Q, 3, 3) normals) of the cube faces that have air before them."""
    padded = np.pad(voxels, 1)
    quads, normals = [], []
    for axis in range(3):
        around = [[0, 0], [1, 0], [1, 1], [0, 1]]
        for side in (0, 1):
            open_face = padded & ~np.roll(padded, 1 - 2 * side, axis=axis)
            cells = np.argwhere(open_face) - 1
            square = np.insert(np.array(around if side else around[::-1]), axis, side, axis=1)
            if axis == 1:
                square = square[::-1]  # (x, z) is a left-handed pair seen along y
            quads.append(cells[:, None] + square)
            normals.append(np.tile((2 * side - 1) * np.eye(3)[axis], (len(cells), 3, 1)))
    return np.concatenate(quads).astype(np.float32), np.concatenate(normals).astype(np.float32)


def _split(quads: np.ndarray) -> np.ndarray:
    """Return (2 Q, 3, 3): the two triangles of each quad, one after the other."""
    return np.ascontiguousarray(quads[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3, 3))


def mesh_in_frame(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return (corners, normals), each (T, 3, 3) float32: a mesh as pictures show it, its longest side 7/8, centred."""
    mesh = _finite(mesh)
    low, high = mesh.bounds
    scale = _MESH_FILL / (max(high - low) or 1.0)
    vertices = (mesh.vertices - (low + high) / 2) * scale
    corners = vertices[mesh.faces].astype(np.float32)
    return corners, raster.corner_normals(corners, mesh.faces, len(vertices), _CREASE_COSINE)


def _mesh_scene(mesh: Mesh) -> Scene:
    corners, normals = mesh_in_frame(mesh)
    splat = raster.splat(corners, _VOLUME_SIZE)
    return Scene(corners, normals, *_volumes(splat), float(corners[..., 2].min(initial=0.0)))


def _finite(mesh: Mesh) -> Mesh:
    """Return the mesh without vertices that are nowhere and their faces: a picture is drawn to find such faults."""
    good = np.asarray(np.isfinite(mesh.vertices).all(axis=1))
    if good.all():
        return mesh
    faces = mesh.faces[good[mesh.faces].all(axis=1)]
    return Mesh(mesh.vertices[good], (np.cumsum(good) - 1)[faces])


def _volumes(voxels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the occupancy at `_VOLUME_SIZE`, blurred over 3 and over 9 cells, each (n, n, n) float32."""
    n = _VOLUME_SIZE
    cells = (np.arange(n) + 0.5) / n
    picked = [np.minimum((cells * max(voxels.shape)).astype(int), side - 1) for side in voxels.shape]
    volume = voxels[np.ix_(*picked)]
    return raster.blurred(volume, 1), raster.blurred(raster.blurred(volume, 2), 2)
