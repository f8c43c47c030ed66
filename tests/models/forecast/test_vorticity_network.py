"""The network of vorticity: known tendencies, symmetries, files and refusals."""

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg.datasets.flows import BarotropicVorticity, random_vorticity
from deepsphere_pyg.harmonics import ISHT, SHT, Rotation, rotate
from deepsphere_pyg.models import VorticityNetwork, load_model, save_model
from deepsphere_pyg.training import fit_forecast
from samplings import CubedSphere, GaussLegendre, HEALPix
from tests.helpers import random
from tests.round_off import assert_near

L = 8
# Twice as many rings as degrees, so that products of two fields are not aliased.
GRID = GaussLegendre(16)


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
    found = answers(network(), inputs(c))
    assert_near(found, np.exp(-np.exp(-4.0)) * c, terms=len(GRID))


def test_tendencies_conserve_energy_and_enstrophy():
    model = lively(known=0)
    c = states()
    nothing = torch.zeros(len(c), len(GRID), 0, dtype=torch.float64)
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
    """The flux of the equation, from what the network sees of a vertex.

    Channels: vorticity, the wind to the south and to the east, times the degree, and
    the sine of the latitude.
    """

    def __init__(self, speed, coriolis):
        super().__init__()
        self.speed, self.coriolis = speed, coriolis

    def forward(self, seen):
        absolute = self.speed * seen[..., :1] + self.coriolis * seen[..., 3:]
        return absolute * seen[..., 1:3]


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


def test_turns_about_the_axis_are_exact_and_others_are_not():
    model = lively(substeps=1)
    c = states()
    # A turn by one vertex of the rings, a symmetry of the grid.
    about = Rotation.from_euler(2 * np.pi / GRID.n_phi, 0.0, 0.0)
    turned = answers(model, inputs(rotate(c, about, L)))
    plain = rotate(answers(model, inputs(c)), about, L)
    assert_near(turned, plain, terms=100 * len(GRID))
    tilt = Rotation.from_euler(0.0, 0.7, 0.0)
    axis = tilt.matrix()[:, 2]
    turned = answers(model, inputs(rotate(c, tilt, L), axis=axis))
    plain = rotate(answers(model, inputs(c)), tilt, L)
    change = (turned - plain).square().sum() / (
        plain - rotate(c, tilt, L)
    ).square().sum()
    # South and east are others at each place; the flux is of components.
    assert change > 0.01


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
