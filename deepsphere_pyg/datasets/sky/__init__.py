"""Maps of the whole sky: of gravitational lensing, and their nested patches."""

from deepsphere_pyg.datasets.sky.convergence_maps import ConvergenceMaps
from deepsphere_pyg.datasets.sky.lensing_maps import LensingMaps
from deepsphere_pyg.datasets.sky.patches import NestedPatches

__all__ = ["ConvergenceMaps", "LensingMaps", "NestedPatches"]
