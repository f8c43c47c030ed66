"""Residual blocks: identities, stochastic depth, normalisations, training."""

import pytest
import torch
from torch import nn

from deepsphere_pyg import (
    ChannelNorm,
    ConvNeXtBlock,
    DropPath,
    ResidualBlock,
    WithOperator,
    laplacian_operator,
)
from samplings import Equiangular, HEALPix, Icosahedral
from tests.round_off import assert_near

LAPLACIAN = laplacian_operator(HEALPix(2), 8)
BLOCKS = {
    "residual": lambda **options: ResidualBlock(4, 4, 3, **options),
    "bottleneck": lambda **options: ResidualBlock(4, 4, 3, hidden=2, **options),
    "convnext": lambda **options: ConvNeXtBlock(4, 3, **options),
}


def signal(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("training", [True, False])
def test_with_a_scale_of_zero_a_block_is_the_identity(name, training):
    block = BLOCKS[name](scale=0.0).train(training)
    x = signal(3, 48, 4).requires_grad_()
    y = block(x, LAPLACIAN)
    assert torch.equal(y, x)
    # Its scale learns, and so leaves zero.
    y.square().sum().backward()
    assert block.scale.grad.abs().max() > 0


def test_the_block_is_the_formula_of_its_parts():
    block = ResidualBlock(4, 6, 3, hidden=2, normalization="layer", scale=0.7)
    x = signal(3, 48, 4)
    y = block.first(torch.relu(block.before(x)), LAPLACIAN)
    y = block.second(torch.relu(block.between(y)), LAPLACIAN)
    expected = x @ block.shortcut.weight.T + 0.7 * y
    assert_near(block(x, LAPLACIAN), expected, 100)
    assert block.first.out_channels == block.second.in_channels == 2


def test_the_convnext_block_is_the_formula_of_its_parts():
    block = ConvNeXtBlock(4, 3, expansion=2, scale=0.5)
    x = signal(3, 48, 4)
    y = nn.functional.layer_norm(block.conv(x, LAPLACIAN), (4,))
    y = block.project(nn.functional.gelu(block.expand(y)))
    assert_near(block(x, LAPLACIAN), x + 0.5 * y, 100)
    assert block.expand.out_features == 8
    assert block.scale.shape == (4,)


def test_signals_are_dropped_whole_and_by_seed():
    layer = DropPath(0.25)
    x = torch.ones(4000, 2, 3)
    torch.manual_seed(0)
    y = layer(x)
    torch.manual_seed(0)
    assert torch.equal(layer(x), y)
    kept = y[:, 0, 0] != 0
    assert torch.equal(y, kept[:, None, None] * x / 0.75)
    # Five standard deviations of a mean of 4000.
    assert abs(kept.float().mean() - 0.75) < 5 * (0.1875 / 4000) ** 0.5
    assert torch.equal(layer.eval()(x), x)


@pytest.mark.parametrize("name", BLOCKS)
def test_dropped_blocks_are_skipped_in_training_only(name):
    block = BLOCKS[name](scale=1.0, drop_path=0.5)
    x = signal(40, 48, 4)
    torch.manual_seed(0)
    skipped = (block(x, LAPLACIAN) == x).all(-1).all(-1)
    assert 0 < skipped.sum() < 40
    assert not (block.eval()(x, LAPLACIAN) == x).all(-1).all(-1).any()


@pytest.mark.parametrize(
    ("kind", "axes"), [("layer", 2), ("instance", 1), ("batch", (0, 1))]
)
def test_normalised_channels_have_mean_zero_and_variance_one(kind, axes):
    x = (3 * signal(5, 48, 6) + 2).double()
    norm = ChannelNorm(6, kind).double()
    y = norm(x)
    assert_near(y.mean(axes), torch.zeros_like(y.mean(axes)), 300, 1)
    # Up to epsilon, 1e-5, beside a variance of nine.
    variance = y.var(axes, unbiased=False)
    torch.testing.assert_close(variance, torch.ones_like(variance), atol=1e-4, rtol=0)
    if kind == "instance":
        oracle = nn.functional.instance_norm(x.mT).mT
        assert_near(y, oracle, 300)
        # One vertex has no spread.
        assert torch.equal(norm(x[:, :1]), torch.zeros(5, 1, 6).double())
    assert ChannelNorm(6, "none")(x) is not None


@pytest.mark.parametrize("sampling", [Equiangular(6, 12), Icosahedral(1)], ids=repr)
def test_deep_stacks_train_without_normalisation(sampling):
    torch.manual_seed(0)
    operator = laplacian_operator(sampling, 8)
    blocks = [
        WithOperator(ResidualBlock(4, 4, 3, normalization="none", scale=0.0), operator)
        for _ in range(8)
    ]
    network = nn.Sequential(nn.Linear(1, 4), *blocks, nn.Linear(4, 1))
    x = signal(4, len(sampling), 1)
    target = operator(operator(x))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(25):
        loss = (network(x) - target).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def test_what_does_not_fit_is_refused():
    x = torch.ones(2, 48, 3)
    with pytest.raises(ValueError, match="expected 4 input channels, got 3"):
        ResidualBlock(4, 4, 3)(x, LAPLACIAN)
    with pytest.raises(ValueError, match="expected 4 input channels, got 3"):
        ConvNeXtBlock(4, 3)(x, LAPLACIAN)
    with pytest.raises(
        ValueError, match="drop_path must be at least 0 and below 1, go"
    ):
        ConvNeXtBlock(4, 3, drop_path=1.0)
    with pytest.raises(ValueError, match="scale must be finite, got nan; pass"):
        ResidualBlock(4, 4, 3, scale=float("nan"))
    with pytest.raises(ValueError, match="'instance' or 'none', got 'group'; choose"):
        ResidualBlock(4, 4, 3, normalization="group")
    with pytest.raises(TypeError, match="activation must be a function, got None"):
        ResidualBlock(4, 4, 3, activation=None)
