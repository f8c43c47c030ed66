"""Layers under test, each by one line, and operators to test them with."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from deepsphere_pyg import (
    BispectrumReadout,
    ChannelWiseConv,
    ChebConv,
    ConstrainedGeneralizedConv,
    CrossChannelConv,
    EdgeOperator,
    FragmentDropout,
    FragmentNorm,
    GatedActivation,
    GauntProduct,
    GeneralizedBlock,
    GeneralizedConv,
    GlobalMeanPool,
    GridActivation,
    LocalGrid,
    MaxPool,
    MeanPool,
    NormActivation,
    PowerSpectrumReadout,
    SO3Conv,
    SO3GridActivation,
    SO3Mean,
    SO3ToSphere,
    SpectralPool,
    SpectralUnpool,
    SphereToSO3Conv,
    Standardize,
    TensorProductActivation,
    UniformConv,
    Unpool,
    WithOperator,
    ZonalConv,
    laplacian_operator,
    pooling_operator,
    unpooling_operator,
)
from deepsphere_pyg.harmonics import HarmonicLayout
from samplings import GaussLegendre, HEALPix, knn_graph, laplacian


@dataclass(frozen=True)
class LayerCase:
    """A layer, its operator (None where it has none), and shapes without batch."""

    build: Callable[[], nn.Module]
    operator: Callable[[], EdgeOperator] | None
    shape_in: tuple[int, int]
    shape_out: tuple[int, ...]


def coarse_laplacian() -> EdgeOperator:
    return laplacian_operator(laplacian(knn_graph(HEALPix(1), 4)))


def pooling() -> EdgeOperator:
    return pooling_operator(HEALPix(2).coarsen())


def unpooling() -> EdgeOperator:
    return unpooling_operator(HEALPix(2).coarsen())


LAYERS = {
    "ChebConv": LayerCase(
        lambda: ChebConv(3, 5, K=4), coarse_laplacian, (12, 3), (12, 5)
    ),
    "ChebConv-fewer": LayerCase(
        lambda: ChebConv(5, 2, K=4), coarse_laplacian, (12, 5), (12, 2)
    ),
    "ChebConv-one-term": LayerCase(
        lambda: ChebConv(3, 3, K=1, bias=False), coarse_laplacian, (12, 3), (12, 3)
    ),
    "MeanPool": LayerCase(MeanPool, pooling, (48, 2), (12, 2)),
    "MaxPool": LayerCase(MaxPool, pooling, (48, 2), (12, 2)),
    "Unpool": LayerCase(Unpool, unpooling, (12, 2), (48, 2)),
    "ZonalConv": LayerCase(lambda: ZonalConv(3, 5, L=4), None, (16, 3), (16, 5)),
    "ZonalConv-anchors": LayerCase(
        lambda: ZonalConv(3, 5, L=4, anchors=2), None, (16, 3), (16, 5)
    ),
    "SpectralPool": LayerCase(lambda: SpectralPool(4, 2), None, (16, 3), (4, 3)),
    "SpectralUnpool": LayerCase(lambda: SpectralUnpool(2, 4), None, (4, 3), (16, 3)),
    # In evaluation: in training a batch is normalised as one.
    "FragmentNorm-running": LayerCase(
        lambda: FragmentNorm(HarmonicLayout(3, [2, 0, 1]), 3).eval(),
        None,
        (7, 3),
        (7, 3),
    ),
    "FragmentNorm-instance": LayerCase(
        lambda: FragmentNorm(HarmonicLayout(3, [2, 0, 1]), 3, "instance"),
        None,
        (7, 3),
        (7, 3),
    ),
    "GridActivation": LayerCase(
        lambda: GridActivation(GaussLegendre(4), 3, nn.SiLU()), None, (9, 3), (9, 3)
    ),
    "PowerSpectrumReadout": LayerCase(
        lambda: PowerSpectrumReadout(3), None, (9, 2), (6,)
    ),
    "SphereToSO3Conv": LayerCase(
        lambda: SphereToSO3Conv(3, 5, L=3, N=2), None, (9, 3), (25, 5)
    ),
    "SphereToSO3Conv-local": LayerCase(
        lambda: SphereToSO3Conv(3, 5, L=4, N=1, L_out=3, local=LocalGrid(2, 3)),
        None,
        (16, 3),
        (9, 5),
    ),
    "SO3Conv": LayerCase(
        lambda: SO3Conv(3, 5, L=3, N=2, N_out=1), None, (25, 3), (9, 5)
    ),
    "SO3Conv-local": LayerCase(
        lambda: SO3Conv(3, 2, L=3, N=1, L_out=2, N_out=2, local=LocalGrid(1, 3)),
        None,
        (9, 3),
        (10, 2),
    ),
    "SO3ToSphere": LayerCase(lambda: SO3ToSphere(3, 2), None, (25, 3), (9, 3)),
    "SO3Mean": LayerCase(lambda: SO3Mean(3, 2), None, (25, 3), (3,)),
    "SO3GridActivation": LayerCase(
        lambda: SO3GridActivation(3, 2, nn.SiLU(), L_out=2), None, (25, 3), (10, 3)
    ),
    "TensorProductActivation": LayerCase(
        lambda: TensorProductActivation(3, "mst"), None, (9, 2), (19, 2)
    ),
    "TensorProductActivation-fragments": LayerCase(
        lambda: TensorProductActivation(HarmonicLayout(2, [1, 2])),
        None,
        (7, 2),
        (13, 2),
    ),
    "TensorProductActivation-grouped": LayerCase(
        lambda: TensorProductActivation(HarmonicLayout(2, [1, 2]), execution="grouped"),
        None,
        (7, 2),
        (13, 2),
    ),
    "GeneralizedConv": LayerCase(
        lambda: GeneralizedConv(HarmonicLayout(3, [3, 2, 0]), 2, 3, 4, bias=True),
        None,
        (9, 3),
        (4, 4),
    ),
    "ConstrainedGeneralizedConv": LayerCase(
        lambda: ConstrainedGeneralizedConv(
            HarmonicLayout(3, [3, 2, 0]), HarmonicLayout(2, [2, 1]), 3, 4, bias=True
        ),
        None,
        (9, 3),
        (5, 4),
    ),
    "UniformConv": LayerCase(
        lambda: UniformConv(HarmonicLayout(3, [3, 2, 0]), 2), None, (9, 3), (4, 3)
    ),
    "ChannelWiseConv": LayerCase(
        lambda: ChannelWiseConv(HarmonicLayout(2, [3, 2]), 3), None, (9, 3), (9, 3)
    ),
    "CrossChannelConv-shared": LayerCase(
        lambda: CrossChannelConv(HarmonicLayout(2, [3, 2]), 3, 4, shared=True),
        None,
        (9, 3),
        (9, 4),
    ),
    "BispectrumReadout": LayerCase(
        lambda: BispectrumReadout(HarmonicLayout(3, [1, 2, 0])), None, (7, 2), (8,)
    ),
    "GauntProduct": LayerCase(lambda: GauntProduct(3, L_out=4), None, (9, 2), (16, 2)),
    # In evaluation: in training some fragments are zero.
    "FragmentDropout": LayerCase(
        lambda: FragmentDropout(HarmonicLayout(2, [2, 1])).eval(), None, (5, 2), (5, 2)
    ),
    "NormActivation": LayerCase(
        lambda: NormActivation(HarmonicLayout(3, [2, 0, 1]), 3), None, (7, 3), (7, 3)
    ),
    "GatedActivation": LayerCase(
        lambda: GatedActivation(HarmonicLayout(3, [2, 0, 1]), 3), None, (7, 3), (7, 3)
    ),
    "GeneralizedBlock": LayerCase(
        lambda: GeneralizedBlock(
            ZonalConv(3, 2, L=3),
            TensorProductActivation(3, "mst"),
            GeneralizedConv(HarmonicLayout(3, [3, 2, 2]), 2, 2, 4),
            residual=True,
        ),
        None,
        (9, 3),
        (4, 4),
    ),
    "WithOperator": LayerCase(
        lambda: WithOperator(ChebConv(3, 5, K=4), coarse_laplacian()),
        None,
        (12, 3),
        (12, 5),
    ),
    "GlobalMeanPool": LayerCase(
        lambda: GlobalMeanPool(HEALPix(1)), None, (12, 3), (3,)
    ),
    "Standardize": LayerCase(lambda: Standardize(3), None, (12, 3), (12, 3)),
}


@pytest.fixture(params=LAYERS)
def layer_case(request) -> LayerCase:
    return LAYERS[request.param]


@pytest.fixture(params=[name for name in LAYERS if LAYERS[name].operator])
def operator_layer_case(request) -> LayerCase:
    """Layers that act between vertices, and so know how many there are."""
    return LAYERS[request.param]


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)
