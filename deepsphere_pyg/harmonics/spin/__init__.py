"""Fields of spin: vector fields, polarization, and their transforms."""

from deepsphere_pyg.harmonics.spin.derivatives import (
    curl_coefficients,
    divergence_coefficients,
    gradient_coefficients,
    helmholtz_parts,
    lower_spin,
    raise_spin,
    stream_function,
    velocity_potential,
    vorticity_coefficients,
)
from deepsphere_pyg.harmonics.spin.fields_sht import FieldsISHT, FieldsSHT
from deepsphere_pyg.harmonics.spin.harmonics import spin_harmonics
from deepsphere_pyg.harmonics.spin.partitioned import (
    PartitionedSpinISHT,
    PartitionedSpinSHT,
)
from deepsphere_pyg.harmonics.spin.rotate_fields import FieldRotation, rotate_spin
from deepsphere_pyg.harmonics.spin.spectra import spin_power_spectrum
from deepsphere_pyg.harmonics.spin.spin_layout import SpinLayout
from deepsphere_pyg.harmonics.spin.spin_sht import SpinISHT, SpinSHT
from deepsphere_pyg.harmonics.spin.vector_sht import VectorISHT, VectorSHT
from deepsphere_pyg.harmonics.spin.winds import (
    iau_to_cosmo,
    wind_components,
    wind_of_components,
)

__all__ = [
    "FieldRotation",
    "FieldsISHT",
    "FieldsSHT",
    "PartitionedSpinISHT",
    "PartitionedSpinSHT",
    "SpinISHT",
    "SpinLayout",
    "SpinSHT",
    "VectorISHT",
    "VectorSHT",
    "curl_coefficients",
    "divergence_coefficients",
    "gradient_coefficients",
    "helmholtz_parts",
    "iau_to_cosmo",
    "lower_spin",
    "raise_spin",
    "rotate_spin",
    "spin_harmonics",
    "spin_power_spectrum",
    "stream_function",
    "velocity_potential",
    "vorticity_coefficients",
    "wind_components",
    "wind_of_components",
]
