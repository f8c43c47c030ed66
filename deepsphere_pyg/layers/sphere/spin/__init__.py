"""Layers on fields of several spins, and on their coefficients."""

from deepsphere_pyg.layers.sphere.spin.spin_activation import SpinActivation
from deepsphere_pyg.layers.sphere.spin.spin_block import SpinBlock
from deepsphere_pyg.layers.sphere.spin.spin_conv import SpinConv
from deepsphere_pyg.layers.sphere.spin.spin_norm import SpinNorm

__all__ = [
    "SpinActivation",
    "SpinBlock",
    "SpinConv",
    "SpinNorm",
]
