"""Convolution with learned filters on discs (DISCO)."""

from deepsphere_pyg.layers.graph.disco.bases import (
    MorletBasis,
    PiecewiseLinearBasis,
    ZernikeBasis,
)
from deepsphere_pyg.layers.graph.disco.disco_conv import DiscoConv
from deepsphere_pyg.layers.graph.disco.disco_operator import (
    DiscoOperator,
    disco_operator,
)
from deepsphere_pyg.layers.graph.disco.filter_basis import FilterBasis

__all__ = [
    "DiscoConv",
    "DiscoOperator",
    "FilterBasis",
    "MorletBasis",
    "PiecewiseLinearBasis",
    "ZernikeBasis",
    "disco_operator",
]
