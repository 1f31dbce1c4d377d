"""(first form) What all views of a shape share."""

from __future__ import annotations

from shapespace.shapes.render import Scene as Model
from shapespace.shapes.render import scene as model

__all__ = ["Model", "model"]
