"""Flows on the rotating sphere: spectral models, and their initial states."""

from deepsphere_pyg.datasets.flows.barotropic import BarotropicVorticity
from deepsphere_pyg.datasets.flows.random_states import random_vorticity
from deepsphere_pyg.datasets.flows.shallow_water import ShallowWater
from deepsphere_pyg.datasets.flows.standard_cases import (
    FlowState,
    barotropic_jet,
    flow_over_mountain,
    rossby_haurwitz_speed,
    rossby_haurwitz_wave,
    steady_zonal_flow,
)

__all__ = [
    "BarotropicVorticity",
    "FlowState",
    "ShallowWater",
    "barotropic_jet",
    "flow_over_mountain",
    "random_vorticity",
    "rossby_haurwitz_speed",
    "rossby_haurwitz_wave",
    "steady_zonal_flow",
]
