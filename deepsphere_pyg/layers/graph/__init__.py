"""Layers on the vertices of a graph."""

from deepsphere_pyg.layers.graph.cheb_conv import ChebConv
from deepsphere_pyg.layers.graph.chebyshev_weights import pyg_state_dict
from deepsphere_pyg.layers.graph.learned_pooling import LearnedPool, LearnedUnpool
from deepsphere_pyg.layers.graph.pooling import (
    GlobalMeanPool,
    MaxPool,
    MeanPool,
    Unpool,
)
from deepsphere_pyg.layers.graph.standardize import Standardize
from deepsphere_pyg.layers.graph.with_operator import WithOperator

__all__ = [
    "ChebConv",
    "GlobalMeanPool",
    "LearnedPool",
    "LearnedUnpool",
    "MaxPool",
    "MeanPool",
    "Standardize",
    "Unpool",
    "WithOperator",
    "pyg_state_dict",
]
