"""The study of runs of a climate model, on small runs whose answers are known."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from sklearn.linear_model import LogisticRegression, Ridge

from benchmarks.measuring.kept import Kept
from benchmarks.studies.climate_runs import __main__ as study
from benchmarks.studies.climate_runs.baselines import (
    chosen,
    features,
    logistic,
    ridge,
    squared_error,
    years_of,
)
from benchmarks.studies.climate_runs.data import (
    FORCED,
    NATURAL,
    PIXELS,
    areas,
    fold_of,
    read_runs,
)
from deepsphere_pyg.datasets import FieldMaps
from samplings import GaussLegendre

YEARS = np.arange(1956, 2000)


@pytest.fixture
def runs() -> xr.DataArray:
    """Runs whose northern hemisphere warms, if all forcings act."""
    rng = np.random.default_rng(0)
    lat = np.rad2deg(np.arcsin(np.polynomial.legendre.leggauss(8)[0]))
    lon = np.arange(0, 360, 22.5)
    members = (*FORCED, *NATURAL)
    data = 280 + rng.normal(size=(8, len(YEARS), 8, 16))
    warming = 0.1 * (YEARS - YEARS[0])[:, None, None] * (lat > 0)[:, None]
    data[:4] += warming
    coords = {"member": list(members), "year": YEARS, "lat": lat, "lon": lon}
    return xr.DataArray(
        data, coords, ("member", "year", "lat", "lon"), "TREFHT", {"units": "K"}
    )


def test_areas_are_those_of_the_gaussian_grid(runs: xr.DataArray) -> None:
    grid = GaussLegendre(L=8, n_phi=16)
    found = areas(runs)
    assert found.sum() == pytest.approx(1)
    expected = np.sort(np.asarray(grid.weights)) / (4 * np.pi)
    np.testing.assert_allclose(np.sort(found.ravel()), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="latitudes must be those of a Gaussian grid"):
        areas(runs.assign_coords(lat=np.linspace(-80, 80, 8)))


@pytest.mark.parametrize("keep_mean", [True, False])
def test_the_runs_held_out_do_not_change_the_fields_of_the_others(
    runs: xr.DataArray, keep_mean: bool
) -> None:
    groups = [FORCED[1:], NATURAL[1:]]
    other = runs.copy()
    other.loc[{"member": [FORCED[0], NATURAL[0]]}] *= 1.1
    training = list(groups[0]) + list(groups[1])
    one, two = (
        fold_of(data, groups, keep_mean=keep_mean).fields.sel(member=training)
        for data in (runs, other)
    )
    xr.testing.assert_identical(one, two)
    mean = (one["raw"] * areas(runs)).sum(("lat", "lon"))
    # Fields are float32, of some K.
    assert (np.abs(mean).max() < 1e-5) == (not keep_mean)


def test_the_spread_is_that_of_the_noise(runs: xr.DataArray) -> None:
    """Noise of variance one, about a mean that is estimated from three runs."""
    fold = fold_of(runs, [FORCED[1:]], keep_mean=True)
    variance = np.exp(2 * fold.fields["spread"].to_numpy())
    # 128 places with 44 years of 2 degrees of freedom each.
    assert variance.mean() == pytest.approx(1, abs=5 * np.sqrt(2 / (128 * 88)))


def test_fits_in_the_span_are_those_on_all_columns() -> None:
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(20, 50)), rng.normal(size=(5, 50))
    y = rng.normal(size=20)
    expected = Ridge(alpha=0.3).fit(x, y).predict(new)
    np.testing.assert_allclose(ridge(x, y, 0.3)(new), expected, rtol=1e-9)
    classes = (y > 0).astype(float)
    model = LogisticRegression(C=0.3, tol=1e-10).fit(x, classes)
    found = logistic(x, classes, 0.3)(new)
    # It stops at gradients of the mean loss of 1e-4, of curvature at least 1 / (n C).
    off = 1e-4 * len(x) * 0.3 * np.linalg.norm(new, axis=1).max()
    np.testing.assert_allclose(found, model.decision_function(new), atol=off)


def test_norms_of_features_are_areal_means(runs: xr.DataArray) -> None:
    fold = fold_of(runs, [FORCED[1:]], keep_mean=True)
    maps = fold.maps("raw", [57])
    squares = (maps**2 * areas(runs)).sum((1, 2))
    found = (features(fold, "grid", "raw", [57]) ** 2).sum(1)
    np.testing.assert_allclose(found, squares, rtol=1e-12)
    zonal = (maps.mean(-1) ** 2 * areas(runs).sum(-1)).sum(-1)
    found = (features(fold, "zonal", "raw", [57]) ** 2).sum(1)
    np.testing.assert_allclose(found, zonal, rtol=1e-12)
    with pytest.raises(ValueError, match="kind must be one of grid, pixels"):
        features(fold, "rings", "raw", [57])


def test_pixels_are_those_of_the_networks(runs: xr.DataArray) -> None:
    fold = fold_of(runs, [FORCED[1:]], keep_mean=True)
    dims = ("member", "year")
    maps = FieldMaps(fold.fields, inputs=["raw"], sampling=PIXELS, sample_dims=dims)
    found = features(fold, "pixels", "raw", [59])
    expected = maps.subset(member=59).X[:][..., 0] / np.sqrt(len(PIXELS))
    # The maps are float32.
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_ridge_finds_the_years_of_a_run_it_has_not_seen(runs: xr.DataArray) -> None:
    fold = fold_of(runs.sel(member=list(FORCED)), [FORCED[1:]], keep_mean=True)

    def target(members):
        return years_of(runs, members)

    folds = [[member] for member in FORCED[1:]]
    fit = (ridge, (1e-3, 1e-1, 10.0), squared_error)
    predict, choice = chosen(fold, "grid", folds, target, *fit)
    error = predict([57]) - YEARS
    # The warming of 64 cells, of noise 1, shows a year to 10 / 8 years.
    assert np.sqrt(np.mean(error**2)) < 4
    assert choice.startswith(("raw", "scaled"))


def test_results_that_are_kept_are_not_made_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path, study.KEYS, study.FACTS)
    made = []

    def run():
        made.append(1)
        return {"choice": "raw"}, {57: np.array([1.0, 2.0])}

    kept.add({"task": "year", "held": "57", "method": "ridge grid"}, run)
    kept.add({"task": "year", "held": "57", "method": "network", "seed": 1}, run)
    again = Kept(tmp_path, study.KEYS, study.FACTS)
    again.add({"task": "year", "held": "57", "method": "ridge grid"}, run)
    assert len(made) == 2 and again.rows == kept.rows
    assert [row["choice"] for row in again.rows] == ["raw", "raw"]
    assert again.answers(again.find(task="year"))["57"].tolist() == [1.0, 2.0]


@pytest.mark.slow
def test_the_study_ends_with_tables_and_a_picture(
    runs: xr.DataArray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "runs.nc"
    runs.to_dataset().to_netcdf(file)
    assert read_runs(file).shape == (8, len(YEARS), 8, 16)
    words = ["--file", str(file), "--out", str(tmp_path / "out")]
    years = ["--tasks", "year", "--networks", "healpix-fitted", "--year-seeds", "0"]
    study.main([*words, *years, "--epochs", "1"])
    forcings = ["--tasks", "forcing", "--networks"]
    study.main([*words, *forcings])
    printed = capsys.readouterr().out
    assert (tmp_path / "out/years.png").read_bytes().startswith(b"\x89PNG")
    assert "| network chosen by validation |" in printed
    rows = [line for line in printed.splitlines() if line.startswith("| logistic")]
    # Each of 16 pairs has two runs, which regression tells apart.
    assert "32/32" in rows[0]
    study.main([*words, *forcings])
    assert printed.endswith(capsys.readouterr().out)
