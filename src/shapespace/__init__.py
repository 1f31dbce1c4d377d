"""shapespace: learn a probabilistic latent space of 3-D shapes, and take new shapes out of it.

    space = shapespace.load("chair")
    space.sample(16, seed=0).save("chairs")

The public names are loaded on first use: importing this costs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shapespace.data.store import Store as Store
    from shapespace.errors import ShapeSpaceError as ShapeSpaceError
    from shapespace.nets.discriminator import Discriminator as Discriminator
    from shapespace.nets.generator import Generator as Generator
    from shapespace.nets.weights import SpaceCard as SpaceCard
    from shapespace.shapes.mesh import Mesh as Mesh
    from shapespace.shapes.shape import Shape as Shape
    from shapespace.shapes.shape import Shapes as Shapes
    from shapespace.space import ShapeSpace as ShapeSpace
    from shapespace.space import load as load

_HOMES = {
    "Discriminator": "shapespace.nets.discriminator",
    "Generator": "shapespace.nets.generator",
    "Mesh": "shapespace.shapes.mesh",
    "Shape": "shapespace.shapes.shape",
    "ShapeSpace": "shapespace.space",
    "ShapeSpaceError": "shapespace.errors",
    "Shapes": "shapespace.shapes.shape",
    "SpaceCard": "shapespace.nets.weights",
    "Store": "shapespace.data.store",
    "load": "shapespace.space",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("shapespace")
    if name not in _HOMES:
        raise AttributeError(f"module 'shapespace' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES, "__version__"])
