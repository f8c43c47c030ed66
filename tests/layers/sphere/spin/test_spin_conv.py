"""Spin-weighted convolution: rotations, reflections, known filters, input."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import (
    SHT,
    FieldsISHT,
    FieldsSHT,
    Rotation,
    divergence_coefficients,
    gradient_coefficients,
    lower_spin,
    raise_spin,
    vorticity_coefficients,
)
from deepsphere_pyg.layers import SpinConv, ZonalConv
from samplings import GaussLegendre
from tests.layers.sphere.spin.fields import (
    coefficients,
    mirrored,
    rotated,
    rotated_fields,
)
from tests.round_off import assert_near

L = 6
IN, OUT = {0: 3, 1: 2, 3: 1}, {0: 2, 1: 4, 2: 3}
# Of a degree: 3 + 2 * 2 + 2 * 1 terms, in rotations of 2 L + 1.
TERMS = 9 * (2 * L + 1)
TURN = Rotation.from_euler(0.3, 1.2, -2.0)


def conv(ins=IN, outs=OUT, n=L, dtype=torch.float64, **options):
    torch.manual_seed(0)
    layer = SpinConv(ins, outs, n, **options).to(dtype)
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias)
    return layer


def all_near(found, wanted, terms, scale=None):
    assert list(found) == list(wanted)
    for spin, y in wanted.items():
        assert_near(found[spin], y, terms, scale)


def filtering(first, last, factors, n=L):
    """One channel of one spin to another, by factors of degrees: E to E, B to B."""
    layer = conv({first: 1}, {last: 1}, n, bias=False)
    with torch.no_grad():
        weight = layer.weights[f"{first}_{last}"].zero_()
        for k, (i, j) in enumerate(layer._pairs(first, last)):
            if i == j:
                weight[:, k, 0, 0] = torch.as_tensor(factors)
    return layer


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("anchors", [None, 2])
@pytest.mark.parametrize("parity", [False, True])
def test_commutes_with_rotations_of_all_spins(dtype, anchors, parity):
    layer = conv(dtype=dtype, anchors=anchors, parity=parity)
    c = coefficients(IN, L, (4,), dtype=dtype)
    turns = Rotation.random((4,), torch.Generator().manual_seed(2))
    # A bias of some units times the root of 4 pi is among what is summed.
    found = layer(rotated(c, turns, L))
    all_near(found, rotated(layer(c), turns, L), TERMS, 10.0)


def test_commutes_with_rotations_of_fields_on_the_sphere():
    sampling = GaussLegendre(L)
    to_rows = FieldsSHT(sampling, L, IN, dtype=torch.float64)
    to_rings = FieldsISHT(sampling, L, OUT, dtype=torch.float64)
    layer = conv()
    x = FieldsISHT(sampling, L, IN, dtype=torch.float64)(coefficients(IN, L))
    y = to_rings(layer(to_rows(x)))
    found = to_rings(layer(to_rows(rotated_fields(x, TURN, sampling, L))))
    # Sums over degrees and rings, there and back, of some units.
    all_near(found, rotated_fields(y, TURN, sampling, L), TERMS * len(sampling), 10.0)


@pytest.mark.parametrize("parity", [False, True])
def test_commutes_with_reflections_only_with_parity(parity):
    sampling = GaussLegendre(L)
    to_rows = FieldsSHT(sampling, L, IN, dtype=torch.float64)
    to_rings = FieldsISHT(sampling, L, OUT, dtype=torch.float64)
    layer = conv(parity=parity)
    x = FieldsISHT(sampling, L, IN, dtype=torch.float64)(coefficients(IN, L))
    found = to_rings(layer(to_rows(mirrored(x, sampling))))
    wanted = mirrored(to_rings(layer(to_rows(x))), sampling)
    if parity:
        all_near(found, wanted, TERMS * len(sampling), 10.0)
    else:
        assert all((found[s] - wanted[s]).abs().max() > 0.1 for s in OUT)


@pytest.mark.parametrize("anchors", [None, 3])
def test_of_scalars_is_the_zonal_convolution(anchors):
    layer = conv({0: 3}, {0: 2}, anchors=anchors)
    zonal = ZonalConv(3, 2, L, anchors=anchors).double()
    with torch.no_grad():
        zonal.weight.copy_(layer.weights["0_0"][:, 0])
        zonal.bias.copy_(layer.bias)
    c = coefficients({0: 3}, L, (2,))
    assert_near(layer(c)[0], zonal(c[0]), 3)


def test_complex_weights_multiply_complex_coefficients():
    layer = conv({1: 2}, {2: 3}, bias=False)
    generator = torch.Generator().manual_seed(1)
    k = torch.randn(L - 2, 2, 3, generator=generator, dtype=torch.complex128)
    with torch.no_grad():
        # E to E, E to B, B to E, B to B.
        parts = [k.real, k.imag, -k.imag, k.real]
        layer.weights["1_2"].copy_(torch.stack(parts, 1))
    c = coefficients({1: 2}, L)[1]
    f = torch.complex(c[:, 0], c[:, 1])
    degrees = np.sqrt(np.arange(4, L * L)).astype(int)
    wanted = torch.einsum("ri,rio->ro", f[4:], k[degrees - 2])
    y = layer({1: c})[2]
    assert_near(torch.complex(y[4:, 0], y[4:, 1]).real, wanted.real, 4, 4.0)
    assert_near(y[4:, 1], wanted.imag, 4, 4.0)
    assert not y[:4].any()


def test_special_filters_are_derivatives():
    degrees = torch.arange(1.0, L, dtype=torch.float64)
    root = (degrees * (degrees + 1)).sqrt()
    c = coefficients({0: 1, 1: 1}, L)
    gradient = filtering(0, 1, root)({0: c[0]})[1]
    assert_near(gradient, gradient_coefficients(c[0], L), 1, gradient)
    divergence = filtering(1, 0, -root)({1: c[1]})[0]
    assert_near(divergence, divergence_coefficients(c[1], L), 1, divergence)
    vorticity = filtering(1, 0, 0 * root)
    with torch.no_grad():
        vorticity.weights["1_0"][:, 1, 0, 0] = -root
    wanted = vorticity_coefficients(c[1], L)
    assert_near(vorticity({1: c[1]})[0], wanted, 1, wanted)


@pytest.mark.parametrize("spin", [1, 2])
def test_special_filters_raise_and_lower_spins(spin):
    c = coefficients({spin: 1, spin + 1: 1}, L)
    degrees = torch.arange(spin + 1.0, L, dtype=torch.float64)
    root = ((degrees - spin) * (degrees + spin + 1)).sqrt()
    wanted = raise_spin(c[spin], L, spin)
    found = filtering(spin, spin + 1, root)({spin: c[spin]})[spin + 1]
    assert_near(found, wanted, 1, wanted)
    wanted = lower_spin(c[spin + 1], L, spin + 1)
    found = filtering(spin + 1, spin, -root)({spin + 1: c[spin + 1]})[spin]
    assert_near(found, wanted, 1, wanted)


def test_divergence_of_a_wind_on_the_sphere_is_the_analytic_one():
    # The gradient of x y has the divergence -6 x y.
    sampling = GaussLegendre(L)
    x, y, z = torch.tensor(sampling.xyz).T
    r = (1 - z * z).sqrt()
    wind = torch.stack([2 * x * y * z / r, (x * x - y * y) / r], -1)[..., None]
    degrees = torch.arange(1.0, L, dtype=torch.float64)
    layer = filtering(1, 0, -(degrees * (degrees + 1)).sqrt())
    c = layer(FieldsSHT(sampling, L, [1], dtype=torch.float64)({1: wind}))
    found = FieldsISHT(sampling, L, [0], dtype=torch.float64)(c)[0]
    assert_near(found[:, 0], -6 * x * y, 4 * len(sampling), 10.0)


def test_all_linear_maps_that_commute_with_rotations_are_such_convolutions():
    # Dimension of the maps that commute: that of the kernel of [rotation, map].
    ins, outs, n = {0: 1, 1: 1}, {0: 1, 1: 1}, 2
    sizes = [n * n, 2 * n * n]
    eye = torch.eye(sum(sizes), dtype=torch.float64)
    scalars, vectors = eye.split(sizes, dim=1)
    basis = {0: scalars[..., None], 1: vectors.unflatten(1, (n * n, 2, 1))}
    known = [r for r in range(12) if r not in (4, 5)]  # No vectors of degree 0.
    dense = []
    for seed in range(2):
        turn = Rotation.random((), torch.Generator().manual_seed(seed))
        y = rotated(basis, turn, n)
        dense.append(torch.cat([y[s].flatten(1) for s in y], 1).T[known][:, known])
    identity = torch.eye(10, dtype=torch.float64)
    equations = torch.cat(
        [
            torch.kron(d, identity) - torch.kron(identity, d.T.contiguous())
            for d in dense
        ]
    )
    kernel = 100 - int(torch.linalg.matrix_rank(equations, atol=1e-9))
    layer = conv(ins, outs, n, bias=False)
    assert kernel == sum(w.numel() for w in layer.weights.values())


@pytest.mark.parametrize("anchors", [None, 1, 4])
@pytest.mark.parametrize("parity", [False, True])
def test_first_weights_keep_the_variance(anchors, parity):
    ins, outs = {0: 16, 1: 16, 2: 16}, {0: 64, 1: 64, 2: 64}
    layer = conv(ins, outs, 12, anchors=anchors, parity=parity, bias=False)
    for y in layer(coefficients(ins, 12, (4,))).values():
        variance = y[..., 4:, :].square().mean() if y.ndim == 3 else None
        if variance is None:
            variance = y[:, 4:].square().mean((0, 1, 3))
        # Of sums over weights that they share, and fewer terms at degrees 0 and 1.
        assert ((0.75 <= variance) & (variance <= 1.3)).all()


def test_rows_below_the_spin_have_no_effect_and_are_zero():
    c = coefficients(IN, L)
    layer = conv()
    wanted = layer(c)
    spoiled = {s: x.clone() for s, x in c.items()}
    for s in (1, 3):
        spoiled[s][: s * s] = 1e3
    found = layer(spoiled)
    assert all(torch.equal(found[s], wanted[s]) for s in OUT)
    assert all(not found[s][: s * s].any() for s in (1, 2))


def test_bias_adds_a_constant_to_scalars():
    layer, without = conv(), conv(bias=False)
    c = coefficients(IN, L)
    sampling = GaussLegendre(L)
    to_rings = FieldsISHT(sampling, L, OUT, dtype=torch.float64)
    found, wanted = to_rings(layer(c)), to_rings(without(c))
    assert_near(found[0] - wanted[0], layer.bias.expand(len(sampling), 2), L * L, 10)
    assert all(torch.equal(found[s], wanted[s]) for s in (1, 2))
    assert conv({0: 1}, {1: 1}).bias is None


@pytest.mark.parametrize("options", [{}, {"anchors": 2}, {"parity": True}])
def test_derivatives(options):
    ins, outs = {0: 1, 1: 1}, {0: 1, 2: 1}
    layer = conv(ins, outs, 4, **options)
    leaves = [x.requires_grad_() for x in coefficients(ins, 4).values()]

    def apply(*parts):
        return tuple(layer(dict(zip(ins, parts, strict=True))).values())

    assert torch.autograd.gradcheck(apply, leaves, fast_mode=True)
    sum(y.square().sum() for y in apply(*leaves)).backward()
    assert all(w.grad.any() for w in layer.parameters())


def test_double_after_single_and_state():
    layer = conv(dtype=torch.float32, anchors=2)
    wanted = conv(anchors=2).interpolation_2
    assert torch.equal(layer.double().interpolation_2, wanted)
    names = {f"weights.{s}_{t}" for s in IN for t in OUT}
    assert set(layer.state_dict()) == {"bias", *names}


def test_maps_over_signals_and_keeps_its_precision_under_autocast():
    layer = conv()
    c = coefficients(IN, L, (3,))
    wanted = layer(c)
    all_near(torch.func.vmap(layer)(c), wanted, 9, 10.0)
    with torch.autocast("cpu", torch.bfloat16):
        all_near(layer(c), wanted, 9, 10.0)


@pytest.mark.slow
def test_compiles_without_graph_breaks():
    layer, c = conv(), coefficients(IN, L, (3,))
    torch.compiler.reset()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    all_near(compiled(c), layer(c), 9, 10.0)


def test_transforms_of_fields_are_those_of_each_spin():
    sampling = GaussLegendre(L)
    c = coefficients(IN, L, (2,))
    to_rows = FieldsSHT(sampling, L, [3, 0, 1], dtype=torch.float64)
    assert to_rows.spins == (0, 1, 3)
    x = FieldsISHT(sampling, L, IN, dtype=torch.float64)(c)
    all_near(to_rows(x), c, len(sampling), 4.0)
    assert torch.equal(to_rows(x)[0], SHT(sampling, L, dtype=torch.float64)(x[0]))
    with pytest.raises(ValueError, match=r"must have the spins \[0, 1, 3\], got \[0\]"):
        to_rows({0: x[0]})
    with pytest.raises(
        ValueError, match=r"at least one spin, and each once, got .0, 0"
    ):
        FieldsSHT(sampling, L, [0, 0])
    with pytest.raises(TypeError, match="spins must be a sequence of spins, got 1; pa"):
        FieldsISHT(sampling, L, 1)


def test_printed_form():
    layer = SpinConv({1: 2, 0: 3}, {2: 4}, 8, anchors=3)
    assert repr(layer).startswith(
        "SpinConv(\n  {0: 3, 1: 2}, {2: 4}, L=8, anchors=3, parity=False, bias=False"
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3, {0: 1}, 4), TypeError, "in_channels must map spins to .* got 3; pass a"),
        (
            ({0: 1}, {}, 4),
            ValueError,
            r"out_channels must have at least one .* got \[\]",
        ),
        (
            ({0: 0}, {0: 1}, 4),
            ValueError,
            r"in_channels\[0\] must be at least 1, got 0",
        ),
        (
            ({-1: 2}, {0: 1}, 4),
            ValueError,
            "at least 0, got -1; .* conjugate of one of",
        ),
        (({0.5: 2}, {0: 1}, 4), TypeError, "spin of in_channels must be an integer"),
        (({0: 1}, {4: 1}, 4), ValueError, "L must be above the spin 4, got 4"),
        (({0: 1}, {0: 1}, 0), ValueError, "L must be at least 1, got 0"),
        (({0: 1}, {2: 1}, 4, 3), ValueError, "at most 2, .* of spin 2 .* got 3; pass"),
        (({0: 1}, {2: 1}, 4, 0), ValueError, "anchors must be at least 1, got 0"),
    ],
)
def test_bad_sizes_are_refused(arguments, error, message):
    *sizes, anchors = [*arguments, None][:4]
    with pytest.raises(error, match=message):
        SpinConv(*sizes, anchors=anchors)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({0: torch.ones(16, 3)}, ValueError, "have 16 rows, HarmonicLayout"),
        ({0: torch.ones(36, 2)}, ValueError, "of spin 0 must have 3 channels, got 2"),
        ({1: torch.ones(36, 2)}, ValueError, "spin 1 must have shape .* got .36, 2."),
        (
            {1: torch.ones(36, 2, 5)},
            ValueError,
            "of spin 1 must have 2 channels, got 5",
        ),
        ({1: torch.ones(4, 36, 2, 2)}, ValueError, "have one batch shape, got"),
        ({0: torch.ones(36, 3).float()}, TypeError, "must be torch.float64 like the m"),
        (
            {2: torch.ones(36, 2, 1)},
            ValueError,
            r"spins \[0, 1, 3\], got \[0, 1, 3, 2\]",
        ),
    ],
)
def test_bad_coefficients_are_refused(change, error, message):
    given = {**coefficients(IN, L), **{s: x.double() for s, x in change.items()}}
    if error is TypeError:
        given.update(change)
    with pytest.raises(error, match=message):
        conv()(given)
    with pytest.raises(TypeError, match="must map spins to tensors, got Tensor"):
        conv()(given[0])
