"""Fixtures of the laws of all layers, which cases.py lists."""

import pytest
import torch

from tests.layers.cases import LAYERS, LayerCase

VERTICES = [name for name in LAYERS if LAYERS[name].operator]
# Their operations are traced in layers that are made of them, or in a sibling.
WITHIN = (
    *("GeneralizedConv", "ConstrainedGeneralizedConv", "UniformConv", "SO3Conv"),
    *("GroupSquare", "SO3GridActivation", "ConvNeXtBlock", "WindowAttention"),
    *("ParityConv", "CrossChannelConv-shared", "NormActivation"),
    *("BispectrumReadout", "PowerSpectrumReadout"),
)
VARIANTS = [n for n in LAYERS if "-" in n and n.partition("-")[0] in LAYERS]
VARIANTS += [n for n in LAYERS if n in WITHIN]
# One of each kind, for what the others share with it.
KINDS = ("ChebConv", "MaxPool", "ZonalConv", "TensorProductActivation")


@pytest.fixture(params=LAYERS)
def layer_case(request) -> LayerCase:
    return LAYERS[request.param]


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.slow) if name in VARIANTS else name
        for name in LAYERS
    ]
)
def traced_layer_case(request) -> LayerCase:
    """Layers for compilers, which take seconds each: variants in slow tests only."""
    return LAYERS[request.param]


@pytest.fixture(params=VERTICES)
def operator_layer_case(request) -> LayerCase:
    """Layers that act between vertices, and so know how many there are."""
    return LAYERS[request.param]


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.slow) if name in VARIANTS else name
        for name in VERTICES
    ]
)
def traced_operator_layer_case(request) -> LayerCase:
    """The same for compilers."""
    return LAYERS[request.param]


@pytest.fixture(params=KINDS)
def kind_of_layer(request) -> LayerCase:
    return LAYERS[request.param]


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
