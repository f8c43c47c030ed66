"""Conversions of graphs, operators, models and maps from and to other libraries."""

from deepsphere_pyg.convert import healpix, meshes, onnx, xarray
from deepsphere_pyg.convert.data import from_data, operator_from_data, to_data
from deepsphere_pyg.convert.healpix import *
from deepsphere_pyg.convert.meshes import *
from deepsphere_pyg.convert.onnx import *
from deepsphere_pyg.convert.pygsp_graphs import from_pygsp, to_pygsp
from deepsphere_pyg.convert.xarray import *

__all__ = [
    "from_data",
    "from_pygsp",
    "operator_from_data",
    "to_data",
    "to_pygsp",
]
__all__ += healpix.__all__
__all__ += meshes.__all__
__all__ += onnx.__all__
__all__ += xarray.__all__
