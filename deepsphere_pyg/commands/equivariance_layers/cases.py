"""Layers that ``deepsphere-pyg equivariance --layers`` compares."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from torch import nn

from deepsphere_pyg.commands.equivariance_layers.layers import CHANNELS, ComparedLayer
from deepsphere_pyg.harmonics import ISHT, SHT, HarmonicLayout, so3_layout
from deepsphere_pyg.layers import (
    BispectrumReadout,
    ChebConv,
    FragmentNorm,
    GatedActivation,
    GauntProduct,
    GeneralizedConv,
    GridActivation,
    NormActivation,
    PowerSpectrumReadout,
    SO3Conv,
    SO3GridActivation,
    SO3ToSphere,
    SphereToSO3Conv,
    TensorProductActivation,
    WithOperator,
    ZonalConv,
)
from deepsphere_pyg.operators import laplacian_operator
from samplings import (
    Equiangular,
    GaussLegendre,
    HEALPix,
    McEwenWiaux,
    Sampling,
    SO3Grid,
    knn_graph,
)

# Of the comparison printed in arXiv:2010.11661: errors at others are no match for it.
PUBLISHED_BANDLIMIT = 10


def compared_layers(L: int, N: int) -> list[ComparedLayer]:
    """Rows of the table: exact layers, activations on grids, read-outs, graphs.

    Published errors stand beside those of the bandlimit they were measured at.
    """
    return [
        *_exact(L),
        *_exact_on_rotations(L, N),
        *_products(L),
        *_on_grids_of_the_sphere(L),
        *_on_grids_of_rotations(L, N),
        *_readouts(L),
        *_on_graphs(L),
    ]


def _exact(L: int) -> list[ComparedLayer]:
    """Layers on coefficients of the sphere that commute with rotations."""
    sphere = HarmonicLayout(L)
    kinds: Sequence[tuple[str, Callable[[], nn.Module]]] = [
        ("zonal convolution", partial(ZonalConv, CHANNELS, CHANNELS, L)),
        (
            "fragment norm",
            partial(FragmentNorm, CHANNELS, sphere, statistics="instance"),
        ),
        ("norm activation", partial(NormActivation, CHANNELS, sphere)),
        ("gated activation", partial(GatedActivation, CHANNELS, sphere)),
    ]
    return [ComparedLayer(name, build, sphere, sphere) for name, build in kinds]


def _exact_on_rotations(L: int, N: int) -> list[ComparedLayer]:
    """Layers on coefficients of functions on the rotation group."""
    sphere, rotations = HarmonicLayout(L), so3_layout(L, N)
    return [
        ComparedLayer(
            "convolution to rotations",
            partial(SphereToSO3Conv, CHANNELS, CHANNELS, L, N),
            sphere,
            rotations,
            N=N,
        ),
        ComparedLayer(
            "convolution of rotations",
            partial(SO3Conv, CHANNELS, CHANNELS, L, N),
            rotations,
            rotations,
            N=N,
        ),
        ComparedLayer(
            "mean over turns, to the sphere",
            partial(SO3ToSphere, L, N),
            rotations,
            sphere,
            N=N,
        ),
    ]


def _products(L: int) -> list[ComparedLayer]:
    """Products of fragments, of degrees as mixing sets say, and of values."""
    sphere = HarmonicLayout(L)
    kinds = (("full", 5.0e-7), ("mst", None), ("rmst", None))
    products = [
        ComparedLayer(
            f"tensor product ({mixing}), generalized convolution",
            partial(product_block, L, mixing),
            sphere,
            sphere,
            published=_at(L, published),
        )
        for mixing, published in kinds
    ]
    square = GauntProduct(L)
    name, grid = "product of values", square.sampling
    return [*products, ComparedLayer(name, lambda: square, sphere, sphere, grid)]


def product_block(L: int, mixing: str) -> nn.Module:
    """Return a tensor product and a convolution to one fragment per degree."""
    product = TensorProductActivation(L, mixing=mixing)
    conv = GeneralizedConv(CHANNELS, CHANNELS, product.layout_out, L)
    return nn.Sequential(product, conv)


def _on_grids_of_the_sphere(L: int) -> list[ComparedLayer]:
    """ReLU where the grid has as few points as L needs, and more."""
    sphere = HarmonicLayout(L)
    grids: Sequence[tuple[Sampling, float | None]] = [
        (McEwenWiaux(L), 0.34),
        (GaussLegendre(L, 2 * L - 1), None),
        (GaussLegendre(L), None),
        (Equiangular(2 * L, 2 * L, scheme="driscoll-healy"), None),
        (McEwenWiaux(2 * L), None),
    ]
    return [
        ComparedLayer(
            "ReLU on the sphere",
            partial(GridActivation, grid, L),
            sphere,
            sphere,
            grid,
            channels=1,
            published=_at(L, published),
        )
        for grid, published in grids
    ]


def _on_grids_of_rotations(L: int, N: int) -> list[ComparedLayer]:
    """ReLU where the grid has as few rotations as L and N need, and more."""
    rotations = so3_layout(L, N)
    fewest = SO3Grid(L, N)
    twice = SO3Grid(2 * L, 2 * N if N > 1 else 1)
    return [
        ComparedLayer(
            "ReLU on rotations",
            partial(SO3GridActivation, L, N, oversampling=oversampling),
            rotations,
            rotations,
            grid,
            N,
            channels=1,
            published=_at(L, published),
        )
        for grid, oversampling, published in ((fewest, 1, 0.37), (twice, 2, None))
    ]


def _readouts(L: int) -> list[ComparedLayer]:
    """Invariants."""
    sphere = HarmonicLayout(L)
    return [
        ComparedLayer(
            "power spectrum, invariance",
            partial(PowerSpectrumReadout, sphere),
            sphere,
            None,
        ),
        ComparedLayer(
            "bispectrum (mst), invariance",
            partial(BispectrumReadout, sphere, mixing="mst"),
            sphere,
            None,
        ),
    ]


def _on_graphs(L: int) -> list[ComparedLayer]:
    """Chebyshev convolutions between a synthesis and an analysis."""
    sphere = HarmonicLayout(L)
    # The graph resolves degrees well up to about nside.
    healpix = HEALPix(2 ** math.ceil(math.log2(0.8 * L)))
    kinds: Sequence[tuple[str, Sampling, nn.Module]] = [
        ("Chebyshev convolution, K = 4", healpix, nn.Identity()),
        ("Chebyshev convolution, K = 4", GaussLegendre(2 * L), nn.Identity()),
        ("Chebyshev convolution and ReLU", healpix, nn.ReLU()),
    ]
    return [
        ComparedLayer(
            name,
            partial(chebyshev_block, grid, L, activation),
            sphere,
            sphere,
            grid,
        )
        for name, grid, activation in kinds
    ]


def chebyshev_block(sampling: Sampling, L: int, activation: nn.Module) -> nn.Module:
    """Return a Chebyshev convolution and an activation as a layer on coefficients."""
    graph = knn_graph(sampling, min(20, len(sampling) - 1), weighting="fitted")
    operator = laplacian_operator(graph)
    return nn.Sequential(
        ISHT(sampling, L),
        WithOperator(ChebConv(CHANNELS, CHANNELS, K=4), operator),
        activation,
        SHT(sampling, L),
    )


def _at(L: int, published: float | None) -> float | None:
    """Return a published error, if it is of this bandlimit."""
    return published if L == PUBLISHED_BANDLIMIT else None
