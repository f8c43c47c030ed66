"""The barotropic vorticity equation against waves that are known exactly."""

import math

import numpy as np
import pytest
import torch

from deepsphere_pyg.datasets.flows import (
    BarotropicVorticity,
    random_vorticity,
    rossby_haurwitz_speed,
    rossby_haurwitz_wave,
)
from deepsphere_pyg.harmonics import Rotation, rotate, wind_components
from tests.round_off import round_off

L = 22
DAY = 86_400


def vorticity_of(model, flow):
    u, v = (torch.tensor(part)[:, None] for part in (flow.u, flow.v))
    return model.curl_and_divergence(wind_components(u, v))[0]


def row(degree, order):
    return degree * degree + degree + order


def test_the_rossby_haurwitz_wave_turns_at_its_analytic_speed():
    model = BarotropicVorticity(L, damping_hours=None)
    start = vorticity_of(model, rossby_haurwitz_wave(model.sampling))
    days = 3
    end = model.advanced(start, 24 * days)
    # A field that turns eastwards by an angle: its order 4 turns by four times that.
    angle = 4 * rossby_haurwitz_speed() * DAY * days
    cosine, sine = (start[row(5, m), 0] for m in (4, -4))
    wanted = start.clone()
    wanted[row(5, 4)] = cosine * math.cos(angle) - sine * math.sin(angle)
    wanted[row(5, -4)] = cosine * math.sin(angle) + sine * math.cos(angle)
    # The wave is the only motion; steps of order 4 turn it by a phase of at most
    # (angle a step)^5 / 120 too little in each.
    steps = model.steps_of(24 * days)
    bound = steps * (4 * rossby_haurwitz_speed() * model.step) ** 5 / 120
    # Advection by the zonal wind and rotation act separately in a step, and are larger.
    bound *= 4**5
    assert float((end - wanted).abs().max() / start.abs().max()) < abs(bound)


def test_the_tendency_conserves_energy_enstrophy_and_angular_momentum():
    model = BarotropicVorticity(L)
    state = random_vorticity(L, runs=3, seed=1)
    change = model.tendency(state)
    inverse = torch.where(model._laplacian < 0, 1 / model._laplacian, 0.0)
    for weight in (1.0, inverse):
        sizes = (weight * state * change).abs().sum(dim=0)
        lost = (weight * state * change).sum(dim=0)
        bound = round_off(np.float64, terms=L**3, scale=sizes)
        assert float(lost.abs().max()) < bound
    axial = change[row(1, 0)].abs().max()
    assert float(axial) < round_off(np.float64, terms=L**3, scale=change.abs().max())


def test_energy_is_lost_by_the_fifth_power_of_the_step():
    lost = []
    for step in (3600.0, 1800.0):
        model = BarotropicVorticity(L, step=step, damping_hours=None)
        start = random_vorticity(L, seed=2, speed=40)
        end = model.advanced(start, 48)
        lost.append(float((model.energy(end) / model.energy(start) - 1).abs()))
    # A Runge-Kutta step of order 4 damps an oscillation by (step)^6, of which there are
    # 1 / step: by a factor of 32 for half the step.
    assert 20 < lost[0] / lost[1] < 45


def test_zonal_flow_changes_by_damping_alone():
    model = BarotropicVorticity(L, damping_hours=12.0, damping_order=3)
    start = torch.zeros(L * L, 2, dtype=torch.float64)
    start[row(6, 0), 0], start[row(L - 1, 0), 1] = 1e-5, 1e-5
    end = model.advanced(start, 24)
    share = (6 * 7 - 2) / (L * (L - 1) - 2)
    assert float(end[row(6, 0), 0]) == pytest.approx(1e-5 * math.exp(-2 * share**3))
    assert float(end[row(L - 1, 0), 1]) == pytest.approx(1e-5 * math.exp(-2))


def test_a_flow_without_rotation_has_no_preferred_axis():
    model = BarotropicVorticity(L, rotation=0.0)
    turn = Rotation.from_euler(0.3, 1.1, -2.0)
    start = random_vorticity(L, runs=2, seed=3)
    found = model.advanced(rotate(start, turn, L), 12)
    wanted = rotate(model.advanced(start, 12), turn, L)
    torch.testing.assert_close(
        found, wanted, rtol=0, atol=1e-10 * float(start.abs().max())
    )


def test_random_states_have_their_speed_band_and_seeds():
    state = random_vorticity(43, runs=4, seed=5, speed=15, degree=8)
    model = BarotropicVorticity(43)
    # Half the mean squared wind.
    np.testing.assert_allclose(model.energy(state), 15**2 / 2, rtol=1e-12)
    weights = torch.tensor(model.sampling.quadrature)[:, None, None]
    square = (weights * model.winds(state) ** 2).sum((0, 1)) / (4 * math.pi)
    np.testing.assert_allclose(square.sqrt(), 15, rtol=1e-10)
    degree = torch.arange(43)
    degrees = degree.repeat_interleave(2 * degree + 1)
    energy = state**2 / (degrees * (degrees + 1)).clamp(min=1)[:, None]
    band = energy[(degrees > 3) & (degrees < 14)].sum() / energy.sum()
    assert band > 0.85
    two = random_vorticity(43, runs=2, seed=5, speed=15)
    np.testing.assert_allclose(two, state[:, :2], rtol=1e-14)
    assert not torch.equal(random_vorticity(43, runs=4, seed=6, speed=15), state)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"L": 2}, ValueError, "L must be at least 3"),
        ({"L": 8.5}, TypeError, "L must be an integer"),
        ({"step": 0}, ValueError, "step must be positive and finite, got 0.0; pass se"),
        ({"damping_hours": -1}, ValueError, "damping_hours must be positive"),
        ({"damping_order": 0}, ValueError, "damping_order must be at least 1"),
        ({"radius": 0}, ValueError, "radius must be positive"),
        ({"rotation": math.nan}, ValueError, "rotation must be finite and not neg"),
    ],
)
def test_models_that_cannot_be_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        BarotropicVorticity(**arguments)


def test_steps_that_do_not_fit_and_flows_that_break_are_refused():
    model = BarotropicVorticity(8, step=1800)
    start = random_vorticity(8)
    with pytest.raises(ValueError, match="hours must be a multiple of the step of 180"):
        model.advanced(start, 0.7)
    with pytest.raises(ValueError, match="no longer finite with steps of 1800"):
        model.advanced(1e12 * start, 240)
