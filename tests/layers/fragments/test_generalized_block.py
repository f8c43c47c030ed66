"""Blocks of three operators: special cases, hybrids, shortcuts, what is refused."""

import pytest
import torch
from torch import nn

from deepsphere_pyg.harmonics import HarmonicLayout, Rotation, rotate, so3_layout
from deepsphere_pyg.layers import (
    BispectrumReadout,
    ConstrainedGeneralizedConv,
    GatedActivation,
    GauntProduct,
    GeneralizedBlock,
    GeneralizedConv,
    GridActivation,
    NormActivation,
    PowerSpectrumReadout,
    SO3Conv,
    SO3GridActivation,
    SO3Mean,
    SphereToSO3Conv,
    TensorProductActivation,
    UniformConv,
    ZonalConv,
)
from deepsphere_pyg.layers.fragments.generalized_block import Ends, chained, ends_of
from samplings import GaussLegendre
from tests.helpers import random
from tests.round_off import round_off

L = 4
TWO = HarmonicLayout(L, 2)


def products(kind="mst"):
    return TensorProductActivation(TWO, mixing=kind)


def block(name):
    torch.manual_seed(0)
    build = {
        "cobb": lambda: (
            ConstrainedGeneralizedConv(3, 4, L, TWO),
            products(),
            ConstrainedGeneralizedConv(4, 5, products().layout_out, 3),
        ),
        "kondor": lambda: (
            GeneralizedConv(3, 4, L, TWO),
            products("full"),
            GeneralizedConv(4, 5, products("full").layout_out, L),
        ),
        "lift and products": lambda: (
            SphereToSO3Conv(3, 4, L),
            TensorProductActivation(so3_layout(L), mixing="rmst"),
            UniformConv(
                TensorProductActivation(so3_layout(L), mixing="rmst").layout_out,
                so3_layout(L),
            ),
        ),
        "zonal and grid product": lambda: (
            ZonalConv(3, 4, L),
            GauntProduct(L, L_out=2),
            ZonalConv(4, 5, 2),
        ),
        "gates": lambda: (
            GeneralizedConv(3, 4, L, TWO),
            GatedActivation(4, TWO),
            GeneralizedConv(4, 5, TWO, L),
        ),
        "sizes": lambda: (
            GeneralizedConv(3, 4, L, TWO),
            NormActivation(4, TWO),
            None,
        ),
    }
    return GeneralizedBlock(*build[name]()).double()


EXACT = (
    "cobb",
    "kondor",
    "lift and products",
    "zonal and grid product",
    "gates",
    "sizes",
)


@pytest.mark.parametrize("name", EXACT)
def test_strict_operators_make_strict_blocks(name):
    layer = block(name)
    x = random(6, L * L, 3)
    turns = Rotation.random((6,), torch.Generator().manual_seed(0))
    after = rotate(layer(x), turns, layer.layout_out)
    error = layer(rotate(x, turns, layer.layout)) - after
    # Pairs of fragments in all channels, in two layers and a rotation.
    assert error.norm() <= round_off(torch.float64, 2000, after.norm())
    assert layer.in_channels == 3
    assert after.shape[-1] == layer.out_channels


def test_network_of_esteves_is_a_block():
    torch.manual_seed(0)
    first, second = ZonalConv(3, 4, L).double(), ZonalConv(4, 5, L).double()
    grid = GridActivation(GaussLegendre(2 * L), L).double()
    layer = GeneralizedBlock(first, grid, second)
    x = random(2, L * L, 3)
    assert torch.equal(layer(x), second(grid(first(x))))
    assert layer.layout == layer.layout_out == HarmonicLayout(L)


def test_network_of_cohen_is_a_block():
    torch.manual_seed(0)
    first, second = SphereToSO3Conv(3, 4, L).double(), SO3Conv(4, 5, L).double()
    grid = SO3GridActivation(L).double()
    layer = GeneralizedBlock(first, grid, second)
    x = random(2, L * L, 3)
    assert torch.equal(layer(x), second(grid(first(x))))
    assert layer.layout_out == so3_layout(L)


