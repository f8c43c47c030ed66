"""Layers on the vertices of a graph."""

from deepsphere_pyg.layers.graph.attention import (
    AllVertices,
    GlobalAttention,
    NeighbourAttention,
    Neighbourhoods,
    WindowAttention,
    Windows,
)
from deepsphere_pyg.layers.graph.channel_norm import ChannelNorm
from deepsphere_pyg.layers.graph.cheb_conv import ChebConv
from deepsphere_pyg.layers.graph.chebyshev_weights import pyg_state_dict
from deepsphere_pyg.layers.graph.depthwise_cheb_conv import DepthwiseChebConv
from deepsphere_pyg.layers.graph.disco import (
    DiscoConv,
    DiscoOperator,
    FilterBasis,
    MorletBasis,
    PiecewiseLinearBasis,
    ZernikeBasis,
    disco_operator,
)
from deepsphere_pyg.layers.graph.gaussian_smoothing import GaussianSmoothing
from deepsphere_pyg.layers.graph.learned_pooling import LearnedPool, LearnedUnpool
from deepsphere_pyg.layers.graph.masked_conv import MaskedConv
from deepsphere_pyg.layers.graph.polynomial_conv import PolynomialConv
from deepsphere_pyg.layers.graph.pooling import (
    GlobalMeanPool,
    MaxPool,
    MeanPool,
    Unpool,
)
from deepsphere_pyg.layers.graph.recurrence import ChebGRU, ChebLSTM
from deepsphere_pyg.layers.graph.residual_blocks import (
    ConvNeXtBlock,
    DropPath,
    ResidualBlock,
)
from deepsphere_pyg.layers.graph.spin import (
    MagnitudeActivation,
    MagnitudeNorm,
    ScalarVectorConv,
    SpinChebConv,
    SpinMeanPool,
    SpinUnpool,
)
from deepsphere_pyg.layers.graph.standardize import Standardize
from deepsphere_pyg.layers.graph.with_operator import WithOperator

__all__ = [
    "AllVertices",
    "ChannelNorm",
    "ChebConv",
    "ChebGRU",
    "ChebLSTM",
    "ConvNeXtBlock",
    "DepthwiseChebConv",
    "DiscoConv",
    "DiscoOperator",
    "DropPath",
    "FilterBasis",
    "GaussianSmoothing",
    "GlobalAttention",
    "GlobalMeanPool",
    "LearnedPool",
    "LearnedUnpool",
    "MagnitudeActivation",
    "MagnitudeNorm",
    "MaskedConv",
    "MaxPool",
    "MeanPool",
    "MorletBasis",
    "NeighbourAttention",
    "Neighbourhoods",
    "PiecewiseLinearBasis",
    "PolynomialConv",
    "ResidualBlock",
    "ScalarVectorConv",
    "SpinChebConv",
    "SpinMeanPool",
    "SpinUnpool",
    "Standardize",
    "Unpool",
    "WindowAttention",
    "Windows",
    "WithOperator",
    "ZernikeBasis",
    "disco_operator",
    "pyg_state_dict",
]
