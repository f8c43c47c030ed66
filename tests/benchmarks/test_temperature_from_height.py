"""The study of temperature and height, against fits by NumPy and on the real file."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from benchmarks.studies import temperature_from_height as study


def test_lines_are_those_of_each_ring() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 6, 10))
    new = rng.normal(size=(3, 10))
    rings = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
    found = study.linear(x, y, new, rings, True)
    through_zero = study.linear(x, y, new, rings, False)
    for ring in range(3):
        own = rings == ring
        line = np.polyfit(x[:, own].ravel(), y[:, own].ravel(), 1)
        # Least squares by two solvers, on some ten numbers of order one.
        np.testing.assert_allclose(found[:, own], np.polyval(line, new[:, own]))
        slope = (x[:, own] * y[:, own]).sum() / (x[:, own] ** 2).sum()
        np.testing.assert_allclose(through_zero[:, own], slope * new[:, own])


@pytest.mark.slow
def test_the_study_of_era5_writes_scores_and_predictions(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("cfgrib")
    file = shared_data / "era5" / "era5-levels-members.grib"
    words = ["--file", str(file), "--out", str(tmp_path), "--nside", "8"]
    study.main([*words, "--epochs", "1", "--seeds", "0"])
    results = json.loads((tmp_path / "results.json").read_text())
    found = {one["method"]: one["rmse"] for one in results}
    assert capsys.readouterr().out.count("| network") == len(study.NETWORKS)
    # The mean of the training, on the file's own grid, with the areas of its cells.
    t = study.fields_of(file)[study.TEMPERATURE]
    error = t.isel(time=-1) - t.isel(time=slice(None, -1)).mean(("time", "number"))
    weights = np.cos(np.deg2rad(t["latitude"]))
    expected = float((error**2).weighted(weights).mean()) ** 0.5
    # Pixels of 7 degrees average some 5 cells of 3 degrees, whose errors are alike.
    assert 0.7 * expected < found["mean"] < expected
    with xr.open_dataset(tmp_path / "temperature.nc") as written:
        assert written[study.TEMPERATURE].shape == (10, 1, 61, 120)
        assert written[study.TEMPERATURE].attrs["units"] == "K"
