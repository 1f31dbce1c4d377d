"""Pictures and furniture: encoder views a second beside VTK, sheets beside a plain ray march; pieces a second.

VTK is the library renderer of the comparison, off screen and in software: `pip install vtk`; without it its row is
left out.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import common
from shapespace.data.backgrounds import Rooms
from shapespace.data.views import Views
from shapespace.data.writer import write_store
from shapespace.shapes import furniture, render, views
from shapespace.shapes.views_compose import composed


def march(voxels: np.ndarray, size: int) -> np.ndarray:
    """Return (size, size) depths by parallel rays through the grid: the plainest picture of it."""
    r = voxels.shape[0]
    forward = -render._towards(30.0, 22.0)
    right = render._towards(120.0, 0.0)
    up = np.cross(right, forward)
    span = (np.arange(size) + 0.5) / size * 1.4 - 0.7
    start = span[None, :, None] * right - span[:, None, None] * up - forward
    depth = np.full((size, size), np.inf)
    for step in np.arange(0, 2, 0.5 / r):
        cell = np.floor((start + forward * step + 0.5) * r).astype(int)
        inside = ((cell >= 0) & (cell < r)).all(-1)
        hit = np.zeros((size, size), bool)
        hit[inside] = voxels[tuple(cell[inside].T)]
        depth = np.where(hit & np.isinf(depth), step, depth)
    return depth


def main() -> None:
    arguments = common.arguments(__doc__)
    chair = furniture.make("chair", 26, 64).voxels
    common.report(
        "Views for the encoder, 256 x 256",
        view_rows(chair, arguments),
        json_wanted=arguments.json,
        notes=[f"one chair at 64^3, {len(views.model(chair).triangles)} triangles; the 72 views of the ring in turn"],
    )
    seen = render.scene(chair)
    cases = {
        "view 224, silhouette alpha, 1 sample": lambda: render.view(seen, size=224, shadow=False, supersampling=1),
        "view 224, silhouette alpha, 4 samples": lambda: render.view(seen, size=224, shadow=False),
        "view 224, shadows, 4 samples": lambda: render.view(seen, size=224),
        "sheet picture 160, from the grid": lambda: render.render(chair, size=160),
        "plain ray march 224, depth only": lambda: march(chair, 224),
    }
    timings = common.compare(list(cases.values()), seconds=arguments.seconds, clock=arguments.clock)
    plain = timings[-1].ms
    rows: list[common.Row] = [
        {"case": name, "ms": t.ms, "pictures/s": t.rate(1), "times plain": plain / t.ms}
        for name, t in zip(cases, timings, strict=True)
    ]
    notes = [f"one chair of {len(seen.corners)} triangles at 64^3"]
    common.report("Rendering", rows, json_wanted=arguments.json, notes=notes)
    common.report("Furniture", furniture_rows(arguments.seconds), json_wanted=arguments.json)


def view_rows(chair: np.ndarray, arguments: common.argparse.Namespace) -> list[common.Row]:
    """Return pictures a second of each part of a view's way, and of VTK drawing the same triangles."""
    model = views.model(chair)
    looks = [views.look((0, 0), view) for view in range(views.COUNT)]
    pictures = [views.picture(model, how) for how in looks]
    files = [encoded(picture) for picture in pictures]
    rooms, taste = Rooms(), np.full(4, 0.5)
    behind = rooms.picture("train", (0,), elevation=20.0, size=views.SIZE)
    cases: dict[str, Callable[[], object]] = {
        "ours, shaded, shadow, 4 samples": lambda: [views.picture(model, how) for how in looks],
        "  the same, and the shape made ready once": lambda: ring(chair),
        "  WebP written": lambda: [encoded(picture) for picture in pictures],
        "  WebP read": lambda: [decoded(file) for file in files],
        "  a made room": lambda: [rooms.picture("train", (k,), elevation=20.0, size=256) for k in range(views.COUNT)],
        "  composited": lambda: [composed(picture, behind, taste) for picture in pictures],
        "contact sheet's picture, 256": lambda: sheet_views(chair),
    }
    if find_spec("vtk"):
        cases["VTK, shaded, no shadow, 4 samples"] = vtk_views(model, looks)
    timings = common.compare(list(cases.values()), seconds=arguments.seconds, fewest=3, clock=arguments.clock)
    slowest = timings[-1].ms
    rows: list[common.Row] = [
        {"case": name, "ms": t.ms / views.COUNT, "pictures/s": t.rate(views.COUNT), "times last row": slowest / t.ms}
        for name, t in zip(cases, timings, strict=True)
    ]
    return rows + batch_rows(arguments)


