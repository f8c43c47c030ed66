"""The U-Net on scalars and vectors: size, covariance, checkpoints and messages."""

import copy
import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch import nn

from deepsphere_pyg import EdgeOperator
from deepsphere_pyg.models import (
    SMALL,
    ScalarVectorUNet,
    SphericalUNet,
    load_model,
    save_model,
)
from samplings import HEALPix, Icosahedral, build_pyramid
from samplings.stencils.symmetry import vertex_permutations
from tests.helpers import random
from tests.layers.graph.spin.test_scalar_vector_conv import in_other_frames
from tests.layers.graph.spin.test_spin_layers import moved, turned
from tests.round_off import assert_near

WIDTHS = [(6, 3), (8, 4)]


def n_parameters(model):
    return sum(weight.numel() for weight in model.parameters())


def small(sampling, **options):
    torch.manual_seed(0)
    return ScalarVectorUNet(
        2, 1, 3, 2, sampling, widths=WIDTHS, K=3, **options
    ).double()


def test_default_has_about_the_parameters_of_the_small_unet():
    ours = ScalarVectorUNet(3, 1, 2, 1, HEALPix(8))
    assert math.isclose(
        n_parameters(ours),
        n_parameters(SphericalUNet(5, 4, HEALPix(8), configuration=SMALL)),
        rel_tol=0.05,
    )


@pytest.mark.parametrize("training", [False, True])
def test_turns_of_the_frames_commute(training):
    model = small(build_pyramid(HEALPix(4), 2, 8, weighting="heat")).train(training)
    angles = [random(192, seed=3), random(48, seed=4)]
    other = copy.deepcopy(model)
    other.operators = nn.ModuleList(
        in_other_frames(one, angle)
        for one, angle in zip(model.operators, angles, strict=True)
    )
    down, up = other.pool_vectors, other.unpool_vectors
    down[0] = _turned_operator(down[0], angles[1], angles[0])
    up[0] = _turned_operator(up[0], angles[0], angles[1])
    x, v = random(2, 192, 2), random(2, 192, 2, 1, seed=2)
    y, u = model(x, v)
    found = other(x, turned(v, angles[0]))
    # Ten layers of some 300 terms; gates and norms have slopes of about one.
    assert_near(found[0].detach(), y.detach(), 3000, scale=10)
    assert_near(found[1].detach(), turned(u, angles[0]).detach(), 3000, scale=10)


def _turned_operator(operator, of_targets, of_sources):
    def turn(angle):
        n = len(angle)
        cos, sin = np.cos(angle.numpy()), np.sin(angle.numpy())
        blocks = np.array([[cos, -sin], [sin, cos]]).transpose(2, 0, 1)
        return sp.bsr_array((blocks, np.arange(n), np.arange(n + 1))).tocsr()

    matrix = turn(of_targets) @ operator.to_scipy() @ turn(of_sources).T
    return EdgeOperator(sp.csr_array(matrix), dtype=torch.float64)


@pytest.mark.parametrize("number", range(len(Icosahedral(2).symmetries)))
def test_symmetries_of_the_icosahedron_commute(number):
    sampling = Icosahedral(2)
    parity = np.linalg.det(sampling.symmetries[number]) < 0
    model = small(build_pyramid(sampling, 2, 6, weighting="heat"), parity=bool(parity))
    x, v = random(2, 162, 2), random(2, 162, 2, 1, seed=2)
    permutation = torch.from_numpy(vertex_permutations(sampling)[number])

    def both(x, v):
        place = torch.empty_like(x)
        place[..., permutation, :] = x
        return place, moved(v, sampling, number, 1)

    wanted = both(*model(x, v))
    for one, other in zip(model(*both(x, v)), wanted, strict=True):
        # The symmetries map points onto each other to some eps.
        assert_near(one.detach(), other.detach(), 3000, scale=10, c=100)


def test_it_learns_and_is_saved_and_moved(tmp_path):
    # The rotated gradient of a scalar: one step of gradient descent lowers the loss.
    model = small(HEALPix(4)).float()
    x, v = random(2, 192, 2).float(), random(2, 192, 2, 1, seed=2).float()
    goal = random(2, 192, 2, 2, seed=3).float()
    descent = torch.optim.SGD(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(3):
        loss = (model(x, v)[1] - goal).square().mean()
        descent.zero_grad()
        loss.backward()
        descent.step()
        losses.append(loss.item())
    assert losses[2] < losses[1] < losses[0]
    model.eval()
    save_model(model, tmp_path / "model.pt")
    again = load_model(tmp_path / "model.pt").eval()
    for one, other in zip(again(x, v), model(x, v), strict=True):
        assert torch.equal(one, other)
    finer = model.with_sampling(HEALPix(8))
    assert finer(random(768, 2).float(), random(768, 2, 1).float())[1].shape == (
        768,
        2,
        2,
    )


def test_messages():
    sampling = HEALPix(4)
    with pytest.raises(ValueError, match="in_vectors must be at least 1, got 0"):
        ScalarVectorUNet(1, 0, 1, 1, sampling)
    with pytest.raises(TypeError, match="widths must be a list of pairs, got int"):
        ScalarVectorUNet(1, 1, 1, 1, sampling, widths=3)
    with pytest.raises(ValueError, match=r"widths\[1\] must be two numbers"):
        ScalarVectorUNet(1, 1, 1, 1, sampling, widths=[(4, 2), (4,)])
    with pytest.raises(ValueError, match="widths must have at least two levels, got 1"):
        ScalarVectorUNet(1, 1, 1, 1, sampling, widths=[(4, 2)])
    model = small(sampling)
    with pytest.raises(ValueError, match="vectors must have 1 channel, got 2"):
        model(random(192, 2), random(192, 2, 2))
    with pytest.raises(ValueError, match="x has 48 vertices"):
        model(random(48, 2), random(48, 2, 1))
