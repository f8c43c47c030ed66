"""Layers: each takes its operator in ``forward`` and keeps only what is learned."""

from deepsphere_pyg.layers.bispectrum_readout import (
    BispectrumReadout as BispectrumReadout,
)
from deepsphere_pyg.layers.channel_wise_conv import ChannelWiseConv as ChannelWiseConv
from deepsphere_pyg.layers.cheb_conv import ChebConv as ChebConv
from deepsphere_pyg.layers.chebyshev_weights import pyg_state_dict as pyg_state_dict
from deepsphere_pyg.layers.constrained_conv import (
    ConstrainedGeneralizedConv as ConstrainedGeneralizedConv,
)
from deepsphere_pyg.layers.cross_channel_conv import (
    CrossChannelConv as CrossChannelConv,
)
from deepsphere_pyg.layers.fragment_dropout import FragmentDropout as FragmentDropout
from deepsphere_pyg.layers.fragment_norm import FragmentNorm as FragmentNorm
from deepsphere_pyg.layers.gated_activation import GatedActivation as GatedActivation
from deepsphere_pyg.layers.gaunt_product import GauntProduct as GauntProduct
from deepsphere_pyg.layers.generalized_block import (
    GeneralizedBlock as GeneralizedBlock,
)
from deepsphere_pyg.layers.generalized_conv import GeneralizedConv as GeneralizedConv
from deepsphere_pyg.layers.grid_activation import GridActivation as GridActivation
from deepsphere_pyg.layers.local_grid import LocalGrid as LocalGrid
from deepsphere_pyg.layers.norm_activation import NormActivation as NormActivation
from deepsphere_pyg.layers.pooling import GlobalMeanPool as GlobalMeanPool
from deepsphere_pyg.layers.pooling import MaxPool as MaxPool
from deepsphere_pyg.layers.pooling import MeanPool as MeanPool
from deepsphere_pyg.layers.pooling import Unpool as Unpool
from deepsphere_pyg.layers.power_spectrum_readout import (
    PowerSpectrumReadout as PowerSpectrumReadout,
)
from deepsphere_pyg.layers.so3_conv import SO3Conv as SO3Conv
from deepsphere_pyg.layers.so3_grid_activation import (
    SO3GridActivation as SO3GridActivation,
)
from deepsphere_pyg.layers.so3_integral import SO3Mean as SO3Mean
from deepsphere_pyg.layers.so3_integral import SO3ToSphere as SO3ToSphere
from deepsphere_pyg.layers.so3_lift import SphereToSO3Conv as SphereToSO3Conv
from deepsphere_pyg.layers.spectral_pool import SpectralPool as SpectralPool
from deepsphere_pyg.layers.spectral_pool import SpectralUnpool as SpectralUnpool
from deepsphere_pyg.layers.standardize import Standardize as Standardize
from deepsphere_pyg.layers.tensor_product import (
    TensorProductActivation as TensorProductActivation,
)
from deepsphere_pyg.layers.uniform_conv import UniformConv as UniformConv
from deepsphere_pyg.layers.with_operator import WithOperator as WithOperator
from deepsphere_pyg.layers.zonal_conv import ZonalConv as ZonalConv