def batch_rows(arguments: common.argparse.Namespace) -> list[common.Row]:
    """Return pictures a second of whole training batches: drawn as they are asked for, and read from a folder."""
    from shapespace.data.view_writer import write_views

    with tempfile.TemporaryDirectory() as folder:
        store = write_store(Path(folder) / "a.shapes", [furniture.make("chair", s, 64).voxels for s in range(16)])
        write_views(store.path, Path(folder) / "a.views", workers=0)
        drawn, kept = Views.open(store, seed=0), Views.open(Path(folder) / "a.views", seed=0)
        step = iter(range(1 << 30))
        cases: dict[str, Callable[[], object]] = {
            "batch, drawn, shapes kept ready": lambda: drawn.batch(range(16), draw=next(step)),
            "batch, drawn, each shape made ready": lambda: Views.open(store, seed=0).batch(range(16), draw=next(step)),
            "batch, read from X.views": lambda: kept.batch(range(16), draw=next(step)),
        }
        timings = common.compare(list(cases.values()), seconds=arguments.seconds / 2, fewest=3, clock=arguments.clock)
        return [
            {"case": name, "ms": t.ms / 16, "pictures/s": t.rate(16)} for name, t in zip(cases, timings, strict=True)
        ]


def ring(voxels: np.ndarray) -> None:
    model = views.model(voxels)
    for view in range(views.COUNT):
        views.picture(model, views.look((0, 0), view))


def sheet_views(voxels: np.ndarray) -> None:
    seen = render.scene(voxels)
    for view in range(views.COUNT):
        azimuth, elevation = views.angles(view)
        render.view(seen, azimuth=azimuth, elevation=elevation)


def encoded(picture: np.ndarray) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "WEBP", quality=85, method=2)
    return file.getvalue()


def decoded(file: bytes) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(file)))


def vtk_views(model: views.Model, looks: list[views.Look]) -> Callable[[], object]:
    """Return a function that draws the looks with VTK: the same triangles and normals, one lamp, alpha, read back."""
    vtk, arrays = import_module("vtk"), import_module("vtk.util.numpy_support")
    points, cells, surface = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    points.SetData(arrays.numpy_to_vtk(model.points, deep=True))
    cells.SetData(3, arrays.numpy_to_vtkIdTypeArray(model.triangles.ravel().astype(np.int64), deep=True))
    surface.SetPoints(points)
    surface.SetPolys(cells)
    surface.GetPointData().SetNormals(arrays.numpy_to_vtk(model.normals, deep=True))
    mapper, actor, renderer, window = vtk.vtkPolyDataMapper(), vtk.vtkActor(), vtk.vtkRenderer(), vtk.vtkRenderWindow()
    mapper.SetInputData(surface)
    actor.SetMapper(mapper)
    renderer.AddActor(actor)
    renderer.SetBackgroundAlpha(0)
    window.SetOffScreenRendering(1)
    window.SetAlphaBitPlanes(1)
    window.SetMultiSamples(4)
    window.SetSize(views.SIZE, views.SIZE)
    window.AddRenderer(renderer)
    camera = renderer.GetActiveCamera()
    camera.SetViewUp(0, 0, 1)
    camera.SetViewAngle(26)

    def draw(how: views.Look) -> np.ndarray:
        camera.SetPosition(*(3.15 * render._towards(how.azimuth, how.elevation)))
        renderer.ResetCameraClippingRange()
        window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(window)
        grab.SetInputBufferTypeToRGBA()
        grab.ReadFrontBufferOff()
        grab.Update()
        return arrays.vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars()).reshape(views.SIZE, views.SIZE, 4)[
            ::-1
        ]

    return lambda: [draw(how) for how in looks]


def furniture_rows(seconds: float) -> list[common.Row]:
    """Return pieces a second of each category at 32^3 and of chairs at 64^3 and 128^3."""
    cases = [(category, 32) for category in furniture.CATEGORIES] + [("chair", 64), ("chair", 128)]
    rows: list[common.Row] = []
    for category, resolution in cases:
        timing = common.measure(lambda c=category, r=resolution: make_ten(c, r), seconds=seconds / len(cases))
        rows.append({"case": f"{category} {resolution}", "ms": timing.ms / 10, "pieces/s": timing.rate(10)})
    return rows


def make_ten(category: str, resolution: int) -> None:
    for seed in range(10):
        furniture.make(category, seed, resolution)


if __name__ == "__main__":
    main()
