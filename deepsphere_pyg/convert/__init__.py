"""Conversions of graphs, operators, models and maps from and to other libraries.

Names are imported on first use, since some need libraries that take seconds to load.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepsphere_pyg.convert.data import from_data as from_data
    from deepsphere_pyg.convert.data import operator_from_data as operator_from_data
    from deepsphere_pyg.convert.data import to_data as to_data
    from deepsphere_pyg.convert.healpix import *
    from deepsphere_pyg.convert.meshes import *
    from deepsphere_pyg.convert.onnx import *
    from deepsphere_pyg.convert.pygsp_graphs import from_pygsp as from_pygsp
    from deepsphere_pyg.convert.pygsp_graphs import to_pygsp as to_pygsp
    from deepsphere_pyg.convert.xarray import *
else:
    from samplings.late_names import late_names

    __getattr__, __dir__ = late_names(
        __name__,
        {
            ".data": ["from_data", "operator_from_data", "to_data"],
            ".pygsp_graphs": ["from_pygsp", "to_pygsp"],
            ".xarray": None,
            ".healpix": None,
            ".meshes": None,
            # Last, as it loads harmonic transforms.
            ".onnx": None,
        },
    )
