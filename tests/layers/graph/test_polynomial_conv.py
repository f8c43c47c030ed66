"""Polynomials in several bases, and filters of single channels."""

from math import comb

import numpy as np
import pytest
import torch

from deepsphere_pyg import (
    ChebConv,
    DepthwiseChebConv,
    PolynomialConv,
    laplacian_operator,
    pooling_operator,
    pyg_state_dict,
)
from deepsphere_pyg.layers.graph.polynomial_bases import BASES, chebyshev_coefficients
from samplings import HEALPix, Icosahedral, knn_graph
from tests.round_off import assert_near

# Neighbours, terms and channels.
TERMS = 500
VALUES = {
    "chebyshev": lambda x, k, K: np.cos(k * np.arccos(x)),
    "monomial": lambda x, k, K: x**k,
    "bernstein": lambda x, k, K: (
        comb(K - 1, k) * ((1 + x) / 2) ** k * ((1 - x) / 2) ** (K - 1 - k)
    ),
}


def signal(*shape):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("K", [1, 2, 5, 12])
def test_coefficients_are_those_of_the_polynomials(basis, K):
    x = np.linspace(-1, 1, 50)
    coefficients = chebyshev_coefficients(basis, K)
    found = np.polynomial.chebyshev.chebval(x, coefficients)
    wanted = [VALUES[basis](x, k, K) for k in range(K)]
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("K", [1, 4, 8])
def test_filters_are_polynomials_of_the_laplacian(basis, K):
    # Symmetric, so that its eigenvectors are orthogonal.
    graph = knn_graph(Icosahedral(1), 5, weighting="heat")
    operator = laplacian_operator(graph).double()
    conv = PolynomialConv(3, 2, K, basis=basis).double()
    torch.nn.init.normal_(conv.bias)
    matrix = operator.to_scipy().toarray()
    roots, vectors = np.linalg.eigh(matrix)
    x = signal(42, 3)
    expected = conv.bias.detach().numpy() + sum(
        vectors
        @ (VALUES[basis](roots.clip(-1, 1), k, K)[:, None] * (vectors.T @ x.numpy()))
        @ conv.weight[k].detach().numpy()
        for k in range(K)
    )
    y = conv(x, operator)
    np.testing.assert_allclose(y.detach(), expected, atol=1e-10)
    same = ChebConv(3, 2, K).double()
    with torch.no_grad():
        same.weight.copy_(conv.chebyshev_weight)
        same.bias.copy_(conv.bias)
    assert_near(y, same(x, operator), TERMS)


def test_bernstein_weights_are_gains():
    # Weights that are all one are the identity; those that rise linearly, the line.
    operator = laplacian_operator(HEALPix(2), 8).double()
    conv = PolynomialConv(1, 1, 6, basis="bernstein", bias=False).double()
    x = signal(48, 1)
    torch.nn.init.ones_(conv.weight)
    assert_near(conv(x, operator), x, TERMS)
    with torch.no_grad():
        conv.weight[:, 0, 0] = 2 * torch.arange(6.0).double() / 5 - 1
    assert_near(conv(x, operator), operator(x), TERMS)


@pytest.mark.parametrize("basis", BASES)
def test_new_filters_have_the_spread_of_those_of_chebyshev(basis):
    torch.manual_seed(0)
    angle = np.pi * (np.arange(64) + 0.5) / 64
    gains = []
    for conv in (PolynomialConv(50, 200, 6, basis=basis), ChebConv(50, 200, 6)):
        weight = getattr(conv, "chebyshev_weight", conv.weight).detach()
        terms = np.cos(np.arange(6)[:, None] * angle)
        gain = np.einsum("kio,kp->iop", weight.numpy(), terms)
        gains.append(np.square(gain).mean())
    # 10,000 filters: their mean square differs by 1 %.
    assert gains[0] == pytest.approx(gains[1], rel=0.1)


def test_weights_in_other_bases_are_not_taken_for_those_of_pytorch_geometric():
    state = pyg_state_dict(PolynomialConv(2, 3, 4, basis="monomial"))
    assert list(state) == ["weight", "bias"]


def test_coefficients_stay_out_of_the_state_and_are_exact_in_double():
    conv = PolynomialConv(2, 3, 7, basis="bernstein")
    assert set(conv.state_dict()) == {"weight", "bias"}
    back = conv.half().double()
    exact = torch.from_numpy(chebyshev_coefficients("bernstein", 7))
    assert torch.equal(back.coefficients, exact)


@pytest.mark.parametrize("K", [1, 2, 5])
@pytest.mark.parametrize(
    "execution", ["auto", "csr", "embedding_bag", "message_passing"]
)
@pytest.mark.parametrize("sampling", [HEALPix(4), Icosahedral(2)], ids=repr)
def test_depthwise_is_the_convolution_with_diagonal_weights(K, execution, sampling):
    operator = laplacian_operator(sampling, 8, execution=execution).double()
    layer = DepthwiseChebConv(3, K).double()
    torch.nn.init.normal_(layer.bias)
    dense = ChebConv(3, 3, K).double()
    with torch.no_grad():
        dense.weight.copy_(torch.diag_embed(layer.weight))
        dense.bias.copy_(layer.bias)
    x = signal(2, len(sampling), 3)
    assert_near(layer(x, operator), dense(x, operator), TERMS)


@pytest.mark.parametrize("K", [1, 3])
def test_depthwise_in_half_precision_rounds_its_result_only(K):
    operator = laplacian_operator(HEALPix(4), 8)
    layer = DepthwiseChebConv(3, K)
    x = signal(2, 192, 3).float()
    exact = layer(x, operator)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(x, operator), exact)
    if K > 1:
        rounded = layer.bfloat16()(x.bfloat16(), operator.bfloat16())
        assert rounded.dtype == torch.bfloat16
        bound = 8 * torch.finfo(torch.bfloat16).eps * exact.abs().max()
        assert (rounded.float() - exact).abs().max() < bound


def test_what_does_not_fit_is_refused():
    operator = laplacian_operator(HEALPix(1), 4)
    for layer in (DepthwiseChebConv(2, 3), PolynomialConv(2, 3, 3)):
        with pytest.raises(ValueError, match="expected 2 input channels, got 3"):
            layer(torch.ones(12, 3), operator)
        with pytest.raises(ValueError, match="from 48 to 12 vertices"):
            layer(torch.ones(48, 2), pooling_operator(HEALPix(2).coarsen()))
        with pytest.raises(
            TypeError, match="laplacian must be an EdgeOperator, got Ten"
        ):
            layer(torch.ones(12, 2), torch.ones(12, 12))
    with pytest.raises(ValueError, match="or 'bernstein', got 'legendre'; choose"):
        PolynomialConv(2, 3, 3, basis="legendre")
