"""Graph and harmonic neural networks on any sampling of the sphere.

The top level has the names from which networks are built: all public names of six of
its modules. Data sets, losses, inference, metrics, plots and training are imported from
their sub-packages. Names are imported on first use, as PyTorch takes seconds to load.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # One by one: type checkers do not follow an `__all__` that is a sum of others.
    from deepsphere_pyg.convert import *
    from deepsphere_pyg.convert.healpix import *
    from deepsphere_pyg.convert.meshes import *
    from deepsphere_pyg.convert.onnx import *
    from deepsphere_pyg.convert.xarray import *
    from deepsphere_pyg.edge_operator import *
    from deepsphere_pyg.harmonics.couplings import *
    from deepsphere_pyg.harmonics.foreign import *
    from deepsphere_pyg.harmonics.functions import *
    from deepsphere_pyg.harmonics.layout import *
    from deepsphere_pyg.harmonics.rotations import *
    from deepsphere_pyg.harmonics.sht import *
    from deepsphere_pyg.harmonics.so3 import *
    from deepsphere_pyg.harmonics.spin import *
    from deepsphere_pyg.layers.fragments import *
    from deepsphere_pyg.layers.graph import *
    from deepsphere_pyg.layers.rotation_group import *
    from deepsphere_pyg.layers.sphere import *
    from deepsphere_pyg.models import *
    from deepsphere_pyg.operators import *

    __version__: str
else:
    from importlib.metadata import version

    from samplings.late_names import late_names

    # Each imports only modules before it, so a name loads no more than it needs.
    _PARTS = (
        *(".edge_operator", ".operators", ".harmonics", ".layers", ".models"),
        ".convert",
    )
    _late, __dir__ = late_names(__name__, dict.fromkeys(_PARTS))

    def __getattr__(name):
        return version("deepsphere-pyg") if name == "__version__" else _late(name)
