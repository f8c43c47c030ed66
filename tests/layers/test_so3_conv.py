"""Convolutions onto and on SO(3): the integrals they are, equivariance, variance."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.harmonics import (
    ISHT,
    ISO3Transform,
    Rotation,
    rotate,
    so3_layout,
    spherical_harmonics,
    wigner_matrices,
)
from deepsphere_pyg.layers import LocalGrid, SO3Conv, SphereToSO3Conv, ZonalConv
from samplings import GaussLegendre, SO3Grid

LOCAL = LocalGrid(rings=2, angles=3, max_beta=0.9, turns=2, max_turn=1.0)
FILTERS = pytest.mark.parametrize("local", [None, LOCAL], ids=["spectral", "local"])
DTYPES = pytest.mark.parametrize(
    # Sums of some hundred products of numbers near one, rotated before or after.
    ("dtype", "tolerance"),
    [(torch.float32, 1e-5), (torch.float64, 1e-12)],
)
LIFT = (SphereToSO3Conv, {"L": 6, "N": 3, "L_out": 4})
CONV = (SO3Conv, {"L": 5, "N": 3, "L_out": 4, "N_out": 2})
BOTH = pytest.mark.parametrize(("kind", "sizes"), [LIFT, CONV], ids=["lift", "conv"])


def random(*shape, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(shape, generator=generator, dtype=dtype)


def turns(*shape):
    return Rotation.random(shape, torch.Generator().manual_seed(0))


def conv(kind, *channels, dtype=torch.float64, **options):
    torch.manual_seed(0)
    layer = kind(*channels, **options).to(dtype)
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias)
    return layer


def values(coefficients, rotation, layout):
    """Functions on SO(3) at rotations, by Wigner's matrices."""
    total = 0
    for degree, matrices in enumerate(wigner_matrices(rotation, layout.L)):
        k = layout.tau[degree] // 2
        inner = matrices[..., degree - k : degree + k + 1]
        norm = math.sqrt((2 * degree + 1) / (8 * math.pi**2))
        rows = coefficients[layout.rows(degree)]
        total = total + norm * inner.mT.flatten(-2) @ rows
    return total


def equivariance_error(layer, dtype):
    x = random(4, layer.layout.n_rows, layer.in_channels, dtype=dtype)
    after = rotate(layer(x), turns(4), layer.layout_out)
    error = layer(rotate(x, turns(4), layer.layout)) - after
    return max(error.norm() / after.norm(), error.abs().max() / after.abs().max())


# -- the integrals --------------------------------------------------------------------
@FILTERS
@pytest.mark.parametrize("N", [1, 2, 4])
def test_lift_is_the_integral_over_the_sphere(local, N):
    layer = conv(SphereToSO3Conv, 3, 2, L=6, N=N, L_out=4, local=local)
    sampling = GaussLegendre(6)
    c = random(36, 3)
    f = ISHT(sampling, 6, dtype=torch.float64)(c)
    rotation = turns(7)
    # x y z of R^-1 x, for all R and x
    x, y, z = np.moveaxis(sampling.xyz @ rotation.matrix().numpy(), -1, 0)
    theta, phi = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)
    psi = layer.kernel(theta.ravel(), phi.ravel()).view(*theta.shape, 3, 2)
    area = torch.tensor(sampling.quadrature)
    expected = torch.einsum("rxio,xi,x->ro", psi, f, area) + layer.bias
    found = values(layer(c), rotation, layer.layout_out)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


@FILTERS
@pytest.mark.parametrize(("N", "N_out"), [(1, 3), (3, 1), (3, 2), (2, 4)])
def test_convolution_is_the_integral_over_the_group(local, N, N_out):
    layer = conv(SO3Conv, 3, 2, L=5, N=N, L_out=4, N_out=N_out, local=local)
    # Of this scheme the products of two functions are integrated exactly.
    grid = SO3Grid(5, 5, "driscoll-healy")
    c = random(layer.layout.n_rows, 3)
    f = ISO3Transform(grid, 5, N, dtype=torch.float64)(c)
    rotation = turns(4)
    points = Rotation(torch.tensor(grid.angles))
    area = torch.tensor(grid.weights)
    expected = []
    for inverse in rotation.inverse().angles:
        psi = layer.kernel(Rotation(inverse) @ points)
        expected.append(torch.einsum("qio,qi,q->o", psi, f, area) + layer.bias)
    found = values(layer(c), rotation, layer.layout_out)
    torch.testing.assert_close(found, torch.stack(expected), atol=1e-11, rtol=0)


