"""Sums and maxima over edges, on plain tensors, in several executions."""

from deepsphere_pyg.propagation.chebyshev_autograd import chebyshev_convolution
from deepsphere_pyg.propagation.compressed_rows import canonical_rows, transposed_rows
from deepsphere_pyg.propagation.depthwise_autograd import depthwise_convolution
from deepsphere_pyg.propagation.derived import Derived
from deepsphere_pyg.propagation.executions import (
    EXECUTIONS,
    automatic_execution,
    available_executions,
    checked_execution,
    chosen_execution,
    tile_size,
)
from deepsphere_pyg.propagation.gpu import measured_choices
from deepsphere_pyg.propagation.maxima import max_over_windows, max_windows
from deepsphere_pyg.propagation.sums import edge_sum
from deepsphere_pyg.propagation.tiles import Tiles, cut_into_tiles, whole_tile
from deepsphere_pyg.propagation.transformable import refuse_mapped

__all__ = [
    "EXECUTIONS",
    "Derived",
    "Tiles",
    "automatic_execution",
    "available_executions",
    "canonical_rows",
    "chebyshev_convolution",
    "checked_execution",
    "chosen_execution",
    "cut_into_tiles",
    "depthwise_convolution",
    "edge_sum",
    "max_over_windows",
    "max_windows",
    "measured_choices",
    "refuse_mapped",
    "tile_size",
    "transposed_rows",
    "whole_tile",
]