@pytest.mark.parametrize("lift", [True, False])
def test_convolutions_on_rotations_are_generalized_convolutions(lift):
    torch.manual_seed(0)
    conv = SphereToSO3Conv(3, 5, L) if lift else SO3Conv(3, 5, L, L_out=3)
    conv = conv.double()
    general = GeneralizedConv(3, 5, conv.layout, conv.layout_out, bias=True).double()
    with torch.no_grad():
        for degree, weight in enumerate(conv.response()):
            general.weights[str(degree)].copy_(weight)
        general.bias.copy_((8 * torch.pi**2) ** 0.5 * conv.bias)
    x = random(2, conv.layout.n_rows, 3)
    torch.testing.assert_close(general(x), conv(x), atol=1e-13, rtol=0)


def test_shortcuts_are_added():
    x = random(2, L * L, 4)
    torch.manual_seed(0)
    parts = (ZonalConv(4, 4, L), GridActivation(GaussLegendre(L), L), None)
    plain = GeneralizedBlock(*parts).double()
    same = GeneralizedBlock(*parts, residual=True)
    assert torch.equal(same(x), plain(x) + x)
    assert isinstance(same.shortcut, nn.Identity)
    own = nn.Linear(4, 4, bias=False).double()
    assert torch.equal(GeneralizedBlock(*parts, residual=own)(x), plain(x) + own(x))


def test_other_ends_are_joined_by_a_convolution():
    first = GeneralizedConv(3, 4, L, TWO)
    second = GeneralizedConv(4, 5, products().layout_out, HarmonicLayout(2, [2, 1]))
    layer = GeneralizedBlock(first, products(), second, residual=True).double()
    assert isinstance(layer.shortcut, GeneralizedConv)
    x = random(2, L * L, 3)
    expected = second(layer.activation(first(x))) + layer.shortcut(x)
    torch.testing.assert_close(layer(x), expected)


def test_modules_that_say_nothing_are_taken():
    layer = GeneralizedBlock(None, nn.Tanh(), nn.Linear(3, 2))
    assert layer(torch.ones(5, 3)).shape == (5, 2)
    assert layer.layout is None and layer.out_channels is None
    assert ends_of(nn.Tanh()) == Ends(None, None, None, None)


READOUTS = {
    "SO3Mean": (SphereToSO3Conv(4, 4, L, 2), SO3GridActivation(L, 2), SO3Mean(L, 2)),
    "PowerSpectrumReadout": (ZonalConv(4, 4, L), PowerSpectrumReadout(L), None),
    "BispectrumReadout": (BispectrumReadout(L), nn.Tanh(), None),
}


@pytest.mark.parametrize("residual", [True, False, nn.Identity()])
@pytest.mark.parametrize("name", READOUTS)
def test_readouts_belong_after_blocks(name, residual):
    message = f"must return coefficients, got {name}, .*; put it after the block"
    with pytest.raises(ValueError, match=message):
        GeneralizedBlock(*READOUTS[name], residual=residual)
    with pytest.raises(ValueError, match="residual must return coefficients"):
        GeneralizedBlock(None, nn.Tanh(), None, residual=SO3Mean(L))


class Averaged(nn.Module):
    """A mean over rows that says nothing of itself."""

    def forward(self, x):
        return x.mean(-2, keepdim=True)


@pytest.mark.parametrize("second", [Averaged(), nn.Linear(4, 1)])
def test_shortcuts_are_not_repeated(second):
    layer = GeneralizedBlock(None, nn.Tanh(), second, residual=nn.Identity())
    with pytest.raises(ValueError, match=r"must return shape \(1, .* of these rows"):
        layer(torch.ones(1, 16, 4))


