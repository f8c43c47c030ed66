"""Fitted edge weights: what they minimise, how low they get, and their symmetries."""

import numpy as np
import pytest
import scipy.sparse as sp

from samplings import (
    CubedSphere,
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    Heat,
    Icosahedral,
    Irregular,
    equivariance_spectrum,
    fit_weights,
    knn_graph,
)
from samplings.fitting.recipe import RECIPES
from samplings.graphs.pieces import connect
from samplings.points.neighbours import nearest_neighbours
from samplings.stencils.symmetry import vertex_permutations
from tests.helpers import scattered
from tests.round_off import assert_near

# Widths of the heat kernel, times n, with the lowest geometric mean of e_l over
# l = 10 ... 3 nside - 1: found by search.
BEST_WIDTH = {
    (32, 8): 2.847,
    (32, 20): 4.579,
    (32, 40): 7.499,
    (64, 8): 2.743,
    (64, 20): 4.292,
    (64, 40): 6.850,
}
GAIN = {8: 2.0, 20: 3.8, 40: 2.3}


def joined(sampling, k):
    return connect(sampling, nearest_neighbours(sampling.xyz, k))[0]


def fitted_spectrum(sampling, k, weighting="fitted", **options):
    fit = fit_weights(sampling, joined(sampling, k), weighting, **options)
    return equivariance_spectrum(fit.matrix(), sampling=sampling)


def heat_spectrum(nside, k):
    t = BEST_WIDTH[nside, k] / (12 * nside**2)
    return equivariance_spectrum(knn_graph(HEALPix(nside), k, Heat(t=t)))


# -- how low --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("nside", "k"),
    [(32, 8), (32, 20)]
    + [
        pytest.param(*case, marks=pytest.mark.slow)
        for case in [(32, 40), (64, 8), (64, 20), (64, 40)]
    ],
)
def test_default_beats_the_best_heat_kernel_at_every_degree(nside, k):
    fitted, heat = fitted_spectrum(HEALPix(nside), k), heat_spectrum(nside, k)
    assert (fitted.error[9:] < heat.error[9:]).all()
    assert heat.mean_error() > GAIN[k] * fitted.mean_error()
    published = equivariance_spectrum(knn_graph(HEALPix(nside), k, weighting="heat"))
    assert (fitted.error[9:] < published.error[9:]).all()


@pytest.mark.parametrize("nside", [32, pytest.param(64, marks=pytest.mark.slow)])
def test_twenty_fitted_neighbours_beat_forty_with_heat_up_to_nside(nside):
    heat = equivariance_spectrum(knn_graph(HEALPix(nside), 40, weighting="heat"))
    fitted = fitted_spectrum(HEALPix(nside), 20)
    assert (fitted.error[:nside] < 0.5 * heat.error[:nside]).all()


@pytest.mark.slow
@pytest.mark.parametrize("nside", [32, 64])
@pytest.mark.parametrize("k", [8, 20, 40])
def test_iterated_fits_are_lower_still_up_to_nside(nside, k):
    iterated = fitted_spectrum(HEALPix(nside), k, "fitted-irls").error[9:nside]
    assert iterated.mean() < fitted_spectrum(HEALPix(nside), k).error[9:nside].mean()