def test_local_lift_sums_values_near_where_the_pole_goes():
    layer = conv(SphereToSO3Conv, 2, 3, L=5, local=LOCAL, bias=False)
    c, rotation = random(25, 2), turns(4)
    points = (rotation.angles[:, None], LOCAL.points().angles)
    there = Rotation(points[0].expand(4, 6, 3)) @ Rotation(points[1].expand(4, 6, 3))
    alpha, beta, _ = there.angles.numpy().reshape(-1, 3).T
    f = torch.from_numpy(spherical_harmonics(beta % (2 * math.pi), alpha, 5)) @ c
    # Degree 0 of a point is one, but for the scale of the layer, and that of the
    # functions on SO(3) that signals on the sphere are.
    scale = layer.table[0, 0] / math.sqrt(2 * math.pi)
    expected = scale * torch.einsum("rpi,pio->ro", f.view(4, 6, 2), layer.weight)
    found = values(layer(c), rotation, layer.layout_out)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_local_convolution_sums_values_at_rotations_nearby():
    layer = conv(SO3Conv, 2, 3, L=4, local=LOCAL, bias=False)
    c, rotation = random(layer.layout.n_rows, 2), turns(4)
    near = LOCAL.rotations().angles
    there = Rotation(rotation.angles[:, None].expand(4, 12, 3)) @ Rotation(
        near.expand(4, 12, 3)
    )
    f = layer.table[0, 0] * values(c, there, layer.layout)
    expected = torch.einsum("rpi,pio->ro", f, layer.weight)
    found = values(layer(c), rotation, layer.layout_out)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


# -- laws -----------------------------------------------------------------------------
@DTYPES
@FILTERS
@pytest.mark.parametrize(("L", "N", "L_out"), [(1, 1, 1), (10, 3, 10), (30, 10, 10)])
def test_lift_commutes_with_rotations(dtype, tolerance, local, L, N, L_out):
    options = {"L": L, "N": N, "L_out": L_out, "local": local}
    layer = conv(SphereToSO3Conv, 3, 2, dtype=dtype, **options)
    assert equivariance_error(layer, dtype) <= tolerance


@DTYPES
@FILTERS
@pytest.mark.parametrize(
    ("L", "N", "L_out", "N_out"), [(1, 1, 1, 1), (10, 10, 6, 6), (16, 3, 16, 5)]
)
def test_convolution_commutes_with_rotations(
    dtype, tolerance, local, L, N, L_out, N_out
):
    options = {"L": L, "N": N, "L_out": L_out, "N_out": N_out, "local": local}
    layer = conv(SO3Conv, 3, 2, dtype=dtype, **options)
    assert equivariance_error(layer, dtype) <= tolerance


BANDLIMITS = st.integers(1, 6).flatmap(
    lambda L: st.integers(1, L).flatmap(
        lambda M: st.tuples(
            st.just(L), st.integers(1, L), st.just(M), st.integers(1, M)
        )
    )
)


@given(BANDLIMITS, st.booleans())
@settings(deadline=None, derandomize=True, max_examples=30)
def test_all_bandlimits_have_their_layouts_and_commute(bandlimits, local):
    L, N, L_out, N_out = bandlimits
    options = {"L_out": L_out, "local": LOCAL if local else None}
    layer = conv(SO3Conv, 1, 2, L=L, N=N, N_out=N_out, **options)
    assert layer.layout == so3_layout(L, N)
    assert (layer.L, layer.N, layer.L_out, layer.N_out) == bandlimits
    assert layer.layout_out == so3_layout(L_out, N_out)
    assert equivariance_error(layer, torch.float64) <= 1e-12
    lift = conv(SphereToSO3Conv, 1, 2, L=L, N=N_out, **options)
    assert lift.layout_out == layer.layout_out
    assert (lift.L, lift.N, lift.L_out) == (L, N_out, L_out)
    assert equivariance_error(lift, torch.float64) <= 1e-12


def test_lift_with_one_order_is_the_zonal_convolution():
    lift = conv(SphereToSO3Conv, 3, 2, L=5, N=1, bias=False)
    zonal = conv(ZonalConv, 3, 2, L=5, bias=False)
    zonal.load_state_dict(lift.state_dict())
    x = random(25, 3)
    torch.testing.assert_close(lift(x), zonal(x), atol=1e-13, rtol=0)


