"""Imported for its effect: everything that a worker needs is loaded and compiled.

The process that workers are forked from imports this once, so that a worker starts in milliseconds; and in any
worker, compilation takes none of the memory and time that its first file may take.
"""

from __future__ import annotations

import numpy as np

from shapespace.data import work
from shapespace.shapes.mesh import Mesh
from shapespace.shapes.voxelize import voxelize

__all__ = ["work"]

_CORNER = Mesh(np.eye(4, 3), np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [2, 3, 0]]))
_OPEN = Mesh(np.eye(4, 3), np.array([[0, 1, 2], [0, 3, 1]]))

for _mesh in (_CORNER, _OPEN):
    voxelize(_mesh, 16)
