"""``generate``: flows of a spectral model in a Zarr store that other commands read."""

import json

import numpy as np
import pytest
import torch
import xarray as xr

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.convert import from_xarray
from deepsphere_pyg.datasets.flows import BarotropicVorticity, random_vorticity
from deepsphere_pyg.harmonics import ISHT
from samplings import HEALPix, same_sampling

pytestmark = pytest.mark.usefixtures("coarse_pictures_of_module")
SMALL = ["--truncation", 10, "--runs", 3, "--days", 1, "--spin-up", 0.25]
SMALL += ["--nside", 4, "--threads", 1]


def command(*options):
    try:
        return main(["generate", *map(str, options)])
    except SystemExit as end:
        return end.code


@pytest.fixture(scope="module")
def flows(tmp_path_factory):
    out = tmp_path_factory.mktemp("generate") / "flows"
    assert command("barotropic", *SMALL, "--out", out) == 0
    return out


def test_fields_are_those_of_the_model(flows):
    found = xr.open_zarr(flows / "flows.zarr", consolidated=False)
    assert dict(found.sizes) == {"run": 3, "time": 4, "cell": 192}
    steps = np.diff(found.time.values) / np.timedelta64(1, "h")
    assert (steps == 6).all()
    assert found.u.attrs["standard_name"] == "eastward_wind"
    model = BarotropicVorticity(11)
    state = model.advanced(random_vorticity(11, runs=3), 6 + 18)
    wanted = ISHT(HEALPix(4, nest=True), 11, dtype=torch.float64)(state)
    scale = float(wanted.abs().max())
    # Written in float32.
    np.testing.assert_allclose(
        found.vorticity[:, -1].values.T, wanted, rtol=0, atol=2**-23 * scale
    )


def test_winds_are_the_gradient_of_the_stream_function(flows):
    found = xr.open_zarr(flows / "flows.zarr", consolidated=False).isel(run=0, time=0)
    # Both hold the same energy: <|grad psi|^2> = -<psi zeta>, in the mean of HEALPix's
    # pixels, which is exact for neither but near for degrees below 2 nside.
    kinetic = float((found.u**2 + found.v**2).mean())
    assert kinetic == pytest.approx(
        -float((found.stream_function * found.vorticity).mean()), rel=0.1
    )


def test_the_store_says_its_grid_and_can_be_trained_on(flows, tmp_path):
    store = flows / "flows.zarr"
    places = from_xarray(xr.open_zarr(store, consolidated=False).vorticity)
    assert same_sampling(places.sampling, HEALPix(4, nest=True))
    options = ["--fields", store, "--inputs", "vorticity", "--sampling", "own"]
    options += ["--network", "pixel", "--epochs", 1, "--train", "run=0"]
    options += ["--validation", "run=1", "--test", "run=2", "--out", tmp_path / "f"]
    assert main(["forecast", *map(str, options)]) == 0


def test_what_is_conserved_is_reported(flows):
    rows = json.loads((flows / "metrics.json").read_text())["flow"]
    assert [row["quantity"] for row in rows] == ["energy", "enstrophy"]
    model = BarotropicVorticity(11)
    start = model.advanced(random_vorticity(11, runs=3), 6)
    assert rows[0]["first"] == pytest.approx(float(model.energy(start).mean()))
    assert all(-1 < row["change a day"] < 0 for row in rows)
    assert (flows / "flows.png").stat().st_size > 1000


def test_shallow_water_keeps_its_mass_and_other_samplings_are_written(tmp_path):
    out = tmp_path / "sw"
    options = ["--variables", "depth", "--sampling", "gauss-legendre:8"]
    assert command("shallow-water", *SMALL[:8], *options, "--out", out) == 0
    found = xr.open_zarr(out / "flows.zarr", consolidated=False)
    assert list(found.data_vars) == ["depth"]
    assert found.depth.dims == ("run", "time", "lat", "lon")
    rows = json.loads((out / "metrics.json").read_text())["flow"]
    (mass,) = (row for row in rows if row["quantity"] == "mass")
    assert mass["last"] == pytest.approx(1e4, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--hours", "0"], "--hours must be positive, got 0.0"),
        (["--runs", "0"], "--runs must be at least 1, got 0"),
        (["--spin-up", "-1"], "--spin-up must not be negative, got -1.0"),
        (["--variables", "depth"], "--variables of barotropic are vorticity, u, v, st"),
        (["--begin", "yesterday"], "--begin must be a date such as 2001-01-01"),
        (["--step", "7000"], "hours must be a multiple of the step of 7000 s, got 6"),
        (["--threads", "0"], "--threads must be at least 1"),
    ],
)
def test_bad_options_are_one_line(options, words, tmp_path, capsys):
    assert command("barotropic", *SMALL, *options, "--out", tmp_path / "x") == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "x" / "flows.zarr").exists()


def test_a_store_that_exists_is_kept(flows, capsys):
    assert command("barotropic", *SMALL, "--out", flows) == 2
    assert "exists, and is not replaced" in capsys.readouterr().err


def test_a_step_too_long_leaves_no_store(tmp_path, capsys):
    out = tmp_path / "broken"
    options = ["--speed", "1e9", "--out", out]
    assert command("barotropic", *SMALL, *options) == 2
    assert "no longer finite" in capsys.readouterr().err
    assert [p.name for p in out.iterdir()] == []
