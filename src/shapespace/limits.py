"""Every bound that stands between a number read from a file and the memory it could take.

A reader compares what a header declares with the bytes that are present and with these limits before it
allocates anything. Each refusal prints the limit it met.
"""

from __future__ import annotations

MEGABYTE = 1 << 20

MAX_FILE_BYTES = 512 * MEGABYTE
"""Largest file a reader of shapes opens."""

MAX_UNPACKED_BYTES = 512 * MEGABYTE
"""Most bytes an archive member (zip, npz, 3mf, gzip) may unfold to."""

MAX_VERTICES = 5_000_000
"""Vertices of one mesh."""

MAX_FACES = 5_000_000
"""Faces of one mesh, as triangles."""

MAX_POLYGON_CORNERS = 1_000
"""Corners of one face; a 200,000-corner polygon takes 5 GB in a naive voxeliser."""

MIN_RESOLUTION, MAX_RESOLUTION = 4, 512
"""Voxels along a side of a grid that is read."""

MAX_PACK_SHAPES = 10_000_000
"""Shapes in one file of many."""

MAX_NAME_BYTES = 1_024
"""Length of an id or a category."""

MAX_JSON_BYTES = 64 * MEGABYTE
"""A header or a manifest in JSON."""

MAX_JSON_DEPTH = 64
"""Brackets within brackets."""

MAX_SPACE_BYTES = 2_048 * MEGABYTE
"""Largest file of weights that is loaded."""

MAX_SAMPLES = 100_000
"""Shapes one `sample` command makes."""
