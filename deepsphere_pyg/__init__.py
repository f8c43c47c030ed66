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
    from importlib import import_module
    from importlib.metadata import version
    from importlib.util import find_spec

    # Each imports only modules before it, so a name loads no more than it needs.
    _PARTS = ("edge_operator", "operators", "harmonics", "layers", "models", "convert")

    def __getattr__(name):
        if name == "__version__":
            return version("deepsphere-pyg")
        special = name.startswith("__") and name != "__all__"
        # Python asks here for its own names, and for modules before it imports them.
        if not special and find_spec(f"{__name__}.{name}") is None:
            names = []
            for part in _PARTS:
                module = import_module(f"{__name__}.{part}")
                if name in module.__all__:
                    return globals().setdefault(name, getattr(module, name))
                names += module.__all__
            if name == "__all__":
                return sorted(names)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted({*globals(), *__getattr__("__all__")})
