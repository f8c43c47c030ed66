"""Blocks that are computed once more for the gradient."""

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg import SphericalResNet, SphericalUNet
from deepsphere_pyg.models import ResNetConfiguration, UNetConfiguration
from deepsphere_pyg.training import TrainingOptions, fit
from deepsphere_pyg.training.recomputing import keep_blocks, recompute_blocks
from samplings import HEALPix
from tests.helpers import random

SKY = HEALPix(8, nest=True)
SIZES = UNetConfiguration("own", stem=8, widths=(8, 16, 16), K=3)


def step(network, x):
    """Return loss, gradients and buffers after a step, and bytes that it kept."""
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    network.train().zero_grad()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = network(x).square().mean()
    total = sum(kept.values())
    loss.backward()
    gradients = [weight.grad.clone() for weight in network.parameters()]
    return loss.detach(), gradients, [b.clone() for b in network.buffers()], total


@pytest.mark.parametrize("batch", [1, 3])
def test_loss_gradient_and_statistics_are_the_same_from_less_memory(batch):
    x = random(batch, len(SKY), 2)
    found = []
    for recompute in (False, True):
        torch.manual_seed(0)
        network = SphericalUNet(2, 3, SKY, configuration=SIZES).double()
        if recompute:
            recompute_blocks(network)
        found.append(step(network, x))
    (*plain, memory), (*again, less) = found
    torch.testing.assert_close(again, plain, rtol=0, atol=0)
    assert less < 0.62 * memory


def test_blocks_can_be_kept_again_and_evaluate_alike():
    network = SphericalUNet(2, 3, SKY, configuration=SIZES)
    x = torch.randn(1, len(SKY), 2)
    wanted = network.eval()(x)
    names = [*network.state_dict()]
    recompute_blocks(network)
    assert [*network.state_dict()] == names
    torch.testing.assert_close(network(x), wanted)
    keep_blocks(network)
    assert not any("forward" in part.__dict__ for part in network.modules())


def test_residual_blocks_are_recomputed():
    sizes = ResNetConfiguration("own", 4, 1, 1, 2, K=3)
    network = SphericalResNet(1, 2, SKY, configuration=sizes)
    recompute_blocks(network)
    changed = [part for part in network.modules() if "forward" in part.__dict__]
    assert changed
    network(torch.randn(2, len(SKY), 1)).sum().backward()


def test_networks_without_blocks_are_refused():
    with pytest.raises(ValueError, match="a Linear has no block to compute once more"):
        recompute_blocks(nn.Linear(1, 1))
    with pytest.raises(ValueError, match="leave one of them out"):
        TrainingOptions(compile=True, recompute=True)


def test_a_training_is_the_same():
    X = np.random.default_rng(0).normal(size=(6, len(SKY), 2))
    histories = []
    for recompute in (False, True):
        torch.manual_seed(0)
        network = SphericalUNet(2, 1, SKY, configuration=SIZES)
        trained = fit(
            network, X, X[..., :1], epochs=2, batch_size=2, recompute=recompute
        )
        histories.append(trained.history)
        assert not any("forward" in part.__dict__ for part in network.modules())
    assert histories[0] == histories[1]
