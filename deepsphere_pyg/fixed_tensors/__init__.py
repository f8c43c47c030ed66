"""Tensors that never change, of modules that move and convert."""

from deepsphere_pyg.fixed_tensors.fixed_tensors import FixedTensors
from deepsphere_pyg.fixed_tensors.float64_tensors import Float64Tensors

__all__ = [
    "FixedTensors",
    "Float64Tensors",
]
