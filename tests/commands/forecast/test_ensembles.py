"""Ensembles, films and stores of the command: scores against those of the files."""

import json

import numpy as np
import pytest
import xarray as xr
import yaml
from PIL import Image

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.commands.forecast.output import rollout_order
from deepsphere_pyg.commands.options.kept import read_kept
from deepsphere_pyg.datasets import FieldMaps
from tests.commands.forecast.series import START, STEP, Linear, dataset

pytestmark = pytest.mark.usefixtures("coarse_pictures_of_module")
LENGTH, MEMBERS, SPREAD = 60, 4, 0.2


def command(*options):
    try:
        return main(["forecast", *map(str, options)])
    except SystemExit as end:
        return end.code


def opened(path):
    return xr.open_zarr(path, consolidated=False)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("series") / "series.nc"
    dataset(range(LENGTH)).to_netcdf(path)
    return path


@pytest.fixture(scope="module")
def run(file, tmp_path_factory, coarse_pictures_of_module):
    """Members that are trained together, with a film and a store."""
    out = tmp_path_factory.mktemp("forecast") / "run"
    start = ["--fields", file, "--model", f"{Linear.__module__}.Linear", "--sampling"]
    start += ["own", "--threads", 1, "--batch-size", 16, "--lr", 0.1, "--out", out]
    options = (
        f"--inputs u v --scored-steps 3 --epochs 3 --loss crps --members {MEMBERS}"
    )
    options += f" --noise {SPREAD} --n-rollouts 99 --format zarr --animation gif"
    assert command(*start, *options.split()) == 0
    return out


def test_scores_of_ensembles_are_those_of_their_members_in_the_store(file, run):
    """Fair CRPS by its double sum, spread and ranks, with NumPy."""
    metrics = json.loads((run / "metrics.json").read_text())
    found, truth = opened(run / "predictions.zarr").load(), xr.load_dataset(file)
    area = read_kept(run / "best.ckpt").sampling.weights.reshape(6, 10)
    share = xr.DataArray(area / area.sum(), dims=("lat", "lon"))
    assert metrics["members"] == MEMBERS == found.sizes["realization"]
    assert found.realization.attrs["standard_name"] == "realization"

    def mean(values):
        return float((values * share).sum(("lat", "lon")).mean())

    for row in metrics["test"]:
        forecast = found[row["variable"]].isel(lead=row["lead"] - 1)
        right = truth[row["variable"]].sel(time=forecast.valid_time)
        right = right.drop_vars("time")
        center = forecast.mean("realization")
        wrong = abs(forecast - right).mean("realization")
        pairs = sum(
            abs(forecast.isel(realization=i) - forecast.isel(realization=j))
            for i in range(MEMBERS)
            for j in range(MEMBERS)
        )
        fair = wrong - pairs / (2 * MEMBERS * (MEMBERS - 1))
        variance = mean(forecast.var("realization", ddof=1))
        # float32 in the file, and sums of some hundred terms.
        close = {"rel": 1e-4, "abs": 1e-6}
        assert row["crps_fair"] == pytest.approx(mean(fair), **close)
        assert row["spread"] == pytest.approx(variance**0.5, **close)
        rmse = mean((center - right) ** 2) ** 0.5
        assert row["rmse"] == pytest.approx(rmse, **close)
        ratio = np.sqrt((1 + 1 / MEMBERS) * variance) / rmse
        assert row["spread_skill"] == pytest.approx(ratio, rel=1e-4)
        rank = (forecast < right).sum("realization")
        wanted = [mean(rank == k) for k in range(MEMBERS + 1)]
        got = metrics["rank_histograms"][row["variable"]][row["lead"] - 1]
        assert got == pytest.approx(wanted, abs=1e-5)
    assert (run / "ensemble.png").stat().st_size > 1000


def test_the_film_has_a_frame_for_the_present_and_for_each_lead(run):
    with Image.open(run / "forecast.gif") as film:
        assert film.n_frames == 1 + 3


