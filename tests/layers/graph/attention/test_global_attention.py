"""Attention to all vertices against sums by hand and attention to neighbours."""

import numpy as np
import pytest
import torch
from torch.func import vmap

from deepsphere_pyg import (
    AllVertices,
    GlobalAttention,
    NeighbourAttention,
    Neighbourhoods,
)
from samplings import GaussLegendre, HEALPix, Sampling
from tests.helpers import random, scattered
from tests.layers.graph.attention.by_hand import attention_by_hand, smooth, stirred
from tests.round_off import assert_near

# Channels and vertices.
TERMS = 500


def layer_of(**options):
    torch.manual_seed(0)
    return stirred(GlobalAttention(3, 4, heads=2, **options))


@pytest.mark.parametrize("degree", [0, 4])
def test_attention_is_that_by_hand(degree):
    sampling, layer, x = scattered(30), layer_of(degree=degree), random(30, 3)
    y = layer(x, AllVertices(sampling).double()).detach().numpy()
    for i, point in enumerate(sampling.xyz):
        given = (sampling.xyz, sampling.weights, x.numpy(), np.pi)
        wanted = attention_by_hand(layer, point, x.numpy()[i], *given)
        np.testing.assert_allclose(y[i], wanted, atol=1e-10)


@pytest.mark.parametrize("degree", [0, 6])
@pytest.mark.parametrize("sampling", [GaussLegendre(4), scattered(30)])
def test_it_is_attention_to_neighbours_on_the_complete_graph(degree, sampling):
    layer = layer_of(degree=degree)
    near = NeighbourAttention(3, 4, heads=2, degree=degree, isotropic=True).double()
    near.load_state_dict(layer.state_dict())
    complete = Neighbourhoods.within(sampling, np.pi).double()
    assert complete.index.shape == (len(sampling), len(sampling))
    x = random(2, len(sampling), 3)
    y = layer(x, AllVertices(sampling).double())
    # Polynomials of the cosine, and of the chord, from different sums.
    assert_near(near(x, complete), y, TERMS)


def test_refined_samplings_converge_to_the_integral():
    layer, points = layer_of(degree=4), scattered(20).xyz
    results = []
    for nside in (2, 4, 8):
        sphere = HEALPix(nside)
        xyz = np.concatenate([points, sphere.xyz])
        area = np.append(np.full(len(points), 1e-14), sphere.weights)
        vertices = AllVertices(Sampling(xyz, area)).double()
        results.append(layer(torch.from_numpy(smooth(xyz)), vertices)[: len(points)])
    first, second = (
        float((result - results[-1]).detach().abs().mean()) for result in results[:2]
    )
    # Sums over cells have errors of second order.
    assert second < first / 3


def test_halves_of_a_vertex_do_what_it_did():
    sampling, layer, x = scattered(30), layer_of(degree=4), random(30, 3)
    area = np.append(sampling.weights, sampling.weights[7] / 2)
    area[7] /= 2
    split = Sampling(np.concatenate([sampling.xyz, sampling.xyz[[7]]]), area)
    y = layer(x, AllVertices(sampling).double())
    more = layer(torch.cat([x, x[[7]]]), AllVertices(split).double())
    assert_near(more, torch.cat([y, y[[7]]]), TERMS)


def test_the_order_of_vertices_does_not_matter():
    sampling, layer, x = scattered(30), layer_of(degree=4), random(30, 3)
    order = np.random.default_rng(0).permutation(30)
    y = layer(x, AllVertices(sampling).double())
    other = layer(x[order], AllVertices(sampling[order]).double())
    assert_near(other, y[order], TERMS)


def test_any_rotation_of_the_points_leaves_the_result():
    xyz, layer = scattered(30).xyz, layer_of(degree=4)
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    area = np.random.default_rng(2).uniform(0.1, 0.5, 30)
    one, other = (AllVertices(Sampling(p, area)).double() for p in (xyz, xyz @ turn))
    x = random(30, 3)
    assert_near(layer(x, one), layer(x, other), TERMS)


@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.parametrize("execution", ["matrix", "fused"])
def test_missing_values_have_no_influence(batched, execution):
    sampling, layer = HEALPix(2), layer_of(execution=execution)
    known = torch.from_numpy(sampling.lat > -30)
    x = random(2, 48, 3)
    part = layer(x[:, known], AllVertices(sampling[known.numpy()]).double())
    x[:, ~known] = torch.nan
    mask = known.expand(2, 48) if batched else known
    y = layer(x.requires_grad_(), AllVertices(sampling).double(), mask)
    assert_near(y[:, known], part, TERMS)
    assert y.isfinite().all()
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert gradient.isfinite().all()
    assert not gradient[:, ~known].any()


@pytest.mark.parametrize("batch", [(), (2,), (2, 3), (0,)])
@pytest.mark.parametrize("degree", [0, 4])
def test_fused_attention_is_that_of_the_matrix(batch, degree):
    vertices = AllVertices(scattered(30)).double()
    results = []
    for execution in ("matrix", "fused"):
        layer = layer_of(degree=degree, execution=execution)
        x = random(*batch, 30, 3).requires_grad_()
        y = layer(x, vertices)
        results.append((y.detach(), *torch.autograd.grad(y.square().sum(), x)))
    for one, other in zip(*results, strict=True):
        assert_near(one, other, TERMS)


def test_large_maps_are_fused_except_in_transforms(monkeypatch):
    name = "deepsphere_pyg.layers.graph.attention.global_attention"
    monkeypatch.setattr(f"{name}.KEPT_SCORES", 30 * 30)
    calls = []
    fused = torch.nn.functional.scaled_dot_product_attention

    def counted(*args, **kwargs):
        calls.append(1)
        return fused(*args, **kwargs)

    monkeypatch.setattr(f"{name}.F.scaled_dot_product_attention", counted)
    layer, x = layer_of(), random(2, 30, 3)
    vertices = AllVertices(scattered(30)).double()
    y = layer(x, vertices)
    assert calls == [1]
    assert_near(vmap(lambda one: layer(one, vertices))(x), y, TERMS)
    assert calls == [1]


VERTICES = AllVertices(HEALPix(1))


def with_known(known):
    return GlobalAttention(3, 4, 2)(torch.ones(5, 12, 3), VERTICES, known)


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (
            ValueError,
            "known must be True at one vertex of each signal or more, got a mask with",
            lambda: with_known(torch.zeros(12, dtype=torch.bool)),
        ),
        (
            ValueError,
            r"known must have shape \(12,\) or \(5, 12\), .* got \(11,\)",
            lambda: with_known(torch.ones(11, dtype=torch.bool)),
        ),
        (
            TypeError,
            "known must be boolean, got torch.float32; compare values",
            lambda: with_known(torch.ones(12)),
        ),
        (
            ValueError,
            "scores by angle take at most 4096 vertices, .* got 12288; use degree=0",
            lambda: GlobalAttention(3, 4, 2, degree=2)(
                torch.ones(12288, 3), AllVertices(HEALPix(32))
            ),
        ),
        (
            ValueError,
            "execution must be 'auto' or 'fused' or 'matrix', got 'fast'",
            lambda: GlobalAttention(3, 4, 2, execution="fast"),
        ),
        (
            TypeError,
            "vertices must be an AllVertices, got .*HEALPix.*; make them with",
            lambda: GlobalAttention(3, 4, 2)(torch.ones(12, 3), HEALPix(1)),
        ),
    ],
)
def test_wrong_arguments_are_refused(error, message, call):
    with pytest.raises(error, match=message):
        call()
