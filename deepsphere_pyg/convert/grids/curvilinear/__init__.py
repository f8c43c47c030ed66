"""Grids of rows and columns whose cells are known by their centres."""
