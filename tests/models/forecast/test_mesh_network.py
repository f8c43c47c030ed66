"""Encoder, processor and decoder on a mesh: transfers, parts, refusals."""

import numpy as np
import pytest
import torch
from torch import nn

from deepsphere_pyg import load_model, save_model
from deepsphere_pyg.models import (
    GeneralizedSphericalCNN,
    MeshNetwork,
    ResidualUNet,
    SphericalClassifier,
    SphericalFourierOperator,
    SphericalUNet,
    UNetConfiguration,
)
from deepsphere_pyg.models.forecast.mesh_network import transfers
from samplings import (
    Equiangular,
    Fibonacci,
    HEALPix,
    Icosahedral,
    Transfer,
    build_pyramid,
)
from tests.helpers import random
from tests.models.forecast.networks import IN, TINY, built, mesh, pyramid
from tests.round_off import assert_near

TERMS = 20 * 1000


def test_the_network_is_the_sum_of_its_parts():
    model = built("mesh")
    x = random(2, 192, IN)
    encoded = model.encoder(x)
    shares = Transfer.conservative(HEALPix(4), model.mesh)
    there, back = (
        torch.from_numpy(matrix.toarray())
        for matrix in (shares.pooling(), shares.unpooling())
    )
    y = back @ model.processor(there @ encoded)
    wanted = model.decoder(torch.cat([y, encoded], dim=-1))
    assert_near(model(x), wanted, TERMS)


@pytest.mark.parametrize("method", ["conservative", "bilinear"])
@pytest.mark.parametrize(
    "place", [Icosahedral(1), Icosahedral(3), Equiangular(6), Fibonacci(100)]
)
def test_constants_are_kept_there_and_back(method, place):
    for operator in transfers(HEALPix(4), place, method):
        ones = torch.ones(operator.n_in, 1).double()
        assert_near(operator.double()(ones), torch.ones(operator.n_out, 1).double(), 99)


def test_areas_keep_integrals_and_interpolation_keeps_slopes():
    data, place = HEALPix(8), Icosahedral(3)
    there, _ = transfers(data, place, "conservative")
    x = random(768, 1)
    given, found = (
        (one.numpy()[:, 0] * area).sum()
        for one, area in ((x, data.weights), (there.double()(x), place.weights))
    )
    assert_near(np.float64(found), np.float64(given), 768, scale=1.0)
    z = torch.from_numpy(data.xyz.copy())
    there, _ = transfers(data, place, "bilinear")
    error = there.double()(z) - torch.from_numpy(place.xyz.copy())
    # A parabola misses a cosine by a square of the angle over eight, which is largest
    # on the rings of four pixels at the poles.
    assert error.abs().max() < (np.pi / 2) ** 2 / 8 * np.sin(data.theta.min())


@pytest.mark.parametrize("kind", ["unet", "sfno"])
def test_any_network_may_be_the_processor(kind, tmp_path):
    if kind == "unet":
        sizes = UNetConfiguration("tiny", 4, (4, 4), K=2)
        place = build_pyramid(Icosahedral(2), 2, 6, weighting="heat")
        processor = SphericalUNet(4, 3, place, configuration=sizes)
    else:
        place = Icosahedral(2)
        processor = SphericalFourierOperator(4, 3, place, channels=4, blocks=1)
    model = MeshNetwork(2, 1, Equiangular(8), processor=processor, hidden=5).eval()
    x = torch.randn(2, 128, 2)
    save_model(model, tmp_path / "network.pt")
    again = load_model(tmp_path / "network.pt")
    assert torch.equal(again(x), model(x))
    assert again.processor.geometry.config == processor.geometry.config
    moved = again.with_sampling(HEALPix(2))
    assert moved(torch.randn(48, 2)).shape == (48, 1)
    assert moved.mesh.name == again.mesh.name


def test_a_part_of_the_sphere_has_a_network_on_the_same_part():
    sky = HEALPix(8)
    part = sky[sky.lat > 0]
    whole = ResidualUNet(4, 4, pyramid(Icosahedral(2), 6), configuration=TINY)
    for transfer, text in (
        ("conservative", "share nothing with the source"),
        ("bilinear", "get no values from"),
    ):
        with pytest.raises(ValueError, match=text):
            MeshNetwork(2, 1, part, processor=whole, transfer=transfer)


def test_what_does_not_fit_is_refused():
    place = pyramid(Icosahedral(2), 6)
    with pytest.raises(TypeError, match="processor must be a SavedModel, got Linear"):
        MeshNetwork(2, 1, HEALPix(2), processor=nn.Linear(2, 2))
    with pytest.raises(TypeError, match="GeneralizedSphericalCNN, which works on coe"):
        spectral = GeneralizedSphericalCNN(2, 3, bandlimits=(3, 2), channels=(2, 2))
        MeshNetwork(2, 1, HEALPix(2), processor=spectral)
    with pytest.raises(ValueError, match="to such signals, got a SphericalClassifier"):
        whole = SphericalClassifier(4, 4, place, widths=(4, 4))
        MeshNetwork(2, 1, HEALPix(2), processor=whole)
    with pytest.raises(ValueError, match="transfer must be 'conservative' or 'biline"):
        mesh(transfer="nearest")