@pytest.mark.parametrize(
    ("sampling", "k", "gain"),
    [
        (Icosahedral(4), 8, 2.5),
        (Icosahedral(4), 20, 3),
        (Fibonacci(2000), 20, 3),
        (CubedSphere(18), 20, 3),
        (GaussLegendre(32), 8, 3),
        (GaussLegendre(32), 20, 3),
        (Equiangular(32), 20, 3),
        (scattered(2000), 20, 2),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_fits_beat_area_corrected_heat_on_every_kind_of_sampling(sampling, k, gain):
    heat = equivariance_spectrum(knn_graph(sampling, k, weighting="area-corrected"))
    fitted = fitted_spectrum(sampling, k)
    assert heat.mean_error() > gain * fitted.mean_error()


def test_rows_inside_a_mask_are_as_good_as_on_the_whole_sphere():
    sphere = HEALPix(16)
    north = sphere[sphere.lat > 0]
    whole = fit_weights(sphere, joined(sphere, 8))
    part = fit_weights(north, joined(north, 8))
    inside = sphere.lat > 25
    degrees = np.arange(10, 48)
    expected = equivariance_spectrum(
        whole.matrix(), degrees, vertices=inside, sampling=sphere
    )
    found = equivariance_spectrum(
        part.matrix(), degrees, vertices=inside[north.index], sampling=north
    )
    assert found.mean_error() < 1.3 * expected.mean_error()
    # Only the border itself counts less.
    border = part.row_weights < 1
    assert (north.lat[border] < 5).all()
    assert 0.5 < border.sum() / (4 * 16) < 1.5
    assert (whole.row_weights == 1).all()


# -- what it is -----------------------------------------------------------------------
SAMPLINGS = {
    "healpix": HEALPix(4),
    "icosahedral": Icosahedral(2),
    "gauss-legendre": GaussLegendre(10),
    "scattered": scattered(150),
    "masked": HEALPix(8)[HEALPix(8).lat > 20],
    "12 pixels": HEALPix(1),
}


@pytest.mark.parametrize("weighting", list(RECIPES))
@pytest.mark.parametrize("name", list(SAMPLINGS))
def test_fits_are_symmetric_non_negative_semi_definite_and_scaled(name, weighting):
    sampling = SAMPLINGS[name]
    k = min(8, len(sampling) - 1)
    fit = fit_weights(sampling, joined(sampling, k), weighting)
    assert abs(fit.adjacency - fit.adjacency.T).max() == 0
    assert fit.adjacency.data.min() >= 0
    assert fit.adjacency.diagonal().max() == 0
    assert fit.mass.mean() == pytest.approx(1)
    ratio = fit.mass / sampling.weights
    assert ratio.max() / ratio.min() <= 4.01
    root = np.sqrt(fit.mass)
    similar = sp.diags_array(root) @ fit.matrix() @ sp.diags_array(1 / root)
    values = np.linalg.eigvalsh(similar.toarray())
    assert values[0] > -1e-9 * values[-1]
    assert not fit.mass.flags.writeable and not fit.adjacency.data.flags.writeable
    # The symbol is that of the rows that count, as they count.
    areas = sampling.weights * fit.row_weights
    own = np.einsum("i,ij,ij->", areas, fit.matrix().toarray(), gram(sampling))
    assert own / areas.sum() == pytest.approx(2, rel=1e-9)


def gram(sampling):
    """Covariance of random signals of degree 1."""
    return sampling.xyz @ sampling.xyz.T


@pytest.mark.parametrize(
    "sampling",
    [HEALPix(4), HEALPix(6, nest=False), Icosahedral(2), GaussLegendre(10)],
    ids=lambda s: s.name,
)
def test_fits_have_the_symmetries_of_the_sampling_to_the_last_bit(sampling):
    fit = fit_weights(sampling, joined(sampling, 8))
    for moved in vertex_permutations(sampling):
        turned = fit.adjacency[moved][:, moved]
        assert abs(turned - fit.adjacency).max() == 0
        np.testing.assert_array_equal(fit.mass[moved], fit.mass)


def test_fits_depend_little_on_the_order_of_vertices():
    nest, ring = HEALPix(8), HEALPix(8, nest=False)
    errors = [fitted_spectrum(sphere, 8).error for sphere in (nest, ring)]
    # Rounds of the fit stop when little is gained, not at round-off: which order adds
    # up to another last bit may make one more.
    np.testing.assert_allclose(*errors, rtol=1e-3)


def test_masses_given_are_kept():
    sphere = HEALPix(4)
    mass = 1 + 0.1 * sphere.xyz[:, 0]
    fit = fit_weights(sphere, joined(sphere, 8), mass=7 * mass)
    assert_near(fit.mass, mass / mass.mean(), len(sphere))
    areas = fit_weights(sphere, joined(sphere, 8), mass=sphere.weights)
    assert_near(areas.mass, 1, len(sphere))
    free = fit_weights(sphere, joined(sphere, 8))
    spectra = [
        equivariance_spectrum(fit.matrix(), sampling=sphere) for fit in (areas, free)
    ]
    assert spectra[0].mean_error(1) > spectra[1].mean_error(1)


def test_rows_that_count_for_nothing_leave_the_others_better():
    sphere = HEALPix(8)
    inside = sphere.lat > 0
    pattern = joined(sphere, 8)
    half = fit_weights(sphere, pattern, row_weights=inside.astype(float))
    both = fit_weights(sphere, pattern)
    error = [
        equivariance_spectrum(fit.matrix(), vertices=inside, sampling=sphere)
        for fit in (half, both)
    ]
    assert error[0].mean_error() < error[1].mean_error()
    assert half.adjacency.data.min() >= 0


@pytest.mark.parametrize("name", ["two", "antipodes", "tetrahedron", "pieces", "alone"])
def test_smallest_graphs_work(name):
    z = np.array([0.0, 0, 1])
    points = {
        "two": [z, np.array([1.0, 0, 0])],
        "antipodes": [z, -z],
        "tetrahedron": [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]],
        "pieces": [*np.eye(3), *-np.eye(3)],
        "alone": [*np.eye(3), *-np.eye(3)],
    }[name]
    xyz = np.array(points, dtype=float)
    xyz /= np.linalg.norm(xyz, axis=1)[:, None]
    sampling = Irregular(xyz, np.full(len(xyz), 4 * np.pi / len(xyz)))
    if name == "pieces":
        chords = np.kron(np.eye(2), 2**0.5 * (1 - np.eye(3)))
    elif name == "alone":
        chords = np.zeros((6, 6))
        chords[0, 1] = 2**0.5
    else:
        chords = np.linalg.norm(xyz[:, None] - xyz, axis=2)
    for weighting in RECIPES:
        fit = fit_weights(sampling, sp.csr_array(chords), weighting)
        assert np.isfinite(fit.adjacency.data).all()
        assert (fit.adjacency.data >= 0).all() and fit.adjacency.nnz
        assert np.isfinite(fit.mass).all()


def test_links_whose_weight_would_be_negative_are_left_out():
    grid = GaussLegendre(16)
    pattern = joined(grid, 8)
    fit = fit_weights(grid, pattern)
    union = pattern.maximum(pattern.T)
    assert fit.adjacency.nnz < 0.95 * union.nnz
    assert fit.adjacency.data.min() > 0
    assert ((fit.adjacency > 0) > (union > 0)).nnz == 0


def test_progress_is_told_to_the_end():
    told = []
    sphere = HEALPix(2)
    fit_weights(sphere, joined(sphere, 8), progress=lambda *x: told.append(x))
    done = [x[0] for x in told]
    assert done == sorted(done)
    assert told[-1][0] == told[-1][1]


# -- what is refused ------------------------------------------------------------------
def test_errors_for_bad_patterns_and_methods():
    sphere = HEALPix(2)
    pattern = nearest_neighbours(sphere.xyz, 8)
    with pytest.raises(ValueError, match="weighting must be 'fitted' or"):
        fit_weights(sphere, pattern, "best")
    with pytest.raises(ValueError, match=r"shape \(12, 12\), one row per vertex"):
        fit_weights(HEALPix(1), pattern)
    with pytest.raises(ValueError, match="the pattern has no links"):
        fit_weights(sphere, sp.csr_array((48, 48)))
    for bad in (-1, np.nan, np.inf):
        wrong = pattern.copy()
        wrong.data[3] = bad
        with pytest.raises(ValueError, match="must hold chords, positive and finite"):
            fit_weights(sphere, wrong)
    loop = sp.csr_array(pattern + sp.eye_array(48))
    with pytest.raises(ValueError, match="48 vertices linked to themselves"):
        fit_weights(sphere, loop)


def test_errors_for_bad_numbers_per_vertex():
    sphere = HEALPix(2)
    pattern = nearest_neighbours(sphere.xyz, 8)
    for name in ("mass", "row_weights"):
        with pytest.raises(
            ValueError, match=rf"{name} must have shape \(48,\).* \(3,\)"
        ):
            fit_weights(sphere, pattern, **{name: np.ones(3)})
        with pytest.raises(ValueError, match=f"{name} must be finite"):
            fit_weights(sphere, pattern, **{name: np.full(48, np.nan)})
    with pytest.raises(ValueError, match="masses must be positive, got 0"):
        fit_weights(sphere, pattern, mass=np.zeros(48))
    with pytest.raises(ValueError, match="row weights must not be negative"):
        fit_weights(sphere, pattern, row_weights=-np.ones(48))
    with pytest.raises(ValueError, match="some must be positive"):
        fit_weights(sphere, pattern, row_weights=np.zeros(48))
