"""Attention to neighbours against sums by hand, integrals and symmetries."""

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg import (
    NeighbourAttention,
    Neighbourhoods,
    WithOperator,
    laplacian_operator,
)
from samplings import HEALPix, Icosahedral, Sampling, knn_graph
from tests.helpers import random, scattered
from tests.layers.graph.attention.by_hand import attention_by_hand, smooth, stirred
from tests.round_off import assert_near

# Channels, neighbours, polynomials.
TERMS = 500
OPTIONS = ({"degree": 0}, {"degree": 4}, {"degree": 4, "isotropic": True})


def layer_of(**options):
    torch.manual_seed(0)
    return stirred(NeighbourAttention(3, 4, heads=2, **options))


@pytest.mark.parametrize("options", OPTIONS)
def test_attention_is_that_by_hand(options):
    sampling = scattered(40)
    graph = knn_graph(sampling, 5)
    neighbours, layer = Neighbourhoods(graph).double(), layer_of(**options)
    x = random(40, 3)
    y = layer(x, neighbours).detach().numpy()
    links = graph.adjacency.toarray() > 0
    for i in range(40):
        near = np.flatnonzero(links[i] | (np.arange(40) == i))
        seen, area = sampling.xyz[near], sampling.weights[near]
        wanted = attention_by_hand(
            layer, sampling.xyz[i], x.numpy()[i], seen, area, x.numpy()[near],
            neighbours.radius,
        )  # fmt: skip
        # arcsin and arccos of the reference lose some digits near the poles.
        np.testing.assert_allclose(y[i], wanted, atol=1e-10)


def test_edges_of_an_operator_are_neighbours_too():
    sampling = HEALPix(2)
    operator = laplacian_operator(sampling, k=8)
    neighbours = Neighbourhoods(operator, sampling)
    of_graph = Neighbourhoods(knn_graph(sampling, 8))
    assert torch.equal(neighbours.index, of_graph.index)
    assert torch.equal(neighbours.position, of_graph.position)


@pytest.mark.parametrize("options", OPTIONS)
def test_halves_of_a_vertex_do_what_it_did(options):
    sampling, layer = scattered(40), layer_of(**options)
    area = np.append(sampling.weights, sampling.weights[7] / 2)
    area[7] /= 2
    split = Sampling(np.concatenate([sampling.xyz, sampling.xyz[[7]]]), area)
    x = random(40, 3)
    y = layer(x, Neighbourhoods.within(sampling, 0.7).double())
    more = layer(torch.cat([x, x[[7]]]), Neighbourhoods.within(split, 0.7).double())
    assert_near(more[:40], y, TERMS)
    assert_near(more[40], y[7], TERMS)


def at_points(layer, points, nside, radius):
    """Results at points, which attend to the pixels of a HEALPix map."""
    sphere = HEALPix(nside)
    xyz = np.concatenate([points, sphere.xyz])
    # The points have no area to speak of: round-off of the sum over all others.
    sampling = Sampling(xyz, np.append(np.full(len(points), 1e-14), sphere.weights))
    neighbours = Neighbourhoods.within(sampling, radius).double()
    return layer(torch.from_numpy(smooth(xyz)), neighbours)[: len(points)]


def test_refined_samplings_converge_to_the_integral():
    layer, points, radius = layer_of(degree=4), scattered(20).xyz, 0.6
    fine = HEALPix(128)
    x, wanted = smooth(fine.xyz), []
    for point, value in zip(points, smooth(points), strict=True):
        near = fine.xyz @ point > np.cos(radius)
        given = (fine.xyz[near], fine.weights[near], x[near])
        wanted.append(attention_by_hand(layer, point, value, *given, radius))
    errors = [
        np.abs(at_points(layer, points, nside, radius).detach().numpy() - wanted).mean()
        for nside in (4, 8, 16)
    ]
    # Pixels at the edge of the disc are in or out: the error falls as h**1.5.
    assert errors[1] < errors[0] / 1.5
    assert errors[2] < errors[1] / 1.5
    assert errors[2] < 0.05 * np.abs(wanted).mean()


