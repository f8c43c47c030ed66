"""Persistence: factors of known processes, least squares, symmetry."""

import pytest
import torch

from deepsphere_pyg.harmonics import ISHT
from deepsphere_pyg.metrics.forecast import DampedPersistence, persistence
from samplings import GaussLegendre, HEALPix
from tests.round_off import assert_near

L, S, C, T = 5, 3, 2, 200
SAMPLING = GaussLegendre(L)
#: Factor of each degree in a step.
RHO = torch.tensor([0.95, 0.9, 0.8, 0.5, 0.1], dtype=torch.float64)
DEGREE = torch.arange(L).repeat_interleave(2 * torch.arange(L) + 1)


def process(noise, seed=0):
    """An autoregressive process by degree, T + S states."""
    draw = torch.Generator().manual_seed(seed)
    rho = RHO[DEGREE][:, None]
    shape = (L * L, C)
    states = [torch.randn(shape, generator=draw, dtype=torch.float64)]
    for _ in range(T + S - 1):
        e = torch.randn(shape, generator=draw, dtype=torch.float64)
        states.append(rho * states[-1] + noise * (1 - rho**2).sqrt() * e)
    x = ISHT(SAMPLING, L, dtype=torch.float64)(torch.stack(states))
    later = torch.stack([x[k : T + k] for k in range(1, S + 1)], 1)
    return x[:T], later


def test_a_deterministic_decay_is_forecast_exactly():
    # Few states, since fast degrees decay to nothing.
    now, later = (one[:8] for one in process(0.0))
    damped = DampedPersistence(SAMPLING, C, S, L=L)
    damped.update(now[:4], later[:4])
    damped.update(now[4:], later[4:])
    lead = torch.arange(1, S + 1)[:, None]
    wanted = (RHO**lead)[..., None].expand(S, L, C)
    assert_near(damped.factors[:, :L], wanted, 8 * L**4, scale=10)
    assert_near(damped.forecast(now), later, 8 * L**4, scale=100)


def test_factors_of_a_noisy_process_are_its_correlations():
    now, later = process(1.0)
    damped = DampedPersistence(SAMPLING, C, S, L=L)
    damped.update(now, later)
    lead = torch.arange(1, S + 1)[:, None]
    wanted = (RHO**lead)[..., None]
    # Five standard errors; a slow degree has (1 - rho) / (1 + rho) as many samples.
    samples = T * (2 * torch.arange(L) + 1) * (1 - RHO) / (1 + RHO)
    error = 5 / samples.sqrt()
    assert ((damped.factors[:, :L] - wanted).abs() < error[:, None]).all()


def test_errors_are_least_among_all_factors_by_degree_and_by_vertex():
    now, later = process(1.0)
    for by, bandlimit in (("degree", L), ("vertex", None)):
        damped = DampedPersistence(SAMPLING, C, S, by=by, L=bandlimit)
        damped.update(now, later)
        best = (damped.forecast(now) - later).square()
        least = torch.einsum("v,tsvc->sc", torch.tensor(SAMPLING.quadrature), best)
        for factor in (0.0, 0.5, 1.0):
            other = (factor * now.unsqueeze(1) - later).square()
            size = torch.einsum("v,tsvc->sc", torch.tensor(SAMPLING.quadrature), other)
            assert (least < size).all()


def test_what_is_beyond_the_bandlimit_has_a_factor_of_its_own():
    sampling = HEALPix(4)
    draw = torch.Generator().manual_seed(0)
    now = torch.randn(5, len(sampling), 1, generator=draw, dtype=torch.float64)
    damped = DampedPersistence(sampling, 1, 1, L=3)
    damped.update(now, 0.5 * now.unsqueeze(1))
    assert_near(damped.factors, torch.full((1, 4, 1), 0.5).double(), 1e4)
    assert_near(damped.forecast(now)[:, 0], 0.5 * now, 1e4)


def test_missing_values_are_left_out_by_vertex_alone():
    now, later = process(1.0)
    now[::2, 3] = torch.nan
    damped = DampedPersistence(SAMPLING, C, S, by="vertex")
    damped.update(now, later)
    some = DampedPersistence(SAMPLING, C, S, by="vertex")
    some.update(now[1::2], later[1::2])
    assert_near(damped.factors[:, 3], some.factors[:, 3], T)
    assert damped.forecast(now)[0, :, 3].isnan().all()
    with pytest.raises(ValueError, match="values are missing"):
        DampedPersistence(SAMPLING, C, S, L=L).update(now, later)


def test_no_anomaly_gives_no_forecast():
    damped = DampedPersistence(SAMPLING, 1, 1, by="vertex")
    zero = torch.zeros(2, len(SAMPLING), 1)
    damped.update(zero, zero[:, None])
    assert torch.equal(damped.forecast(zero + 1), zero[:, None].double())


def test_persistence_repeats_the_present():
    now = torch.randn(2, 5, 1)
    assert torch.equal(persistence(now, 3), now[:, None].repeat(1, 3, 1, 1))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: persistence(torch.zeros(2), 1), ValueError, r"\(time, V, C\), got"),
        (lambda: persistence([0.0], 1), TypeError, "convert it with torch.as_tensor"),
        (lambda: persistence(torch.zeros(1, 1, 1), 0), ValueError, "leads must be at"),
        (lambda: DampedPersistence(SAMPLING, 1, 1), ValueError, "L must be given with"),
        (
            lambda: DampedPersistence(SAMPLING, 1, 1, by="vertex", L=2),
            ValueError,
            "only then, got L=2 with by='vertex'",
        ),
        (
            lambda: DampedPersistence(SAMPLING, 1, 1, by="order", L=2),
            ValueError,
            "'degree' or 'vertex'",
        ),
        (
            lambda: DampedPersistence(SAMPLING, 1, 1, L=2).forecast(torch.zeros(1, 2)),
            ValueError,
            r"present must have shape \(time, 50, 1\)",
        ),
        (
            lambda: DampedPersistence(SAMPLING, 1, 1, L=2).update(
                torch.zeros(1, 50, 1), torch.zeros(1, 2, 50, 1)
            ),
            ValueError,
            r"later must have shape \(1, 1, 50, 1\)",
        ),
    ],
)
def test_arguments_are_checked(call, error, message):
    with pytest.raises(error, match=message):
        call()
