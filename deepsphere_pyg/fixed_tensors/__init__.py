"""Tensors that never change, and how the modules that have some are moved."""

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors

__all__ = [
    "FixedTensors",
    "Float64Tensors",
]
