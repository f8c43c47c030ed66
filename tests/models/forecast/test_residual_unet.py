"""The residual U-Net: published sizes, plain layers, and every kind of sampling."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from deepsphere_pyg import ChebConv
from deepsphere_pyg.models import (
    SMALL,
    WEATHER,
    ResidualUNet,
    ResidualUNetConfiguration,
)
from deepsphere_pyg.models.level_pooling import largest_shares
from samplings import (
    CubedSphere,
    Equiangular,
    GaussLegendre,
    HEALPix,
    Icosahedral,
    build_pyramid,
    laplacian,
)
from tests.helpers import random
from tests.models.forecast.networks import TINY, built, pyramid
from tests.round_off import assert_near

TERMS = 10 * 1000


def test_sizes_are_those_of_the_published_network():
    # 4 states of 2 channels with radiation, and 3 static fields.
    model = ResidualUNet(15, 2, pyramid(k=20))
    sizes = [
        (layer.in_channels, layer.out_channels, layer.K)
        for layer in model.modules()
        if isinstance(layer, ChebConv)
    ]
    pairs = [(15, 64), (64, 128), (128, 192), (192, 256), (256, 512), (512, 256)]
    pairs += [(512, 256), (256, 128), (256, 128), (128, 64), (64, 64), (64, 2)]
    assert sizes == [(*pair, 3) for pair in pairs]
    skips = 15 * 128 + 128 * 256 + 512 * 128 + 256 * 64 + 64 * 2
    convolutions = sum(3 * before * after + after for before, after in pairs)
    count = sum(parameter.numel() for parameter in model.parameters())
    # Six blocks have a scale each.
    assert count == convolutions + skips + 6
    assert 1.75e6 < count < 1.85e6


def test_a_new_network_is_linear():
    model = ResidualUNet(3, 2, pyramid(), configuration=TINY).double()
    x, y = random(192, 3), random(192, 3, seed=2)
    assert_near(model(x + 2 * y), model(x) + 2 * model(y), TERMS)


def test_layers_are_plain_ones_with_dense_matrices():
    model = built("weather")
    body, levels = model.body, model.pyramid
    matrices = [
        torch.from_numpy(laplacian(graph).rescaled().toarray())
        for graph in levels.graphs
    ]

    def block(one, x, matrix):
        y = x
        for number, conv in enumerate((one.first, one.second)):
            terms = [y, matrix @ y, 2 * matrix @ (matrix @ y) - y]
            mixed = zip(terms, conv.weight, strict=True)
            y = sum(term @ w for term, w in mixed) + conv.bias
            y = y if number else F.relu(y)
        same = isinstance(one.shortcut, torch.nn.Identity)
        return (x if same else x @ one.shortcut.weight.T) + one.scale * y

    x = random(192, model.in_channels)
    first = block(body.encoder[0], x, matrices[0])
    # Children have equal areas, so that the largest is the mean.
    second = block(body.encoder[1], first.view(48, 4, -1).mean(1), matrices[1])
    y = block(body.encoder[2], second.view(12, 4, -1).mean(1), matrices[2])
    for one, skip, matrix in zip(
        body.decoder, (second, first), matrices[1::-1], strict=True
    ):
        y = torch.cat([y.repeat_interleave(4, 0), skip], -1)
        y = block(one, y, matrix)
    assert_near(model(x), block(body.head, y, matrices[0]), TERMS)


@pytest.mark.parametrize(
    "sampling",
    [
        HEALPix(4),
        Icosahedral(2),
        GaussLegendre(12, 24),
        Equiangular(12, 24),
        CubedSphere(8),
    ],
    ids=lambda one: one.name,
)
@pytest.mark.parametrize("pooling", ["max-area", "max", "learned-position"])
def test_every_sampling_has_a_network(sampling, pooling):
    configuration = replace(TINY, pooling=pooling)
    model = ResidualUNet(3, 2, pyramid(sampling), configuration=configuration)
    assert model(torch.randn(2, len(sampling), 3)).shape == (2, len(sampling), 2)


def test_a_sampling_gets_graphs_of_twenty_neighbours():
    model = ResidualUNet(3, 2, HEALPix(4), configuration=TINY)
    degree = np.diff(model.pyramid.graphs[0].adjacency.indptr)
    assert degree.min() >= 20 and len(model.pyramid) == 3
    moved = model.with_sampling(Icosahedral(2))
    assert np.diff(moved.pyramid.graphs[0].adjacency.indptr).min() >= 20


def test_the_largest_share_is_taken_and_ties_are_averaged():
    coarsening = Icosahedral(2).coarsen()
    x = random(162, 2)
    shares = (coarsening.assign.toarray() * coarsening.fine.weights).tolist()
    wanted = []
    for row in shares:
        most = max(row)
        chosen = [i for i, one in enumerate(row) if one > most * (1 - 1e-9)]
        wanted.append(x[chosen].mean(0))
    found = largest_shares(coarsening).double()(x)
    assert_near(found, torch.stack(wanted), 4)
    # The vertex at the centre lies in one cell, those at its sides in two.
    assert torch.equal(found, x[:42])


def test_other_kinds_of_layers_fit():
    configuration = replace(TINY, convolution="disco")
    model = ResidualUNet(3, 2, pyramid(), configuration=configuration)
    assert model(torch.randn(192, 3)).shape == (192, 2)
    again = ResidualUNetConfiguration.from_config(configuration.config)
    assert again == configuration


def test_what_does_not_fit_is_refused():
    with pytest.raises(TypeError, match=r"take WEATHER of deepsphere_pyg\.models"):
        ResidualUNet(3, 2, HEALPix(4), configuration=SMALL)
    with pytest.raises(ValueError, match="needs a pyramid of 3 levels, got 2"):
        ResidualUNet(3, 2, build_pyramid(HEALPix(4), 2, 8, weighting="heat"))
    with pytest.raises(ValueError, match="decoder one less, got 3 and 1"):
        replace(WEATHER, decoder=((4, 4),))
    with pytest.raises(ValueError, match="two numbers of channels for each level"):
        replace(WEATHER, widths=((4, 4, 4), (4, 4), (4, 4)))
    with pytest.raises(TypeError, match="sequence of pairs of channels, got 3"):
        replace(WEATHER, widths=3)
    with pytest.raises(ValueError, match="width must be positive and finite, got 0"):
        replace(WEATHER, width=0)
    with pytest.raises(ValueError, match=r"pooling must be .*'max-area'"):
        replace(WEATHER, pooling="largest")
