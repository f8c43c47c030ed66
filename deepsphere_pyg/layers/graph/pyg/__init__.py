"""Replacement of PyTorch Geometric's ChebConv by a changed import."""

from deepsphere_pyg.layers.graph.chebyshev_weights import pyg_state_dict
from deepsphere_pyg.layers.graph.pyg.cheb_conv import ChebConv

__all__ = ["ChebConv", "pyg_state_dict"]
