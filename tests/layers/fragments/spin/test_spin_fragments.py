"""Fields of spin as generalized signals: in, out, products, rotations, reflections."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg.harmonics import (
    FieldsISHT,
    FieldsSHT,
    HarmonicLayout,
    Rotation,
    SpinLayout,
    rotate,
)
from deepsphere_pyg.layers import (
    FieldsToFragments,
    FragmentNorm,
    FragmentsToFields,
    GatedActivation,
    GeneralizedBlock,
    GeneralizedConv,
    NormActivation,
    ParityConv,
    SpinConv,
    TensorProductActivation,
    coupled_parities,
)
from samplings import GaussLegendre
from tests.helpers import random
from tests.layers.sphere.spin.fields import (
    coefficients,
    mirrored,
    rotated,
    rotated_fields,
)
from tests.round_off import assert_near

L, SPINS = 4, (0, 1, 2)
IN = SpinLayout(L, SPINS)
TURN = Rotation.from_euler(0.3, 1.2, -2.0)


def all_near(found, wanted, terms, scale=None):
    assert list(found) == list(wanted)
    for spin, y in wanted.items():
        assert_near(found[spin], y, terms, scale)


def largest(fields):
    return max(float(y.detach().abs().max()) for y in fields.values())


def signs(layout, parities):
    """What the reflection at the origin multiplies each row by."""
    number = np.cumsum(layout.orders == -layout.degrees) - 1
    powers = layout.degrees + np.asarray(parities)[number]
    return torch.from_numpy((-1.0) ** powers)[:, None]


def network(parity, gated=False):
    """Scalars, winds and polarization to tangent vectors and polarization."""
    torch.manual_seed(0)
    into, out = FieldsToFragments(L, SPINS), FragmentsToFields(L, (1, 2))
    product = TensorProductActivation(into.layout_out, mixing="mst")
    gate = GatedActivation if gated else NormActivation
    if parity:
        mix = ParityConv(
            *(3, 2, product.layout_out, out.layout),
            parities=coupled_parities(product, into.fields.parities),
            parities_out=out.fields.parities,
        )
    else:
        mix = GeneralizedConv(3, 2, product.layout_out, out.layout)
    block = GeneralizedBlock(None, product, mix)
    norm = FragmentNorm(3, into.layout_out)
    first = SpinConv({0: 5, 1: 2, 2: 1}, dict.fromkeys(SPINS, 3), L, parity=parity)
    steps = (first, into, norm, gate(3, into.layout_out), block, out)
    return nn.Sequential(*steps).eval()


CHANNELS = {0: 5, 1: 2, 2: 1}
# Products of 7 terms, of 5 + 2 * 2 + 2 terms before, and of 3 * 20 fragments after.
TERMS = 7 * 11 * 60


def test_degrees_below_the_spin_are_absent():
    fields = SpinLayout(4, [3, 0, 1])
    assert fields.spins == (0, 1, 3)
    assert fields.layout == HarmonicLayout(4, [1, 3, 3, 5])
    assert SpinLayout(3, [2]).layout == HarmonicLayout(3, [0, 0, 2])
    assert SpinLayout(5, [0]).layout == HarmonicLayout(5)
    assert fields.parities.tolist() == [0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1]
    assert not fields.fragments.flags.writeable
    assert fields == SpinLayout(4, (0, 1, 3)) != SpinLayout(4, (0, 1))
    assert len({fields, SpinLayout(4, (0, 1, 3))}) == 1
    assert repr(fields) == "SpinLayout(L=4, spins=(0, 1, 3))"


def test_read_out_fields_are_those_put_in():
    c = coefficients({0: 3, 1: 3, 3: 3}, L, (2,))
    x = FieldsToFragments(L, c)(c)
    fields = SpinLayout(L, c)
    assert x.shape == (2, fields.layout.n_rows, 3)
    back = FragmentsToFields(L, c)(x)
    assert all(torch.equal(back[s], c[s]) for s in c)
    # Fragment by fragment.
    count = [0] * L
    for degree, spin, part in fields.fragments.tolist():
        rows = slice(degree**2, (degree + 1) ** 2)
        wanted = c[spin][:, rows, part] if spin else c[spin][:, rows]
        found = x[:, fields.layout.fragment(degree, count[degree])]
        assert torch.equal(found, wanted)
        count[degree] += 1


def test_fields_rotate_as_fragments():
    c = coefficients(dict.fromkeys(SPINS, 2), L, (3,))
    into = FieldsToFragments(L, SPINS)
    turns = Rotation.random((3,), torch.Generator().manual_seed(0))
    found = into(rotated(c, turns, L))
    assert_near(found, rotate(into(c), turns, into.layout_out), 2 * L)


def test_generalized_convolution_of_fields_is_the_spin_convolution():
    outs = (0, 2)
    torch.manual_seed(0)
    into, out = FieldsToFragments(L, SPINS), FragmentsToFields(L, outs)
    conv = GeneralizedConv(3, 5, into.layout_out, out.layout, bias=True).double()
    nn.init.normal_(conv.bias)
    layer = SpinConv(dict.fromkeys(SPINS, 3), dict.fromkeys(outs, 5), L).double()
    with torch.no_grad():
        layer.bias.copy_(conv.bias[0] / (4 * np.pi) ** 0.5)
        for s, t in itertools.product(SPINS, outs):
            pairs = layer._pairs(s, t)
            for degree in range(max(s, t), L):
                here = [f[1:] for f in into.fields.fragments.tolist() if f[0] == degree]
                there = [f[1:] for f in out.fields.fragments.tolist() if f[0] == degree]
                weight = conv.weights[str(degree)]
                for k, (i, j) in enumerate(pairs):
                    of_pair = weight[here.index([s, i]), :, there.index([t, j])]
                    layer.weights[f"{s}_{t}"][degree - max(s, t), k] = of_pair
    c = coefficients(dict.fromkeys(SPINS, 3), L, (2,))
    all_near(layer(c), out(conv(into(c))), 15, 4.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("parity", [False, True])
@pytest.mark.parametrize("gated", [False, True])
def test_products_norms_and_gates_of_fields_commute_with_rotations(
    dtype, parity, gated
):
    model = network(parity, gated).to(dtype)
    c = coefficients(CHANNELS, L, (4,), dtype=dtype)
    turns = Rotation.random((4,), torch.Generator().manual_seed(2))
    wanted = rotated(model(c), turns, L)
    scale = largest(wanted)
    all_near(model(rotated(c, turns, L)), wanted, TERMS, scale)


def test_fields_on_the_sphere_go_in_and_are_read_out():
    sampling = GaussLegendre(L)
    options = {"dtype": torch.float64}
    model = nn.Sequential(
        FieldsSHT(sampling, L, CHANNELS, **options),
        network(False).double(),
        FieldsISHT(sampling, L, (1, 2), **options),
    )
    x = FieldsISHT(sampling, L, CHANNELS, **options)(coefficients(CHANNELS, L, (2,)))
    wanted = rotated_fields(model(x), TURN, sampling, L)
    scale = largest(wanted)
    found = model(rotated_fields(x, TURN, sampling, L))
    all_near(found, wanted, TERMS * len(sampling), scale)


@pytest.mark.parametrize("parity", [False, True])
def test_networks_with_parity_commute_with_reflections_of_fields(parity):
    sampling = GaussLegendre(L)
    options = {"dtype": torch.float64}
    model = nn.Sequential(
        FieldsSHT(sampling, L, CHANNELS, **options),
        network(parity).double(),
        FieldsISHT(sampling, L, (1, 2), **options),
    )
    x = FieldsISHT(sampling, L, CHANNELS, **options)(coefficients(CHANNELS, L, (2,)))
    found, wanted = model(mirrored(x, sampling)), mirrored(model(x), sampling)
    scale = largest(wanted)
    if parity:
        all_near(found, wanted, TERMS * len(sampling), scale)
    else:
        assert all((found[s] - wanted[s]).abs().max() > 0.01 * scale for s in wanted)


@pytest.mark.parametrize("mixing", ["full", "mst", "rmst"])
def test_parities_of_products_are_those_of_reflected_signals(mixing):
    product = TensorProductActivation(IN.layout, mixing=mixing).double()
    x = random(IN.layout.n_rows, 1)
    found = product(signs(IN.layout, IN.parities) * x)
    parities = coupled_parities(product, IN.parities)
    wanted = signs(product.layout_out, parities) * product(x)
    # Powers of minus one do not round.
    assert torch.equal(found, wanted)
    assert set(parities.tolist()) == {0, 1}


def test_parity_convolution_is_the_generalized_one_without_mixed_weights():
    torch.manual_seed(0)
    layout, out = IN.layout, SpinLayout(3, (0, 1))
    conv = GeneralizedConv(2, 3, layout, out.layout, bias=True).double()
    nn.init.normal_(conv.bias)
    layer = ParityConv(
        *(2, 3, layout, out.layout),
        parities=IN.parities,
        parities_out=out.parities,
        bias=True,
    ).double()
    before, after = (
        [f.fragments[f.fragments[:, 0] == d][:, 2] for d in range(3)] for f in (IN, out)
    )
    with torch.no_grad():
        layer.even.bias.copy_(conv.bias)
        for degree in range(3):
            weight = conv.weights[str(degree)]
            for parity, part in enumerate((layer.even, layer.odd)):
                rows, columns = before[degree] == parity, after[degree] == parity
                if columns.any():
                    part.weights[str(degree)].copy_(weight[rows][:, :, columns])
            mixed = before[degree][:, None] != after[degree]
            weight.permute(0, 2, 1, 3)[torch.from_numpy(mixed)] = 0
    x = random(5, layout.n_rows, 2)
    assert_near(layer(x), conv(x), 10, 4.0)
    layer.reset_parameters()
    assert not layer.even.bias.any()


def test_parity_convolution_of_one_parity_alone():
    layer = ParityConv(1, 1, IN.layout, 3, parities=IN.parities, parities_out=[0] * 3)
    assert layer.odd is None
    assert layer(torch.ones(IN.layout.n_rows, 1)).shape == (9, 1)


def test_derivatives():
    model = network(True).double()
    leaves = [x.requires_grad_() for x in coefficients(CHANNELS, L).values()]

    def apply(*parts):
        return tuple(model(dict(zip(CHANNELS, parts, strict=True))).values())

    assert torch.autograd.gradcheck(apply, leaves, fast_mode=True)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (
            lambda: SpinLayout(2, (0, 2)),
            ValueError,
            "L must be above the spin 2, got 2",
        ),
        (lambda: SpinLayout(2, (-1,)), ValueError, "spins of at least 0, got -1"),
        (lambda: SpinLayout(2, ()), ValueError, "must have at least one spin"),
        (lambda: FieldsToFragments(2, 1), TypeError, "must be a sequence of spins"),
        (
            lambda: coupled_parities(nn.Identity(), [0]),
            TypeError,
            "product must be .* got Identity; make one with TensorProductActivation",
        ),
        (
            lambda: coupled_parities(TensorProductActivation(2), [0, 2]),
            ValueError,
            r"numbers 0 and 1, got \[0, 2\]; pass those of SpinLayout.parities",
        ),
        (
            lambda: coupled_parities(TensorProductActivation(2), [0]),
            ValueError,
            "one number for each of the 2 fragments of .* got 1; pass those",
        ),
        (
            lambda: ParityConv(1, 1, 2, 2, parities=[0, 0], parities_out=[0, 1]),
            ValueError,
            "layout_out has odd fragments of degree 1, and layout has none; put a ten",
        ),
        (
            lambda: ParityConv(
                1, 1, 2, 2, parities=[1, 1], parities_out=[1, 1], bias=True
            ),
            ValueError,
            "bias is added to even fragments of degree 0, of which .* has none",
        ),
    ],
)
def test_bad_arguments_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_bad_coefficients_are_refused():
    into = FieldsToFragments(3, (0, 1))
    c = {0: torch.ones(9, 2), 1: torch.ones(9, 2, 2)}
    for change, message in (
        ({1: torch.ones(9, 2, 3)}, r"same number of channels, got \[2, 3\]; put a Spi"),
        ({1: torch.ones(9, 2)}, "coefficients of spin 1 must have shape"),
        ({0: torch.ones(4, 2)}, "coefficients have 4 rows"),
        ({0: torch.ones(5, 9, 2)}, "must have one batch shape"),
        ({2: torch.ones(9, 2, 2)}, r"must have the spins \[0, 1\]"),
    ):
        with pytest.raises(ValueError, match=message):
            into({**c, **change})
    with pytest.raises(ValueError, match="coefficients have 9 rows"):
        FragmentsToFields(3, (0, 1))(torch.ones(9, 2))
