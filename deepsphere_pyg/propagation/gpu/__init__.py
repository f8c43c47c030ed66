"""Kernels in Triton for GPUs, and the choice of kernels by measurement."""

from deepsphere_pyg.propagation.gpu.measured_choice import (
    chosen_by_time,
    measured_choices,
)
from deepsphere_pyg.propagation.gpu.weighted_sums import runs_triton, triton_sum

__all__ = ["chosen_by_time", "measured_choices", "runs_triton", "triton_sum"]
