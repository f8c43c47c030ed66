"""Integrals over discs: the definition, analytic results, symmetries, masks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import eval_legendre

from deepsphere_pyg import (
    MorletBasis,
    PiecewiseLinearBasis,
    ZernikeBasis,
    disco_operator,
)
from deepsphere_pyg.harmonics import spherical_harmonics
from deepsphere_pyg.layers.graph.disco import disco_operator as module_of_function
from samplings import Equiangular, GaussLegendre, HEALPix, Irregular, McEwenWiaux
from tests.round_off import assert_near, round_off

BASES = [PiecewiseLinearBasis(3, 4), ZernikeBasis(3), MorletBasis(2, 3)]


def by_basis(operator):
    """The matrices of all functions, shape ``(B, V_out, V_in)``."""
    rows = operator.to_scipy().toarray()
    return rows.reshape(-1, operator.n_basis, operator.n_in).transpose(1, 0, 2)


def integrals(sampling_in, sampling_out, basis, cutoff):
    """The definition: rotate each output vertex to the pole, and sum over all inputs.

    The passive rotation is ``Y(-theta) Z(-phi)`` (Ocampo et al. 2023, section 3).
    """
    matrices = []
    for theta, phi in zip(sampling_out.theta, sampling_out.phi, strict=True):
        c, s = math.cos(phi), math.sin(phi)
        z = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        c, s = math.cos(theta), math.sin(theta)
        y = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
        x = sampling_in.xyz @ (y @ z).T
        angle = np.arccos(np.clip(x[:, 2], -1, 1))
        values = basis.values(angle / cutoff, np.arctan2(x[:, 1], x[:, 0]))
        inside = angle <= cutoff
        matrices.append(np.where(inside, values * sampling_in.quadrature, 0.0))
    return np.stack(matrices, axis=1)


@pytest.mark.parametrize("basis", BASES, ids=repr)
@pytest.mark.parametrize(
    ("sampling_in", "sampling_out"),
    [
        (Equiangular(8), Equiangular(8)),
        (GaussLegendre(8), GaussLegendre(8)),
        (GaussLegendre(8), Equiangular(5)),
        (HEALPix(2), GaussLegendre(9)),
    ],
    ids=["equiangular", "gauss-legendre", "down", "up"],
)
def test_operators_are_sums_over_all_vertices(sampling_in, sampling_out, basis):
    cutoff = 1.03
    wanted = integrals(sampling_in, sampling_out, basis, cutoff)
    options = {"basis": basis, "theta_cutoff": cutoff}
    plain = disco_operator(sampling_in, sampling_out, **options, normalization="none")
    # arccos loses half of the digits of the angle from a vertex to itself.
    assert_near(by_basis(plain), wanted, scale=1e8 * np.abs(wanted).max())
    nodal = by_basis(disco_operator(sampling_in, sampling_out, **options))
    wanted = wanted / np.abs(wanted).sum(axis=2, keepdims=True)
    assert_near(nodal, wanted, scale=1e8)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(BASES))
def test_operators_of_scattered_points_are_sums_over_all_vertices(seed, basis):
    rng = np.random.default_rng(seed)
    points, others = rng.normal(size=(2, 30, 3))
    there = Irregular(points / np.linalg.norm(points, axis=1)[:, None])
    here = Irregular(others / np.linalg.norm(others, axis=1)[:, None])
    options = {"basis": basis, "theta_cutoff": 1.9, "normalization": "none"}
    found = by_basis(disco_operator(there, here, **options))
    wanted = integrals(there, here, basis, 1.9)
    assert_near(found, wanted, scale=1e8 * np.abs(wanted).max())


CONE = {"theta_cutoff": 0.7, "normalization": "none", "basis": PiecewiseLinearBasis(1)}


@pytest.fixture(scope="module")
def cones():
    """Two samplings, and their integrals times a cone."""
    samplings = HEALPix(8), HEALPix(16)
    return [(one, disco_operator(one, **CONE).to_scipy()) for one in samplings]


@pytest.mark.parametrize("degree", [0, 1, 3, 5])
def test_isotropic_filters_multiply_harmonics_by_their_legendre_coefficient(
    degree, cones
):
    cutoff = CONE["theta_cutoff"]

    def integrand(theta, degree=degree):
        cone = 1 - theta / cutoff
        legendre = eval_legendre(degree, np.cos(theta))
        return 2 * np.pi * cone * legendre * np.sin(theta)

    # The formula of Funk and Hecke.
    coefficient = quad(integrand, 0, cutoff)[0]
    errors = []
    for sampling, matrix in cones:
        Y = spherical_harmonics(sampling.theta, sampling.phi, degree + 1)
        Y = Y[:, degree**2 :]
        errors.append(np.abs(matrix @ Y - coefficient * Y).max() / np.abs(Y).max())
    # A cone has kinks at its tip and border: second order in the spacing, which is a
    # fifth of the cutoff, then a tenth.
    mass = quad(integrand, 0, cutoff, args=(0,))[0]
    assert errors[0] < 0.2**2 * mass
    assert errors[1] < 0.4 * errors[0]


@pytest.mark.parametrize("sampling", [GaussLegendre(24), Equiangular(24)], ids=repr)
def test_oriented_filters_of_linear_functions_are_gradients(sampling):
    cutoff = 0.9
    # Function 1 is a wave to the east, function 2 one to the south.
    options = {"basis": MorletBasis(2), "theta_cutoff": cutoff, "normalization": "none"}
    matrix = disco_operator(sampling, **options).to_scipy()
    found = [matrix[b::4] @ sampling.xyz for b in (1, 2)]
    x, y, z = sampling.xyz.T
    level = np.hypot(x, y)
    south = np.stack([x * z / level, y * z / level, -level], axis=1)
    east = np.stack([-y / level, x / level, 0 * z], axis=1)

    def integrand(theta, azimuth):
        r = theta / cutoff
        wave = np.sin(np.pi * r * np.cos(azimuth))
        window = np.cos(np.pi / 2 * r) ** 2
        return window * wave * np.cos(azimuth) * np.sin(theta) ** 2

    azimuths = 2 * np.pi * np.arange(32) / 32
    circle = [quad(integrand, 0, cutoff, args=(a,))[0] for a in azimuths]
    coefficient = 2 * np.pi * np.mean(circle)
    wanted = [coefficient * east, coefficient * south]
    # Functions are smooth up to the second derivative at the border.
    assert np.abs(np.array(found) - wanted).max() < 2e-3 * coefficient


def permutation(sampling, matrix):
    """Vertex that each vertex is mapped to."""
    return (sampling.xyz @ matrix.T @ sampling.xyz.T).argmax(axis=1)


def turn(angle):
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


@pytest.mark.parametrize("basis", [*BASES, PiecewiseLinearBasis(2, 3)], ids=repr)
@pytest.mark.parametrize(
    "sampling",
    [
        Equiangular(6),
        Equiangular(6, scheme="clenshaw-curtis"),
        Equiangular(6, scheme="driscoll-healy"),
        McEwenWiaux(5),
    ],
    ids=lambda sampling: sampling.name,
)
@pytest.mark.parametrize("normalization", ["nodal", "mean"])
def test_oriented_filters_commute_with_shifts_in_longitude(
    sampling, basis, normalization
):
    operator = disco_operator(sampling, basis=basis, normalization=normalization)
    matrices = by_basis(operator)
    assert np.isfinite(matrices).all()
    moved = permutation(sampling, turn(2 * math.pi / sampling.n_phi))
    # A vertex of a pole moves to itself.
    assert sorted(moved) == list(range(len(sampling)))
    assert_near(matrices[:, moved][:, :, moved], matrices, 100)


def test_isotropic_filters_have_every_symmetry_of_the_sampling():
    sampling = HEALPix(4)
    isotropic = by_basis(disco_operator(sampling, basis=PiecewiseLinearBasis(4)))
    oriented = by_basis(disco_operator(sampling, basis=PiecewiseLinearBasis(3, 4)))
    changed = []
    for symmetry in sampling.symmetries:
        moved = permutation(sampling, symmetry)
        assert_near(isotropic[:, moved][:, :, moved], isotropic, 100)
        changed.append(np.abs(oriented[:, moved][:, :, moved] - oriented).max())
    # Reflections exchange east and west.
    assert max(changed) > 0.1


def test_the_first_function_of_a_ring_looks_north():
    sampling = Equiangular(12)
    matrices = by_basis(disco_operator(sampling, basis=PiecewiseLinearBasis(3, 4)))
    middle = 6 * 24 + 5
    north, west, south, east = (matrices[1:, middle] @ sampling.xyz) @ np.stack(
        [[0, 0, 1], np.cross([0, 0, 1], sampling.xyz[middle])], axis=1
    )
    assert north[0] > south[0] + 0.1
    assert east[1] > west[1] + 0.1


@pytest.mark.parametrize("normalization", ["nodal", "modal", "support", "geometric"])
def test_means_over_discs_keep_constants(normalization):
    sampling = HEALPix(8)
    basis = ZernikeBasis(2)
    options = {"theta_cutoff": 0.4, "normalization": normalization}
    sums = by_basis(disco_operator(sampling, basis=basis, **options)).sum(axis=2)
    constant = {"nodal": 1, "modal": 1}.get(normalization, 1 / math.sqrt(math.pi))
    # A disc of 39 cells may have four more, or fewer.
    tolerance = 0.12 if normalization == "geometric" else round_off(float, 100)
    assert np.abs(sums[0] / constant - 1).max() < tolerance
    if normalization == "modal":
        assert np.abs(sums[1:]).max() < round_off(float, 100)


@pytest.mark.parametrize("basis", [PiecewiseLinearBasis(5), *BASES], ids=repr)
def test_contrasts_vanish_on_constants_and_span_the_same_filters(basis):
    sampling = HEALPix(4)[HEALPix(4).lat > -40]
    options = {"basis": basis, "theta_cutoff": 0.6}
    nodal = by_basis(disco_operator(sampling, **options))
    contrast = by_basis(disco_operator(sampling, **options, normalization="contrast"))
    np.testing.assert_array_equal(contrast[0], nodal[0])
    constant = contrast[1:].sum(axis=2)
    assert np.abs(constant).max() < round_off(float, 100)
    # Each is a function less a multiple of the first, at each vertex.
    share = nodal[1:].sum(axis=2) / nodal[0].sum(axis=1)
    assert_near(contrast[1:], nodal[1:] - share[..., None] * nodal[0], 100)


def test_contrasts_need_a_first_function_with_an_integral():
    class Waves(MorletBasis):
        def values(self, radius, azimuth):
            return super().values(radius, azimuth)[::-1]

    with pytest.raises(ValueError, match="put a positive function first, or use 'mo"):
        disco_operator(GaussLegendre(8), basis=Waves(2), normalization="contrast")


def test_mean_normalization_has_integral_one_on_average():
    sampling = HEALPix(4)[HEALPix(4).lat > -20]
    operator = disco_operator(sampling, basis=ZernikeBasis(3), normalization="mean")
    absolute = np.abs(by_basis(operator)).sum(axis=2)
    assert_near(absolute @ sampling.weights / sampling.area, np.ones(6), 200)
    assert np.ptp(absolute[0]) > 0.1


def test_missing_vertices_count_for_nothing():
    whole = HEALPix(4)
    part = whole[(whole.lat > 20) | (np.arange(len(whole)) == 180)]
    options = {"basis": PiecewiseLinearBasis(3, 4), "theta_cutoff": 0.5}
    all_rows = by_basis(disco_operator(whole, **options, normalization="none"))
    some = by_basis(disco_operator(part, **options, normalization="none"))
    assert_near(some, all_rows[:, part.index][:, :, part.index], 100)
    nodal = by_basis(disco_operator(part, **options)).sum(axis=2)
    # Means of those that are known, or nothing where all are missing.
    assert_near(nodal[0], np.ones(len(part)), 100)
    assert np.all((np.abs(nodal - 1) < 1e-9) | (nodal == 0))
    assert (nodal[1:, part.index == 180] == 0).all()
    outside = by_basis(disco_operator(part, whole, **options))
    far = (whole.xyz @ part.xyz.T).max(axis=1) < math.cos(0.5)
    assert far.any()
    assert (outside[:, far] == 0).all()


def test_blocks_of_edges_do_not_change_the_result(monkeypatch):
    options = {"basis": MorletBasis(3), "theta_cutoff": 0.7, "normalization": "mean"}
    whole = disco_operator(HEALPix(4), HEALPix(2), **options).to_scipy()
    home = __import__(module_of_function.__module__, fromlist=["BLOCK"])
    monkeypatch.setattr(home, "BLOCK", 500)
    pieces = disco_operator(HEALPix(4), HEALPix(2), **options).to_scipy()
    assert np.array_equal(pieces.indices, whole.indices)
    assert_near(pieces.data, whole.data, 100)


def test_the_whole_sphere_is_a_disc():
    sampling = HEALPix(2)
    options = {"theta_cutoff": math.pi, "normalization": "geometric"}
    operator = disco_operator(sampling, basis=ZernikeBasis(2), **options)
    matrices = by_basis(operator) * math.sqrt(math.pi)
    assert_near(matrices[0], np.full((48, 48), 1 / 48), 10)
    assert np.isfinite(matrices).all()


def test_bad_cutoffs_are_refused():
    basis = PiecewiseLinearBasis(3)
    with pytest.raises(ValueError, match=r"at least the spacing, .* healpix-8 ") as e:
        disco_operator(HEALPix(8), basis=basis, theta_cutoff=0.01)
    assert "0.1304 radian, got 0.01; use 0.326 radian" in str(e.value)
    disco_operator(HEALPix(8), basis=basis, theta_cutoff=0.326)
    with pytest.raises(ValueError, match=r"at most pi radian, got 10\.0; convert deg"):
        disco_operator(HEALPix(8), basis=basis, theta_cutoff=10)
    with pytest.raises(ValueError, match="must be positive and finite, got -1"):
        disco_operator(HEALPix(8), basis=basis, theta_cutoff=-1)
    near = Irregular(HEALPix(8).xyz[:20], HEALPix(8).weights[:20])
    with pytest.raises(ValueError, match=r"must reach a vertex of .* from each vertex"):
        disco_operator(near, HEALPix(8), basis=basis)
    octahedron = Irregular(np.vstack([np.eye(3), -np.eye(3)]))
    with pytest.raises(ValueError, match=r"function 1 of .* is zero everywhere; use"):
        disco_operator(octahedron, basis=basis, theta_cutoff=math.pi / 2)


def test_other_bad_arguments_are_refused():
    basis = PiecewiseLinearBasis(3)
    with pytest.raises(TypeError, match="sampling_in must be a sampling"):
        disco_operator(3, basis=basis)
    with pytest.raises(TypeError, match="basis must be a FilterBasis, got int; pass"):
        disco_operator(HEALPix(1), basis=3)
    with pytest.raises(ValueError, match="normalization must be"):
        disco_operator(HEALPix(1), basis=basis, normalization="sum")
    with pytest.raises(ValueError, match="must have at least two vertices, got"):
        disco_operator(Irregular([[0, 0, 1]], [1.0]), basis=basis)
