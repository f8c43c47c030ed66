"""Cells and areas of grids with two-dimensional coordinates."""
