"""Rotations, Wigner matrices, and the rotation of coefficients."""

from deepsphere_pyg.harmonics.rotations.rotate import HarmonicRotation, rotate
from deepsphere_pyg.harmonics.rotations.rotation import Rotation
from deepsphere_pyg.harmonics.rotations.wigner import wigner_matrices, wigner_matrix
from deepsphere_pyg.harmonics.rotations.wigner_d import real_wigner_d, wigner_d

__all__ = [
    "HarmonicRotation",
    "Rotation",
    "real_wigner_d",
    "rotate",
    "wigner_d",
    "wigner_matrices",
    "wigner_matrix",
]
