"""Winds carried as vectors: from files to samplings, and back to files."""

import numpy as np
import pytest
import xarray as xr

from deepsphere_pyg.datasets import FieldMaps, predictions_to_xarray
from deepsphere_pyg.datasets.regridding.regrid import Regridder
from deepsphere_pyg.datasets.regridding.winds import WindRegridder, paired
from samplings import Equiangular, HEALPix, Icosahedral
from tests.convert.xarray.test_winds import true_winds
from tests.round_off import assert_near

LAT, LON = np.linspace(90, -90, 37), np.arange(72) * 5.0


def winds_of(sampling):
    return np.stack(true_winds(sampling.lat, sampling.lon))


@pytest.fixture(scope="module")
def data():
    east, north = true_winds(*np.meshgrid(LAT, LON, indexing="ij"))
    size = np.array([1.0, 2.0])[:, None, None]
    cells = {"u": size * east, "v": size * north, "t": 0 * size * east + 7}
    return xr.Dataset(
        {name: (("time", "lat", "lon"), one) for name, one in cells.items()},
        coords={
            "time": np.array(["2001-01-01", "2001-01-02"], "M8[ns]"),
            "lat": ("lat", LAT, {"units": "degrees_north"}),
            "lon": ("lon", LON, {"units": "degrees_east"}),
        },
    )


@pytest.mark.parametrize("method", ["conservative", "bilinear"])
@pytest.mark.parametrize("make", [lambda: HEALPix(8), lambda: Icosahedral(2)])
def test_winds_at_poles_are_as_near_as_elsewhere(make, method):
    sampling = make()
    grid = Equiangular(37, 72, "clenshaw-curtis")
    found = WindRegridder(Regridder(grid, sampling, method)).fields(winds_of(grid))
    error = np.abs(found - winds_of(sampling)).max(axis=0)
    polar = np.abs(sampling.lat) > 80
    # Second order in the cells, 5 degrees or the spacing of the sampling.
    assert error.max() < 0.02 and error[polar].max() < 2 * error[~polar].max()


def test_channels_of_files_are_carried_as_vectors(data):
    sampling = HEALPix(8)
    maps = FieldMaps(
        data, inputs=["t", "v", "u"], sampling=sampling, winds=[("u", "v")]
    )
    assert maps.channel_names == ("t", "v", "u")
    right = 2 * winds_of(sampling)
    found = maps[1].x.numpy()
    assert np.abs(found[:, [2, 1]] - right.T).max() < 0.02
    assert (found[:, 0] == 7).all()
    scalars = FieldMaps(data, inputs=["v", "u"], sampling=sampling).unfilled(1)
    polar = np.abs(sampling.lat) > 80
    wrong = np.abs(scalars[:, [1, 0]] - right.T)[polar].max()
    assert wrong > 5 * np.abs(found[:, [2, 1]] - right.T)[polar].max()


def test_a_pole_of_the_grid_of_the_file_keeps_its_wind(data):
    maps = FieldMaps(data, inputs=["u", "v"], winds=[("u", "v")])
    assert_near(maps.unfilled(0).T, winds_of(maps.sampling), 12, scale=1)


def test_targets_are_vectors_and_answers_return_to_the_file(data):
    maps = FieldMaps(
        data,
        inputs=["t"],
        targets=["u", "v"],
        sampling=HEALPix(16),
        winds=[("u", "v")],
    )
    answers = np.stack([maps[i].y.numpy() for i in range(2)])
    found = predictions_to_xarray(answers, maps)
    scalars = predictions_to_xarray(
        answers, FieldMaps(data, inputs=["t"], sampling=HEALPix(16)), names=["u", "v"]
    )
    for name in "uv":
        # Interpolated twice, at 4 and 5 degrees; scalars at the poles are means of all
        # directions, and wrong by the wind itself.
        assert np.abs(found[name] - data[name]).max() < 0.05
        assert np.abs(scalars[name] - data[name]).max() > 0.5
    own = FieldMaps(data, inputs=["t"], targets=["u", "v"], winds=[("u", "v")])
    found = predictions_to_xarray(np.stack([own[i].y.numpy() for i in range(2)]), own)
    for name in "uv":
        assert_near(found[name].values, data[name].values.astype("f4"), 24, scale=2)


def test_a_component_that_is_missing_takes_the_other_with_it(data):
    holes = data.copy(deep=True)
    holes["u"][0, :, :36] = np.nan
    maps = FieldMaps(holes, inputs=["u", "v"], sampling=HEALPix(4), winds=[("u", "v")])
    missing = np.isnan(maps.unfilled(0))
    assert missing.any() and (missing[:, 0] == missing[:, 1]).all()


def test_levels_are_paired():
    names = ["u@500", "z@500", "v@500", "v@850", "u@850", "u10", "v10"]
    found = paired(names, [("u", "v"), ("u10", "v10")])
    assert found == ((0, 2), (4, 3), (5, 6))


def test_what_is_no_pair_is_refused(data):
    with pytest.raises(ValueError, match="u comes without v; name both, or leave"):
        FieldMaps(data, inputs=["u"], winds=[("u", "v")])
    with pytest.raises(ValueError, match=r"winds must be pairs.*got \('u',\)"):
        FieldMaps(data, inputs=["u", "v"], winds=[("u",)])
    with pytest.raises(ValueError, match="must vary along the same dimensions"):
        part = data.assign(v=data.v.isel(time=0, drop=True))
        FieldMaps(part, inputs=["u", "v"], winds=[("u", "v")])
