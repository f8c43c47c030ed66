"""What a user gets wrong: each mistake is told by what it is, and what to do."""

import math
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from samplings import (
    WEIGHTINGS,
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Heat,
    InverseDistance,
    Irregular,
    McEwenWiaux,
    NoOptimalWidthError,
    RadiansWarning,
    Rectilinear,
    ReducedGaussian,
    Transfer,
    build_pyramid,
    delaunay_graph,
    equivariance_spectrum,
    from_config,
    kernel_width,
    knn_graph,
    laplacian,
    optimal_width,
)

NEIGHBOURS = [name for name, kind in WEIGHTINGS.items() if kind.pattern == "neighbours"]
LAT, LON = np.linspace(-80, 80, 9), np.arange(0.0, 360, 30)
ONE_PIXEL = HEALPix(4)[[7]]


# -- a mask of one pixel ------------------------------------------------------------
@pytest.mark.parametrize("weighting", NEIGHBOURS)
def test_one_pixel_has_no_neighbours(weighting):
    with pytest.raises(ValueError, match="at least two vertices, got a single one"):
        knn_graph(ONE_PIXEL, 1, weighting=weighting)


def test_one_pixel_has_no_triangulation_width_or_pyramid():
    for make in (delaunay_graph, lambda one: kernel_width(one, 1)):
        with pytest.raises(ValueError, match="at least two vertices, got a single one"):
            make(ONE_PIXEL)
    for depth in (1, 2, 3):
        with pytest.raises(ValueError, match="keep at least two vertices"):
            build_pyramid(ONE_PIXEL, depth, 1)


def test_an_operator_without_links_has_no_spectrum():
    with pytest.raises(ValueError, match="the operator is zero"):
        equivariance_spectrum(sp.csr_array((1, 1)), sampling=ONE_PIXEL)


def test_pyramids_say_how_deep_they_can_be():
    with pytest.raises(ValueError, match=r"leave 1 vertex .* use depth=1"):
        build_pyramid(McEwenWiaux(2), 2, 3)
    with pytest.raises(ValueError, match=r"leave 1 vertex .* use depth=1"):
        build_pyramid(GaussLegendre(4), 2, 3, coarser=[McEwenWiaux(1)])
    with pytest.raises(ValueError, match="or use depth=3"):
        build_pyramid(HEALPix(4), 9, 8)


# -- units, ranges, missing values --------------------------------------------------
def test_radians_of_a_grid_warn():
    with pytest.warns(RadiansWarning, match="look like radians") as caught:
        Rectilinear(np.deg2rad(LAT), np.deg2rad(LON))
    assert caught[0].filename == __file__


def test_colatitudes_in_radians_warn():
    points = Fibonacci(100)
    with pytest.warns(UserWarning) as caught:
        Irregular.from_lonlat(points.phi, points.theta)
    assert RadiansWarning in [found.category for found in caught]


def test_small_grids_are_no_radians():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Rectilinear([0, 0.5, 1.0], [0, 1, 2])


def test_a_tiny_grid_meant_so_is_rebuilt_without_a_warning():
    with pytest.warns(RadiansWarning):
        grid = Rectilinear(np.deg2rad(LAT), np.deg2rad(LON))
    assert from_config(grid.config).config == grid.config
    assert grid.coarsen().coarse.area == pytest.approx(grid.area)


@pytest.mark.parametrize("lon", [np.arange(0, 361, 30), np.arange(-180, 181, 30)])
def test_a_meridian_twice_is_refused(lon):
    with pytest.raises(ValueError, match=r"same meridian twice.* drop the last column"):
        Rectilinear(LAT, lon)


@pytest.mark.parametrize(
    ("lon", "lat", "told"),
    [
        ([0, 1, 2, 3], [0, 91, 2, 3], "lat must be degrees from -90 to 90, got 91"),
        (
            [0, math.nan, 2, 3],
            [0, 1, 2, 3],
            "got nan at vertex 1, whose longitude is missing; drop such",
        ),
        ([0, -999, 2, 3], [0, 1, 2, 3], "lon must be degrees from -360 to 360"),
        ([0, 360, 90, 180], [0, 0, 10, 20], "points must be distinct, but 0 and 1"),
        ([0, 36, 90, 180], [90, 90, 10, 20], "points must be distinct, but 0 and 1"),
        ([0, 90, 180], [0, 10, 20], "at least 4 points, got 3; pass weights"),
        ([0, 180], [0, 0], "at least 4 points, got 2; pass weights"),
        (LON, 0 * LON, "not all on one circle"),
    ],
)
def test_bad_stations_are_told(lon, lat, told):
    with pytest.raises(ValueError, match=told):
        Irregular.from_lonlat(lon, lat)


def test_cells_of_too_few_points_ask_for_more():
    with pytest.raises(ValueError, match="at least 4 points, got 2; add points"):
        GaussLegendre(1).cells()


