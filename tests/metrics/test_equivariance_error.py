"""The equivariance error of operators: known values, published ones, laws."""

import dataclasses
import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from deepsphere_pyg.edge_operator import EdgeOperator
from deepsphere_pyg.harmonics import ISHT, SHT
from deepsphere_pyg.layers import ChebConv
from deepsphere_pyg.metrics import (
    PUBLISHED_ERRORS,
    equivariance_error,
    largest_degree,
)
from samplings import Equiangular, HEALPix, Icosahedral, knn_graph, laplacian
from tests.helpers import scattered

WHOLE = [HEALPix(8), HEALPix(6, nest=False), Equiangular(12), Icosahedral(2)]
WHOLE += [scattered(400)]
whole_samplings = pytest.mark.parametrize("sampling", WHOLE, ids=lambda s: s.name)


def height(sampling):
    """Multiplication by z, which rotates to another function."""
    return sp.diags_array(sampling.xyz[:, 2])


# -- known values ----------------------------------------------------------------
@whole_samplings
def test_identity_commutes_to_round_off(sampling):
    degrees = [0, 1, largest_degree(sampling)]
    for error in equivariance_error(lambda x: x, sampling, degrees, n_samples=3):
        assert error.mean < 1e-10
        assert error.unresolved < 1e-10


@whole_samplings
def test_functions_of_the_degree_commute_to_round_off(sampling):
    lmax = largest_degree(sampling)
    settings = {"L": lmax + 1, "dtype": torch.float64}
    analysis = SHT(sampling, method="conjugate-gradients", **settings)
    synthesis = ISHT(sampling, **settings)
    response = torch.tensor(1 / (1.0 + analysis.layout.degrees))[:, None]

    def spectral_filter(x):
        return synthesis(response * analysis(x))

    for error in equivariance_error(spectral_filter, sampling, [1, lmax], n_samples=3):
        assert error.mean < 1e-9


@whole_samplings
def test_height_has_its_exact_error_under_uniform_rotations(sampling):
    # f constant: e = |R z - z| / |z| = sqrt(2 (1 - cos beta)), and cos beta uniform
    # in [-1, 1]: mean 4/3, mean square 2.
    settings = {"n_samples": 400, "batch_size": 200}
    error = equivariance_error(height(sampling), sampling, 0, **settings)
    assert abs(error.mean - 4 / 3) < 4 * error.standard_error
    assert error.standard_error == pytest.approx(math.sqrt(2 / 9 / 400), rel=0.15)
    square = equivariance_error(height(sampling), sampling, 0, squared=True, **settings)
    assert square.squared
    assert abs(square.mean - 2) < 4 * square.standard_error


def test_published_protocol_has_uniform_euler_angles():
    # e = 2 |sin(beta / 2)| with beta uniform: mean 4 / pi.
    sampling = HEALPix(16)
    error = equivariance_error(
        height(sampling), sampling, 0, n_samples=400, protocol="published"
    )
    assert abs(error.mean - 4 / math.pi) < 4 * error.standard_error


@pytest.mark.parametrize("k", [8, 20])
def test_published_protocol_reproduces_the_published_figure(k):
    sampling = HEALPix(32)
    operator = laplacian(knn_graph(sampling, k, weighting="heat"))
    published = PUBLISHED_ERRORS[32, k]
    errors = equivariance_error(
        operator, sampling, list(published), protocol="published", n_samples=30
    )
    ratio = np.array([e.mean / published[e.degree] for e in errors])
    assert math.sqrt(((ratio - 1) ** 2).mean()) < 0.15
    assert np.abs(ratio - 1).max() < 0.25


@pytest.mark.parametrize(("k", "expected"), [(8, 0.106), (20, 0.0318), (40, 0.0126)])
def test_exact_error_is_below_the_published_one_at_low_degree(k, expected):
    # Recorded with 16 samples and an independent dense least-squares analysis.
    sampling = HEALPix(32)
    operator = laplacian(knn_graph(sampling, k, weighting="heat"))
    error = equivariance_error(operator, sampling, 10, n_samples=16)
    assert abs(error.mean - expected) < 0.12 * expected
    assert error.unresolved < 0.3 * error.mean


