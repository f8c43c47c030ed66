"""What holds for all networks for forecasts."""

import copy

import numpy as np
import pytest
import torch

from deepsphere_pyg import load_model, save_model
from deepsphere_pyg.models import checkpoint_header
from samplings import HEALPix
from tests.helpers import random
from tests.models.forecast.networks import IN, NETWORKS, STATES, built, mesh, pyramid
from tests.round_off import assert_near

# Sums over neighbours, channels and degrees, through some twenty layers.
TERMS = 20 * 1000


@pytest.fixture(params=NETWORKS)
def model(request):
    return built(request.param)


def test_states_come_out_and_batches_do_not_mix(model):
    x = random(2, 3, 192, IN)
    whole = model(x)
    assert whole.shape == (2, 3, 192, STATES)
    assert_near(model(x[1, 2]), whole[1, 2], TERMS)
    assert_near(model(x[:, 1:]), whole[:, 1:], TERMS)


def test_gradients_reach_every_parameter(model):
    x = random(2, 192, IN).requires_grad_()
    model(x).square().sum().backward()
    assert x.grad.any(dim=0).any(dim=0).all()
    without = [n for n, p in model.named_parameters() if p.grad is None]
    zero = [n for n, p in model.named_parameters() if not p.grad.any()]
    assert not without and not zero


def test_networks_are_saved_and_rebuilt(model, tmp_path):
    save_model(model, tmp_path / "network.pt")
    again = load_model(tmp_path / "network.pt")
    x = random(2, 192, IN)
    with torch.no_grad():
        assert torch.equal(again(x), model(x))
    assert checkpoint_header(again) == checkpoint_header(model)


def test_float32_differs_from_float64_by_round_off(model):
    x = random(1, 192, IN)
    with torch.no_grad():
        wanted = model(x)
        found = copy.deepcopy(model).float()(x.float())
    assert found.dtype == torch.float32
    assert_near(found.double(), wanted, TERMS, c=16 * 2**29)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_training_step_compiles_without_graph_breaks(name):
    model = built(name)
    torch.compiler.reset()
    compiled = torch.compile(copy.deepcopy(model), fullgraph=True, backend="aot_eager")
    x = random(2, 192, IN)
    parameters = list(model.parameters())
    wanted = torch.autograd.grad(model(x).square().mean(), parameters)
    loss = compiled(x).square().mean()
    found = torch.autograd.grad(loss, list(compiled.parameters()))
    for one, other in zip(found, wanted, strict=True):
        assert_near(one, other, TERMS, scale=max(1.0, float(other.abs().max())))


def quarter_turn(sampling):
    x, y, z = sampling.xyz.T
    return (np.stack([-y, x, z], axis=1) @ sampling.xyz.T).argmax(axis=1)


@pytest.mark.parametrize("name", ["weather", "gru", "lstm", "sfno"])
def test_quarter_turns_of_healpix_commute(name):
    model = built(name)
    index = quarter_turn(HEALPix(4))
    x = random(2, 192, IN)
    with torch.no_grad():
        assert_near(model(x[:, index]), model(x)[:, index], TERMS)


@pytest.mark.parametrize("transfer", ["conservative", "bilinear"])
def test_quarter_turns_commute_with_a_mesh_that_has_them(transfer):
    torch.manual_seed(0)
    model = mesh(pyramid(HEALPix(4, nest=False)), transfer).double()
    for key, parameter in model.named_parameters():
        if key.endswith("scale"):
            torch.nn.init.constant_(parameter, 0.7)
    index = quarter_turn(HEALPix(4))
    x = random(2, 192, IN)
    with torch.no_grad():
        assert_near(model(x[:, index]), model(x)[:, index], TERMS)


def test_signals_that_do_not_fit_are_refused(model):
    with pytest.raises(ValueError, match="x has 48 vertices"):
        model(random(48, IN))
    with pytest.raises(ValueError, match="channels"):
        model(random(192, IN + 1))
    with pytest.raises(TypeError, match=r"x must be torch\.float64"):
        model(random(192, IN).float())
