"""From samplings, graphs and Laplacians to operators, PyG data and PyGSP, and back."""

from deepsphere_pyg.convert.data import from_data as from_data
from deepsphere_pyg.convert.data import operator_from_data as operator_from_data
from deepsphere_pyg.convert.data import to_data as to_data
from deepsphere_pyg.convert.grids.grid_warnings import (
    DistantNeighboursWarning as DistantNeighboursWarning,
)
from deepsphere_pyg.convert.grids.grid_warnings import (
    UnusableAreasWarning as UnusableAreasWarning,
)
from deepsphere_pyg.convert.grids.recognition import from_xarray as from_xarray
from deepsphere_pyg.convert.grids.sampling import XarraySampling as XarraySampling
from deepsphere_pyg.convert.onnx import export_onnx as export_onnx
from deepsphere_pyg.convert.operators import laplacian_operator as laplacian_operator
from deepsphere_pyg.convert.operators import pooling_operator as pooling_operator
from deepsphere_pyg.convert.operators import unpooling_operator as unpooling_operator
from deepsphere_pyg.convert.pygsp_graphs import from_pygsp as from_pygsp
from deepsphere_pyg.convert.pygsp_graphs import to_pygsp as to_pygsp
