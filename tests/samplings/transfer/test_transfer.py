"""Transfers between any two samplings: conservation, adjointness, oracles."""

import pickle

import healpy
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import SphericalVoronoi, cKDTree

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
    Transfer,
)
from tests.helpers import scattered_points
from tests.round_off import assert_near, round_off

law = settings(max_examples=40, derandomize=True, deadline=None)


WHOLE = {
    "healpix-nest": HEALPix(4),
    "healpix-ring": HEALPix(3, nest=False),
    "equiangular": Equiangular(8, 12),
    "clenshaw-curtis": Equiangular(9, 12, scheme="clenshaw-curtis"),
    "gauss-legendre": GaussLegendre(9),
    "mcewen-wiaux": McEwenWiaux(7),
    "icosahedral": Icosahedral(2),
    "triangles": IcosahedralTriangles(1),
    "cubed-sphere": CubedSphere(5),
    "fibonacci": Fibonacci(150),
    "irregular": Irregular(scattered_points(120)),
}
samplings = st.sampled_from(sorted(WHOLE)).map(WHOLE.get)


@st.composite
def points(draw):
    """Even, clustered, or one-sided random points, turned at random."""
    n = draw(st.integers(4, 150))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread = draw(st.sampled_from([1e-2, 0.3, 100.0]))
    xyz = generator.standard_normal((n, 3)) * spread + [0, 0, 1]
    turn, _ = np.linalg.qr(generator.standard_normal((3, 3)))
    return xyz @ turn / np.linalg.norm(xyz, axis=1)[:, None]


# -- laws ------------------------------------------------------------------------


@settings(law, max_examples=121)
@given(samplings, samplings)
def test_overlaps_have_the_areas_of_both_as_sums(source, target):
    overlap = Transfer.conservative(source, target).overlap
    assert overlap.data.min() > 0
    np.testing.assert_allclose(overlap.sum(axis=0), source.weights, rtol=1e-11)
    np.testing.assert_allclose(overlap.sum(axis=1), target.weights, rtol=1e-11)


@law
@given(points(), st.one_of(samplings, points()))
def test_overlaps_of_any_points_have_the_areas_of_both_as_sums(xyz, other):
    source = Irregular(xyz, extent=np.pi)
    target = other
    if isinstance(other, np.ndarray):
        target = Irregular(other, extent=np.pi)
    transfer = Transfer.conservative(source, target)
    np.testing.assert_allclose(transfer.source_areas, source.weights, rtol=1e-10)
    np.testing.assert_allclose(transfer.target_areas, target.weights, rtol=1e-10)


@law
@given(samplings, samplings, st.sampled_from(["conservative", "nearest"]))
def test_pooling_and_unpooling_are_adjoint_means(source, target, method):
    try:
        transfer = getattr(Transfer, method)(source, target)
    except ValueError as error:
        # To the nearest some coarse cells may get nothing, which is refused.
        assert method == "nearest" and "share nothing" in str(error)
        return
    generator = np.random.default_rng(0)
    s = generator.standard_normal(len(source))
    t = generator.standard_normal(len(target))
    pooling = transfer.pooling()
    assert_near(pooling.sum(axis=1), 1, 10)
    if (transfer.source_areas == 0).any():
        return
    unpooling = transfer.unpooling()
    assert_near(unpooling.sum(axis=1), 1, 10)
    a, b = transfer.source_areas, transfer.target_areas
    # Adjoint, keeping constants, and hence keeping integrals.
    assert np.dot(b * t, pooling @ s) == pytest.approx(np.dot(a * (unpooling @ t), s))
    assert np.dot(b, pooling @ s) == pytest.approx(np.dot(a, s), abs=1e-12)
    assert np.dot(a, unpooling @ t) == pytest.approx(np.dot(b, t), abs=1e-12)
    # Means are never outside of the range of the signal.
    assert np.abs(pooling @ s).max() <= np.abs(s).max()


@law
@given(samplings, samplings)
def test_exchanging_the_samplings_transposes_the_overlap(source, target):
    there = Transfer.conservative(source, target).overlap
    back = Transfer.conservative(target, source).overlap
    assert abs(there - back.T).max() < 1e-10 * there.max()


