"""Recognising the grids of files: coordinates, HEALPix pixels, areas, signals."""
