"""Layers on fields of spin: tangent vectors, polarization and their like."""

from deepsphere_pyg.layers.graph.spin.magnitude_activation import MagnitudeActivation
from deepsphere_pyg.layers.graph.spin.magnitude_norm import MagnitudeNorm
from deepsphere_pyg.layers.graph.spin.scalar_vector_conv import ScalarVectorConv
from deepsphere_pyg.layers.graph.spin.spin_cheb_conv import SpinChebConv
from deepsphere_pyg.layers.graph.spin.spin_pooling import SpinMeanPool, SpinUnpool

__all__ = [
    "MagnitudeActivation",
    "MagnitudeNorm",
    "ScalarVectorConv",
    "SpinChebConv",
    "SpinMeanPool",
    "SpinUnpool",
]