# -- laws ------------------------------------------------------------------------
def test_error_falls_with_more_neighbours():
    sampling = Icosahedral(3)
    few, many = (
        equivariance_error(
            laplacian(knn_graph(sampling, k, weighting="heat")),
            sampling,
            6,
            n_samples=8,
        )
        for k in (6, 20)
    )
    assert many.mean < 0.7 * few.mean


def test_error_does_not_see_the_scale_of_the_operator():
    sampling = HEALPix(4)
    matrix = laplacian(knn_graph(sampling, 8, weighting="heat")).matrix
    one = equivariance_error(matrix, sampling, 3, n_samples=4)
    scaled = equivariance_error(1e-6 * matrix, sampling, 3, n_samples=4)
    assert scaled.mean == pytest.approx(one.mean, rel=1e-12)


def test_the_rescaled_laplacian_flatters():
    sampling = HEALPix(8)
    operator = laplacian(knn_graph(sampling, 8, weighting="heat"))
    plain = equivariance_error(operator, sampling, 4, n_samples=8)
    rescaled = equivariance_error(operator.rescaled(), sampling, 4, n_samples=8)
    assert rescaled.mean < 0.2 * plain.mean


@pytest.mark.parametrize("protocol", ["exact", "published"])
def test_vertex_order_does_not_matter(protocol):
    errors = [
        equivariance_error(
            laplacian(knn_graph(HEALPix(8, nest), 8, weighting="heat")),
            HEALPix(8, nest),
            5,
            n_samples=4,
            protocol=protocol,
        )
        for nest in (True, False)
    ]
    assert errors[0].mean == pytest.approx(errors[1].mean, rel=1e-9)


@pytest.mark.parametrize("protocol", ["exact", "published"])
def test_result_depends_on_the_seed_alone(protocol):
    sampling = HEALPix(4)
    settings = {"n_samples": 5, "protocol": protocol}
    operator = height(sampling)
    several = equivariance_error(operator, sampling, [3, 1, 3], **settings)
    assert [e.degree for e in several] == [3, 1, 3]
    alone = equivariance_error(operator, sampling, 3, batch_size=2, **settings)
    assert several[0] == several[2]
    assert alone.mean == pytest.approx(several[0].mean, rel=1e-12)
    assert alone.standard_error == pytest.approx(several[0].standard_error, rel=1e-9)
    other = equivariance_error(operator, sampling, 3, seed=1, **settings)
    assert other.mean != alone.mean


def test_standard_error_is_the_spread_of_repeated_measurements():
    sampling = HEALPix(2)
    repeats = [
        equivariance_error(height(sampling), sampling, 1, n_samples=12, seed=seed)
        for seed in range(80)
    ]
    spread = np.std([e.mean for e in repeats], ddof=1)
    stated = math.sqrt(np.mean([e.standard_error**2 for e in repeats]))
    # The spread of 80 numbers is known to 8 per cent.
    assert stated == pytest.approx(spread, rel=0.24)


