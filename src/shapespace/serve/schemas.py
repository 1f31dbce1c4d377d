"""What a request may say: finite numbers within bounds, known names, nothing else."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shapespace import limits

Format = Literal["shapes", "json", "glb", "stl", "npz"]
Number = Annotated[float, Field(ge=-limits.MAX_LATENT, le=limits.MAX_LATENT, allow_inf_nan=False)]
Latent = Annotated[list[Number], Field(min_length=1, max_length=4_096, description="`latent_dim` finite numbers")]
Seed = Annotated[int, Field(ge=0, lt=2**63, description="any whole number from 0 up")]
Count = Annotated[int, Field(ge=1, le=limits.MAX_SERVED_SHAPES)]
Bits = Annotated[str, Field(max_length=360_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
Likeness = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, description="1 like this, 0 like the data")]
Steps = Annotated[int, Field(ge=1, le=limits.MAX_SNAP_STEPS, description="of the search; 60 take about two seconds")]
SNAP_STEPS = 60
"""Of a search, if not said: whoever draws is waiting."""

MAX_DRAWN = 128
"""Voxels along a side of a grid that is drawn by hand and sent in JSON."""


class Request(BaseModel):
    """What every request may say."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Format = Field("shapes", description="of the answer; glb and stl hold one shape")
    threshold: float | None = Field(
        None, gt=0, lt=1, allow_inf_nan=False, description="a voxel is inside above this; the space's own if not given"
    )


class Sample(Request):
    """New shapes from the prior; the i-th depends on the seed and on i alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"n": 4, "seed": 7}]})

    n: Count = 1
    seed: Seed = 0


class Decode(Request):
    """The shapes of latent vectors."""

    z: Annotated[list[Latent], Field(min_length=1, max_length=limits.MAX_SERVED_SHAPES)]


class Interpolate(Request):
    """A path from the first latent vector over all others to the last."""

    ends: Annotated[list[Latent], Field(min_length=2, max_length=limits.MAX_SERVED_SHAPES)]
    steps: Annotated[int, Field(ge=2, le=limits.MAX_SERVED_SHAPES)] = 9
    how: Literal["linear", "spherical"] = "spherical"


class Arithmetic(Request):
    """One shape: a sum of latent vectors, less others, moved along attributes."""

    plus: Annotated[list[Latent], Field(min_length=1, max_length=16)]
    minus: Annotated[list[Latent], Field(max_length=16)] = []
    attributes: Annotated[
        dict[Annotated[str, Field(max_length=64)], Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]],
        Field(max_length=32, description="by name, in typical changes"),
    ] = {}
    straight: bool = Field(False, description="along the attributes' lines: ten times as quick, and others change more")


class Map(Request):
    """Shapes of the space laid out in two dimensions, like beside like; the header has `xy`, from -1 to 1."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"count": 64, "seed": 0}]})

    count: Annotated[int, Field(ge=4, le=600)] = 300
    seed: Annotated[int, Field(ge=0, lt=16, description="few, because each map is kept")] = 0
    occupancy: bool = Field(False, description="with the shapes themselves, not only their latent vectors")


class Snap(Request):
    """The shape of the space that is nearest to a drawn one."""

    voxels: Bits = Field(description="base64 of bits, as numpy.packbits has them: x slowest, z fastest")
    resolution: Annotated[int, Field(ge=limits.MIN_RESOLUTION, le=MAX_DRAWN)]
    mask: Bits | None = Field(None, description="as voxels: where the drawing counts; elsewhere it is completed")
    likeness: Likeness = 0.5
    steps: Steps = SNAP_STEPS
    seed: Seed = 0


class Mend(Request):
    """The shape of a latent vector, moved a little until it is in one piece."""

    z: Latent


class Neighbours(Request):
    """The known shapes that are most like one."""

    z: Latent
    k: Count = 8


class Problem(BaseModel):
    """What is wrong: a word for programs, a line for people."""

    code: str
    message: str


class Failure(BaseModel):
    """The one form of every error."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"error": {"code": "invalid", "message": "n: Input should be at most 64"}}]}
    )

    error: Problem


class Attribute(BaseModel):
    """A property of shapes along which they can be moved."""

    name: str
    low: float
    high: float


class SpaceFacts(BaseModel):
    """What there is to know of a space."""

    name: str
    resolution: int
    latent_dim: int
    prior: str
    threshold: float
    categories: list[str]
    licence: str
    can_reconstruct: bool
    can_search: bool
    attributes: list[Attribute]


class SpaceList(BaseModel):
    """The spaces that are served; the first is the one to begin with."""

    spaces: list[SpaceFacts]


class Health(BaseModel):
    """That the server answers."""

    status: Literal["ok"] = "ok"
