"""Strictly equivariant networks: labels that no rotation changes."""

import pytest
import torch

from deepsphere_pyg import load_model, save_model
from deepsphere_pyg.harmonics import HarmonicLayout, Rotation, rotate
from deepsphere_pyg.models import (
    PUBLISHED_SIZES,
    GeneralizedSphericalCNN,
    MoleculeNetwork,
    falling_type,
)
from samplings import HEALPix
from tests.round_off import assert_near, round_off

SMALL = {"bandlimits": (5, 3, 2), "channels": (3, 4, 2), "tau_max": 3}
# Of the sums on the way to a label: in each of three blocks some tens of pairs of
# fragments, whose errors the later blocks multiply.
TERMS = 1000


def rotations(n, seed=0):
    return Rotation.random((n,), torch.Generator().manual_seed(seed))


def trained(model, x):
    """As after some training: statistics of norms are not those of the start."""
    model.train()
    for _ in range(3):
        model(x)
    return model.eval()


@pytest.mark.parametrize("convolution", ["constrained", "unconstrained"])
@pytest.mark.parametrize("mixing", ["full", "mst", "rmst"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_labels_do_not_change_when_the_sphere_is_turned(mixing, convolution, dtype):
    torch.manual_seed(0)
    model = GeneralizedSphericalCNN(
        2, 3, mixing=mixing, convolution=convolution, **SMALL
    ).to(dtype)
    x = torch.randn(8, 25, 2, dtype=dtype)
    trained(model, x)
    turned = rotate(x, rotations(8), 5)
    with torch.no_grad():
        before, after = model(x), model(turned)
    assert (x - turned).norm() > 0.5 * x.norm()
    # Products of three blocks, and a sum of the invariants of all of them.
    assert (before - after).norm() <= round_off(dtype, TERMS, before.norm())


def test_labels_tell_signals_of_one_power_spectrum_apart():
    torch.manual_seed(0)
    model = GeneralizedSphericalCNN(1, 4, **SMALL)
    x = torch.randn(6, 25, 1)
    trained(model, x)
    other = x.clone()
    # Another direction of degree 2 alone: the same power, another signal.
    other[:, 4:9] = rotate(x, rotations(6), 5)[:, 4:9]
    with torch.no_grad():
        difference = (model(x) - model(other)).norm(dim=1)
    assert (difference > 1e-4).all()


def test_types_fall_with_the_degree():
    assert falling_type(10, 5).tau == (5, 3, 3, 2, 2, 2, 2, 2, 2, 2)
    assert falling_type(1, 0.2) == HarmonicLayout(1, [1])


def test_signals_of_any_batch_shape_are_taken():
    model = GeneralizedSphericalCNN(2, 3, **SMALL).eval()
    x = torch.randn(2, 3, 25, 2)
    y = model(x)
    assert y.shape == (2, 3, 3)
    assert_near(y[1, 2], model(x[1, 2]), TERMS)
    assert model(torch.zeros(0, 25, 2)).shape == (0, 3)


def test_without_labels_it_gives_the_invariants():
    model = GeneralizedSphericalCNN(2, None, **SMALL).eval()
    x = torch.randn(4, 25, 2)
    assert model(x).shape == (4, model.n_invariants)
    # Of two input channels; of 3, 4 and 2 channels of three fragments of degree 0.
    assert model.n_invariants == 2 + 3 * (3 + 4 + 2)


def test_every_weight_gets_a_gradient():
    model = GeneralizedSphericalCNN(2, 3, dropout=0.1, **SMALL)
    model(torch.randn(4, 25, 2)).square().sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert torch.isfinite(weight.grad).all(), name


def test_a_saved_network_is_the_same_again(tmp_path):
    model = GeneralizedSphericalCNN(2, 3, hidden=(8, 4), **SMALL)
    x = torch.randn(4, 25, 2)
    trained(model, x)
    save_model(model, tmp_path / "model.pt")
    again = load_model(tmp_path / "model.pt")
    assert again.config == model.config
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    assert_near(again(x), model(x), TERMS)
    with pytest.raises(ValueError, match="works on coefficients and has no sampling"):
        load_model(tmp_path / "model.pt", HEALPix(4))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bandlimits": (5, 6, 2)}, "bandlimits must not rise, got 6 after 5"),
        ({"bandlimits": (5, 3)}, "one number for each level, got 2 and 3"),
        ({"bandlimits": (5,), "channels": (3,)}, "as many of each, at least 2"),
        ({"bandlimits": (5, 0, 0)}, r"bandlimits\[1\] must be at least 1, got 0"),
        ({"convolution": "zonal"}, "convolution must be .*, got 'zonal'"),
        ({"mixing": "some"}, "mixing|kind"),
        (
            {"mixing": "rmst", "bandlimits": (5, 1, 1)},
            r"got \(5, 1, 1\): .*; pass mixing='mst'",
        ),
        ({"hidden": (0,)}, r"hidden\[0\] must be at least 1, got 0"),
        ({"hidden": (8, -1)}, r"hidden\[1\] must be at least 1, got -1"),
        ({"tau_max": 0}, "tau_max must be positive"),
    ],
)
def test_bad_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        GeneralizedSphericalCNN(2, 3, **{**SMALL, **changes})


def test_coefficients_that_do_not_fit_are_refused():
    model = GeneralizedSphericalCNN(2, 3, **SMALL)
    with pytest.raises(ValueError, match="25"):
        model(torch.zeros(2, 24, 2))
    with pytest.raises(ValueError, match="channels"):
        model(torch.zeros(2, 25, 3))
    with pytest.raises(TypeError, match="float32"):
        model(torch.zeros(2, 25, 2, dtype=torch.float64))


@pytest.mark.parametrize(
    ("name", "channels", "labels", "published"),
    [("digits", 1, 10, 58_000), ("shapes", 6, 55, 250_000)],
)
def test_sizes_are_about_as_published(name, channels, labels, published):
    model = GeneralizedSphericalCNN(channels, labels, **PUBLISHED_SIZES[name])
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == pytest.approx(published, rel=0.02)


def test_the_size_of_networks_of_molecules_is_about_as_published():
    spheres = GeneralizedSphericalCNN(5, None, **PUBLISHED_SIZES["molecules"])
    model = MoleculeNetwork(spheres, (1, 6, 7, 8, 16), width=256)
    count = sum(parameter.numel() for parameter in model.parameters())
    assert count == pytest.approx(336_000, rel=0.01)


@pytest.mark.parametrize("shape", [(25, 2), (1, 25, 2)])
def test_training_takes_more_than_one_signal(shape):
    model = GeneralizedSphericalCNN(2, 3, **SMALL).train()
    with pytest.raises(ValueError, match=r"two or more signals, got one; pass .* eval"):
        model(torch.randn(shape))
    assert model.eval()(torch.randn(shape)).shape == (*shape[:-2], 3)


def test_trees_are_thinned_down_to_one_degree():
    settings = {**SMALL, "bandlimits": (5, 2, 1)}
    model = GeneralizedSphericalCNN(2, 3, mixing="rmst", **settings)
    assert model(torch.randn(4, 25, 2)).shape == (4, 3)
