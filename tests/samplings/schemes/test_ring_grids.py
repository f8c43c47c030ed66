"""Geometry, overlap and layout that all samplings made of rings share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samplings import (
    Equiangular,
    GaussLegendre,
    McEwenWiaux,
    ReducedGaussian,
    tangent_frames,
)
from samplings.transfer.ring_overlap import conservative_coarsening, overlap_areas
from tests.round_off import assert_near, round_off

GRIDS = {
    "fejer": lambda: Equiangular(7, 10),
    "clenshaw-curtis": lambda: Equiangular(7, 10, "clenshaw-curtis"),
    "driscoll-healy": lambda: Equiangular(6, 9, "driscoll-healy"),
    "gauss-legendre": lambda: GaussLegendre(6, 9),
    "mcewen-wiaux": lambda: McEwenWiaux(5),
}
SHAPES = {name: (make().n_theta, make().n_phi) for name, make in GRIDS.items()}
WITH_POLES = ("clenshaw-curtis", "driscoll-healy", "mcewen-wiaux")

ring_samplings = st.one_of(
    st.lists(st.integers(1, 12), min_size=1, max_size=6).map(ReducedGaussian),
    st.builds(Equiangular, st.integers(3, 7), st.integers(1, 9), st.just("fejer")),
    st.builds(
        Equiangular,
        st.integers(3, 7),
        st.integers(1, 9),
        st.sampled_from(["clenshaw-curtis", "driscoll-healy"]),
    ),
    st.integers(1, 6).map(McEwenWiaux),
)


@pytest.fixture(params=GRIDS)
def grid(request):
    return GRIDS[request.param]()


def cell_bounds(sampling):
    """Boundaries of all cells: cosine of colatitude, and turns of longitude."""
    n = np.repeat(sampling.ring_n_phi, sampling.ring_n_phi)
    z = np.cos(sampling.ring_edges)
    south, north = (np.repeat(part, sampling.ring_n_phi) for part in (z[1:], z[:-1]))
    west = sampling.phi / (2 * np.pi) - 0.5 / n
    return south, north, west, west + 1 / n


def overlap_by_brute_force(fine, coarse):
    """Every cell with every other, each moved around by whole turns."""
    s, n, w, e = (bound[None, :] for bound in cell_bounds(fine))
    south, north, west, east = (bound[:, None] for bound in cell_bounds(coarse))
    height = np.maximum(np.minimum(n, north) - np.maximum(s, south), 0)
    width = sum(
        np.maximum(np.minimum(e + turn, east) - np.maximum(w + turn, west), 0)
        for turn in (-1, 0, 1)
    )
    return 2 * np.pi * height * width


def test_rings_hold_their_vertices_in_order(grid):
    for ring, (start, end) in enumerate(
        zip(grid.ring_start[:-1], grid.ring_start[1:], strict=True)
    ):
        theta, phi = grid.theta[start:end], grid.phi[start:end]
        assert_near(theta, grid.ring_theta[ring], 3, np.pi)
        np.testing.assert_allclose(np.diff(phi), 2 * np.pi / len(phi))
        shift = grid.ring_shift[ring] * np.pi / len(phi)
        np.testing.assert_allclose(phi[0], shift if theta[0] % np.pi else 0)
    assert grid.ring_start[-1] == len(grid)


def test_areas_are_those_between_boundaries(grid):
    south, north, west, east = cell_bounds(grid)
    area = 2 * np.pi * (north - south) * (east - west)
    assert_near(grid.weights, area, 1000, grid.weights)


def test_boundaries_lie_between_rings(grid):
    theta, edges = grid.ring_theta, grid.ring_edges
    assert edges[0] == 0 and edges[-1] == np.pi
    assert (edges[:-1] <= theta).all() and (theta <= edges[1:]).all()
    assert (theta[:-1] < edges[1:-1]).all() and (edges[1:-1] < theta[1:]).all()


def test_thin_caps_keep_relative_accuracy():
    grid = Equiangular(20_001, 2, scheme="clenshaw-curtis")
    half_step = np.pi / 40_000
    caps = grid.weights[[0, -1]]
    # As 1 - cos it would keep 7 digits. The last bit of pi is 6e-12 of a half step.
    few = round_off(float, 1, np.pi / half_step)
    np.testing.assert_allclose(caps, 4 * np.pi * np.sin(half_step / 2) ** 2, rtol=few)
    assert_near(grid.coarsen().assign.sum(), len(grid), len(grid))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(fine=ring_samplings, coarse=ring_samplings)
def test_overlap_is_that_of_all_pairs_of_cells(fine, coarse):
    areas = overlap_areas(fine, coarse)
    np.testing.assert_allclose(
        areas.toarray(), overlap_by_brute_force(fine, coarse), atol=1e-13
    )
    np.testing.assert_allclose(areas.sum(axis=0), fine.weights, rtol=1e-12)
    np.testing.assert_allclose(areas.sum(axis=1), coarse.weights, rtol=1e-12)


@settings(max_examples=50, derandomize=True, deadline=None)
@given(fine=ring_samplings, coarse=ring_samplings)
def test_overlap_is_symmetric_and_has_no_slivers(fine, coarse):
    areas = overlap_areas(fine, coarse)
    back = overlap_areas(coarse, fine).T
    assert_near(areas.toarray(), back.toarray(), 10)
    smallest = min(fine.weights.min(), coarse.weights.min())
    assert areas.data.min() > 1e-12 * smallest


def test_overlap_with_itself_is_the_area(grid):
    areas = overlap_areas(grid, grid)
    assert areas.nnz == len(grid)
    assert_near(areas.diagonal(), grid.weights, 10)


def test_remapping_conserves_the_integral_and_constants(grid):
    other = ReducedGaussian([5, 8, 11, 8, 5])
    shares = conservative_coarsening(grid, other).assign
    field = np.random.default_rng(0).random(len(grid))
    remapped = shares @ (grid.weights * field) / other.weights
    assert_near(other.weights @ remapped, grid.weights @ field, len(grid))
    constant = shares @ grid.weights / other.weights
    assert_near(constant, 1, len(grid))


def test_coarsening_large_grids_conserves_area():
    for fine in (GaussLegendre(300, 8), McEwenWiaux(200), ReducedGaussian([4] * 701)):
        coarsening = fine.coarsen()
        np.testing.assert_allclose(
            coarsening.assign @ fine.weights, coarsening.coarse.weights, rtol=1e-11
        )


@pytest.mark.parametrize("name", GRIDS)
def test_grid_index_repeats_poles_only(name):
    grid = GRIDS[name]()
    index = grid.grid_index
    assert index.shape == SHAPES[name] and not index.flags.writeable
    assert grid.grid_index is index
    np.testing.assert_array_equal(np.unique(index), np.arange(len(grid)))
    repeated = [ring for ring, row in enumerate(index) if (row == row[0]).all()]
    theta = grid.ring_theta[repeated]
    assert len(repeated) == {"clenshaw-curtis": 2}.get(name, int(name in WITH_POLES))
    assert all(angle in (0, np.pi) for angle in theta)
    theta = grid.ring_theta[:, None] * np.ones(grid.n_phi)
    assert_near(grid.theta[index], theta, 3, np.pi)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, np.int16])
def test_signals_survive_the_grid(grid, dtype):
    rng = np.random.default_rng(1)
    signal = (100 * rng.random((2, len(grid), 3))).astype(dtype)
    laid_out = grid.to_grid(signal, axis=-2)
    assert laid_out.shape == (2, grid.n_theta, grid.n_phi, 3)
    back = grid.from_grid(laid_out, axis=-3)
    assert back.dtype == laid_out.dtype == dtype
    np.testing.assert_array_equal(back, signal)
    np.testing.assert_array_equal(grid.from_grid(laid_out, axis=1), back)
    np.testing.assert_array_equal(grid.to_grid(signal, axis=1), laid_out)
    np.testing.assert_array_equal(grid.to_grid(signal[0, :, 0]), laid_out[0, ..., 0])
    np.testing.assert_array_equal(grid.from_grid(laid_out[0, ..., 0]), back[0, :, 0])


@pytest.mark.parametrize("name", WITH_POLES)
def test_a_pole_takes_the_mean_of_its_row(name):
    grid = GRIDS[name]()
    values = np.random.default_rng(2).random((grid.n_theta, grid.n_phi))
    signal = grid.from_grid(values)
    for ring in np.flatnonzero(grid.ring_n_phi == 1):
        start = grid.ring_start[ring]
        assert signal[start] == pytest.approx(values[ring].mean())


def test_classes_at_a_pole_must_agree():
    grid = GRIDS["mcewen-wiaux"]()
    labels = np.zeros((5, 9), dtype=np.int64)
    labels[-1] = 3
    assert grid.from_grid(labels)[-1] == 3
    labels[-1, 4] = 2
    with pytest.raises(
        ValueError, match="row 4 is a pole, one vertex, but holds different values"
    ):
        grid.from_grid(labels)


def test_errors_for_signals_and_arrays_of_other_shapes(grid):
    v, shape = len(grid), (grid.n_theta, grid.n_phi)
    with pytest.raises(ValueError, match=rf"have {v} values .* got shape \({v}, 2\)"):
        grid.to_grid(np.zeros((v, 2)))
    with pytest.raises(ValueError, match=r"axis must exist in a signal .* got 1; pass"):
        grid.to_grid(np.zeros(v), axis=1)
    with pytest.raises(ValueError, match=r"entries along its axes .* pass axis=-3"):
        grid.from_grid(np.zeros((*shape, 4)))
    with pytest.raises(ValueError, match=r"got shape \(3,\) and axis=-2"):
        grid.from_grid(np.zeros(3))


@pytest.mark.parametrize(
    ("sampling", "turns", "mirrored"),
    [
        (Equiangular(4, 6), 6, True),
        (Equiangular(5, 6, "clenshaw-curtis"), 6, True),
        (Equiangular(4, 6, "driscoll-healy"), 6, False),
        (GaussLegendre(5, 7), 7, True),
        (McEwenWiaux(3), 5, False),
        (ReducedGaussian([8, 12, 12, 8]), 4, True),
        (ReducedGaussian([8, 12, 16]), 4, False),
        (ReducedGaussian([3, 4, 3]), 1, True),
    ],
)
def test_symmetries_are_the_common_turn_and_the_mirrors(sampling, turns, mirrored):
    generators = sampling.symmetries
    assert len(generators) == 1 + (turns > 1) + mirrored
    np.testing.assert_array_equal(generators[0], np.diag([1, -1, 1]))
    if turns > 1:
        angle = np.arctan2(generators[1][1, 0], generators[1][0, 0])
        assert angle == pytest.approx(2 * np.pi / turns)
    if mirrored:
        np.testing.assert_array_equal(generators[-1], np.diag([1, 1, -1]))


def spun(sampling, spin):
    """A field of spin, ``(V, 2)``: powers of the tangent part of a constant vector."""
    frames = tangent_frames(sampling)
    components = frames @ np.array([0.6, -0.5, 0.3])
    return spun_by(components[:, 0] + 1j * components[:, 1], spin)


def spun_by(vector, spin):
    power = vector**spin
    return np.stack([power.real, power.imag], axis=-1)


def row_by_row(grid, spin):
    """The same at all rings and longitudes, in the frame of each longitude."""
    theta, phi = grid.theta[grid.ring_start[:-1]], grid.phi[grid.grid_index[1]]
    theta, phi = np.meshgrid(theta, phi, indexing="ij")
    x, y, z = 0.6, -0.5, 0.3
    south = np.cos(theta) * (x * np.cos(phi) + y * np.sin(phi)) - z * np.sin(theta)
    east = y * np.cos(phi) - x * np.sin(phi)
    return spun_by(south + 1j * east, spin)


@pytest.mark.parametrize("spin", [1, 2])
def test_fields_of_spin_turn_around_poles(grid, spin):
    rows, vertices = row_by_row(grid, spin), spun(grid, spin)
    # Powers of three products; the mean of a row.
    found = grid.from_grid(rows, axis=-3, spin=spin)
    np.testing.assert_allclose(found, vertices, rtol=0, atol=round_off(float, 12))
    back = grid.to_grid(vertices, axis=-2, spin=spin)
    np.testing.assert_allclose(back, rows, rtol=0, atol=round_off(float, 12))
    # With channels behind the components, and axes before the rings.
    stacked = np.stack([rows, 3 * rows], axis=-1)[None]
    found = grid.from_grid(stacked, axis=-4, spin=spin)
    assert found.shape == (1, len(grid), 2, 2)
    assert_near(found[0, :, :, 1], 3 * vertices, 12, scale=3)
    assert grid.to_grid(found, axis=-3, spin=spin).shape == stacked.shape


def test_single_precision_stays_single(grid):
    rows = row_by_row(grid, 1).astype(np.float32)
    found = grid.from_grid(rows, axis=-3, spin=1)
    assert found.dtype == np.float32
    assert_near(found, spun(grid, 1), 12, scale=1)


def test_components_are_asked_for():
    grid = GRIDS["clenshaw-curtis"]()
    with pytest.raises(ValueError, match="must have two components, south and east"):
        grid.from_grid(np.zeros((7, 10, 3)), axis=-3, spin=1)
    with pytest.raises(ValueError, match=r"of floating-point.*stack \[-v, u\] there"):
        grid.to_grid(np.zeros((len(grid), 2), int), axis=-2, spin=1)
    with pytest.raises(ValueError, match="spin must be at least 0"):
        grid.to_grid(np.zeros(len(grid)), spin=-1)