def test_functions_of_one_order_are_lifted_by_the_convolution():
    lift = conv(SphereToSO3Conv, 3, 2, L=5, N=4)
    layer = conv(SO3Conv, 3, 2, L=5, N=1, N_out=4)
    layer.load_state_dict(lift.state_dict())
    x = random(25, 3)
    torch.testing.assert_close(layer(x), lift(x), atol=1e-13, rtol=0)


def test_convolutions_in_a_row_multiply_their_matrices():
    first = conv(SO3Conv, 3, 4, L=5, N=3, bias=False)
    second = conv(SO3Conv, 4, 2, L=5, N=3, L_out=4, N_out=2, bias=False)
    whole = conv(SO3Conv, 3, 2, L=5, N=3, L_out=4, N_out=2, bias=False)
    products = [
        torch.einsum("aibj,bjco->acio", a, b).flatten(0, 1)
        for a, b in zip(first.response(), second.response(), strict=False)
    ]
    with torch.no_grad():
        whole.weight.copy_(torch.cat(products))
    x = random(first.layout.n_rows, 3)
    torch.testing.assert_close(whole(x), second(first(x)), atol=1e-12, rtol=0)


def test_unit_matrices_are_the_identity():
    layer = conv(SO3Conv, 2, 2, L=4, N=2, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
        for matrix in layer.response():
            for n in range(matrix.shape[0]):
                matrix[n, :, n] = torch.eye(2)
    x = random(layer.layout.n_rows, 2)
    assert torch.equal(layer(x), x)


def test_unit_points_turn_functions_from_the_right():
    # One point, a turn by t about the pole: y(R) = s f(R Z(t)).
    grid = LocalGrid(rings=1, angles=1, max_beta=1e-9, turns=1)
    layer = conv(SO3Conv, 1, 1, L=4, local=grid, bias=False)
    x = random(layer.layout.n_rows, 1)
    expected = layer.table[0, 0] * layer.weight[0] * x
    torch.testing.assert_close(layer(x), expected, atol=1e-7, rtol=0)


@BOTH
@FILTERS
def test_bias_adds_a_constant(kind, sizes, local):
    layer = conv(kind, 3, 2, **sizes, local=local)
    without = conv(kind, 3, 2, **sizes, local=local, bias=False)
    x = random(layer.layout.n_rows, 3)
    difference = values(layer(x) - without(x), turns(5), layer.layout_out)
    torch.testing.assert_close(difference, layer.bias.expand(5, 2))


@pytest.mark.parametrize(
    "layer",
    [
        lambda local: SphereToSO3Conv(32, 64, 12, 5, local=local),
        lambda local: SphereToSO3Conv(32, 64, 12, L_out=7, local=local),
        lambda local: SO3Conv(32, 64, 8, 3, L_out=6, N_out=6, local=local),
        lambda local: SO3Conv(32, 64, 8, 1, N_out=3, local=local),
    ],
)
@pytest.mark.parametrize("local", [None, LocalGrid()], ids=["spectral", "local"])
def test_first_weights_keep_the_variance(layer, local):
    torch.manual_seed(0)
    layer = layer(local)
    y = layer(random(8, layer.layout.n_rows, 32, dtype=torch.float32))
    assert 0.8 <= y.square().mean() <= 1.25


# -- as modules -----------------------------------------------------------------------
@BOTH
def test_local_filters_have_a_weight_for_each_point_and_no_more(kind, sizes):
    layer = conv(kind, 3, 2, **sizes, local=LOCAL)
    assert layer.weight.shape == (6 if kind is SphereToSO3Conv else 12, 3, 2)
    assert set(layer.state_dict()) == {"weight", "bias"}
    x = random(layer.layout.n_rows, 3)
    layer(x).sum().backward()
    assert layer.weight.grad.all()


def test_kernels_have_gradients():
    lift, layer = conv(*LIFT[:1], 1, 1, L=4), conv(*CONV[:1], 1, 1, L=4)
    lift.kernel([0.1, 0.5], [0.3, 1.0]).sum().backward()
    layer.kernel(turns(2, 3)).sum().backward()
    assert lift.weight.grad.all() and layer.weight.grad.all()
    assert layer.kernel(turns(2, 3)).shape == (2, 3, 1, 1)


@BOTH
def test_float64_after_float32_is_exact(kind, sizes):
    layer = conv(kind, 1, 1, dtype=torch.float32, **sizes, local=LOCAL)
    exact = conv(kind, 1, 1, **sizes, local=LOCAL)
    assert torch.equal(layer.double().table, exact.table)


@BOTH
@FILTERS
def test_are_made_on_the_device_in_force(kind, sizes, local):
    with torch.device("meta"):
        layer = kind(2, 3, **sizes, local=local)
    parts = (*layer.parameters(), *layer.buffers())
    assert {part.device.type for part in parts} == {"meta"}


def test_printed_forms():
    assert repr(SO3Conv(2, 3, 8, 4, L_out=6, bias=False)) == (
        "SO3Conv(2, 3, L=8, N=4, L_out=6, N_out=4, bias=False)"
    )
    grid = LocalGrid(2, 3, 0.5)
    assert repr(SphereToSO3Conv(2, 3, 8, 4, local=grid)) == (
        "SphereToSO3Conv(2, 3, L=8, N=4, L_out=8, local=LocalGrid(rings=2, angles=3, "
        "max_beta=0.5, turns=3, max_turn=3.141592653589793), bias=True)"
    )


# -- bad input ------------------------------------------------------------------------
BAD_ARGUMENTS = [
    ({"L": 0}, ValueError, "L must be at least 1, got 0"),
    ({"L": 4, "N": 5}, ValueError, r"N must be at most .*4, got 5"),
    ({"L": 4, "N": 0}, ValueError, "N must be at least 1, got 0"),
    ({"L": 4, "L_out": 5}, ValueError, r"L_out must be at most L = 4.* Unpool|got 5"),
    ({"L": 4, "L_out": 0}, ValueError, "L_out must be at least 1, got 0"),
    ({"L": 4, "L_out": 2.0}, TypeError, r"L_out must be an integer, got 2\.0"),
    ({"L": 4, "local": 3}, TypeError, r"local must be a LocalGrid or None, got int; "),
]


@pytest.mark.parametrize("kind", [SphereToSO3Conv, SO3Conv])
@pytest.mark.parametrize(("options", "error", "message"), BAD_ARGUMENTS)
def test_bad_arguments_are_refused(kind, options, error, message):
    with pytest.raises(error, match=message):
        kind(1, 1, **options)


def test_bad_azimuthal_bandlimits_and_channels_are_refused():
    with pytest.raises(ValueError, match=r"N must be at most the band.* 3, got 4: deg"):
        SphereToSO3Conv(1, 1, 5, 4, L_out=3)
    with pytest.raises(ValueError, match=r"N_out must be at most the.* 3, got 4: deg"):
        SO3Conv(1, 1, 5, 2, L_out=3, N_out=4)
    with pytest.raises(ValueError, match="in_channels must be at least 1, got 0"):
        SO3Conv(0, 1, 5)
    with pytest.raises(TypeError, match="out_channels must be an integer, got '3'"):
        SphereToSO3Conv(1, "3", 5)
    with pytest.raises(ValueError, match="L must be at most 900, got 901"):
        SphereToSO3Conv(1, 1, 901, local=LOCAL)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(16, 2), ValueError, r"have 16 rows, HarmonicLayout\(L=4, tau=\("),
        (torch.ones(46, 3), ValueError, "expected 2 input channels, got 3; coeff"),
        (torch.ones(46), ValueError, r"got \(46,\); add a channel"),
        (torch.ones(46, 2).double(), TypeError, "must be torch.float32 like the mod"),
        (torch.ones(46, 2).half(), TypeError, "float32 or float64, got torch.float16"),
        (np.ones((46, 2)), TypeError, "must be a tensor .* got ndarray"),
    ],
)
def test_bad_coefficients_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        SO3Conv(2, 1, 4, 2)(x)


def test_signals_on_the_sphere_are_asked_for_as_such():
    with pytest.raises(ValueError, match=r"have 46 rows, HarmonicLayout\(L=4, tau=1\)"):
        SphereToSO3Conv(2, 1, 4, 2)(torch.ones(46, 2))


@BOTH
def test_half_precision_and_what_is_no_rotation_are_refused(kind, sizes):
    with pytest.raises(TypeError, match=r"got torch\.float16: its 8 to 11 bits"):
        kind(2, 1, **sizes, local=LOCAL).half()
    if kind is SO3Conv:
        with pytest.raises(TypeError, match="rotation must be a Rotation, got ndarray"):
            kind(2, 1, **sizes).kernel(np.eye(3))