@settings(law, max_examples=15)
@given(samplings, st.integers(0, 1000))
def test_overlaps_do_not_depend_on_the_order_of_vertices(target, seed):
    xyz = scattered_points(100, seed)
    order = np.random.default_rng(seed).permutation(100)
    one, two = Irregular(xyz), Irregular(xyz[order])
    for method in ("conservative", "nearest"):
        # To the nearest, only few vertices are sure to get something each.
        target = Icosahedral(0) if method == "nearest" else target
        transfers = [getattr(Transfer, method)(s, target) for s in (one, two)]
        moved = transfers[0].overlap[:, order]
        assert abs(moved - transfers[1].overlap).max() < 1e-12


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (HEALPix(8), CubedSphere(5)),
        (HEALPix(8), Equiangular(6, 8)),
        (CubedSphere(8), HEALPix(3, nest=False)),
    ],
    ids=lambda s: s.name,
)
@pytest.mark.parametrize("method", ["conservative", "nearest"])
def test_a_quarter_turn_of_both_maps_the_overlap_onto_itself(source, target, method):
    turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    overlap = getattr(Transfer, method)(source, target).overlap
    s, t = (cKDTree(one.xyz).query(one.xyz @ turn.T)[1] for one in (source, target))
    assert abs(overlap[t][:, s] - overlap).max() < 1e-13


# -- known values ------------------------------------------------------------------


def test_faces_of_a_cube_are_cut_in_four_by_octants():
    faces = Irregular(np.concatenate([np.eye(3), -np.eye(3)]))
    signs = np.stack(np.meshgrid(*[[-1.0, 1.0]] * 3), -1).reshape(-1, 3)
    octants = Irregular(signs / 3**0.5)
    overlap = Transfer.conservative(octants, faces).overlap.toarray()
    touching = faces.xyz @ octants.xyz.T > 0
    assert touching.sum() == 24
    assert_near(overlap, touching * (4 * np.pi / 24), 10, 1)


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        (CubedSphere(6), CubedSphere(2)),
        (IcosahedralTriangles(3), IcosahedralTriangles(1)),
    ],
    ids=lambda s: s.name,
)
def test_polygons_of_nested_cells_overlap_as_their_indices_say(fine, coarse):
    from samplings.transfer.polygon_overlap import polygon_overlaps

    polygons = polygon_overlaps(fine.cells(), coarse.cells(), fine.xyz, coarse.xyz)
    by_index = Transfer.conservative(fine, coarse).overlap
    assert polygons.nnz == by_index.nnz == len(fine)
    assert abs(polygons.T - by_index).max() < round_off(float, 10)


def test_overlaps_are_the_share_of_random_points_nearest_to_both():
    source, target = Irregular(scattered_points(60)), Fibonacci(40)
    overlap = Transfer.conservative(source, target).overlap.toarray()
    n = 200_000
    drawn = scattered_points(n, 1)
    pair = (
        cKDTree(target.xyz).query(drawn)[1] * 60 + cKDTree(source.xyz).query(drawn)[1]
    )
    counts = np.bincount(pair, minlength=overlap.size).reshape(overlap.shape)
    expected = overlap / (4 * np.pi) * n
    assert counts[expected == 0].sum() == 0
    seen = expected > 0
    deviation = (counts - expected)[seen] / np.sqrt(expected[seen])
    # Chi-squared over its degrees of freedom, some 250, is 1 to a tenth.
    assert np.mean(deviation**2) == pytest.approx(1, abs=0.3)


@pytest.mark.oracle
def test_sums_over_cells_are_those_of_scipy_voronoi():
    source = Irregular(scattered_points(200))
    voronoi = SphericalVoronoi(source.xyz)
    voronoi.sort_vertices_of_regions()
    overlap = Transfer.conservative(source, CubedSphere(4)).overlap
    np.testing.assert_allclose(
        overlap.sum(axis=0), voronoi.calculate_areas(), rtol=1e-9
    )


# -- oracles -----------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.parametrize("fine_nest", [True, False])
@pytest.mark.parametrize("coarse_nest", [True, False])
@pytest.mark.parametrize(("fine", "coarse"), [(8, 4), (16, 2), (4, 4)])
def test_healpix_pairs_are_healpy_ud_grade(fine, coarse, fine_nest, coarse_nest):
    source, target = HEALPix(fine, fine_nest), HEALPix(coarse, coarse_nest)
    transfer = Transfer.conservative(source, target)
    order = {True: "NEST", False: "RING"}
    signal = np.random.default_rng(0).standard_normal(len(source))
    expected = healpy.ud_grade(
        signal, coarse, order_in=order[fine_nest], order_out=order[coarse_nest]
    )
    assert_near(transfer.pooling() @ signal, expected, 10)
    signal = np.random.default_rng(1).standard_normal(len(target))
    expected = healpy.ud_grade(
        signal, fine, order_in=order[coarse_nest], order_out=order[fine_nest]
    )
    np.testing.assert_array_equal(transfer.unpooling() @ signal, expected)


