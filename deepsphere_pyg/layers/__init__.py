"""Layers: each takes its operator in ``forward`` and keeps only what is learned."""

from deepsphere_pyg.layers.cheb_conv import ChebConv as ChebConv
from deepsphere_pyg.layers.chebyshev_weights import pyg_state_dict as pyg_state_dict
from deepsphere_pyg.layers.pooling import GlobalMeanPool as GlobalMeanPool
from deepsphere_pyg.layers.pooling import MaxPool as MaxPool
from deepsphere_pyg.layers.pooling import MeanPool as MeanPool
from deepsphere_pyg.layers.pooling import Unpool as Unpool
from deepsphere_pyg.layers.standardize import Standardize as Standardize
from deepsphere_pyg.layers.zonal_conv import ZonalConv as ZonalConv