# -- kinds of operators ------------------------------------------------------------
def test_matrix_laplacian_operator_and_function_agree():
    sampling = HEALPix(4)
    L = laplacian(knn_graph(sampling, 8, weighting="heat"))
    kinds = [
        L,
        L.matrix,
        L.matrix.toarray(),
        EdgeOperator(L.matrix, dtype=torch.float64, execution="message_passing"),
        lambda x: torch.as_tensor(L.matrix.toarray()) @ x,
        lambda x: L.matrix.toarray() @ x.numpy(),
    ]
    means = [equivariance_error(each, sampling, 3, n_samples=3).mean for each in kinds]
    np.testing.assert_allclose(means, means[0], rtol=1e-11)
    # Single precision keeps six digits of an error of some 0.1.
    single = EdgeOperator(L.matrix, dtype=torch.float32)
    mean = equivariance_error(single, sampling, 3, n_samples=3).mean
    assert mean == pytest.approx(means[0], rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_layers_with_channels_are_measured(dtype):
    sampling = HEALPix(4)
    operator = EdgeOperator(
        laplacian(knn_graph(sampling, 8, weighting="heat")).rescaled(),
        dtype=dtype,
        execution="message_passing",
    )
    torch.manual_seed(0)
    layer = ChebConv(2, 3, 3).to(dtype)
    error = equivariance_error(
        lambda x: layer(x, operator),
        sampling,
        3,
        n_samples=3,
        in_channels=2,
        dtype=dtype,
    )
    assert 0 < error.mean < 1


class Network(nn.Module):
    """Tells what it was given."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 2)
        self.dropout = nn.Dropout(0.5)
        self.dropout.eval()
        self.seen = []

    def forward(self, x):
        self.seen.append((x.dtype, self.training, torch.is_grad_enabled(), x.shape))
        return self.linear(x)


def test_modules_run_in_evaluation_mode_and_come_back_as_they_were():
    network = Network()
    equivariance_error(network, HEALPix(2), 1, n_samples=3, batch_size=2)
    assert set(network.seen) == {
        (torch.float32, False, False, torch.Size([2, 48, 1])),
        (torch.float32, False, False, torch.Size([1, 48, 1])),
    }
    assert network.training
    assert not network.dropout.training


def test_outputs_may_live_on_another_sampling():
    sampling = HEALPix(8)
    coarsening = sampling.coarsen()
    mean = sp.csr_array(
        coarsening.assign.multiply(
            sampling.weights[None] / coarsening.coarse.weights[:, None]
        )
    )
    for protocol in ("exact", "published"):
        error = equivariance_error(
            mean,
            sampling,
            2,
            n_samples=4,
            output_sampling=coarsening.coarse,
            protocol=protocol,
        )
        assert error.mean < 0.1


def test_invariance_is_measured_where_outputs_have_no_vertices():
    sampling = HEALPix(8)
    area = torch.as_tensor(sampling.weights.copy())

    def power(x):
        return torch.einsum("bvc,v->bc", x**2, area)

    # HEALPix integrates squares of degree 6 to some per mille.
    assert equivariance_error(power, sampling, 3, n_samples=4).mean < 5e-3
    error = equivariance_error(lambda x: x[:, 0], sampling, 3, n_samples=4)
    assert error.mean > 0.1
    assert error.unresolved is None
    published = equivariance_error(
        power, sampling, 3, n_samples=4, protocol="published"
    )
    assert published.mean < 0.2


def test_invariance_can_be_measured_on_a_part_of_the_sphere():
    part = HEALPix(8)[HEALPix(8).lat > 0]
    error = equivariance_error(lambda x: (x**2).mean(dim=1), part, 2, n_samples=4)
    assert error.mean > 0.01


def test_bandlimit_moves_the_error_by_no_more_than_the_unresolved_share():
    # Triangle inequality: rotated outputs differ by what the smaller one leaves out.
    sampling = Icosahedral(3)
    operator = laplacian(knn_graph(sampling, 20, weighting="heat"))
    full = equivariance_error(operator, sampling, 5, n_samples=6)
    for L in (8, 11, 15):
        less = equivariance_error(operator, sampling, 5, n_samples=6, L=L)
        assert full.unresolved < less.unresolved
        # Area-weighted norms at the vertices are off by some per cent of the integral.
        assert abs(less.mean - full.mean) < 1.05 * less.unresolved


def test_result_is_frozen():
    error = equivariance_error(height(HEALPix(2)), HEALPix(2), 1, n_samples=2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        error.mean = 0.0
    assert error.n_samples == 2
    assert error.protocol == "exact"
