"""Series in the layouts in which weather data are published."""

import numpy as np
import pytest
import xarray as xr

from deepsphere_pyg.commands.command_line import main
from deepsphere_pyg.commands.forecast.options import ForecastOptions
from deepsphere_pyg.commands.forecast.parts import read_parts, sample_parts
from deepsphere_pyg.commands.forecast.series import open_series
from samplings import HEALPix, Rectilinear

STEPS = 24
TIMES = np.datetime64("1979-12-29T00", "ns") + np.arange(STEPS) * np.timedelta64(6, "h")
LAT_UNITS, LON_UNITS = {"units": "degrees_north"}, {"units": "degrees_east"}


def wave(lat, lon, level=0.0):
    """A wave that moves east, ``(time, *places)``, and its level."""
    phi, theta = np.deg2rad(lon), np.deg2rad(90 - lat)
    t = np.arange(STEPS).reshape(-1, *(1,) * np.ndim(phi))
    return np.float32(level + np.sin(theta) ** 2 * np.cos(2 * phi - 0.3 * t))


def opened(*fields, **options):
    options.setdefault("sampling", "own")
    return open_series(ForecastOptions(fields=tuple(map(str, fields)), **options))


def states(series):
    return series.read(np.arange(len(series.maps)))


# -- WeatherBench 1 ---------------------------------------------------------------
@pytest.fixture(scope="module")
def weatherbench1(tmp_path_factory):
    """A folder for each variable, a file for each year, 32 x 64 cells of 5.625 degrees.

    Variables of one level have it as a coordinate of a single value.
    """
    root = tmp_path_factory.mktemp("weatherbench1")
    lat = np.linspace(-87.1875, 87.1875, 32)
    lon = np.arange(64) * 5.625
    places = np.meshgrid(lat, lon, indexing="ij")
    coords = {"lat": ("lat", lat, LAT_UNITS), "lon": ("lon", lon, LON_UNITS)}

    def write(folder, name, values, dims=("time", "lat", "lon"), **more):
        (root / folder).mkdir()
        data = xr.Dataset(
            {name: (dims, values)}, coords={**coords, "time": TIMES, **more}
        )
        for year, part in data.groupby("time.year"):
            part.to_netcdf(root / folder / f"{folder}_{year}_5.625deg.nc")

    write("geopotential_500", "z", wave(*places, 500), level=500)
    write("temperature_850", "t", wave(*places, 850), level=850)
    write("toa_incident_solar_radiation", "tisr", wave(*places, 1))
    several = np.stack([wave(*places, one) for one in (500, 850)], axis=1)
    dims = ("time", "level", "lat", "lon")
    write("geopotential", "z", several, dims, level=[500, 850])
    (root / "constants").mkdir()
    names = ("orography", "lsm", "slt")
    constants = {
        name: (("lat", "lon"), np.ones((32, 64)) * i) for i, name in enumerate(names)
    }
    constants |= {
        "lat2d": (("lat", "lon"), places[0]),
        "lon2d": (("lat", "lon"), places[1]),
    }
    path = root / "constants" / "constants_5.625deg.nc"
    xr.Dataset(constants, coords=coords).to_netcdf(path)
    return root


def test_weatherbench1_has_folders_of_years_and_constants(weatherbench1):
    folders = (
        "geopotential_500",
        "temperature_850",
        "toa_incident_solar_radiation",
        "constants",
    )
    series = opened(
        *(weatherbench1 / one for one in folders),
        inputs=("z", "t"),
        forcing=("tisr",),
        static=("orography", "lsm", "slt"),
    )
    sampling = series.maps.sampling
    assert isinstance(sampling, Rectilinear) and len(sampling) == 32 * 64
    x, forcing = states(series)
    for values, level in ((x[..., 0], 500), (x[..., 1], 850), (forcing[..., 0], 1)):
        np.testing.assert_allclose(
            values, wave(sampling.lat, sampling.lon, level), rtol=1e-5, atol=1e-5
        )
    assert (series.static() == [0, 1, 2]).all()
    assert series.step.text() == "6 h" and series.gaps == 0