# -- something else than a sampling or graph ----------------------------------------
@pytest.mark.parametrize("other", ["healpix", np.eye(3)])
def test_samplings_are_asked_for_by_name(other):
    sphere = HEALPix(2)
    for make in (
        lambda: knn_graph(other, 2),
        lambda: build_pyramid(other, 2, 2),
        lambda: build_pyramid(sphere, 2, 8, coarser=[other]),
        lambda: delaunay_graph(other),
        lambda: Transfer.conservative(sphere, other),
    ):
        with pytest.raises(TypeError, match=r"must be a sampling, such as HEALPix"):
            make()
    with pytest.raises(TypeError, match="coarser must be a list of samplings"):
        build_pyramid(sphere, 2, 8, coarser=HEALPix(1))
    with pytest.raises(TypeError, match="graph must be a SphericalGraph, got HEALPix"):
        laplacian(sphere)


def test_options_are_checked_before_neighbours_are_searched():
    with pytest.raises(ValueError, match="weighting must be 'heat' or"):
        knn_graph(ONE_PIXEL, 1, weighting="haet")
    # Names that this graph would refuse are not offered.
    with pytest.raises(ValueError, match="or 'fitted-irls', got 'fited'; choose one"):
        knn_graph(HEALPix(2), k=4, weighting="fited")
    for wrong in (["heat"], 0.1, Heat):
        with pytest.raises(TypeError, match=r"weighting must be .*Heat\(t=0.01\), got"):
            knn_graph(ONE_PIXEL, 1, wrong)


def test_no_width_is_best_where_there_is_no_error():
    with pytest.raises(NoOptimalWidthError, match="no error at degree 1"):
        optimal_width(GaussLegendre(1), 1)


# -- tiny and odd samplings ---------------------------------------------------------
def _ring():
    sphere = HEALPix(4)
    return sphere[np.abs(sphere.xyz[:, 2]) < 1e-9]


def _caps():
    sphere = HEALPix(8)
    return sphere[np.abs(sphere.xyz[:, 2]) > 0.9]


def _clusters():
    rng = np.random.default_rng(0)
    near = np.repeat(Fibonacci(6).xyz, 10, axis=0) + 1e-5 * rng.normal(size=(60, 3))
    return Irregular(near / np.linalg.norm(near, axis=1)[:, None])


ODD = {
    "healpix-1": (lambda: HEALPix(1), (1, 5, 11)),
    "fibonacci-4": (lambda: Fibonacci(4), (1, 3)),
    "fibonacci-5": (lambda: Fibonacci(5), (1, 4)),
    "equiangular-2x3": (lambda: Equiangular(2, 3), (1, 5)),
    "gauss-legendre-1": (lambda: GaussLegendre(1), (1,)),
    "mcewen-wiaux-2": (lambda: McEwenWiaux(2), (1, 3)),
    "octahedral-1": (lambda: ReducedGaussian.octahedral(1), (1, 8)),
    "cubed-sphere-1": (lambda: CubedSphere(1), (1, 5)),
    "two caps": (_caps, (8, 20)),
    "ring": (_ring, (1, 2, 8)),
    "clusters": (_clusters, (4, 20)),
}


@pytest.mark.parametrize("weighting", NEIGHBOURS)
@pytest.mark.parametrize(
    ("name", "k"), [(n, k) for n, (_, ks) in ODD.items() for k in ks]
)
def test_tiny_and_odd_samplings_have_sound_graphs(name, k, weighting):
    sampling = ODD[name][0]()
    graph = knn_graph(sampling, k, weighting=weighting)
    assert np.isfinite(graph.adjacency.data).all()
    assert (graph.adjacency.data > 0).all()
    assert graph.n_components == (2 if name == "two caps" else 1)
    assert ("2 pieces" in graph.note) == (name == "two caps")
    assert 0 < laplacian(graph).lambda_max < math.inf
    again = pickle.loads(pickle.dumps(graph))
    assert (again.adjacency != graph.adjacency).nnz == 0
    assert not again.adjacency.data.flags.writeable


def test_points_on_one_circle_have_graphs_but_no_natural_neighbours():
    east = np.deg2rad(LON)
    points = np.stack([np.cos(east), np.sin(east), 0 * east], axis=1)
    circle = Irregular(points, np.full(len(points), np.pi / 3))
    assert knn_graph(circle, 2, weighting="heat").n_edges == len(points)
    assert knn_graph(circle, 2, connect=False).n_components == 1
    with pytest.raises(ValueError, match=r"not all on one circle.* weighting='heat'"):
        knn_graph(circle, 2)
    with pytest.raises(ValueError, match="Voronoi cells need points that are not all"):
        delaunay_graph(circle)


def test_antipodes_are_neighbours():
    pair = Irregular([[0, 0, 1], [0, 0, -1]], [2 * np.pi] * 2)
    for weighting in NEIGHBOURS:
        assert knn_graph(pair, 1, weighting=weighting).n_edges == 1
    far = knn_graph(pair, 1, InverseDistance(distance="geodesic"))
    assert far.adjacency[0, 1] == pytest.approx(1 / np.pi)
    with pytest.raises(ValueError, match="at least 4 points, got 2; add points"):
        delaunay_graph(pair)
