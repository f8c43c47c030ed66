"""Spherical harmonics: layouts of coefficients, functions, transforms."""

from deepsphere_pyg.harmonics.layout import HarmonicLayout as HarmonicLayout
from deepsphere_pyg.harmonics.legendre import associated_legendre as associated_legendre