def test_weatherbench1_has_levels_in_one_folder(weatherbench1):
    series = opened(weatherbench1 / "geopotential", inputs=("z@850",))
    assert series.names == ("z@850",) and len(series.maps) == STEPS
    assert abs(states(series)[0].mean() - 850) < 0.1


def test_weatherbench1_is_told_which_folders_there_are(weatherbench1):
    with pytest.raises(ValueError, match=r"folders inside of it have: .*constants, "):
        opened(weatherbench1)
    with pytest.raises(ValueError, match=r"z along level, and .*pass files of one"):
        opened(weatherbench1 / "geopotential", weatherbench1 / "geopotential_500")


# -- WeatherBench 2, ARCO-ERA5 ----------------------------------------------------
@pytest.mark.parametrize("poles", [True, False])
@pytest.mark.parametrize("turned", [True, False])
@pytest.mark.parametrize("southwards", [True, False])
def test_weatherbench2_in_any_order(tmp_path, poles, turned, southwards):
    lat = np.linspace(-90, 90, 13) if poles else np.linspace(-84, 84, 15)
    lat = lat[::-1] if southwards else lat
    lon = np.arange(24) * 15.0
    places = np.meshgrid(lat, lon, indexing="ij")
    dims = ("time", "level", "latitude", "longitude")
    several = np.stack([wave(*places, one) for one in (500, 850)], axis=1)
    data = xr.Dataset(
        {
            "geopotential": (dims, several),
            "2m_temperature": (("time", *dims[2:]), wave(*places, 280)),
            "land_sea_mask": (dims[2:], np.ones((len(lat), 24), np.float32)),
        },
        coords={"time": TIMES, "level": [500, 850], "latitude": lat, "longitude": lon},
    )
    order = dims[2:][::-1] if turned else dims[2:]
    data.transpose("time", "level", *order).chunk(time=10).to_zarr(
        tmp_path / "era5.zarr", zarr_format=2
    )
    series = opened(
        tmp_path / "era5.zarr",
        inputs=("geopotential@500", "2m_temperature"),
        static=("land_sea_mask",),
    )
    sampling = series.maps.sampling
    x, _ = states(series)
    assert len(sampling) == (11 * 24 + 2 if poles else 15 * 24)
    for channel, level in enumerate((500, 280)):
        right = wave(sampling.lat, sampling.lon, level)
        np.testing.assert_allclose(x[..., channel], right, rtol=1e-5, atol=1e-5)


# -- deepsphere-weather -----------------------------------------------------------
@pytest.mark.parametrize("stacked", [True, False])
def test_deepsphere_weather_has_stores_of_nodes(tmp_path, stacked):
    sampling = HEALPix(4)
    where = {"lat": ("node", sampling.lat), "lon": ("node", sampling.lon)}
    root = tmp_path / "Healpix_400km" / "Data"

    def write(path, time, **variables):
        dims = ("time", "node") if time else ("node",)
        data = xr.Dataset(
            {name: (dims, one) for name, one in variables.items()},
            coords={**where, "time": TIMES} if time else where,
        )
        if stacked and time:
            data = data.to_dataarray("feature", name="data")
            data = data.transpose(*dims, "feature").to_dataset()
        data.to_zarr(root / path, zarr_format=2)

    dynamic = {"z500": wave(sampling.lat, sampling.lon, 500)}
    dynamic["t850"] = wave(sampling.lat, sampling.lon, 850)
    write("dynamic/time_chunked/dynamic.zarr", True, **dynamic)
    write("bc/time_chunked/bc.zarr", True, tisr=wave(sampling.lat, sampling.lon, 1))
    write("static.zarr", False, orog=sampling.lat, lsm=np.ones(192))
    prefix = "data@" if stacked else ""
    series = opened(
        root / "dynamic" / "time_chunked",
        root / "bc" / "time_chunked",
        root / "static.zarr",
        inputs=(f"{prefix}z500", f"{prefix}t850"),
        forcing=(f"{prefix}tisr",),
        static=("orog", "lsm"),
    )
    assert isinstance(series.maps.sampling, HEALPix)
    x, forcing = states(series)
    np.testing.assert_array_equal(x[..., 1], dynamic["t850"])
    np.testing.assert_allclose(forcing[..., 0] - 1, x[..., 0] - 500, atol=1e-4)
    np.testing.assert_allclose(series.static()[:, 0], sampling.lat, rtol=1e-6)