def test_nearest_is_a_search_of_all_vertices():
    fine, coarse = Irregular(scattered_points(300)), Fibonacci(30)
    nearest = np.argmax(fine.xyz @ coarse.xyz.T, axis=1)
    coarsening = Transfer.nearest(fine, coarse).coarsening()
    np.testing.assert_array_equal(coarsening.assign.tocsc().indices, nearest)
    held = np.bincount(nearest, fine.weights)
    np.testing.assert_allclose(coarsening.coarse.weights, held)
    np.testing.assert_array_equal(coarsening.coarse.xyz, coarse.xyz)


def test_vertices_between_two_are_shared_equally():
    # Midpoints of edges are as near to one end as to the other.
    coarsening = Transfer.nearest(Icosahedral(1), Icosahedral(0)).coarsening()
    middle = coarsening.assign.tocsc()[:, 12:]
    assert (np.diff(middle.indptr) == 2).all()
    np.testing.assert_array_equal(middle.data, 0.5)


def test_the_finer_of_two_takes_the_nearest_value():
    coarse, fine = CubedSphere(2), HEALPix(8)
    signal = np.arange(24.0)
    taken = Transfer.nearest(coarse, fine).pooling() @ signal
    chords = np.linalg.norm(fine.xyz[:, None] - coarse.xyz, axis=2)
    alone = np.sort(chords, axis=1)[:, 1] - chords.min(axis=1) > 1e-9
    np.testing.assert_array_equal(taken[alone], chords.argmin(axis=1)[alone])


@pytest.mark.parametrize(
    "scheme", [HEALPix, CubedSphere, lambda n: Fibonacci(8 * n * n)]
)
def test_transfers_of_smooth_signals_converge(scheme):
    # Cell means differ from values at the vertices by the spacing, squared at best.
    errors = []
    for n in (8, 16):
        source, target = Equiangular(8 * n), scheme(n)
        x, y, z = source.xyz.T
        pooled = Transfer.conservative(source, target).pooling() @ (x * y + z**3)
        x, y, z = target.xyz.T
        errors.append(np.abs(pooled - (x * y + z**3)).max())
    assert errors[1] < 0.65 * errors[0] < 0.05


# -- parts of the sphere -------------------------------------------------------------


def test_parts_share_only_what_both_cover():
    whole = Transfer.conservative(HEALPix(8), CubedSphere(4)).overlap
    source, target = HEALPix(8), CubedSphere(4)
    north, east = source.lat > 10, target.xyz[:, 1] > 0
    north_cells = np.flatnonzero(north)
    covered = np.asarray(whole[:, north_cells].sum(axis=1)).ravel() > 0
    kept = np.flatnonzero(covered & east)
    part = Transfer.conservative(source[north], target[kept])
    expected = whole[kept][:, north_cells]
    assert abs(part.overlap - expected).max() < round_off(float, 10)
    assert part.overlap.sum() < min(source[north].area, target[kept].area)
    np.testing.assert_allclose(part.pooling().sum(axis=1), 1)


def test_coarsening_of_a_part_is_the_part_of_the_coarsening():
    part = HEALPix(8)[HEALPix(8).lat > 20]
    expected = part.coarsen()
    found = Transfer.conservative(part, expected.coarse).coarsening()
    assert abs(found.assign - expected.assign).max() < round_off(float, 10)
    np.testing.assert_allclose(found.coarse.weights, expected.coarse.weights)


def test_targets_without_a_source_are_named():
    source, target = HEALPix(8), Icosahedral(1)
    part = source[source.lat > 0]
    south = np.flatnonzero(target.lat < -40)
    message = (
        rf"\d+ cells of the target icosahedral-1 share nothing with the source "
        rf"healpix-8-masked: .*{south[0]}.*; keep only those that do"
    )
    with pytest.raises(ValueError, match=message):
        Transfer.conservative(part, target)
    with pytest.raises(ValueError, match="share nothing with the source"):
        Transfer.nearest(Irregular(scattered_points(200)), HEALPix(4))


def test_sources_outside_of_the_target_have_nothing_to_come_back():
    transfer = Transfer.conservative(HEALPix(4), HEALPix(2)[[0, 1]])
    assert transfer.pooling().shape == (2, 192)
    with pytest.raises(
        ValueError, match=r"184 cells of the source .* \(184 in all\); keep only those"
    ):
        transfer.unpooling()
    with pytest.raises(ValueError, match=r"covers 0 of .* \(184 cells in all\)"):
        transfer.coarsening()