def test_a_store_has_the_dimensions_of_initial_and_lead_time(run):
    found = opened(run / "predictions.zarr")
    assert found.u.dims == ("realization", "member", "init_time", "lead", "lat", "lon")
    for name, standard in (
        ("init_time", "forecast_reference_time"),
        ("lead", "forecast_period"),
        ("valid_time", "time"),
    ):
        assert found[name].attrs["standard_name"] == standard
    np.testing.assert_array_equal(found.lead, STEP * np.arange(1, 4))
    # Nothing else is left beside the store.
    assert not [one for one in run.iterdir() if one.name.startswith(".")]


def ahead(run, out, *options):
    best = run / "best.ckpt"
    return command("--checkpoint", best, "--out", out, "--lead", 4, *options)


def test_forecasts_start_from_each_time_of_a_range(run, tmp_path):
    times = ("2001-01-10T00", "2001-01-10T06")
    both = f"{times[0]}/{times[1]}"
    options = ["--format", "zarr", "--members", 1]
    assert ahead(run, tmp_path / "both", "--from", both, *options) == 0
    found = opened(tmp_path / "both/predictions.zarr").load()
    assert found.u.dims == ("member", "init_time", "lead", "lat", "lon")
    for i, time in enumerate(times):
        assert ahead(run, tmp_path / f"{i}", "--from", time, "--members", 1) == 0
        one = xr.load_dataset(tmp_path / f"{i}/predictions.nc")
        assert one.u.dims == ("member", "time", "lat", "lon")
        # Batches differ, and so does the order of sums of a few products.
        np.testing.assert_allclose(found.u[:, i], one.u, atol=1e-5)
        np.testing.assert_array_equal(found.valid_time[i], one.time)
        np.testing.assert_array_equal(found.lead, one.lead)


def test_forecasts_of_the_command_go_on_from_those_in_its_files(run, tmp_path):
    """Four steps, and four more from the file of the first."""
    plain = ["--from", "last", "--members", 1]
    assert ahead(run, tmp_path / "whole", *plain, "--lead", 8) == 0
    assert ahead(run, tmp_path / "first", *plain) == 0
    before = ["--fields", tmp_path / "first/predictions.nc"]
    assert ahead(run, tmp_path / "second", *plain, *before) == 0
    whole, second = (
        xr.load_dataset(tmp_path / one / "predictions.nc")
        for one in ("whole", "second")
    )
    for name in "uv":
        np.testing.assert_array_equal(second[name], whole[name][:, 4:])


def test_our_readers_read_a_store_by_initial_and_lead_time(run):
    dims = ["realization", "member", "init_time", "lead"]
    path = run / "predictions.zarr"
    maps = FieldMaps(path, inputs=["u", "v"], sample_dims=dims)
    found = opened(run / "predictions.zarr")
    assert maps.sample_dims == tuple(dims)
    sizes = [found.sizes[dim] for dim in maps.sample_dims]
    x = maps.X[:].reshape(*sizes, 60, 2)
    # Vertices go from north to south, the rows of the file from south to north.
    found = found.isel(lat=slice(None, None, -1))
    wanted = np.stack([found.u, found.v], axis=-1)
    np.testing.assert_array_equal(x, wanted.reshape(x.shape))


def test_several_checkpoints_make_a_deep_ensemble(file, run, tmp_path, capsys):
    best = run / "best.ckpt"
    options = ["--checkpoint", best, best, "--members", 1, "--out", tmp_path / "a"]
    assert command(*options, "--n-rollouts", 2) == 0
    assert "ensembles of 2" in capsys.readouterr().out
    # Two equal networks do not spread.
    rows = json.loads((tmp_path / "a/metrics.json").read_text())["test"]
    assert all(row["spread"] == 0 for row in rows)
    assert all(row["crps"] == pytest.approx(row["mae"]) for row in rows)
    found = xr.load_dataset(tmp_path / "a/predictions.nc")
    assert found.sizes["realization"] == 2


