"""Graph neural networks on any sampling of the sphere.

Names are imported when first used: PyTorch Geometric takes seconds to load, and not
all of the package needs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepsphere_pyg.convert import export_onnx as export_onnx
    from deepsphere_pyg.convert import from_data as from_data
    from deepsphere_pyg.convert import from_pygsp as from_pygsp
    from deepsphere_pyg.convert import operator_from_data as operator_from_data
    from deepsphere_pyg.convert import to_data as to_data
    from deepsphere_pyg.convert import to_pygsp as to_pygsp
    from deepsphere_pyg.edge_operator import EdgeOperator as EdgeOperator
    from deepsphere_pyg.layers import BispectrumReadout as BispectrumReadout
    from deepsphere_pyg.layers import ChannelWiseConv as ChannelWiseConv
    from deepsphere_pyg.layers import ChebConv as ChebConv
    from deepsphere_pyg.layers import (
        ConstrainedGeneralizedConv as ConstrainedGeneralizedConv,
    )
    from deepsphere_pyg.layers import CrossChannelConv as CrossChannelConv
    from deepsphere_pyg.layers import FragmentDropout as FragmentDropout
    from deepsphere_pyg.layers import FragmentNorm as FragmentNorm
    from deepsphere_pyg.layers import GatedActivation as GatedActivation
    from deepsphere_pyg.layers import GauntProduct as GauntProduct
    from deepsphere_pyg.layers import GeneralizedBlock as GeneralizedBlock
    from deepsphere_pyg.layers import GeneralizedConv as GeneralizedConv
    from deepsphere_pyg.layers import GlobalMeanPool as GlobalMeanPool
    from deepsphere_pyg.layers import GridActivation as GridActivation
    from deepsphere_pyg.layers import LocalGrid as LocalGrid
    from deepsphere_pyg.layers import MaxPool as MaxPool
    from deepsphere_pyg.layers import MeanPool as MeanPool
    from deepsphere_pyg.layers import NormActivation as NormActivation
    from deepsphere_pyg.layers import PowerSpectrumReadout as PowerSpectrumReadout
    from deepsphere_pyg.layers import SO3Conv as SO3Conv
    from deepsphere_pyg.layers import SO3GridActivation as SO3GridActivation
    from deepsphere_pyg.layers import SO3Mean as SO3Mean
    from deepsphere_pyg.layers import SO3ToSphere as SO3ToSphere
    from deepsphere_pyg.layers import SpectralPool as SpectralPool
    from deepsphere_pyg.layers import SpectralUnpool as SpectralUnpool
    from deepsphere_pyg.layers import SphereToSO3Conv as SphereToSO3Conv
    from deepsphere_pyg.layers import Standardize as Standardize
    from deepsphere_pyg.layers import (
        TensorProductActivation as TensorProductActivation,
    )
    from deepsphere_pyg.layers import UniformConv as UniformConv
    from deepsphere_pyg.layers import Unpool as Unpool
    from deepsphere_pyg.layers import WithOperator as WithOperator
    from deepsphere_pyg.layers import ZonalConv as ZonalConv
    from deepsphere_pyg.layers import pyg_state_dict as pyg_state_dict
    from deepsphere_pyg.models import PixelNetwork as PixelNetwork
    from deepsphere_pyg.models import SO3Classifier as SO3Classifier
    from deepsphere_pyg.models import SphericalClassifier as SphericalClassifier
    from deepsphere_pyg.models import SphericalUNet as SphericalUNet
    from deepsphere_pyg.models import UNetConfiguration as UNetConfiguration
    from deepsphere_pyg.models import load_model as load_model
    from deepsphere_pyg.models import save_model as save_model
    from deepsphere_pyg.operators import laplacian_operator as laplacian_operator
    from deepsphere_pyg.operators import pooling_operator as pooling_operator
    from deepsphere_pyg.operators import unpooling_operator as unpooling_operator

_HOMES = {
    "deepsphere_pyg.convert": (
        "export_onnx",
        "from_data",
        "from_pygsp",
        "operator_from_data",
        "to_data",
        "to_pygsp",
    ),
    "deepsphere_pyg.operators": (
        "laplacian_operator",
        "pooling_operator",
        "unpooling_operator",
    ),
    "deepsphere_pyg.edge_operator": ("EdgeOperator",),
    "deepsphere_pyg.layers": (
        "ChebConv",
        "GlobalMeanPool",
        "MaxPool",
        "MeanPool",
        "Standardize",
        "TensorProductActivation",
        "Unpool",
        "FragmentNorm",
        "GridActivation",
        "LocalGrid",
        "PowerSpectrumReadout",
        "SO3Conv",
        "SO3GridActivation",
        "SO3Mean",
        "SO3ToSphere",
        "SpectralPool",
        "SpectralUnpool",
        "SphereToSO3Conv",
        "WithOperator",
        "ChannelWiseConv",
        "ConstrainedGeneralizedConv",
        "CrossChannelConv",
        "GeneralizedConv",
        "UniformConv",
        "BispectrumReadout",
        "GauntProduct",
        "FragmentDropout",
        "GatedActivation",
        "GeneralizedBlock",
        "NormActivation",
        "ZonalConv",
        "pyg_state_dict",
    ),
    "deepsphere_pyg.models": (
        "PixelNetwork",
        "SO3Classifier",
        "SphericalClassifier",
        "SphericalUNet",
        "UNetConfiguration",
        "load_model",
        "save_model",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
