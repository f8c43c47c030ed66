"""Changes of bandlimit: projection, adjoint, signals, bad input."""

import pytest
import torch

from deepsphere_pyg.harmonics import ISHT, SHT, HarmonicLayout
from deepsphere_pyg.layers import SpectralPool, SpectralUnpool
from samplings import GaussLegendre
from tests.helpers import random

LAYOUT = HarmonicLayout(5, [2, 0, 3, 1, 1])


@pytest.mark.parametrize("L", [1, 2, 3, 5])
@pytest.mark.parametrize("layout", [LAYOUT, 5])
def test_unpooling_is_the_adjoint_and_pooling_undoes_it(layout, L):
    pool, unpool = SpectralPool(layout, L), SpectralUnpool(L, layout)
    assert (pool.layout, pool.layout_out) == (unpool.layout_out, unpool.layout)
    x, y = random(pool.layout.n_rows, 2), random(pool.layout_out.n_rows, 2)
    assert torch.equal(pool(unpool(y)), y)
    torch.testing.assert_close((pool(x) * y).sum(), (x * unpool(y)).sum())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rows_are_those_of_the_lower_degrees(dtype):
    x = random(2, LAYOUT.n_rows, 3, dtype=dtype)
    y = SpectralPool(LAYOUT, 3)(x)
    assert y.dtype == dtype
    assert torch.equal(y, x[:, torch.from_numpy(LAYOUT.degrees < 3)])


def test_signals_are_the_same_on_finer_samplings():
    coarse, fine = GaussLegendre(4), GaussLegendre(8)
    c = random(16, 1)
    padded = SpectralUnpool(4, 8)(c)
    signal = ISHT(fine, 8, dtype=torch.float64)(padded)
    torch.testing.assert_close(signal, ISHT(fine, 4, dtype=torch.float64)(c))
    again = SpectralPool(8, 4)(SHT(fine, 8, dtype=torch.float64)(signal))
    torch.testing.assert_close(again, c)
    coarse_signal = ISHT(coarse, 4, dtype=torch.float64)(again)
    torch.testing.assert_close(SHT(coarse, 4, dtype=torch.float64)(coarse_signal), c)


def test_autocast_s_roundings_are_taken_in_float32():
    x = torch.ones(16, 1, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        assert SpectralPool(4, 2)(x).dtype == torch.float32
        assert SpectralUnpool(4, 5)(x).dtype == torch.float32


def test_printed_form():
    high, low = HarmonicLayout(4), HarmonicLayout(2)
    assert repr(SpectralPool(4, low)) == f"SpectralPool({high}, {low})"
    assert repr(SpectralUnpool(low, 4)) == f"SpectralUnpool({low}, {high})"


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: SpectralPool(4, 5), ValueError, "at most 4, .*, got 5; SpectralPool"),
        (lambda: SpectralUnpool(5, 4), ValueError, "at most 4, .* SpectralUnpool to"),
        (
            lambda: SpectralPool(4, 0),
            ValueError,
            "layout_out must be at least 1, got 0",
        ),
        (lambda: SpectralPool(4, 1.5), TypeError, "layout_out must be .* L, got 1.5"),
        (lambda: SpectralPool("4", 1), TypeError, "layout must be .* L, got '4'"),
        (
            lambda: SpectralPool(HarmonicLayout(2, [0, 1]), 1),
            ValueError,
            "has no fragment below degree L = 1; take a higher L",
        ),
        (
            lambda: SpectralUnpool(HarmonicLayout(2, 2), 4),
            ValueError,
            r"must be those of .* below L = 2, got .*tau=2.*; pass 2",
        ),
    ],
)
def test_bad_bandlimits_are_refused(build, error, message):
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize("layer", [SpectralPool(3, 2), SpectralUnpool(3, 4)])
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(8, 2), ValueError, r"have 8 rows, HarmonicLayout\(L=3, tau=1\)"),
        (torch.ones(9), ValueError, r"got \(9,\); add a channel"),
        (torch.ones(9, 1).half(), TypeError, "float32 or float64, got torch.float16"),
        ([[1.0]], TypeError, "must be a tensor .* got list"),
    ],
)
def test_bad_coefficients_are_refused(layer, x, error, message):
    with pytest.raises(error, match=message):
        layer(x)
