"""Heads and learned pooling of the classifiers on pyramids, against dense algebra."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.models import (
    HybridClassifier,
    SphericalClassifier,
    load_model,
    save_model,
)
from samplings import HEALPix, build_pyramid
from tests.round_off import assert_near

HEADS = ("linear", "convolution", "dense", "normalized-dense")
OPTIONS = {"widths": (4, 6), "K": 3}
# Of the sums on the way to logits: vertices, channels and terms.
TERMS = 1000


@pytest.fixture(scope="module")
def patch_pyramid():
    """A quarter of a base pixel."""
    patch = HEALPix(16, nest=True)[range(64)]
    return build_pyramid(patch, 3, 8, weighting="heat")


def network(pyramid, **options):
    torch.manual_seed(0)
    return SphericalClassifier(2, 5, pyramid, **{**OPTIONS, **options}).double()


def signals(*shape):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def coarsest_map(model, x):
    """The signal that the head is given."""
    kept = {}
    first = model.mean if model.config.get("head", "linear") == "linear" else model.head
    hook = first.register_forward_pre_hook(lambda _, given: kept.update(x=given[0]))
    with torch.no_grad():
        y = model(x)
    hook.remove()
    return kept["x"], y


@pytest.mark.parametrize("pyramid_of", ["healpix_pyramid", "patch_pyramid"])
def test_the_convolution_to_classes_is_a_polynomial_of_the_laplacian(
    pyramid_of, request
):
    pyramid = request.getfixturevalue(pyramid_of)
    model = network(pyramid, head="convolution", laplacian="normalized").eval()
    assert len(model.operators) == len(pyramid) == 3
    x, y = coarsest_map(model, signals(3, len(pyramid.sampling), 2))
    n = len(pyramid.graphs[-1].sampling)
    dense = model.operators[-1](torch.eye(n, dtype=torch.float64))
    one, terms = torch.eye(n, dtype=torch.float64), [x, dense @ x]
    terms.append((2 * dense @ dense - one) @ x)
    logits = sum(t @ w for t, w in zip(terms, model.head.weight, strict=True))
    area = torch.from_numpy(pyramid.graphs[-1].sampling.weights.copy())
    expected = torch.einsum("v,bvc->bc", area / area.sum(), logits) + model.head.bias
    assert_near(y, expected, TERMS)


def test_where_laplacians_leave_no_mean_the_convolution_is_a_map_of_the_mean(
    healpix_pyramid,
):
    model = network(healpix_pyramid, head="convolution", laplacian="combinatorial")
    linear = network(healpix_pyramid, laplacian="combinatorial").eval()
    state = {n: t for n, t in model.state_dict().items() if not n.startswith("head")}
    signs = torch.tensor([1.0, -1.0, 1.0]).double()
    state["head.weight"] = torch.einsum("k,kio->oi", signs, model.head.weight.detach())
    state["head.bias"] = model.head.bias
    linear.load_state_dict(state)
    x = signals(3, 768, 2)
    with torch.no_grad():
        assert_near(model.eval()(x), linear(x), TERMS)
    other = network(healpix_pyramid, head="convolution", laplacian="normalized")
    other.load_state_dict(model.state_dict())
    x, y = coarsest_map(other.eval(), x)
    of_mean = other.mean(x) @ state["head.weight"].T + state["head.bias"]
    assert (y - of_mean).abs().max() > 1e-3 * y.abs().max()


def test_the_dense_head_has_weights_for_each_vertex(patch_pyramid):
    model = network(patch_pyramid, head="dense").eval()
    x, y = coarsest_map(model, signals(3, 64, 2))
    x = x.view(3, 4, 6)
    weight = model.head.weight.view(5, 4, 6)
    assert_near(y, torch.einsum("bvc,ovc->bo", x, weight) + model.head.bias, TERMS)


def test_the_normalized_dense_head_has_them_for_normalised_features(patch_pyramid):
    model = network(patch_pyramid, head="normalized-dense").train()
    x = signals(6, 64, 2)
    features = model.features(x)
    y = model(x)
    scaled = (features - features.mean(0)) / (
        features.var(0, correction=0) + 1e-5
    ).sqrt()
    assert_near(y, scaled @ model.head[-1].weight.T + model.head[-1].bias, TERMS)


def test_only_dense_heads_see_how_the_sphere_is_turned(healpix_pyramid):
    x = signals(2, 768, 2)
    a, b, c = healpix_pyramid.sampling.xyz.T
    index = (np.stack([-b, a, c], axis=1) @ healpix_pyramid.sampling.xyz.T).argmax(1)
    turned = torch.empty_like(x)
    turned[:, index] = x
    for head in HEADS:
        model = network(healpix_pyramid, head=head).eval()
        with torch.no_grad():
            y, of_turned = model(x), model(turned)
        if "dense" in head:
            assert (of_turned - y).abs().max() > 1e-2 * y.abs().max()
        else:
            assert_near(of_turned, y, TERMS)


def test_the_network_of_cosmology_has_a_level_for_each_convolution():
    sizes = {"widths": (16, 32, 64, 64, 64), "K": 5, "laplacian": "normalized"}
    pyramid = build_pyramid(HEALPix(64, nest=True)[range(4096)], 6, 8, weighting="heat")
    model = SphericalClassifier(1, 2, pyramid, **sizes, head="convolution")
    weights = [
        p.numel() for n, p in model.named_parameters() if n.endswith("conv.weight")
    ]
    pairs = [(1, 16), (16, 32), (32, 64), (64, 64), (64, 64)]
    assert weights == [5 * a * b for a, b in pairs]
    assert model.head.weight.shape == (5, 64, 2)
    assert model(torch.zeros(3, 4096, 1)).shape == (3, 2)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_learned_pooling_maps_the_children_in_nested_order(
    healpix_pyramid, normalization
):
    options = {"pooling": "learned", "normalization": normalization}
    model = network(healpix_pyramid, **options).eval()
    x = signals(3, 768, 2)
    found, _ = coarsest_map(model, x)
    with torch.no_grad():
        for block, laplacian, pool in zip(
            model.blocks, model.operators, model.pool, strict=True
        ):
            # The bias would be lost in the normalisation that follows.
            assert (pool.bias is None) == (normalization == "batch")
            x = block(x, laplacian)
            x = x.reshape(3, -1, 4 * x.shape[-1]) @ pool.weight.flatten(0, 1)
            x = x if pool.bias is None else x + pool.bias
    assert_near(found, x, TERMS)


def classifier(pyramid, **options):
    return network(pyramid, **options)


def hybrid(pyramid, **options):
    torch.manual_seed(0)
    sizes = {"widths": (4, 6), "bandlimits": (3, 1), "channels": (2, 2)}
    return HybridClassifier(2, 5, pyramid, **sizes, **options).double()


@pytest.mark.parametrize("build", [classifier, hybrid])
def test_learned_pooling_moves_where_its_terms_fit(
    build, healpix_pyramid, icosahedral_pyramid
):
    model = build(healpix_pyramid, pooling="learned").eval()
    moved = model.with_sampling(HEALPix(16))
    x = signals(2, 3072, 2)
    assert moved(x).shape == (2, 5)
    with pytest.raises(ValueError, match=r"4 terms for each parent, got 6 .*'learned-"):
        model.with_sampling(icosahedral_pyramid)
    with pytest.raises(ValueError, match="a pyramid of 3 levels, got 2"):
        model.with_sampling(build_pyramid(HEALPix(4), 2, 8, weighting="heat"))
    anywhere = build(healpix_pyramid, pooling="learned-position").eval()
    n = len(icosahedral_pyramid.sampling)
    assert anywhere.with_sampling(icosahedral_pyramid)(signals(2, n, 2)).shape == (2, 5)


@pytest.mark.parametrize("head", ["dense", "normalized-dense"])
def test_weights_of_dense_heads_move_to_as_many_vertices(patch_pyramid, head):
    model = network(patch_pyramid, head=head).eval()
    other = HEALPix(16, nest=True)[range(64, 128)]
    assert model.with_sampling(other)(signals(2, 64, 2)).shape == (2, 5)
    with pytest.raises(
        ValueError, match=r"the 4 vertices of the coarsest .* got 16; mo"
    ):
        model.with_sampling(HEALPix(16, nest=True)[range(256)])
    flexible = network(patch_pyramid, head="convolution").eval()
    larger = flexible.with_sampling(HEALPix(16, nest=True)[range(256)])
    assert larger(signals(2, 256, 2)).shape == (2, 5)


CHOICES = {
    "dense": (classifier, {"head": "dense"}),
    "convolution": (classifier, {"head": "convolution", "pooling": "learned"}),
    "learned": (classifier, {"pooling": "learned-position"}),
    "hybrid": (hybrid, {"pooling": "learned"}),
}


@pytest.mark.parametrize("name", CHOICES)
def test_files_bring_heads_and_poolings(name, healpix_pyramid, tmp_path):
    build, options = CHOICES[name]
    model = build(healpix_pyramid, **options)
    x = signals(2, 768, 2)
    model(x).square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    save_model(model.eval(), tmp_path / "model.pt")
    loaded = load_model(tmp_path / "model.pt")
    assert loaded.config == model.config and loaded.config.items() >= options.items()
    with torch.no_grad():
        assert_near(loaded(x), model(x), TERMS)


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (classifier, {"head": "mean"}, "head must be 'linear' or 'normalized' or"),
        (
            classifier,
            {"pooling": "min"},
            "pooling must be 'max' or 'mean' or 'max-area'",
        ),
        (hybrid, {"pooling": None}, "pooling must be 'max' .*, got None"),
    ],
)
def test_unknown_heads_and_poolings_are_refused(
    build, options, message, healpix_pyramid
):
    with pytest.raises(ValueError, match=message):
        build(healpix_pyramid, **options)


def test_heads_without_a_linear_map_of_features_refuse_to_leave_out_constants():
    with pytest.raises(ValueError, match="bias=False is of the heads"):
        SphericalClassifier(
            2, 5, HEALPix(2), widths=(4,), head="normalized", bias=False
        )


def test_a_head_without_constants_is_kept(patch_pyramid, tmp_path):
    model = network(patch_pyramid, head="dense", bias=False).eval()
    assert model.head.bias is None
    save_model(model, tmp_path / "model.pt")
    loaded = load_model(tmp_path / "model.pt").double().eval()
    x = signals(3, 64, 2)
    assert torch.equal(loaded(x), model(x))
    assert torch.equal(model.head(model.features(x)), model(x))
