"""Networks of forecasts by name, and a training with one of them."""

import math

import pytest
import torch

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.commands.forecast.networks import (
    FORECAST_NETWORKS,
    ForecastNetworkOptions,
    forecast_network,
    mesh_for,
    mesh_named,
)
from deepsphere_pyg.commands.options.kept import read_kept
from deepsphere_pyg.models import (
    MeshNetwork,
    RecurrentUNet,
    ResidualUNet,
    SphericalFourierOperator,
    SphericalUNet,
)
from samplings import HEALPix, Icosahedral
from tests.commands.forecast.series import dataset

SMALL = {"width": 1 / 32, "weighting": "heat"}


def network(history=2, nside=4, **options):
    chosen = ForecastNetworkOptions(**{**SMALL, **options})
    sizes = (2 * history + 1, 2, HEALPix(nside))
    return forecast_network(chosen, *sizes, history=history, seed=0)


def test_names_choose_networks():
    kinds = {
        "weather": ResidualUNet,
        "gru": RecurrentUNet,
        "lstm": RecurrentUNet,
        "mesh": MeshNetwork,
        "sfno": SphericalFourierOperator,
    }
    assert set(kinds) == set(FORECAST_NETWORKS)
    for name, kind in kinds.items():
        model = network(network=name)
        assert type(model) is kind
        assert model(torch.randn(1, 192, 5)).shape == (1, 192, 2)
        if kind is RecurrentUNet:
            assert model.config["cell"] == name and model.history == 2


def test_the_default_is_the_small_unet_whatever_the_width():
    one, other = network(nside=8), network(nside=8, width=1.0)
    assert type(one) is SphericalUNet
    assert one.config == other.config


def test_options_reach_the_network():
    assert len(network(network="gru", memory="all").memories) == 3
    options = {"mesh": "healpix:4", "processor": "sfno", "transfer": "bilinear"}
    model = network(network="mesh", **options)
    assert isinstance(model.processor, SphericalFourierOperator)
    assert model.mesh.name == HEALPix(4).name and model.transfer == "bilinear"
    assert network(network="weather", K=2).configuration.K == 2


def test_the_mesh_has_a_quarter_of_the_vertices():
    # Levels have some 10 * 4^n vertices.
    assert mesh_for(HEALPix(32)).config == Icosahedral(4).config
    assert mesh_for(HEALPix(2)).config == Icosahedral(2).config
    count = len(mesh_named("icosahedral:3"))
    assert math.isclose(count, 642)


@pytest.mark.parametrize("name", ["cubed:4", "healpix", "healpix:-2", "healpix:x"])
def test_unknown_meshes_are_refused(name):
    with pytest.raises(ValueError, match="--mesh must be healpix:NSIDE or icosahed"):
        ForecastNetworkOptions(mesh=name)


def test_factors_that_leave_no_network_are_refused():
    with pytest.raises(ValueError, match="--width must be positive and finite, got 0"):
        ForecastNetworkOptions(width=0.0)


@pytest.mark.parametrize(
    "words",
    ["--network lstm --history 2", "--network mesh --processor sfno"],
)
def test_a_training_leaves_a_forecast_that_can_be_used(
    words, tmp_path, coarse_pictures_of_module
):
    path, out = tmp_path / "series.nc", tmp_path / "run"
    dataset(range(30)).to_netcdf(path)
    place = f"--nside 4 --weighting heat --width {1 / 32} --threads 1 --epochs 1"
    options = [*words.split(), *place.split()]
    assert main(["forecast", "--fields", str(path), "--out", str(out), *options]) == 0
    kept = read_kept(out / "best.ckpt")
    name = type(kept.task().network).__name__
    assert name == {"lstm": "RecurrentUNet", "mesh": "MeshNetwork"}[words.split()[1]]
    ahead = ["--from", "last", "--lead", "2", "--out", str(tmp_path / "ahead")]
    again = ["--checkpoint", str(out / "best.ckpt"), "--fields", str(path)]
    assert main(["forecast", *again, *ahead]) == 0
