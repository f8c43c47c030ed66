"""The classifier of whole spheres, and the baseline of single vertices."""

import numpy as np
import pytest
import torch

from deepsphere_pyg.layers import ChannelNorm
from deepsphere_pyg.models import (
    SMALL,
    GeneralizedSphericalCNN,
    HybridClassifier,
    PixelNetwork,
    PlanarClassifier,
    SphericalClassifier,
    SphericalUNet,
)
from deepsphere_pyg.training.batch_norms import normalized
from samplings import Equiangular, GaussLegendre, HEALPix, build_pyramid
from tests.round_off import assert_near


def random_signal(*shape):
    return torch.randn(*shape, dtype=torch.float64)


@pytest.mark.parametrize(
    ("options", "count"),
    [({}, 189_591), ({"normalization": "batch-shift", "bias": False}, 189_040)],
)
def test_published_classifier_has_190_thousand_parameters(options, count):
    pyramid = build_pyramid(HEALPix(32), 6, 8)
    model = SphericalClassifier(6, 55, pyramid, **options)
    assert sum(p.numel() for p in model.parameters()) == count
    assert model(torch.zeros(2, 12288, 6)).shape == (2, 55)
    assert model.features(torch.zeros(2, 12288, 6)).shape == (2, 256)


def test_batch_shift_is_batch_normalisation_of_scale_one():
    x = random_signal(3, 12, 2)
    plain, scaled = ChannelNorm(2, "batch-shift"), ChannelNorm(2, "batch")
    for norm in (plain, scaled):
        norm.double().norm.bias.data = torch.tensor([0.3, -2.0], dtype=torch.float64)
    assert [name for name, _ in plain.named_parameters()] == ["norm.bias"]
    torch.testing.assert_close(plain(x), scaled(x), atol=1e-14, rtol=0)
    torch.testing.assert_close(plain.eval()(x), scaled.eval()(x), atol=1e-14, rtol=0)
    # The computation of data-parallel trainings.
    whole = normalized(plain.train().norm, x.flatten(0, 1)).view(x.shape)
    torch.testing.assert_close(whole, scaled.train()(x), atol=1e-14, rtol=0)


@pytest.mark.parametrize("batch", [(), (1,), (2, 3)])
@pytest.mark.filterwarnings("ignore::samplings.DisconnectedGraphWarning")
def test_a_class_for_every_sphere_on_every_sampling(pyramid, batch):
    model = SphericalClassifier(2, 5, pyramid, widths=(4, 6), K=3)
    y = model(torch.randn(*batch, len(pyramid.sampling), 2))
    assert y.shape == (*batch, 5)
    y.square().sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize("pooling", ["max", "mean"])
def test_classes_are_invariant_under_healpix_quarter_turns(healpix_pyramid, pooling):
    model = SphericalClassifier(2, 5, healpix_pyramid, widths=(4, 6), pooling=pooling)
    model.double().eval()
    x = random_signal(3, 768, 2)
    a, b, c = healpix_pyramid.sampling.xyz.T
    turned = torch.empty_like(x)
    index = (np.stack([-b, a, c], axis=1) @ healpix_pyramid.sampling.xyz.T).argmax(1)
    turned[:, index] = x
    torch.testing.assert_close(model(turned), model(x), atol=1e-11, rtol=0)


def test_the_last_pooling_can_be_left_out(healpix_pyramid):
    with_pooling = SphericalClassifier(2, 5, healpix_pyramid, widths=(4, 6))
    without = SphericalClassifier(2, 5, healpix_pyramid, widths=(4, 6, 8))
    assert len(with_pooling.pooling_operators) == len(with_pooling.blocks) == 2
    assert len(without.pooling_operators) == 2 and len(without.blocks) == 3
    assert without(torch.zeros(768, 2)).shape == (5,)


def test_constant_spheres_are_classified_by_their_value(healpix_pyramid):
    """Pooling and averaging keep a constant, so the areas must sum to one."""
    model = (
        SphericalClassifier(1, 2, healpix_pyramid, widths=(3, 4), K=1).double().eval()
    )
    y = model(torch.full((768, 1), 0.7, dtype=torch.float64))
    x = torch.full((1, 1), 0.7, dtype=torch.float64)
    for block in model.blocks:
        x = torch.relu(block.norm(x @ block.conv.weight[0]))
    torch.testing.assert_close(y, model.head(x)[0])


