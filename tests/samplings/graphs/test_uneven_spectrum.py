"""The warning of spectra that a few dense places fill."""

import warnings

import numpy as np
import pytest

from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    IcosahedralTriangles,
    Irregular,
    McEwenWiaux,
    Rectilinear,
    ReducedGaussian,
    UnevenSpectrumWarning,
    delaunay_graph,
    knn_graph,
    laplacian,
)


def stations(dense, sparse, seed=0):
    """Stations of which some are within a degree, and others all over the globe."""
    g = np.random.default_rng(seed)
    lon = np.r_[g.uniform(8, 9, dense), g.uniform(-180, 180, sparse)]
    north = np.rad2deg(np.arcsin(g.uniform(-1, 1, sparse)))
    return Irregular.from_lonlat(lon, np.r_[g.uniform(47, 48, dense), north])


@pytest.mark.parametrize(("dense", "sparse"), [(100, 200), (150, 150), (300, 60)])
def test_filters_idle_on_most_of_the_globe_are_warned_of(dense, sparse):
    matrix = laplacian(knn_graph(stations(dense, sparse), k=8))
    with pytest.warns(
        UnevenSpectrumWarning, match=r"hardly act on (9\d.*|100) % of the area"
    ):
        matrix.rescaled()


def test_filters_idle_in_a_small_place_are_not_warned_of():
    # Most of the vertices, but next to nothing of the area: the others are even.
    matrix = laplacian(knn_graph(stations(300, 60), k=8, weighting="heat"))
    diagonal = matrix.matrix.diagonal()
    weights = matrix.graph.sampling.weights
    idle = weights[diagonal * 300 < matrix.lambda_max].sum() / weights.sum()
    assert idle < 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        matrix.rescaled()


REGULAR = [
    HEALPix(4),
    HEALPix(8, nest=False),
    Equiangular(24, 48),
    GaussLegendre(16),
    ReducedGaussian([20, 24, 28, 32, 32, 28, 24, 20]),
    McEwenWiaux(16),
    Icosahedral(2),
    IcosahedralTriangles(2),
    CubedSphere(8),
    Fibonacci(300),
    Rectilinear(np.linspace(-84, 84, 22), np.arange(0, 360, 12)),
    Rectilinear(np.linspace(90, -90, 19), np.arange(0, 360, 10)),
    stations(0, 200),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
@pytest.mark.parametrize(
    "sampling",
    [
        # One of each kind of grid in the default run.
        one if i % 2 == 0 else pytest.param(one, marks=pytest.mark.slow)
        for i, one in enumerate(REGULAR)
    ],
    ids=repr,
)
def test_even_samplings_and_parts_of_them_raise_no_alarm(sampling):
    seed = np.random.default_rng(0)
    parts = [
        sampling,
        sampling[sampling.lat > 20],
        sampling[np.abs(sampling.lat) > 30],
        sampling[seed.random(len(sampling)) < 0.7],
    ]
    for part in parts:
        graphs = [knn_graph(part, 8, weighting=w) for w in ("heat", "fitted")]
        graphs.append(delaunay_graph(part, "finite-volume"))
        for graph in graphs:
            laplacian(graph).rescaled()
            laplacian(graph, "normalized").rescaled()
