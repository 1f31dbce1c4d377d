"""3MF: a zip archive with meshes in XML, put together by components and a build.

Source:
    3MF Core Specification 1.3; the production extension's `path`, which slicers use.
"""

from __future__ import annotations

import posixpath
from array import array
from dataclasses import dataclass, field
from xml.parsers import expat

import numpy as np

from shapespace import limits
from shapespace.errors import BadInput
from shapespace.shapes.formats.archive import Archive, pack
from shapespace.shapes.formats.contents import CUT_SHORT, Contents, check_counts, mesh_contents
from shapespace.shapes.formats.text import rows_of
from shapespace.shapes.mesh import Mesh

MODEL = "3D/3dmodel.model"
MOST_PLACES, DEEPEST = 5_000, 32
"""Objects put somewhere, and components within components."""

MOST_UNFOLDING, ROOM_BYTES = 100, 1 << 20
"""Times its own size that an archive may unfold to, beyond some room: XML of meshes gets 5 to 20 times smaller."""

_CORNERS = ("v1", "v2", "v3")
_UNMOVED = ["1", "0", "0", "0", "1", "0", "0", "0", "1", "0", "0", "0"]
_NAMESPACE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>
</Types>"""
_RELATIONS = f"""<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rel0" Target="/{MODEL}" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>
</Relationships>"""


@dataclass(frozen=True)
class Place:
    """An object of a part of the archive, and the (4, 3) matrix that moves its rows (x, y, z, 1)."""

    part: str
    object_id: str
    matrix: np.ndarray


@dataclass
class Object:
    """A mesh, or components, as the XML gives them."""

    coordinates: array[float] = field(default_factory=lambda: array("d"))
    corners: array[int] = field(default_factory=lambda: array("q"))
    components: list[Place] = field(default_factory=list)


def parse(data: bytes, name: str) -> Contents:
    """Return everything the build of a .3mf file puts together, as one mesh, with its unit.

    Raises:
        BadInput: If it is no 3MF archive, has a document type, or names what is not there.
    """
    archive = Archive(data, name)
    models = [member for member in archive.names() if member.lower().endswith(".model")]
    main = next((member for member in models if member.lower() == MODEL.lower()), models[0] if models else None)
    if main is None:
        raise BadInput(name, "holds no 3-D model", "is it what its ending says?")
    scene = _Scene(archive, min(limits.MAX_UNPACKED_BYTES, ROOM_BYTES + MOST_UNFOLDING * len(data)), name)
    model = scene.model(main)
    for place in model.build or [Place(main, number, _matrix("", name)) for number in model.objects]:
        scene.add(place, np.eye(4), 0)
    return mesh_contents(name, np.concatenate(scene.vertices), np.concatenate(scene.faces), model.unit)


def encode(mesh: Mesh, unit: str = "millimeter") -> bytes:
    """Return the bytes of a .3mf file."""
    vertices = rows_of('<vertex x="%r" y="%r" z="%r"/>\n', mesh.vertices)
    triangles = rows_of('<triangle v1="%d" v2="%d" v3="%d"/>\n', mesh.faces)
    model = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<model unit="{unit}" xmlns="{_NAMESPACE}"><resources>'
        f'<object id="1" type="model"><mesh><vertices>\n{vertices}</vertices><triangles>\n{triangles}</triangles>'
        '</mesh></object></resources><build><item objectid="1"/></build></model>\n'
    )
    return pack({"[Content_Types].xml": _TYPES.encode(), "_rels/.rels": _RELATIONS.encode(), MODEL: model.encode()})


class _Model:
    """One part of the archive: objects by their ids, what is built, and the unit."""

    def __init__(self, text: bytes, part: str, name: str) -> None:
        self.objects: dict[str, Object] = {}
        self.build: list[Place] = []
        self.unit = "millimeter"
        self._part, self._name, self._open = part, name, Object()
        parser = expat.ParserCreate("UTF-8")  # whatever it declares: other encodings would load codecs
        parser.StartElementHandler = self._start
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            parser.Parse(text, True)
        except (expat.ExpatError, ValueError) as error:
            raise BadInput(name, f"{part} is broken: {str(error)[:80]}", CUT_SHORT) from None

    def _refuse(self, *_: object) -> None:
        raise BadInput(self._name, f"{self._part} declares a document type", "entities are never followed")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = tag.rpartition(":")[2]
        if kind == "vertex":
            self._open.coordinates.extend(self._number(float, attributes, axis) for axis in "xyz")
            check_counts(self._name, len(self._open.coordinates) // 3, 0)
        elif kind == "triangle":
            self._open.corners.extend(int(self._number(int, attributes, corner)) for corner in _CORNERS)
            check_counts(self._name, len(self._open.coordinates) // 3, len(self._open.corners) // 3)
        elif kind == "object":
            self._open = self.objects.setdefault(attributes.get("id", ""), Object())
        elif kind == "component":
            self._open.components.append(self._place(attributes))
        elif kind == "item":
            self.build.append(self._place(attributes))
        elif kind == "model":
            self.unit = attributes.get("unit", self.unit)[: limits.MAX_NAME_BYTES]

    def _number(self, kind: type[float] | type[int], attributes: dict[str, str], key: str) -> float:
        try:
            value = kind(attributes.get(key, "nothing"))
        except ValueError:
            raise BadInput(self._name, f"{key} is {attributes.get(key, 'missing')[:30]!r}, no number") from None
        if kind is int and not 0 <= value < limits.MAX_VERTICES:
            raise BadInput(self._name, f"a triangle names vertex {attributes[key][:30]}", CUT_SHORT)
        return value

    def _place(self, attributes: dict[str, str]) -> Place:
        path = next((value for key, value in attributes.items() if key.rpartition(":")[2] == "path"), "")
        part = posixpath.normpath(path.lstrip("/")) if path else self._part
        return Place(part, attributes.get("objectid", ""), _matrix(attributes.get("transform", ""), self._name))


class _Scene:
    """The parts of the archive that were needed so far, and the mesh put together so far."""

    def __init__(self, archive: Archive, most: int, name: str) -> None:
        self._archive, self._left, self._name = archive, most, name
        self._models: dict[str, _Model] = {}
        self._places = self._count = self._face_count = 0
        self.vertices, self.faces = [np.empty((0, 3))], [np.empty((0, 3), np.int64)]

    def model(self, part: str) -> _Model:
        if part not in self._models:
            if part not in self._archive.names():
                raise BadInput(self._name, f"names a part {part[:60]!r} that is not in it", CUT_SHORT)
            text = self._archive.read(part, self._left)
            self._left -= len(text)
            self._models[part] = _Model(text, part, self._name)
        return self._models[part]

    def add(self, place: Place, above: np.ndarray, depth: int) -> None:
        """Put an object, and what it is composed of, where the (4, 4) matrix `above` moves it."""
        self._places += 1
        if depth > DEEPEST or self._places > MOST_PLACES:
            raise BadInput(self._name, f"puts objects in more than {MOST_PLACES} places, or {DEEPEST} deep")
        found = self.model(place.part).objects.get(place.object_id)
        if found is None:
            raise BadInput(self._name, f"names object {place.object_id[:30]!r}, which is not in it", CUT_SHORT)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused as not finite
            matrix = np.column_stack([place.matrix, [0, 0, 0, 1]]) @ above
            self._add_mesh(found, matrix)
        for component in found.components:
            self.add(component, matrix, depth + 1)

    def _add_mesh(self, found: Object, matrix: np.ndarray) -> None:
        vertices = np.array(found.coordinates, np.float64).reshape(-1, 3)
        faces = np.array(found.corners, np.int64).reshape(-1, 3)
        if faces.size and faces.max() >= len(vertices):
            raise BadInput(self._name, f"a triangle names vertex {faces.max()}, there are {len(vertices)}", CUT_SHORT)
        check_counts(self._name, self._count + len(vertices), self._face_count + len(faces))
        is_mirrored = np.linalg.det(matrix[:3, :3]) < 0
        self.vertices.append(vertices @ matrix[:3, :3] + matrix[3, :3])
        self.faces.append(self._count + (faces[:, ::-1] if is_mirrored else faces))
        self._count, self._face_count = self._count + len(vertices), self._face_count + len(faces)


def _matrix(text: str, name: str) -> np.ndarray:
    """Return the (4, 3) matrix of twelve numbers, or the one that moves nothing."""
    words = text.split() if text else _UNMOVED
    try:
        matrix = np.array([*map(float, words)])
    except ValueError:
        matrix = np.empty(0)
    if matrix.shape != (12,) or not (np.abs(matrix) < 1e30).all():
        raise BadInput(name, f"has a transform that is not twelve finite numbers: {text[:60]!r}", CUT_SHORT)
    return matrix.reshape(4, 3)