def test_regional_points_share_only_what_is_within_their_extent():
    generator = np.random.default_rng(0)
    lon, lat = generator.uniform(0, 30, 80), generator.uniform(30, 60, 80)
    stations = Irregular.from_lonlat(lon, lat, extent=0.1)
    sphere = Fibonacci(3000)
    distance = np.arccos(np.clip((sphere.xyz @ stations.xyz.T).max(axis=1), -1, 1))
    cell = 1.5 * np.sqrt(4 * np.pi / 3000 / np.pi)
    shared = np.asarray(
        Transfer.conservative(sphere, stations).overlap.sum(axis=0)
    ).ravel()
    assert (shared[distance > 0.15 + cell] == 0).all()
    inside = distance < 0.08 - cell
    # Cells that the extent cuts by less than a tenth count as evenly covered.
    np.testing.assert_allclose(shared[inside], sphere.weights[inside], rtol=0.01)
    total = Transfer.conservative(sphere, stations).target_areas
    np.testing.assert_allclose(total, stations.weights, rtol=1e-3)
    # Between two such, no more than the area of either.
    other = Irregular.from_lonlat(lon + 3, lat, extent=0.05)
    transfer = Transfer.conservative(stations, other)
    assert (transfer.source_areas <= stations.weights * (1 + 1e-8)).all()
    assert (transfer.target_areas <= other.weights * (1 + 1e-8)).all()
    drawn = scattered_points(400_000, 2)
    seen = (drawn @ stations.xyz.T).max(axis=1) > np.cos(0.1)
    seen &= (drawn @ other.xyz.T).max(axis=1) > np.cos(0.05)
    assert transfer.overlap.sum() == pytest.approx(4 * np.pi * seen.mean(), rel=0.03)


# -- coarsenings and what is refused ------------------------------------------------


@law
@given(samplings, samplings)
def test_any_sampling_coarsens_to_any_other(fine, coarse):
    if len(coarse) > len(fine):
        fine, coarse = coarse, fine
    coarsening = Transfer.conservative(fine, coarse).coarsening()
    assert coarsening.coarse is coarse
    np.testing.assert_allclose(coarsening.assign.sum(axis=0), 1, rtol=1e-12)


def test_coarsening_to_the_nearest_keeps_points_and_takes_areas():
    coarsening = Transfer.nearest(HEALPix(8), Icosahedral(1)).coarsening()
    np.testing.assert_array_equal(coarsening.coarse.xyz, Icosahedral(1).xyz)
    assert coarsening.coarse.area == pytest.approx(4 * np.pi)


def test_fields_are_read_only_and_travel():
    transfer = Transfer.conservative(HEALPix(4), CubedSphere(3))
    for one in (transfer, pickle.loads(pickle.dumps(transfer))):
        assert not one.overlap.data.flags.writeable
        assert not one.pooling().data.flags.writeable
    assert "healpix-4 -> cubedsphere-3" in repr(transfer)


def test_errors():
    source, target = HEALPix(2), HEALPix(1)
    overlap = Transfer.conservative(source, target).overlap
    with pytest.raises(
        ValueError, match=r"shape \(V_target, V_source\) = \(12, 48\), got \(48, 12\)"
    ):
        Transfer(source, target, overlap.T.tocsr())
    for wrong in (-1.0, np.nan, np.inf):
        broken = overlap.copy()
        broken.data = np.where(np.arange(48) == 3, wrong, broken.data)
        with pytest.raises(ValueError, match="areas in steradian, finite and not neg"):
            Transfer(source, target, broken)
    with pytest.raises(ValueError, match="1 cell of the target healpix-1 share"):
        Transfer(source, target, sp.diags_array(np.r_[np.ones(11), 0]) @ overlap)
    with pytest.raises(ValueError, match=r"at most as many vertices .* exchange"):
        Transfer.nearest(target, source).coarsening()
    ring = Irregular.from_lonlat([0, 90, 180, 270], [0] * 4, [np.pi] * 4)
    with pytest.raises(ValueError, match="Voronoi cells need points that are not all"):
        Transfer.conservative(source, ring)
    assert Transfer.nearest(source, ring).overlap.sum() == pytest.approx(4 * np.pi)


def test_error_for_areas_that_contradict_each_other():
    xyz = scattered_points(40)
    # One cell of half the sphere reaches farther than to its neighbours.
    wrong = Irregular(xyz, 2 * np.pi * np.r_[1, np.full(39, 1 / 39)])
    with pytest.raises(ValueError, match="contradict each other: no overlaps"):
        Transfer.conservative(Irregular(xyz), wrong)
