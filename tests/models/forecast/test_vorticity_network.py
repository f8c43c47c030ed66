"""The network of vorticity: known tendencies, symmetries, files and refusals."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from deepsphere_pyg.datasets.flows import BarotropicVorticity, random_vorticity
from deepsphere_pyg.harmonics import ISHT, SHT, HarmonicLayout, Rotation, rotate
from deepsphere_pyg.models import VorticityNetwork, load_model, save_model
from deepsphere_pyg.training import fit_forecast
from samplings import CubedSphere, GaussLegendre, HEALPix
from tests.helpers import random
from tests.round_off import assert_near

L = 8
GRID = GaussLegendre(L)


def network(place=GRID, known=1, **options):
    torch.manual_seed(0)
    sizes = {"L": L, "products": 8, "degree": 4.0, **options}
    return VorticityNetwork(1 + known, place, **sizes).double().eval()


def lively(**options):
    """A network whose flux is not zero."""
    model = network(**options)
    for layer in model.flux.children():
        nn.init.normal_(layer.weight, std=0.3)
    nn.init.normal_(model.log_decay, mean=-2.0)
    return model


def states(runs=2, seed=0):
    """Coefficients ``(run, row, 1)`` of order one, without a mean."""
    c = random_vorticity(L, runs, seed=seed, degree=4.0).T[..., None]
    return c / c.square().mean().sqrt()


def inputs(c, place=GRID, axis=(0.0, 0.0, 1.0)):
    x = ISHT(place, L, dtype=torch.float64)(c)
    sine = torch.from_numpy(place.xyz @ np.asarray(axis))[:, None]
    return torch.cat([x, sine.expand(len(c), -1, 1)], dim=-1)


def answers(model, x):
    with torch.no_grad():
        return SHT(model.sampling, L, method="auto", dtype=torch.float64)(model(x))


def undamped(**options):
    model = network(**options)
    nn.init.constant_(model.log_decay, -np.inf)
    return model


def test_a_new_network_only_damps():
    c = states()
    assert_near(answers(undamped(), inputs(c)), c, terms=len(GRID))
    model = network()
    degrees = np.arange(1, L)
    share = degrees * (degrees + 1) / (L * (L - 1))
    rates = torch.exp(model.log_decay).detach()
    np.testing.assert_allclose(rates[1:], 0.25 * share**2, rtol=1e-6)
    wanted = torch.exp(-rates)[torch.tensor(HarmonicLayout(L).degrees), None] * c
    assert_near(answers(model, inputs(c)), wanted, terms=len(GRID))


def test_tendencies_conserve_energy_and_enstrophy():
    model = lively(known=0)
    c = states()
    grid = model.to_grid.sampling
    nothing = torch.zeros(len(c), len(grid), 0, dtype=torch.float64)
    inverse = model.factors.inverse
    for conserve in (True, False):
        model.conserve = conserve
        change = model.change(c, nothing, torch.ones(1, dtype=torch.float64)).detach()
        size = change.norm() * c.norm()
        for of in (c, inverse * c):
            product = float((change * of).sum(1).abs().max())
            # By Cauchy and Schwarz no product is beyond the norms.
            assert (product < 1e-12 * size) == conserve
    zero = torch.zeros_like(c)
    model.conserve = True
    assert torch.isfinite(model.change(zero, nothing, torch.ones(1))).all()


class Advection(nn.Module):
    """The factors of the equation: the flux is absolute vorticity times the wind."""

    def __init__(self, speed, coriolis):
        super().__init__()
        self.speed, self.coriolis = speed, coriolis

    def forward(self, seen):
        along = self.speed * seen[..., :1] + self.coriolis * seen[..., 1:]
        return torch.cat([along, torch.zeros_like(along)], dim=-1)


@pytest.mark.parametrize("conserve", [True, False])
def test_the_flux_of_the_equation_gives_the_steps_of_the_solver(conserve):
    """Given the formula of the advection, the network is the solver itself."""
    step, degree = 3600.0, 4.0
    solver = BarotropicVorticity(L, step=step, damping_hours=None)
    start = random_vorticity(L, 2, seed=0, degree=degree)
    wanted = solver.advanced(start, 2)
    spread = float(start.square().mean().sqrt())
    model = undamped(substeps=2, degree=degree, conserve=conserve)
    # In a step of two hours, on the unit sphere, of vorticity in units of its spread.
    duration = 2 * step
    rate = spread * duration
    model.flux = Advection(rate, 2 * solver.rotation * duration)
    found = answers(model, inputs(start.T[..., None] / spread)) * spread
    # Both integrate alike, up to round-off in sums over the grid.
    assert_near(found[..., 0].T, wanted, terms=100 * len(GRID))


def test_filters_of_degrees_damp_and_the_mean_stays():
    model = network(substeps=3)
    nn.init.constant_(model.log_decay, np.log(0.5))
    c = states()
    c[:, 0] = 1.0
    found = answers(model, inputs(c))
    wanted = c * np.exp(-0.5)
    wanted[:, 0] = 1.0
    assert_near(found, wanted, terms=len(GRID))


@given(*[st.floats(-np.pi, np.pi)] * 3)
@settings(max_examples=10, deadline=None)
def test_rotations_of_the_flow_and_the_axis_commute(a, b, c):
    """Products are exact on the grid of the network, and its factors are of scalars."""
    model = lively(substeps=1)
    state, rotation = states(), Rotation.from_euler(a, b, c)
    plain = rotate(answers(model, inputs(state)), rotation, L)
    # A flux across the wind has another sign after a reflection, not a rotation.
    axis = rotation.matrix()[:, 2]
    turned = answers(model, inputs(rotate(state, rotation, L), axis=axis))
    assert_near(turned, plain, terms=100 * len(GRID))
    assert (plain - rotate(state, rotation, L)).abs().max() > 1e-3


def test_a_sampling_only_carries_fields_in_and_out():
    c = states()
    on_rings = answers(lively(), inputs(c))
    place = HEALPix(8)
    model = lively(place=place, method="least-squares")
    to_rows = SHT(place, L, method="least-squares", dtype=torch.float64)
    with torch.no_grad():
        assert_near(to_rows(model(inputs(c, place))), on_rings, terms=100 * len(place))


def test_gradients_flow_to_all_parameters():
    model = lively(substeps=2).train()
    model(inputs(states())).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), name


def test_a_file_keeps_the_network(tmp_path):
    model = lively(place=HEALPix(4), method="least-squares", substeps=1)
    save_model(model, tmp_path / "network.ckpt")
    again = load_model(tmp_path / "network.ckpt")
    x = random(2, 192, 2)
    assert again.config == model.config
    assert torch.equal(again.double()(x), model(x))


def test_a_task_trains_it():
    series = ISHT(GRID, L)(states(runs=12).float()).numpy()
    model = VorticityNetwork(1, GRID, L=L, products=4, substeps=1)
    before = model.gain.detach().clone()
    found = fit_forecast(model, series, residual=False, epochs=1)
    assert not torch.equal(before, found.network.gain)
    assert found.task.rollout(series[-1], 3, progress=False).shape == (3, len(GRID), 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"L": 1}, "L must be at least 2"),
        ({"L": 30}, "L"),
        ({"substeps": 0}, "substeps must be at least 1"),
        ({"degree": 0.0}, "degree must be"),
        ({"products": 0}, "products must be at least 1"),
        ({"method": "fast"}, "method"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        VorticityNetwork(2, GRID, **{"L": L, **options})


def test_inputs_are_checked():
    with pytest.raises(ValueError, match="channel"):
        network()(random(2, len(GRID), 3))
    whole = CubedSphere(8)
    with pytest.raises(ValueError, match="whole"):
        VorticityNetwork(2, whole[whole.lat > 0], L=4)
