"""The shallow-water equations against waves and flows that are known."""

import math

import numpy as np
import pytest
import torch

from deepsphere_pyg.datasets.flows import (
    ShallowWater,
    barotropic_jet,
    flow_over_mountain,
    random_vorticity,
    rossby_haurwitz_wave,
    steady_zonal_flow,
)
from deepsphere_pyg.datasets.flows.standard_cases import EARTH_RADIUS, GRAVITY
from samplings import GaussLegendre, HEALPix

L = 22


def test_the_steady_flow_of_williamson_does_not_change():
    model = ShallowWater(L, step=900, damping_hours=None)
    start = model.start(steady_zonal_flow(model.sampling))
    end = model.advanced(start, 48)
    # Roundings of each step add up; no scale of time is shorter than that of the waves.
    steps = model.steps_of(48)
    bound = 16 * 2**-52 * L * steps
    for before, after in zip(start, end, strict=True):
        scale = start[0].abs().max() if before is start[1] else before.abs().max()
        scale = scale if float(scale) > 1e-9 else start[0].abs().max()
        assert float((after - before).abs().max()) < bound * float(scale)


@pytest.mark.parametrize("degree", [2, 9])
def test_gravity_waves_oscillate_at_their_analytic_frequency(degree):
    model = ShallowWater(L, step=300, damping_hours=None, rotation=0.0)
    state = torch.zeros(3, L * L, 1, dtype=torch.float64)
    state[2, 0] = 1e4 * math.sqrt(4 * math.pi)
    at = degree * degree + degree + 1
    # So small that products of two waves are below round-off.
    state[2, at] = 1e-8
    frequency = math.sqrt(GRAVITY * 1e4 * degree * (degree + 1)) / EARTH_RADIUS
    hours = 6
    end = model.advanced(state, hours)
    found = float(end[2, at, 0]) / 1e-8
    # The phase of steps of order 4 is late by (frequency step)^5 / 120 in each.
    late = model.steps_of(hours) * (frequency * 300) ** 5 / 120
    assert found == pytest.approx(
        math.cos(frequency * 3600 * hours), abs=2 * late + 1e-6
    )


def test_mass_is_conserved_and_energy_nearly_over_a_mountain():
    model = ShallowWater(
        L,
        step=600,
        damping_hours=None,
        mountain=lambda sampling: flow_over_mountain(sampling).mountain,
    )
    start = model.start(flow_over_mountain(model.sampling))
    end = model.advanced(start, 48)
    assert float(end[2].sub(start[2]).abs().max()) > 10
    assert float(model.mass(end)) == pytest.approx(float(model.mass(start)), rel=1e-13)
    # The energy is cubic: what is truncated of the products does not cancel exactly.
    assert float(model.energy(end) / model.energy(start) - 1) == pytest.approx(
        0, abs=1e-5
    )


def test_the_published_depth_of_the_jet_follows_from_its_mean():
    # The constant that models use, so that the mean depth is 10 km.
    jet = barotropic_jet(GaussLegendre(64), perturbed=False)
    assert jet.height.max() == pytest.approx(10158.18617, abs=1e-5)
    fine = barotropic_jet(HEALPix(128), perturbed=False)
    assert fine.u.max() == pytest.approx(80, rel=1e-3)
    sampling = GaussLegendre(256)
    mean = barotropic_jet(sampling, perturbed=False).height @ sampling.quadrature
    assert mean / (4 * math.pi) == pytest.approx(1e4, rel=1e-9)
    bump = (
        barotropic_jet(sampling).height
        - barotropic_jet(sampling, perturbed=False).height
    )
    assert bump.max() == pytest.approx(120 * math.cos(math.pi / 4), rel=0.02)


@pytest.mark.slow
def test_the_balanced_jet_stays_and_the_perturbed_one_breaks_up():
    model = ShallowWater(107, step=240, damping_hours=6.0)
    ends = {}
    for perturbed in (False, True):
        start = model.start(barotropic_jet(model.sampling, perturbed=perturbed))
        ends[perturbed] = model.advanced(start, 144), start
    end, start = ends[False]
    assert float((end - start)[0].abs().max() / start[0].abs().max()) < 0.02
    end, start = ends[True]
    orders = end[0].clone()
    degree = torch.arange(107)
    orders[degree * degree + degree] = 0
    # Eddies hold as much vorticity as the jet by day 6 (figure 4 of the paper).
    assert float(orders.norm() / end[0].norm()) > 0.5


def test_the_wave_of_williamson_keeps_its_shape_for_a_day():
    model = ShallowWater(L, step=600, damping_hours=None)
    flow = rossby_haurwitz_wave(model.sampling)
    start = model.start(flow)
    # A wind without divergence, with the vorticity and depth of the wave.
    assert float(start[1].abs().max()) < 1e-12 * float(start[0].abs().max())
    # Balance: the divergence grows far slower than waves out of balance would make it.
    loose = start.clone()
    loose[2, 1:] = 0
    tendencies = [model.tendency(s)[1].norm() for s in (start, loose)]
    assert float(tendencies[0] / tendencies[1]) < 0.02


def test_balanced_states_start_without_gravity_waves():
    model = ShallowWater(L)
    vorticity = random_vorticity(L, runs=2, seed=4)
    state = model.balanced(vorticity)
    change = model.tendency(state)[1]
    loose = state.clone()
    loose[2, 1:] = 0
    assert float(change.norm() / model.tendency(loose)[1].norm()) < 1e-12
    np.testing.assert_allclose(model.mass(state), 1e4)
    with pytest.raises(ValueError, match="the depth must be positive everywhere, got"):
        model.balanced(vorticity, depth=10)


def test_flows_that_do_not_fit_are_refused():
    model = ShallowWater(8)
    with pytest.raises(
        ValueError, match="at the 288 vertices of the model's grid, got"
    ):
        model.start(steady_zonal_flow(HEALPix(4)))
    with pytest.raises(
        ValueError, match="ground of the flow must be that of the model"
    ):
        model.start(flow_over_mountain(model.sampling))
    with pytest.raises(TypeError, match="flow must be a FlowState"):
        model.start(np.zeros(3))
    with pytest.raises(ValueError, match="mountain must return 288 finite heights"):
        ShallowWater(8, mountain=lambda sampling: np.zeros(3))
