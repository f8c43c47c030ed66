"""Layers with their operator: the same values, in sequences, bad input."""

import pytest
import torch
from torch import nn

from deepsphere_pyg import (
    ChebConv,
    FragmentNorm,
    GridActivation,
    MeanPool,
    PowerSpectrumReadout,
    SpectralPool,
    SpectralUnpool,
    WithOperator,
    ZonalConv,
    laplacian_operator,
    pooling_operator,
)
from deepsphere_pyg.harmonics import ISHT, SHT
from samplings import GaussLegendre, HEALPix

FINE = HEALPix(4)


def operator_of(sampling):
    return laplacian_operator(sampling, 8)


def test_value_and_state_are_those_of_the_layer():
    operator, conv = operator_of(FINE), ChebConv(2, 3, K=3)
    x = torch.randn(2, 192, 2, generator=torch.Generator().manual_seed(0))
    module = WithOperator(conv, operator)
    assert torch.equal(module(x), conv(x, operator))
    assert set(module.state_dict()) == {"layer.weight", "layer.bias"}
    double = module.double()
    assert double(x.double()).dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_graph_and_harmonic_layers_chain_in_one_sequence(dtype):
    coarse = FINE.coarsen()
    torch.manual_seed(0)
    network = nn.Sequential(
        WithOperator(ChebConv(2, 4, K=3), operator_of(FINE)),
        nn.ReLU(),
        WithOperator(MeanPool(), pooling_operator(coarse)),
        SHT(coarse.coarse, 5),
        ZonalConv(4, 4, L=5, anchors=3),
        FragmentNorm(4, 5),
        GridActivation(GaussLegendre(8), 5),
        SpectralPool(5, 4),
        ZonalConv(4, 6, L=4),
        SpectralUnpool(4, 6),
        ISHT(FINE, 6),
        WithOperator(ChebConv(6, 4, K=2), operator_of(FINE)),
        nn.ReLU(),
        SHT(FINE, 4),
        PowerSpectrumReadout(4),
        nn.Linear(16, 3),
    ).to(dtype)
    x = torch.randn(2, 192, 2, generator=torch.Generator().manual_seed(0)).to(dtype)
    y = network(x)
    assert y.shape == (2, 3)
    assert y.dtype == dtype
    y.square().sum().backward()
    assert all(p.grad.isfinite().all() and p.grad.any() for p in network.parameters())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.relu, operator_of(FINE)), "layer must be a Module, got built"),
        (
            (ChebConv(1, 1, K=2), torch.eye(3)),
            "an EdgeOperator or .*, got Tensor",
        ),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(TypeError, match=message):
        WithOperator(*arguments)
