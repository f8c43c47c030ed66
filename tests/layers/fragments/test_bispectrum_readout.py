"""Invariants of third order: definition, rotations, what they tell apart."""

# ruff: noqa: E741 (the degree's own letter)

from itertools import combinations_with_replacement

import pytest
import torch

from deepsphere_pyg.harmonics import (
    DegreeMixing,
    HarmonicLayout,
    Rotation,
    clebsch_gordan,
    degree_mixing,
    rotate,
)
from deepsphere_pyg.layers import BispectrumReadout, PowerSpectrumReadout
from tests.helpers import random
from tests.round_off import assert_near

LAYOUT = HarmonicLayout(4, [2, 3, 0, 1])


def readout(layout, mixing="full", dtype=torch.float64):
    return BispectrumReadout(layout, mixing=mixing).to(dtype)


def by_definition(x, layout, triple):
    l1, t1, l2, t2, l3, t3 = triple
    coupling = torch.from_numpy(clebsch_gordan(l1, l2, l3).dense())
    parts = [x[layout.fragment(*p)] for p in ((l3, t3), (l1, t1), (l2, t2))]
    return torch.einsum("kij,kc,ic,jc->c", coupling, *parts) / (2 * l3 + 1) ** 0.5


def couple(triple):
    l1, l2, l3 = triple[::2]
    return l3 <= l1 + l2


@pytest.mark.parametrize("layout", [LAYOUT, HarmonicLayout(6), HarmonicLayout(1, [2])])
def test_features_are_all_products_of_three_fragments(layout):
    layer = readout(layout)
    x = random(layout.n_rows, 2)
    y = layer(x).unflatten(-1, (-1, 2))
    fragments = [(l, t) for l in range(layout.L) for t in range(layout.tau[l])]
    expected = {}
    for three in combinations_with_replacement(fragments, 3):
        triple = sum(three, ())
        twice = len(set(three)) < 3
        # With two alike, those of odd sums are zero.
        if couple(triple) and not (twice and sum(triple[::2]) % 2):
            expected[triple] = by_definition(x, layout, triple)
    found = [tuple(row) for row in layer.triples.tolist()]
    assert len(found) == len(set(found))
    assert set(found) == set(expected)
    for row, triple in zip(y, found, strict=True):
        # Sums over orders of two degrees.
        assert_near(row, expected[triple], (2 * layout.L) ** 2, x.abs().max() ** 3)


def test_sums_do_not_depend_on_which_degree_is_the_third():
    x = random(36, 1)
    layout = HarmonicLayout(6)
    for l1, l2, l3 in ((1, 2, 3), (2, 4, 5), (3, 3, 4), (1, 4, 4)):
        one, other, third = (
            by_definition(x, layout, (a, 0, b, 0, c, 0)).abs()
            for a, b, c in ((l1, l2, l3), (l3, l1, l2), (l2, l3, l1))
        )
        size = x.abs().max() ** 3
        assert_near(one, other, (2 * l2 + 1) ** 2, size)
        assert_near(one, third, (2 * l2 + 1) ** 2, size)


def test_signals_of_one_power_spectrum_are_told_apart():
    """Degrees that are rotated each by itself keep their power."""
    L = 5
    x = random(L * L, 1)
    turns = Rotation.random((L,), torch.Generator().manual_seed(0))
    all_turned = rotate(x.expand(L, -1, -1), turns, L)
    turned = torch.cat([all_turned[l, l * l : (l + 1) ** 2] for l in range(L)])
    power = PowerSpectrumReadout(L)
    assert_near(power(turned), power(x), 2 * L)
    for kind in ("full", "mst"):
        y, other = readout(L, kind)(x), readout(L, kind)(turned)
        assert (y - other).norm() > 0.1 * y.norm()


def test_mirror_images_differ_in_the_sign_of_odd_sums():
    layer = readout(5)
    x = random(25, 1)
    # The point reflection; with a rotation, any mirror.
    sign = torch.from_numpy((-1.0) ** HarmonicLayout(5).degrees)[:, None]
    odd = torch.from_numpy(layer.triples[:, ::2].sum(1) % 2 == 1)
    y, mirrored = layer(x), layer(sign * x)
    assert odd.any()
    torch.testing.assert_close(mirrored[~odd], y[~odd])
    torch.testing.assert_close(mirrored[odd], -y[odd])
    assert y[odd].abs().min() > 1e-3


def test_sets_of_other_orders_mean_the_same_sums():
    one = DegreeMixing(4, [(1, 2, 3)])
    other = DegreeMixing(4, [(1, 3, 2), (2, 3, 1)])
    x = random(16, 2)
    assert torch.equal(readout(4, one)(x), readout(4, other)(x))


def test_three_fragments_have_variance_one():
    layer = readout(5, dtype=torch.float32)
    y = layer(random(20_000, 25, 1, dtype=torch.float32)).square().mean(0)
    different = [len(set(row[::2])) == 3 for row in layer.triples.tolist()]
    assert (y[different] - 1).abs().max() < 0.2


def test_autocast_changes_no_precision():
    layer = readout(4, dtype=torch.float32)
    x = random(3, 16, 2, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
        assert layer(x.bfloat16()).dtype == torch.float32
    assert torch.equal(y, layer(x))


def test_printed_form():
    text = repr(BispectrumReadout(3))
    assert "HarmonicLayout(L=3, tau=1), invariants=5" in text


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((4, degree_mixing(5)), ValueError, "layout's L=4, got L=5; pass a set"),
        ((4, "some"), ValueError, "mixing must be 'full' or .*, got 'some'"),
        ((4, 3), TypeError, "'rmst' or a DegreeMixing, got int; make a set"),
        (("4",), TypeError, "layout must be .* L, got '4'"),
        (
            (4, DegreeMixing(4, [(1, 2, 2)])),
            ValueError,
            "must have a product of three fragments .* vanish; add triples",
        ),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        readout(*arguments)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(8, 2), ValueError, r"have 8 rows, HarmonicLayout\(L=3, tau=1\)"),
        (torch.ones(9), ValueError, r"got \(9,\); add a channel"),
        (torch.ones(9, 2).double(), TypeError, "must be torch.float32 like the mod"),
        (torch.ones(9, 2).half(), TypeError, "float32 or float64, got torch.float16"),
    ],
)
def test_bad_coefficients_are_refused(x, error, message):
    with pytest.raises(error, match=message):
        BispectrumReadout(3)(x)
