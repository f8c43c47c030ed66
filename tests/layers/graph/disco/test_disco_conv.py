"""The DISCO convolution: sums over functions, groups, and torch-harmonics' values."""

import pytest
import torch

from deepsphere_pyg import (
    DiscoConv,
    DiscoOperator,
    MorletBasis,
    PiecewiseLinearBasis,
    ZernikeBasis,
    disco_operator,
    laplacian_operator,
)
from samplings import GaussLegendre, HEALPix
from tests.round_off import assert_near

BASIS = PiecewiseLinearBasis(3, 4)


@pytest.fixture(scope="module")
def operator():
    return disco_operator(HEALPix(2), HEALPix(1), basis=BASIS).double()


def signal(channels):
    return torch.randn(2, 48, channels, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("groups", [1, 2])
def test_each_function_mixes_channels_of_a_group(operator, groups):
    layer = DiscoConv(4, 6, BASIS, groups=groups).double()
    torch.nn.init.normal_(layer.bias)
    x = signal(4).double()
    matrix = torch.from_numpy(operator.to_scipy().toarray())
    wanted = layer.bias.expand(2, 12, 6).clone()
    for b in range(BASIS.n_basis):
        filtered = matrix[b :: BASIS.n_basis] @ x
        for group in range(groups):
            read = slice(group * 4 // groups, (group + 1) * 4 // groups)
            write = slice(group * 6 // groups, (group + 1) * 6 // groups)
            wanted[..., write] += filtered[..., read] @ layer.weight[b, :, write]
    assert_near(layer(x, operator).detach(), wanted.detach(), 100)


@pytest.mark.parametrize("groups", [1, 2])
def test_large_signals_of_a_batch_are_taken_one_by_one(operator, groups, monkeypatch):
    layer = DiscoConv(4, 6, BASIS, groups=groups).double()
    x = torch.stack([signal(4), -2 * signal(4)]).double().requires_grad_()
    results = []
    for size in (2**18, 0):
        monkeypatch.setattr("deepsphere_pyg.layers.graph.disco.disco_conv.LARGE", size)
        y = layer(x, operator)
        assert y.shape == (2, 2, 12, 6)
        gradients = torch.autograd.grad(y.square().sum(), [x, *layer.parameters()])
        results.append([y.detach(), *gradients])
    for together, apart in zip(*results, strict=True):
        assert_near(apart, together, 500)


def test_filters_of_all_functions_keep_the_spread_of_smooth_signals():
    # Of a signal that hardly varies in a disc, each function takes the value.
    torch.manual_seed(0)
    basis = PiecewiseLinearBasis(3)
    sampling = HEALPix(8)
    layer = DiscoConv(50, 50, basis)
    x = torch.randn(20, 1, 50).expand(-1, len(sampling), -1).contiguous()
    y = layer(x, disco_operator(sampling, basis=basis)).relu()
    assert 0.7 < y.square().mean() / x.square().mean() < 1.4


# Values of DiscreteContinuousConvS2(2, 1, (8, 16), (4, 8), kernel_shape, basis_type,
# grid_in="legendre-gauss", grid_out="legendre-gauss", bias=False,
# theta_cutoff=0.9 / 1.001, optimized_kernel=False), which widens the cutoff by a
# thousandth, of torch-harmonics 0.9.3 in float64, at five vertices. The basis
# "morlet" is named so there.
REFERENCE = {
    PiecewiseLinearBasis(3, 4): (
        *(0.957199797656, 0.716811650065, -0.456203676731),
        *(0.501225473685, 0.260945408825),
    ),
    ZernikeBasis(3): (
        *(0.642403872236, 0.162690525338, -0.130455889397),
        *(0.285541187441, 0.059218766182),
    ),
    MorletBasis(3, 2): (
        *(-0.157786830205, -0.33227900823, 0.340167082863),
        *(0.157101817093, 0.555408735925),
    ),
}


@pytest.mark.oracle
@pytest.mark.parametrize("basis", REFERENCE, ids=repr)
def test_values_are_those_of_torch_harmonics(basis):
    samplings = GaussLegendre(8, 16), GaussLegendre(4, 8)
    operator = disco_operator(*samplings, basis=basis, theta_cutoff=0.9).double()
    layer = DiscoConv(2, 1, basis, bias=False).double()
    n = basis.n_basis
    with torch.no_grad():
        # Theirs has shape (out_channels, in_channels, B), maps (channel, lat, lon).
        theirs = torch.arange(2 * n).double().cos().view(1, 2, n)
        layer.weight.copy_(theirs.permute(2, 1, 0))
        x = (torch.arange(256).double() ** 1.5).sin().view(2, 128).T
        y = layer(x, operator)[[0, 5, 13, 18, 31], 0]
    expected = torch.tensor(REFERENCE[basis], dtype=torch.float64)
    # They are rounded to 12 digits.
    assert (y - expected).abs().max() < 1e-11


def test_functions_are_sums_over_edges_of_one_operator(operator):
    assert operator.n_basis == 5
    assert operator(signal(3).double()).shape == (2, 60, 3)
    assert repr(DiscoConv(3, 5, ZernikeBasis(2), groups=1, bias=False)) == (
        "DiscoConv(3, 5, ZernikeBasis(order=2), groups=1, bias=False)"
    )


def test_bad_input_is_refused(operator):
    layer = DiscoConv(4, 6, BASIS).double()
    x = signal(4).double()
    with pytest.raises(TypeError, match="operator must be a DiscoOperator, got Edge"):
        layer(x, laplacian_operator(HEALPix(2)))
    other = disco_operator(HEALPix(2), basis=ZernikeBasis(3)).double()
    with pytest.raises(ValueError, match=r"must have 5 functions like .* got 6; make"):
        layer(x, other)
    with pytest.raises(ValueError, match="expected 4 input channels, got 3"):
        layer(x[..., :3], operator)
    with pytest.raises(ValueError, match="groups must divide out_channels=6, got 4"):
        DiscoConv(4, 6, BASIS, groups=4)
    with pytest.raises(TypeError, match="basis must be a FilterBasis, got int; pass"):
        DiscoConv(4, 6, 5)
    with pytest.raises(ValueError, match=r"n_basis rows for each vertex, got 60 rows"):
        DiscoOperator(operator.to_scipy(), 7)