# -- what does not fit ------------------------------------------------------------
def ensemble(path, members, first=0, last=STEPS, name="x"):
    lat, lon = np.linspace(-75, 75, 6), np.arange(10) * 36.0
    values = wave(*np.meshgrid(lat, lon, indexing="ij"))[first:last]
    data = xr.Dataset(
        {name: (("number", "time", "lat", "lon"), np.stack([values] * len(members)))},
        coords={
            "number": members,
            "time": TIMES[first:last],
            "lat": ("lat", lat, LAT_UNITS),
            "lon": ("lon", lon, LON_UNITS),
        },
    )
    data.to_netcdf(path)
    return path


def test_members_may_be_in_files_of_their_own(tmp_path):
    paths = [ensemble(tmp_path / f"{k}.nc", [k]) for k in range(3)]
    series = opened(*paths)
    assert len(series.maps) == 3 * STEPS
    assert np.unique(series.member).tolist() == [0, 1, 2]


def test_members_that_a_file_lacks_are_named(tmp_path):
    one = ensemble(tmp_path / "one.nc", [0, 1, 2], 0, 10)
    other = ensemble(tmp_path / "other.nc", [0, 1], 10, 20)
    with pytest.raises(ValueError, match=r"other.nc lacks number 2; leave it out, or"):
        opened(one, other)


def test_members_that_are_missing_at_times_have_no_windows_there(tmp_path):
    path = ensemble(tmp_path / "all.nc", [0, 1])
    data = xr.load_dataset(path)
    data["x"][1, 4:8] = np.nan
    data.to_netcdf(tmp_path / "some.nc")
    options = ForecastOptions(fields=(str(tmp_path / "some.nc"),), sampling="own")
    series = open_series(options)
    samples = sample_parts(options, series, 1, only_test=False)
    train = read_parts(options, series, samples, 1)["train"]
    now = train.samples[train.windows.present[train.indices]]
    first, second = (series.counts[now[series.member[now] == k]] for k in (0, 1))
    assert set(first) - set(second) == {3, 4, 5, 6, 7}


def test_forcing_that_ends_before_the_states_is_named(tmp_path):
    one = ensemble(tmp_path / "x.nc", [0])
    other = ensemble(tmp_path / "q.nc", [0], 0, STEPS - 4, name="q")
    with pytest.raises(ValueError, match=r"q of .* lacks time 1980-01-03"):
        opened(one, other, inputs=("x",), forcing=("q",))


def test_mixed_steps_are_refused_with_the_file(tmp_path):
    data = xr.load_dataset(ensemble(tmp_path / "all.nc", [0]))
    times = [*range(10), *range(10, STEPS, 2)]
    data.isel(time=times).to_netcdf(tmp_path / "mixed.nc")
    with pytest.raises(ValueError, match=r"mixed.nc: times must have one step, got"):
        opened(tmp_path / "mixed.nc")


def test_winds_are_told_of_and_named(tmp_path, capsys):
    data = xr.load_dataset(ensemble(tmp_path / "all.nc", [0]))
    data["u"] = data.x.assign_attrs(standard_name="eastward_wind")
    data["v"] = data.x.assign_attrs(standard_name="northward_wind")
    data.to_netcdf(tmp_path / "winds.nc")
    opened(tmp_path / "winds.nc", inputs=("u", "v"))
    assert "pass --winds u v for vectors" in capsys.readouterr().out
    series = opened(tmp_path / "winds.nc", inputs=("u", "v"), winds=("u", "v"))
    assert series.maps.winds == (("u", "v"),)
    assert "--winds" not in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"--winds u v must be variables of the fore"):
        opened(tmp_path / "winds.nc", inputs=("x",), winds=("u", "v"))
    assert main(["forecast", "--fields", str(tmp_path / "winds.nc"), "--winds", "u"])
    assert "--winds must be pairs of an eastward" in capsys.readouterr().err
