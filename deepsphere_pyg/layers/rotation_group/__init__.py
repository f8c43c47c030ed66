"""Layers on coefficients of the rotation group."""

from deepsphere_pyg.layers.rotation_group.local_grid import LocalGrid
from deepsphere_pyg.layers.rotation_group.so3_conv import SO3Conv
from deepsphere_pyg.layers.rotation_group.so3_grid_activation import SO3GridActivation
from deepsphere_pyg.layers.rotation_group.so3_integral import SO3Mean, SO3ToSphere
from deepsphere_pyg.layers.rotation_group.so3_lift import SphereToSO3Conv

__all__ = [
    "LocalGrid",
    "SO3Conv",
    "SO3GridActivation",
    "SO3Mean",
    "SO3ToSphere",
    "SphereToSO3Conv",
]
