"""Layers under test, each by one line, and operators to test them with."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from deepsphere_pyg import (
    AllVertices,
    BispectrumReadout,
    ChannelNorm,
    ChannelWiseConv,
    ChebConv,
    ConstrainedGeneralizedConv,
    ConvNeXtBlock,
    CrossChannelConv,
    DepthwiseChebConv,
    DiscoConv,
    DropPath,
    EdgeOperator,
    FragmentDropout,
    FragmentNorm,
    GatedActivation,
    GauntProduct,
    GaussianSmoothing,
    GeneralizedBlock,
    GeneralizedConv,
    GlobalAttention,
    GlobalMeanPool,
    GridActivation,
    LearnedPool,
    LearnedUnpool,
    LocalGrid,
    MaskedConv,
    MaxPool,
    MeanPool,
    NeighbourAttention,
    Neighbourhoods,
    NormActivation,
    ParityConv,
    PiecewiseLinearBasis,
    PolynomialConv,
    PowerSpectrumReadout,
    ResidualBlock,
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
    WindowAttention,
    Windows,
    WithOperator,
    ZernikeBasis,
    ZonalConv,
    child_pooling_operator,
    child_unpooling_operator,
    disco_operator,
    laplacian_operator,
    pooling_operator,
    unpooling_operator,
)
from deepsphere_pyg.fixed_tensors import FixedTensors
from deepsphere_pyg.harmonics import HarmonicLayout, SpinLayout
from deepsphere_pyg.layers.rotation_group.group_square import GroupSquare
from samplings import GaussLegendre, HEALPix, knn_graph


@dataclass(frozen=True)
class LayerCase:
    """A layer, shapes without batch, its operator, and its law under rotations.

    ``equivariance`` is "exact", "approximate" or "invariant": under all rotations for
    layers on coefficients, and under quarter turns of HEALPix for layers on vertices.
    """

    build: Callable[[], nn.Module]
    shape_in: tuple[int, int]
    shape_out: tuple[int, ...]
    operator: Callable[[], FixedTensors] | None = None
    equivariance: str = "exact"


class OneInput(nn.Module):
    """A layer with its operator, as networks own them."""

    def __init__(self, case: LayerCase, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = case.build()
        self.operator = case.operator() if case.operator else None
        self.to(dtype)

    def forward(self, x):
        return self.layer(x) if self.operator is None else self.layer(x, self.operator)


def coarse_laplacian() -> EdgeOperator:
    return laplacian_operator(HEALPix(1), 4)


def pooling() -> EdgeOperator:
    return pooling_operator(HEALPix(2).coarsen())


def unpooling() -> EdgeOperator:
    return unpooling_operator(HEALPix(2).coarsen())


def child_pooling(terms: str = "auto") -> EdgeOperator:
    return child_pooling_operator(HEALPix(2).coarsen(), terms=terms)


def child_unpooling(terms: str = "auto") -> EdgeOperator:
    return child_unpooling_operator(HEALPix(2).coarsen(), terms=terms)


WEDGES, POLYNOMIALS = PiecewiseLinearBasis(3, 4), ZernikeBasis(2)


def discs_down() -> EdgeOperator:
    return disco_operator(HEALPix(2), HEALPix(1), basis=WEDGES)


def discs() -> EdgeOperator:
    return disco_operator(HEALPix(1), basis=POLYNOMIALS)


def neighbourhoods() -> Neighbourhoods:
    return Neighbourhoods(knn_graph(HEALPix(1), 4))


def shifted_windows() -> Windows:
    return Windows(HEALPix(2).coarsen(), shifted=True)


SCALARS = HarmonicLayout(3, [2, 0, 1])
FIELDS, TANGENT = SpinLayout(3, (0, 1)), SpinLayout(2, (1,))
BEFORE, AFTER = HarmonicLayout(3, [3, 2, 0]), HarmonicLayout(2, [2, 1])

LAYERS = {
    # on graphs
    "ChebConv": LayerCase(
        lambda: ChebConv(3, 5, K=4), (12, 3), (12, 5), coarse_laplacian
    ),
    "ChebConv-fewer": LayerCase(
        lambda: ChebConv(5, 2, K=4), (12, 5), (12, 2), coarse_laplacian
    ),
    "ChebConv-one-term": LayerCase(
        lambda: ChebConv(3, 3, K=1, bias=False), (12, 3), (12, 3), coarse_laplacian
    ),
    "DepthwiseChebConv": LayerCase(
        lambda: DepthwiseChebConv(3, K=4), (12, 3), (12, 3), coarse_laplacian
    ),
    "PolynomialConv": LayerCase(
        lambda: PolynomialConv(3, 5, K=4, basis="bernstein"),
        (12, 3),
        (12, 5),
        coarse_laplacian,
    ),
    "PolynomialConv-monomial": LayerCase(
        lambda: PolynomialConv(5, 2, K=3, basis="monomial", bias=False),
        (12, 5),
        (12, 2),
        coarse_laplacian,
    ),
    "ResidualBlock": LayerCase(
        lambda: ResidualBlock(4, 4, K=3, normalization="none", scale=0.5),
        (12, 4),
        (12, 4),
        coarse_laplacian,
    ),
    "ResidualBlock-bottleneck": LayerCase(
        lambda: ResidualBlock(
            4, 6, K=2, hidden=3, normalization="instance", activation=nn.SiLU()
        ),
        (12, 4),
        (12, 6),
        coarse_laplacian,
    ),
    "ConvNeXtBlock": LayerCase(
        lambda: ConvNeXtBlock(4, K=3, expansion=2, scale=0.5),
        (12, 4),
        (12, 4),
        coarse_laplacian,
    ),
    # In evaluation: in training a batch is normalised as one.
    "ChannelNorm": LayerCase(lambda: ChannelNorm(3, "batch").eval(), (12, 3), (12, 3)),
    # In evaluation: in training some signals are zero.
    "DropPath": LayerCase(lambda: DropPath(0.5).eval(), (12, 3), (12, 3)),
    "DiscoConv": LayerCase(
        lambda: DiscoConv(3, 5, WEDGES), (48, 3), (12, 5), discs_down
    ),
    "DiscoConv-groups": LayerCase(
        lambda: DiscoConv(4, 6, POLYNOMIALS, groups=2), (12, 4), (12, 6), discs
    ),
    "WithOperator": LayerCase(
        lambda: WithOperator(ChebConv(3, 5, K=4), coarse_laplacian()), (12, 3), (12, 5)
    ),
    "MaskedConv": LayerCase(
        lambda: MaskedConv(
            ChebConv(3, 5, K=2), coarse_laplacian(), HEALPix(1).lat > -10
        ),
        (12, 3),
        (12, 5),
    ),
    "MeanPool": LayerCase(MeanPool, (48, 2), (12, 2), pooling),
    "MaxPool": LayerCase(MaxPool, (48, 2), (12, 2), pooling),
    "Unpool": LayerCase(Unpool, (12, 2), (48, 2), unpooling),
    "LearnedPool": LayerCase(
        lambda: LearnedPool(2, 3, 4), (48, 2), (12, 3), child_pooling
    ),
    "LearnedPool-position": LayerCase(
        lambda: LearnedPool(2, 3, 6, bias=False),
        (48, 2),
        (12, 3),
        lambda: child_pooling("position"),
    ),
    "LearnedUnpool": LayerCase(
        lambda: LearnedUnpool(2, 3, 4), (12, 2), (48, 3), child_unpooling
    ),
    "LearnedUnpool-position": LayerCase(
        lambda: LearnedUnpool(2, 3, 6, bias=False),
        (12, 2),
        (48, 3),
        lambda: child_unpooling("position"),
    ),
    "GlobalMeanPool": LayerCase(
        lambda: GlobalMeanPool(HEALPix(1)), (12, 3), (3,), equivariance="invariant"
    ),
    "GaussianSmoothing": LayerCase(
        lambda: GaussianSmoothing(HEALPix(2), [1.0, 0.8], k=8, tolerance=0.01),
        (48, 2),
        (48, 2),
    ),
    "NeighbourAttention": LayerCase(
        lambda: NeighbourAttention(3, 4, heads=2, degree=3),
        (12, 3),
        (12, 4),
        neighbourhoods,
    ),
    "NeighbourAttention-isotropic": LayerCase(
        lambda: NeighbourAttention(3, 4, heads=2, isotropic=True),
        (12, 3),
        (12, 4),
        neighbourhoods,
    ),
    "GlobalAttention": LayerCase(
        lambda: GlobalAttention(3, 4, heads=2, degree=4),
        (12, 3),
        (12, 4),
        lambda: AllVertices(HEALPix(1)),
    ),
    "WindowAttention": LayerCase(
        lambda: WindowAttention(3, 4, heads=2, degree=2),
        (48, 3),
        (48, 4),
        lambda: Windows(HEALPix(2).coarsen()),
    ),
    "WindowAttention-shifted": LayerCase(
        lambda: WindowAttention(3, 4, heads=2, isotropic=True),
        (48, 3),
        (48, 4),
        shifted_windows,
    ),
    "Standardize": LayerCase(lambda: Standardize(3), (12, 3), (12, 3)),
    # on coefficients of the sphere
    "ZonalConv": LayerCase(lambda: ZonalConv(3, 5, L=4), (16, 3), (16, 5)),
    "ZonalConv-anchors": LayerCase(
        lambda: ZonalConv(3, 5, L=12, anchors=2), (144, 3), (144, 5)
    ),
    "SpectralPool": LayerCase(lambda: SpectralPool(4, 2), (16, 3), (4, 3)),
    "SpectralUnpool": LayerCase(lambda: SpectralUnpool(2, 4), (4, 3), (16, 3)),
    "GridActivation": LayerCase(
        lambda: GridActivation(GaussLegendre(4), 3, activation=nn.SiLU()),
        (9, 3),
        (9, 3),
        equivariance="approximate",
    ),
    # on coefficients of the rotation group
    "SphereToSO3Conv": LayerCase(
        lambda: SphereToSO3Conv(3, 5, L=3, N=2), (9, 3), (25, 5)
    ),
    "SphereToSO3Conv-local": LayerCase(
        lambda: SphereToSO3Conv(3, 5, L=4, N=1, L_out=3, local=LocalGrid(2, 3)),
        (16, 3),
        (9, 5),
    ),
    "SO3Conv": LayerCase(lambda: SO3Conv(3, 5, L=3, N=2, N_out=1), (25, 3), (9, 5)),
    "SO3Conv-local": LayerCase(
        lambda: SO3Conv(3, 2, L=3, N=1, L_out=2, N_out=2, local=LocalGrid(1, 3)),
        (9, 3),
        (10, 2),
    ),
    "SO3ToSphere": LayerCase(lambda: SO3ToSphere(3, 2), (25, 3), (9, 3)),
    "SO3Mean": LayerCase(
        lambda: SO3Mean(3, 2), (25, 3), (3,), equivariance="invariant"
    ),
    "SO3GridActivation": LayerCase(
        lambda: SO3GridActivation(3, 2, activation=nn.SiLU(), L_out=2),
        (25, 3),
        (10, 3),
        equivariance="approximate",
    ),
    "GroupSquare": LayerCase(
        lambda: GroupSquare(3, 2, L_out=2, N_out=2), (25, 3), (10, 3)
    ),
    # on generalized signals
    "TensorProductActivation": LayerCase(
        lambda: TensorProductActivation(3, mixing="mst"), (9, 2), (19, 2)
    ),
    "TensorProductActivation-fragments": LayerCase(
        lambda: TensorProductActivation(HarmonicLayout(2, [1, 2])), (7, 2), (13, 2)
    ),
    "TensorProductActivation-grouped": LayerCase(
        lambda: TensorProductActivation(HarmonicLayout(2, [1, 2]), execution="grouped"),
        (7, 2),
        (13, 2),
    ),
    "GauntProduct": LayerCase(lambda: GauntProduct(3, L_out=4), (9, 2), (16, 2)),
    "NormActivation": LayerCase(lambda: NormActivation(3, SCALARS), (7, 3), (7, 3)),
    "GatedActivation": LayerCase(lambda: GatedActivation(3, SCALARS), (7, 3), (7, 3)),
    # In evaluation: in training a batch is normalised as one.
    "FragmentNorm-running": LayerCase(
        lambda: FragmentNorm(3, SCALARS).eval(), (7, 3), (7, 3)
    ),
    "FragmentNorm-instance": LayerCase(
        lambda: FragmentNorm(3, SCALARS, statistics="instance"), (7, 3), (7, 3)
    ),
    # In evaluation: in training some fragments are zero.
    "FragmentDropout": LayerCase(
        lambda: FragmentDropout(SCALARS).eval(), (7, 2), (7, 2)
    ),
    "GeneralizedConv": LayerCase(
        lambda: GeneralizedConv(3, 4, BEFORE, 2, bias=True), (9, 3), (4, 4)
    ),
    "ConstrainedGeneralizedConv": LayerCase(
        lambda: ConstrainedGeneralizedConv(3, 4, BEFORE, AFTER, bias=True),
        (9, 3),
        (5, 4),
    ),
    "UniformConv": LayerCase(lambda: UniformConv(BEFORE, 2), (9, 3), (4, 3)),
    "ChannelWiseConv": LayerCase(lambda: ChannelWiseConv(3, BEFORE), (9, 3), (9, 3)),
    "CrossChannelConv-shared": LayerCase(
        lambda: CrossChannelConv(3, 4, BEFORE, shared=True), (9, 3), (9, 4)
    ),
    "GeneralizedBlock": LayerCase(
        lambda: GeneralizedBlock(
            ZonalConv(3, 2, L=3),
            TensorProductActivation(3, mixing="mst"),
            GeneralizedConv(2, 4, HarmonicLayout(3, [3, 2, 2]), 2),
            residual=True,
        ),
        (9, 3),
        (4, 4),
    ),
    "ParityConv": LayerCase(
        lambda: ParityConv(
            *(3, 4, FIELDS.layout, TANGENT.layout),
            parities=FIELDS.parities,
            parities_out=TANGENT.parities,
        ),
        (25, 3),
        (6, 4),
    ),
    "PowerSpectrumReadout": LayerCase(
        lambda: PowerSpectrumReadout(3), (9, 2), (6,), equivariance="invariant"
    ),
    "BispectrumReadout": LayerCase(
        lambda: BispectrumReadout(HarmonicLayout(3, [1, 2, 0])),
        (7, 2),
        (8,),
        equivariance="invariant",
    ),
}
