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

MAX_SERVED_SHAPES = 64
"""Shapes in one answer of the server."""

MAX_SERVED_VOXELS = 64 * 64**3
"""Voxels in one answer of the server: 16 MB, a byte a voxel."""

MAX_BODY_BYTES = MEGABYTE
"""A request in JSON."""

MAX_UPLOAD_BYTES = 16 * MEGABYTE
"""A file that is sent to the server."""

MAX_RECEIVED_BYTES = 32 * MEGABYTE
"""All uploads together that the server holds at a time, and all other requests together beside them."""

MAX_UNSENT_BYTES = 256 * MEGABYTE
"""All answers together that the server has made and not yet sent."""

MAX_REQUESTS = 256
"""Requests the server works on at a time; health and metrics are answered beside them."""

MAX_CONNECTIONS = 4_000
"""Open connections to the server."""

MAX_WAITING_SHAPES = 1_024
"""Shapes that wait to be decoded, of one space."""

MAX_WAITING_JOBS = 8
"""Long jobs, or files to be read, that wait for their turn."""

MAX_LATENT = 1_000.0
"""Largest magnitude of a latent number that the server takes; a normal prior stays below 6."""

MAX_MAP_SHAPES = 2_000
"""Shapes on the map of a space."""

MAX_INDEX_BYTES = 16_384 * MEGABYTE
"""Largest index for neighbour search that is loaded; a million shapes take well under a tenth."""

MAX_SNAP_STEPS = 1_000
"""Of one search for the nearest shape that a client asks for: about half a minute at 32^3."""

MAX_NEIGHBOURS = 1_000
"""Neighbours of one search."""
