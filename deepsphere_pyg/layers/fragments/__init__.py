"""Layers on generalized signals: fragments of several degrees."""

from deepsphere_pyg.layers.fragments.bispectrum_readout import BispectrumReadout
from deepsphere_pyg.layers.fragments.channel_wise_conv import ChannelWiseConv
from deepsphere_pyg.layers.fragments.constrained_conv import ConstrainedGeneralizedConv
from deepsphere_pyg.layers.fragments.cross_channel_conv import CrossChannelConv
from deepsphere_pyg.layers.fragments.fragment_dropout import FragmentDropout
from deepsphere_pyg.layers.fragments.fragment_norm import FragmentNorm
from deepsphere_pyg.layers.fragments.gated_activation import GatedActivation
from deepsphere_pyg.layers.fragments.gaunt_product import GauntProduct
from deepsphere_pyg.layers.fragments.generalized_block import GeneralizedBlock
from deepsphere_pyg.layers.fragments.generalized_conv import GeneralizedConv
from deepsphere_pyg.layers.fragments.norm_activation import NormActivation
from deepsphere_pyg.layers.fragments.power_spectrum_readout import PowerSpectrumReadout
from deepsphere_pyg.layers.fragments.spin import (
    FieldsToFragments,
    FragmentsToFields,
    ParityConv,
    coupled_parities,
)
from deepsphere_pyg.layers.fragments.tensor_product import TensorProductActivation
from deepsphere_pyg.layers.fragments.uniform_conv import UniformConv

__all__ = [
    "BispectrumReadout",
    "ChannelWiseConv",
    "ConstrainedGeneralizedConv",
    "CrossChannelConv",
    "FieldsToFragments",
    "FragmentDropout",
    "FragmentNorm",
    "FragmentsToFields",
    "GatedActivation",
    "GauntProduct",
    "GeneralizedBlock",
    "GeneralizedConv",
    "NormActivation",
    "ParityConv",
    "PowerSpectrumReadout",
    "TensorProductActivation",
    "UniformConv",
    "coupled_parities",
]
