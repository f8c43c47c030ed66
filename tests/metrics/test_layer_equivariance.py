"""Equivariance errors of layers: known values, exact layers, invariants, bad input."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from deepsphere_pyg.harmonics import (
    HarmonicLayout,
    ISO3Transform,
    SO3Transform,
    so3_layout,
)
from deepsphere_pyg.layers import (
    FragmentNorm,
    GridActivation,
    PowerSpectrumReadout,
    SpectralPool,
    ZonalConv,
)
from deepsphere_pyg.metrics import layer_equivariance_error
from samplings import Equiangular, GaussLegendre, McEwenWiaux, SO3Grid
from tests.round_off import round_off

DTYPES = [torch.float32, torch.float64]
# Of sums of tens of products, relative.
ROUND_OFF = {dtype: round_off(dtype, 50) for dtype in DTYPES}


# Means over other draws: those of 100 samples are known to 2 %, and have two digits.
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (McEwenWiaux(10), 0.30),
        (GaussLegendre(10, 19), 0.26),
        (Equiangular(20, 20, "driscoll-healy"), 0.145),
        (McEwenWiaux(20), 0.027),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_relu_on_the_sphere_has_the_known_errors(sampling, expected, dtype):
    relu = GridActivation(sampling, 10)
    error = layer_equivariance_error(relu, 10, 10, n_samples=100, dtype=dtype)
    assert error.mean == pytest.approx(expected, rel=0.05)
    assert error.dtype == dtype


@pytest.mark.parametrize("N", [2, 3])
def test_relu_on_the_fewest_rotations_has_the_published_error(N):
    grid, layout = SO3Grid(10, N), so3_layout(10, N)
    synthesis, analysis = ISO3Transform(grid), SO3Transform(grid)
    relu = nn.Sequential(synthesis, nn.ReLU(), analysis)
    error = layer_equivariance_error(relu, layout, layout, n_samples=40)
    assert error.mean == pytest.approx(0.37, rel=0.05)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("layer", "layout", "layout_out"),
    [
        (ZonalConv(2, 3, L=6), 6, 6),
        (SpectralPool(6, 3), 6, 3),
        (FragmentNorm(2, so3_layout(4, 2)), so3_layout(4, 2), so3_layout(4, 2)),
        (PowerSpectrumReadout(6), 6, None),
        (
            nn.Identity(),
            HarmonicLayout(4, [1, 0, 2, 1]),
            HarmonicLayout(4, [1, 0, 2, 1]),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_exact_layers_err_by_round_off(layer, layout, layout_out, dtype):
    error = layer_equivariance_error(
        layer, layout, layout_out, in_channels=2, n_samples=5, dtype=dtype
    )
    assert error.mean <= ROUND_OFF[dtype]


def test_errors_of_a_random_matrix_are_those_of_independent_vectors():
    # Before and after are nearly independent, of the same length: their difference is
    # sqrt(2) times as long.
    matrix = torch.randn(400, 400, generator=torch.Generator().manual_seed(3)).double()
    error = layer_equivariance_error(lambda x: matrix @ x, 20, 20, n_samples=20)
    assert error.mean == pytest.approx(math.sqrt(2), rel=0.05)
    # Rows that one rotation mixes are taken for invariants: not much less.
    error = layer_equivariance_error(lambda x: x[:, 1:, 0], 20, None, n_samples=20)
    assert error.mean == pytest.approx(math.sqrt(2), rel=0.05)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(2, 40), st.integers(1, 60), st.integers(0, 2**63 - 1))
def test_statistics_belong_together_whatever_the_batch(n_samples, batch_size, seed):
    relu = GridActivation(GaussLegendre(3), 3, activation=nn.Tanh())
    options = {"n_samples": n_samples, "seed": seed, "dtype": torch.float64}
    error = layer_equivariance_error(relu, 3, 3, batch_size=batch_size, **options)
    variance = error.std**2 * (n_samples - 1) / n_samples
    assert error.rms**2 == pytest.approx(error.mean**2 + variance)
    assert error.standard_error == error.std / math.sqrt(n_samples)
    whole = layer_equivariance_error(relu, 3, 3, batch_size=n_samples, **options)
    assert whole.mean == pytest.approx(error.mean, rel=1e-9)


def test_signals_and_rotations_depend_on_the_seed_alone():
    relu = GridActivation(GaussLegendre(4), 4)
    one, same, other = (
        layer_equivariance_error(relu, 4, 4, n_samples=4, seed=seed).mean
        for seed in (1, 1, 2)
    )
    assert one == same != other


def test_signals_are_white_and_rotated_by_haar_measure():
    seen = []

    def watch(x):
        seen.append(x)
        return x

    layer_equivariance_error(watch, 3, 3, in_channels=2, n_samples=4000)
    for x in (torch.cat(seen[::2]), torch.cat(seen[1::2])):
        # Standard error of a variance of 8000 numbers: 1.6 %.
        torch.testing.assert_close(
            x.square().mean((0, 2)), torch.ones(9).double(), rtol=0.06, atol=0
        )
    # A rotation of Haar's measure takes any direction to all alike: its mean matrix
    # vanishes at degrees above 0.
    before, after = torch.cat(seen[::2]), torch.cat(seen[1::2])
    mean = torch.einsum("bic,bjc->ij", after, before) / 8000
    expected = torch.zeros(9, 9).double()
    expected[0, 0] = 1
    torch.testing.assert_close(mean, expected, atol=0.06, rtol=0)


def test_the_layer_stays_as_it_was():
    layer = nn.Sequential(ZonalConv(1, 1, L=3), nn.Dropout(0.5)).train()
    error = layer_equivariance_error(layer, 3, 3, n_samples=3, dtype=torch.float64)
    assert error.mean < round_off(float, 100)  # Dropout was off,
    assert layer[1].training  # and is on again.
    assert layer[0].weight.dtype == torch.float32
    # By default it computes in its own dtype.
    assert layer_equivariance_error(layer, 3, 3, n_samples=3).dtype == torch.float32


def zonal(**changes):
    options = {"layer": ZonalConv(1, 1, L=3), "layout": 3, "layout_out": 3}
    options.update(changes)
    return layer_equivariance_error(**options)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"layer": "relu"},
            TypeError,
            "layer must be a module or a function .* got str",
        ),
        ({"layer": nn.ReLU}, TypeError, "layer must be a module .* got ReLU; pass one"),
        ({"layer": lambda x: (x, x)}, TypeError, "must return a tensor, got tuple"),
        ({"layout": 0}, ValueError, "layout must be at least 1, got 0"),
        ({"layout": "sphere"}, TypeError, "layout must be .* L, got 'sphere'"),
        ({"n_samples": 1}, ValueError, "n_samples must be at least 2, got 1"),
        ({"in_channels": 0}, ValueError, "in_channels must be at least 1, got 0"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"seed": 2**63}, ValueError, r"seed must be at most 2\*\*63 - 1"),
        ({"dtype": torch.float16}, TypeError, "float32 or float64, got torch.float16"),
        ({"layout_out": 2}, ValueError, r"4 rows of HarmonicLayout\(L=2, tau=1\), got"),
        ({"layer": lambda x: x[0]}, ValueError, r"as many outputs \(batch, ...\), got"),
        ({"layer": lambda x: x[..., 0]}, ValueError, "or None for invariants"),
        ({"layer": lambda x: x / 0}, ValueError, "must be finite, got NaN or infinity"),
        ({"layer": lambda x: 0 * x}, ValueError, "maps a signal to zero, which has"),
    ],
)
def test_bad_arguments_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        zonal(**changes)
