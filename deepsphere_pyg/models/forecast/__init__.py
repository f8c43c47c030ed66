"""Networks that step fields in time: from past states to the next one."""

from deepsphere_pyg.models.forecast.configurations import (
    WEATHER,
    ResidualUNetConfiguration,
)
from deepsphere_pyg.models.forecast.fourier_operator import SphericalFourierOperator
from deepsphere_pyg.models.forecast.mesh_network import MeshNetwork
from deepsphere_pyg.models.forecast.recurrent_unet import RecurrentUNet
from deepsphere_pyg.models.forecast.residual_unet import ResidualUNet
from deepsphere_pyg.models.forecast.vorticity_network import VorticityNetwork

__all__ = [
    "WEATHER",
    "MeshNetwork",
    "RecurrentUNet",
    "ResidualUNet",
    "ResidualUNetConfiguration",
    "SphericalFourierOperator",
    "VorticityNetwork",
]
