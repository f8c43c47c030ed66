"""Spectra by lead time: Parseval, known degrees, and white errors."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.harmonics import ISHT
from deepsphere_pyg.metrics.forecast import EnergySpectra
from samplings import GaussLegendre
from tests.round_off import assert_near

L, S, C, T = 6, 2, 2, 4
SAMPLING = GaussLegendre(L)


def fields(seed=0, *shape):
    """Band-limited fields, and their coefficients."""
    draw = torch.Generator().manual_seed(seed)
    rows = torch.randn(*shape, L * L, C, generator=draw, dtype=torch.float64)
    return ISHT(SAMPLING, L, dtype=torch.float64)(rows), rows


def test_the_sum_over_degrees_is_the_mean_square():
    (f, _), (y, _) = fields(0, T, S), fields(1, T, S)
    found = EnergySpectra(SAMPLING, C, S, L)
    found.update(f[:1], y[:1])
    found.update(f[1:], y[1:])
    spectra = found.compute()
    share = torch.tensor(SAMPLING.quadrature / (4 * np.pi))
    for one, x in (
        (spectra.forecast, f),
        (spectra.truth, y),
        (spectra.error, f - y),
    ):
        wanted = torch.einsum("v,tsvc->sc", share, x.square()) / T
        assert_near(one.sum(1), wanted, 4 * L**4, scale=40)


def test_each_degree_has_its_energy():
    _, rows = fields(2, T, S)
    only = torch.zeros_like(rows)
    only[:, :, 4:9] = rows[:, :, 4:9]
    field = ISHT(SAMPLING, L, dtype=torch.float64)(only)
    found = EnergySpectra(SAMPLING, C, S, L)
    found.update(0 * field, field)
    spectra = found.compute()
    wanted = only.square().sum(2).mean(0) / (4 * np.pi)
    assert_near(spectra.truth[:, 2], wanted, L**4, scale=10)
    rest = torch.cat([spectra.truth[:, :2], spectra.truth[:, 3:]], 1)
    assert_near(rest, torch.zeros_like(rest), L**4, scale=10)
    assert torch.equal(spectra.error, spectra.truth)


def test_spectra_of_an_ensemble_are_means_of_those_of_its_members():
    (x, _), (y, _) = fields(0, T, S, 3), fields(1, T, S)
    whole = EnergySpectra(SAMPLING, C, S, L, members=3)
    whole.update(x, y)
    parts = EnergySpectra(SAMPLING, C, S, L)
    for m in range(3):
        one = EnergySpectra(SAMPLING, C, S, L)
        one.update(x[:, :, m], y)
        parts.merge(one)
    for name in ("forecast", "truth", "error"):
        one, other = (getattr(v.compute(), name) for v in (whole, parts))
        assert_near(one, other, L**4, scale=40)


def test_what_cannot_be_is_told():
    found = EnergySpectra(SAMPLING, C, S, L)
    (x, _), (y, _) = fields(0, T, S), fields(1, T, S)
    with pytest.raises(ValueError, match="no forecasts"):
        found.compute()
    with pytest.raises(ValueError, match="forecast must have shape"):
        found.update(x[:1], y)
    y[0, 0, 3] = torch.nan
    with pytest.raises(ValueError, match="values are missing at 1"):
        found.update(x, y)
    with pytest.raises(ValueError, match="other must have the sizes"):
        found.merge(EnergySpectra(SAMPLING, C, S, 3))
    with pytest.raises(TypeError, match="other must be an EnergySpectra"):
        found.merge(3)
    with pytest.raises(ValueError, match="exact up to L = 6, got L = 99"):
        EnergySpectra(SAMPLING, C, S, 99)
