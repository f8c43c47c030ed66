"""Spherical harmonics: layouts of coefficients, functions, transforms."""

from deepsphere_pyg.harmonics.checked_rows import (
    checked_coefficients as checked_coefficients,
)
from deepsphere_pyg.harmonics.clebsch_gordan import clebsch_gordan as clebsch_gordan
from deepsphere_pyg.harmonics.clebsch_gordan import (
    clebsch_gordan_blocks as clebsch_gordan_blocks,
)
from deepsphere_pyg.harmonics.clebsch_gordan import (
    clebsch_gordan_set as clebsch_gordan_set,
)
from deepsphere_pyg.harmonics.clebsch_gordan_cache import (
    cached_clebsch_gordan_set as cached_clebsch_gordan_set,
)
from deepsphere_pyg.harmonics.complex_coefficients import from_healpy as from_healpy
from deepsphere_pyg.harmonics.complex_coefficients import (
    from_torch_harmonics as from_torch_harmonics,
)
from deepsphere_pyg.harmonics.complex_coefficients import to_healpy as to_healpy
from deepsphere_pyg.harmonics.complex_coefficients import (
    to_torch_harmonics as to_torch_harmonics,
)
from deepsphere_pyg.harmonics.degree_mixing import DegreeMixing as DegreeMixing
from deepsphere_pyg.harmonics.degree_mixing import degree_mixing as degree_mixing
from deepsphere_pyg.harmonics.e3nn_coefficients import e3nn_irreps as e3nn_irreps
from deepsphere_pyg.harmonics.e3nn_coefficients import from_e3nn as from_e3nn
from deepsphere_pyg.harmonics.e3nn_coefficients import to_e3nn as to_e3nn
from deepsphere_pyg.harmonics.layout import HarmonicLayout as HarmonicLayout
from deepsphere_pyg.harmonics.legendre import associated_legendre as associated_legendre
from deepsphere_pyg.harmonics.rotate import HarmonicRotation as HarmonicRotation
from deepsphere_pyg.harmonics.rotate import rotate as rotate
from deepsphere_pyg.harmonics.rotation import Rotation as Rotation
from deepsphere_pyg.harmonics.sht import ISHT as ISHT
from deepsphere_pyg.harmonics.sht import SHT as SHT
from deepsphere_pyg.harmonics.sht_exactness import exact_bandlimit as exact_bandlimit
from deepsphere_pyg.harmonics.sht_least_squares import (
    IllConditionedWarning as IllConditionedWarning,
)
from deepsphere_pyg.harmonics.so3_rows import so3_layout as so3_layout
from deepsphere_pyg.harmonics.so3_transform import ISO3Transform as ISO3Transform
from deepsphere_pyg.harmonics.so3_transform import SO3Transform as SO3Transform
from deepsphere_pyg.harmonics.sparse_coefficients import (
    CoefficientSet as CoefficientSet,
)
from deepsphere_pyg.harmonics.sparse_coefficients import (
    SparseCoefficients as SparseCoefficients,
)
from deepsphere_pyg.harmonics.spectra import power_spectrum as power_spectrum
from deepsphere_pyg.harmonics.spherical_harmonics import (
    solid_harmonics as solid_harmonics,
)
from deepsphere_pyg.harmonics.spherical_harmonics import (
    spherical_harmonics as spherical_harmonics,
)
from deepsphere_pyg.harmonics.wigner import wigner_matrices as wigner_matrices
from deepsphere_pyg.harmonics.wigner import wigner_matrix as wigner_matrix
from deepsphere_pyg.harmonics.wigner_d import real_wigner_d as real_wigner_d
from deepsphere_pyg.harmonics.wigner_d import wigner_d as wigner_d