def test_double_keeps_areas_and_operators_exact(healpix_pyramid):
    model = SphericalClassifier(2, 5, healpix_pyramid, widths=(4, 6)).double()
    exact = healpix_pyramid.graphs[-1].sampling.weights
    np.testing.assert_array_equal(model.mean.area.numpy(), exact)


def test_weights_move_to_the_icosahedron(healpix_pyramid, icosahedral_pyramid):
    model = SphericalClassifier(2, 5, healpix_pyramid, widths=(4, 6)).eval()
    moved = model.with_sampling(icosahedral_pyramid)
    assert moved(torch.zeros(642, 2)).shape == (5,)
    assert moved.config == model.config
    assert "area" not in model.state_dict()


def test_wrong_depth_is_refused(healpix_pyramid):
    with pytest.raises(
        ValueError, match="5 widths needs a pyramid of 6 or 5 levels, got 3"
    ):
        SphericalClassifier(6, 55, healpix_pyramid)
    with pytest.raises(ValueError, match=r"widths must have one number .*, got \(\)"):
        SphericalClassifier(6, 55, healpix_pyramid, widths=())
    with pytest.raises(ValueError, match="x has 12 vertices"):
        SphericalClassifier(2, 5, healpix_pyramid, widths=(4, 6))(torch.zeros(12, 2))


# -- single vertices ------------------------------------------------------------------
def test_pixels_do_not_see_their_neighbours(healpix_pyramid):
    model = PixelNetwork(2, 3, healpix_pyramid).double().eval()
    x = random_signal(768, 2)
    changed = x.clone()
    changed[5] += 1
    reached = (model(x) != model(changed)).any(dim=1)
    assert reached.nonzero().flatten().tolist() == [5]
    order = torch.randperm(768)
    assert_near(model(x[order]), model(x)[order], 1000)


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_pixel_network_has_the_signature_of_the_unet(healpix_pyramid, batch):
    model = PixelNetwork(2, 3, healpix_pyramid, widths=(5, 6))
    assert model(torch.zeros(*batch, 768, 2)).shape == (*batch, 768, 3)
    assert model.config == {"in_channels": 2, "out_channels": 3, "widths": [5, 6]}
    assert (
        PixelNetwork(2, 3, healpix_pyramid, widths=())(torch.zeros(768, 2)).shape[-1]
        == 3
    )
    with pytest.raises(ValueError, match=r"widths\[\d\] must be at least 1, got 0"):
        PixelNetwork(2, 3, healpix_pyramid, widths=(0,))


# -- where models live ----------------------------------------------------------------
@pytest.mark.parametrize(
    ("model", "options", "depth"),
    [
        (PixelNetwork, {"widths": (4,)}, 1),
        (SphericalClassifier, {"widths": (4, 6)}, 3),
        (SphericalUNet, {"configuration": SMALL}, 4),
        (HybridClassifier, {"bandlimits": (3, 1), "channels": (2, 2)}, 2),
    ],
)
def test_models_build_the_pyramid_of_their_depth(model, options, depth):
    built = model(2, 3, HEALPix(8), **options)
    expected = build_pyramid(HEALPix(8), depth, k=8).config
    assert dict(built.pyramid.config) == dict(expected)
    with pytest.raises(TypeError, match="must be a Sampling or a Pyramid, got int"):
        model(2, 3, 8, **options)


def test_models_on_coefficients_have_no_sampling_to_change():
    model = GeneralizedSphericalCNN(1, 2, bandlimits=(2, 1), channels=(2, 2))
    with pytest.raises(TypeError, match="works on coefficients and has no sampling"):
        model.with_sampling(HEALPix(2))


def test_pictures_move_to_other_grids():
    model = PlanarClassifier(2, 3, Equiangular(8), channels=(4,)).eval()
    moved = model.with_sampling(GaussLegendre(10))
    assert moved(torch.zeros(200, 2)).shape == (3,) and not moved.training
