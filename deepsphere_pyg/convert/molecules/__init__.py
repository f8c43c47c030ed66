"""Molecules as charges and positions, and as signals on spheres around their atoms.

Public names are those of :mod:`deepsphere_pyg.datasets`.
"""
