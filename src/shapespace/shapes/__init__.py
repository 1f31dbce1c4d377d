"""Geometry on NumPy: grids, meshes, files and pictures of shapes; knows no torch."""
