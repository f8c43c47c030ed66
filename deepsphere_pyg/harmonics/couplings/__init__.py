"""Clebsch-Gordan coefficients, and sets of degrees that are coupled."""

from deepsphere_pyg.harmonics.couplings.cache import cached_clebsch_gordan_set
from deepsphere_pyg.harmonics.couplings.clebsch_gordan import (
    clebsch_gordan,
    clebsch_gordan_blocks,
    clebsch_gordan_set,
)
from deepsphere_pyg.harmonics.couplings.degree_mixing import DegreeMixing, degree_mixing
from deepsphere_pyg.harmonics.couplings.sparse_coefficients import (
    CoefficientSet,
    SparseCoefficients,
)

__all__ = [
    "CoefficientSet",
    "DegreeMixing",
    "SparseCoefficients",
    "cached_clebsch_gordan_set",
    "clebsch_gordan",
    "clebsch_gordan_blocks",
    "clebsch_gordan_set",
    "degree_mixing",
]