GRIDS = (
    lambda activation: GridActivation(GaussLegendre(L), L, activation=activation),
    lambda activation: SO3GridActivation(L, 1, activation=activation),
)


@pytest.mark.parametrize("grid", GRIDS)
def test_activations_on_grids_may_change_the_number_of_channels(grid):
    wider = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
    layer = GeneralizedBlock(
        ZonalConv(3, 4, L), grid(wider), ZonalConv(8, 3, L), residual=True
    )
    assert (layer.in_channels, layer.out_channels) == (3, 3)
    assert layer(torch.ones(2, L * L, 3)).shape == (2, L * L, 3)
    unknown = (ZonalConv(3, 4, L), grid(wider), None)
    assert GeneralizedBlock(*unknown).out_channels is None
    with pytest.raises(ValueError, match="to None channels; pass a module as residual"):
        GeneralizedBlock(*unknown, residual=True)
    shortcut = ZonalConv(3, 8, L)
    layer = GeneralizedBlock(*unknown, residual=shortcut)
    assert layer(torch.ones(2, L * L, 3)).shape == (2, L * L, 8)


@pytest.mark.parametrize("grid", GRIDS)
def test_nonlinearities_of_pytorch_keep_the_number_of_channels(grid):
    layer = GeneralizedBlock(ZonalConv(3, 4, L), grid(nn.SiLU()), None, residual=True)
    assert layer.out_channels == 4
    assert layer(torch.ones(2, L * L, 3)).shape == (2, L * L, 4)
    with pytest.raises(ValueError, match=r"the 4 channels of activation, .* takes 5"):
        GeneralizedBlock(ZonalConv(3, 4, L), grid(nn.SiLU()), ZonalConv(5, 5, L))


def test_modules_that_say_nothing_may_change_rows_and_channels():
    inner = nn.Sequential(products(), nn.Linear(4, 6))
    second = GeneralizedConv(6, 2, products().layout_out, L)
    layer = GeneralizedBlock(GeneralizedConv(3, 4, L, TWO), inner, second)
    assert layer(torch.ones(2, L * L, 3)).shape == (2, L * L, 2)
    assert layer.layout_out == HarmonicLayout(L)


def test_ends_of_modules_in_a_row():
    ends = chained({"a": ZonalConv(3, 4, L), "b": UniformConv(L, TWO)})
    assert ends == Ends(HarmonicLayout(L), TWO, 3, 4)


@pytest.mark.parametrize(
    ("parts", "options", "error", "message"),
    [
        (
            (ZonalConv(3, 4, 5), products(), None),
            {},
            ValueError,
            r"activation must take .* first, HarmonicLayout\(L=5, tau=1\), .*tau=2\)",
        ),
        (
            (GeneralizedConv(3, 4, L, TWO), products(), ZonalConv(4, 5, L)),
            {},
            ValueError,
            "second must take the output of activation, .*; make them with the same",
        ),
        (
            (
                GeneralizedConv(3, 4, L, TWO),
                products(),
                GeneralizedConv(5, 5, products().layout_out, L),
            ),
            {},
            ValueError,
            "second must take the 4 channels of activation, .* takes 5; make them",
        ),
        ((None, torch.tanh, None), {}, TypeError, "activation must be a module, got"),
        (
            (3, nn.Tanh(), None),
            {},
            TypeError,
            "first must be a module or None, got int",
        ),
        (
            (None, nn.Tanh(), None),
            {"residual": True},
            ValueError,
            "residual=True needs operators that declare layouts and channels, got No",
        ),
        (
            (ZonalConv(3, 4, L), nn.Tanh(), None),
            {"residual": ZonalConv(3, 5, L)},
            ValueError,
            "residual must have out_channels 4, as the block, got 5; make them",
        ),
    ],
)
def test_operators_that_do_not_fit_are_refused(parts, options, error, message):
    with pytest.raises(error, match=message):
        GeneralizedBlock(*parts, **options)