@pytest.mark.parametrize("options", OPTIONS)
def test_the_order_of_vertices_does_not_matter(options):
    sampling, layer = scattered(40), layer_of(**options)
    order = np.random.default_rng(0).permutation(40)
    x = random(2, 40, 3)
    y = layer(x, Neighbourhoods(knn_graph(sampling, 5)).double())
    other = layer(x[:, order], Neighbourhoods(knn_graph(sampling[order], 5)).double())
    assert_near(other, y[:, order], TERMS)


@pytest.mark.parametrize("isotropic", [True, False])
def test_isotropic_attention_commutes_with_the_rotations_of_the_icosahedron(isotropic):
    sampling = Icosahedral(1)
    neighbours = Neighbourhoods(knn_graph(sampling, 6)).double()
    layer, x = layer_of(isotropic=isotropic), random(len(sampling), 3)
    y, largest = layer(x, neighbours), 0.0
    for turn in sampling.symmetries:
        order = (sampling.xyz @ turn @ sampling.xyz.T).argmax(axis=1)
        difference = layer(x[order], neighbours) - y[order]
        largest = max(largest, float(difference.detach().abs().max()))
    # Vertices are symmetric to a few round-offs.
    assert (largest < 1e-12) == isotropic
    assert isotropic or largest > 1e-3


def test_weights_move_between_samplings_and_go_into_sequences():
    layer = NeighbourAttention(3, 4, heads=2)
    for sampling in (HEALPix(1), Icosahedral(1), HEALPix(2)[HEALPix(2).lat > 0]):
        neighbours = Neighbourhoods(knn_graph(sampling, 4))
        assert not neighbours.state_dict()
        network = nn.Sequential(WithOperator(layer, neighbours), nn.ReLU())
        assert network(torch.ones(2, len(sampling), 3)).shape == (2, len(sampling), 4)


def test_new_weights_are_drawn():
    layer = NeighbourAttention(3, 4, heads=2)
    before = {name: part.clone() for name, part in layer.state_dict().items()}
    layer.reset_parameters()
    after = layer.state_dict()
    assert all(not torch.equal(before[name], after[name]) for name in before)


SPHERE = HEALPix(1)
GRAPH = knn_graph(SPHERE, 4)


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (
            ValueError,
            "heads must divide out_channels, got 3 heads for 8 channels; use 2",
            lambda: NeighbourAttention(3, 8, heads=3),
        ),
        (
            ValueError,
            "degree must be even when isotropic=True, .* got 3; use 2 or 4",
            lambda: NeighbourAttention(3, 8, heads=2, degree=3, isotropic=True),
        ),
        (
            ValueError,
            "graph must be of the sampling given, .*nside=2.*, got one of .*nside=1",
            lambda: Neighbourhoods(GRAPH, HEALPix(2)),
        ),
        (
            ValueError,
            "from the 48 vertices .* got one from 12 to 12 vertices; build it on",
            lambda: Neighbourhoods(laplacian_operator(GRAPH), HEALPix(2)),
        ),
        (
            TypeError,
            "sampling must be given with an operator",
            lambda: Neighbourhoods(laplacian_operator(GRAPH)),
        ),
        (
            TypeError,
            "graph must be a SphericalGraph or an EdgeOperator, got .*HEALPix",
            lambda: Neighbourhoods(SPHERE),
        ),
        (
            ValueError,
            "radius must be an angle in radian, at most pi, got 30",
            lambda: Neighbourhoods.within(SPHERE, 30.0),
        ),
        (
            TypeError,
            "neighbours must be a Neighbourhoods, got .*; make them with",
            lambda: NeighbourAttention(3, 4, 2)(torch.ones(12, 3), GRAPH),
        ),
        (
            ValueError,
            "expected 3 input channels, got 5",
            lambda: NeighbourAttention(3, 4, 2)(
                torch.ones(12, 5), Neighbourhoods(GRAPH)
            ),
        ),
        (
            TypeError,
            "x must be torch.float32 like the weights of this layer, got torch.float64",
            lambda: NeighbourAttention(3, 4, 2)(
                torch.ones(12, 3).double(), Neighbourhoods(GRAPH).double()
            ),
        ),
    ],
)
def test_wrong_arguments_are_refused(error, message, call):
    with pytest.raises(error, match=message):
        call()