def test_forecasts_on_the_sampling_of_the_network(run, tmp_path):
    options = ["--from", "last", "--members", 2, "--grid", "sampling", "--seed", 1]
    assert ahead(run, tmp_path / "a", *options, "--spread", 0.1) == 0
    found = xr.load_dataset(tmp_path / "a/predictions.nc")
    assert found.u.dims == ("realization", "member", "time", "lat", "lon")
    apart = np.abs(found.u[0] - found.u[1])
    assert float(apart.min()) >= 0 and float(apart.mean()) > 0.01


def test_what_is_forecast_is_whole_or_not_there(run, tmp_path, monkeypatch):
    """A forecast that ends before its last step leaves the one that was there."""
    from deepsphere_pyg.commands.forecast import ahead as module

    options = ["--from", "last", "--format", "zarr", "--members", 1]
    assert ahead(run, tmp_path, *options) == 0
    before = opened(tmp_path / "predictions.zarr").load()
    blocks = module.forecast_blocks

    def broken(*arguments):
        for number, block in enumerate(blocks(*arguments)):
            if number == 2:
                raise OSError("no space left")
            yield block * 0

    monkeypatch.setattr(module, "forecast_blocks", broken)
    assert ahead(run, tmp_path, *options) != 0
    assert opened(tmp_path / "predictions.zarr").load().identical(before)
    names = {one.name for one in tmp_path.iterdir()}
    assert names == {"predictions.zarr", "forecast.png"}


def test_blocks_come_start_by_start_and_lead_by_lead():
    found = rollout_order(3, 2, 2, 2)
    assert len({tuple(row) for row in found.tolist()}) == len(found) == 12
    assert found[:4].tolist() == [[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]]
    assert found[-2:].tolist() == [[2, 1, 0], [2, 1, 1]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--loss", "crps"], "--members 4 --noise 0.05, for example, got --members 1"),
        (["--members", "3"], "pass --spread such as 0.05"),
        (["--members", "0"], "--members must be at least 1, got 0"),
        (
            ["--members", "2", "--ensemble", "dropout", "--network", "small"],
            "--dropout",
        ),
        (["--dropout", "0.1", "--network", "small"], "--dropout is of the networks"),
        (["--dropout", "1"], "--dropout must be at least 0 and below 1"),
        (["--spread", "-1"], "--spread must be finite and not negative"),
        (["--animation", "mp4"], "need the program ffmpeg"),
        (["--checkpoint", "RUN", "--ensemble", "dropout"], "Linear without"),
        (["--checkpoint", "RUN", "OTHER"], "networks of one series, got the time step"),
    ],
)
def test_ensembles_that_cannot_be_are_refused(
    file, run, tmp_path, capsys, monkeypatch, options, message
):
    monkeypatch.setenv("PATH", "")
    if "OTHER" in options:
        import torch

        content = torch.load(run / "best.ckpt", weights_only=True)
        content["deepsphere_pyg_task"]["notes"]["time_step"]["length"] = 3600.0
        del content["deepsphere_pyg_digest"]
        torch.save(content, tmp_path / "other.ckpt")
    names = {"RUN": run / "best.ckpt", "OTHER": tmp_path / "other.ckpt"}
    given = [names.get(one, one) for one in options]
    assert command("--fields", file, "--inputs", "u", "v", *given) == 2
    assert message in capsys.readouterr().err


def test_the_configuration_has_the_ensemble(run):
    kept = yaml.safe_load((run / "config.yaml").read_text())
    assert (kept["members"], kept["loss"], kept["noise"]) == (MEMBERS, "crps", SPREAD)
    task = read_kept(run / "best.ckpt").config
    assert (task["members"], task["noise"]) == (MEMBERS, SPREAD)
    assert START < START + STEP
