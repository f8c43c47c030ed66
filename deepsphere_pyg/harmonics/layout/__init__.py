"""The order of coefficients, and checks of them."""

from deepsphere_pyg.harmonics.layout.checks import checked_coefficients
from deepsphere_pyg.harmonics.layout.layout import HarmonicLayout

__all__ = [
    "HarmonicLayout",
    "checked_coefficients",
]
