"""Coefficients in the order and normalisation of other libraries."""

from deepsphere_pyg.harmonics.foreign.complex_coefficients import (
    from_healpy,
    from_torch_harmonics,
    to_healpy,
    to_torch_harmonics,
)
from deepsphere_pyg.harmonics.foreign.e3nn_coefficients import (
    e3nn_irreps,
    from_e3nn,
    to_e3nn,
)

__all__ = [
    "e3nn_irreps",
    "from_e3nn",
    "from_healpy",
    "from_torch_harmonics",
    "to_e3nn",
    "to_healpy",
    "to_torch_harmonics",
]
