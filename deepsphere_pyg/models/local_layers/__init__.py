"""Kinds of layers that networks on pyramids are made of: each looks at what is near."""

from deepsphere_pyg.models.local_layers.attention_layers import AttentionLayers
from deepsphere_pyg.models.local_layers.base import ChebyshevLayers, LocalLayers
from deepsphere_pyg.models.local_layers.choice import (
    Convolution,
    convolution_argument,
    convolution_config,
    layers_of,
    with_convolution,
)
from deepsphere_pyg.models.local_layers.disco_layers import DiscoLayers

__all__ = [
    "AttentionLayers",
    "ChebyshevLayers",
    "Convolution",
    "DiscoLayers",
    "LocalLayers",
    "convolution_argument",
    "convolution_config",
    "layers_of",
    "with_convolution",
]
