"""Harmonic transforms on the rotation group."""

from deepsphere_pyg.harmonics.so3.tables import so3_layout
from deepsphere_pyg.harmonics.so3.transform import ISO3Transform, SO3Transform

__all__ = [
    "ISO3Transform",
    "SO3Transform",
    "so3_layout",
]
