"""Signals of files, and files of signals."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.convert import from_xarray
from deepsphere_pyg.convert.xarray.signals import merged, spread
from samplings import Equiangular, same_sampling

xr = pytest.importorskip("xarray")
WHOLE = Equiangular(5, 8, "clenshaw-curtis")
LAT, LON = np.linspace(-90, 90, 5), np.arange(0, 360, 45.0)


def weather(dtype=np.float64):
    """Two variables of time and level on a grid with poles, and one without level."""
    rng = np.random.default_rng(0)
    shape = (3, 2, 5, 8)
    u, v = (rng.standard_normal(shape).astype(dtype) for _ in range(2))
    for one in (u, v):
        one[..., 0, :], one[..., -1, :] = one[..., 0, :1], one[..., -1, :1]
    dims = ("time", "level", "lat", "lon")
    return xr.Dataset(
        {
            "u": (dims, u, {"units": "m s-1"}),
            "v": (dims, v, {"units": "m s-1", "long_name": "northward"}),
            "ps": (("lon", "time", "lat"), np.moveaxis(u[:, 0], 2, 0)),
            "time_bnds": (("time", "bnds"), np.zeros((3, 2))),
        },
        coords={
            "lat": ("lat", LAT, {"units": "degrees_north", "axis": "Y"}),
            "lon": ("lon", LON, {"units": "degrees_east"}),
            "level": ("level", [850, 500], {"units": "hPa"}),
            "time": np.array(["2001-01", "2001-02", "2001-03"], "datetime64[ns]"),
            "cell": (("lat", "lon"), np.arange(40).reshape(5, 8)),
        },
        attrs={"title": "weather"},
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_sets_go_round_bit_for_bit(dtype):
    data = weather(dtype)
    places = from_xarray(data)
    assert same_sampling(places.sampling, WHOLE)
    values, mask = places.signal(data, ["u", "v"])
    assert values.shape == mask.shape == (3, 2, 26, 2)
    assert values.dtype == dtype and mask.all()
    back = places.to_xarray(values, like=data, variables=["u", "v"])
    assert back.identical(data.drop_vars("ps"))


def test_levels_are_channels():
    data = weather()
    places = from_xarray(data)
    values, _ = places.signal(data, ["u", "v"], channel="level")
    assert values.shape == (3, 26, 4)
    alone, _ = places.signal(data.v, channel="level")
    np.testing.assert_array_equal(values[..., 2:], alone)
    by_one, _ = places.signal(data.v.sel(level=500))
    np.testing.assert_array_equal(by_one[..., 0], alone[..., 1])
    back = places.to_xarray(values, like=data, variables=["u", "v"], channel="level")
    assert back.identical(data.drop_vars("ps"))
    assert places.to_xarray(alone, like=data.v, channel="level").identical(data.v)


def test_vertices_get_the_values_of_their_cells():
    data = weather()
    places = from_xarray(data)
    for name in ("u", "ps"):
        values, _ = places.signal(data[name])
        cells = data[name].transpose(..., "lat", "lon").values
        np.testing.assert_array_equal(values[..., places.vertex, 0], cells)


def test_predictions_with_other_channels_keep_the_coordinates():
    data = weather()
    places = from_xarray(data)
    scores = torch.randn(3, 26, 4, requires_grad=True)
    result = places.to_xarray(scores, "scores", like=data.ps, channel="event")
    assert result.dims == ("lon", "time", "lat", "event")
    assert result.name == "scores" and result.dtype == np.float32
    assert result.coords.to_dataset().identical(data.ps.coords.to_dataset())
    np.testing.assert_array_equal(
        result.transpose("time", "lat", "lon", "event"),
        scores.detach().numpy()[:, places.vertex],
    )


def test_results_without_a_model_have_the_coordinates_of_the_grid():
    data = weather()
    places = from_xarray(data)
    result = places.to_xarray(np.zeros((7, 26, 1)), "zero", dims=["member"])
    assert result.dims == ("member", "lat", "lon") and result.name == "zero"
    assert set(result.coords) == {"lat", "lon", "cell"}
    assert result.lat.identical(data.lat.reset_coords(drop=True))
    assert places.to_xarray(np.zeros(26)).dims == ("lat", "lon")
    assert places.to_xarray(np.zeros((26, 2))).dims == ("lat", "lon", "channel")
    named = places.to_xarray(np.zeros((26, 1)), channel="class")
    assert named.dims == ("lat", "lon", "class")


def test_results_write_to_files_and_read_back(tmp_path):
    data = weather()
    data["crs"] = ((), 0, {"grid_mapping_name": "latitude_longitude"})
    data.u.attrs["grid_mapping"] = "crs"
    data.u.encoding = {"dtype": "int16", "scale_factor": 0.001, "_FillValue": -9999}
    data.to_netcdf(tmp_path / "a.nc")
    with xr.open_dataset(tmp_path / "a.nc", decode_coords="all") as file:
        places = from_xarray(file)
        values, _ = places.signal(file.u)
        result = places.to_xarray(values / 3, like=file.u)
        # packed in the file; a new result is not
        assert result.encoding == {"grid_mapping": "crs", "coordinates": "cell"}
        result.to_netcdf(tmp_path / "b.nc")
    with xr.open_dataset(tmp_path / "b.nc", decode_coords="all") as again:
        np.testing.assert_array_equal(again.u, result)
        assert same_sampling(from_xarray(again).sampling, WHOLE)


def test_integers_and_booleans_keep_their_type():
    data = weather()
    places = from_xarray(data)
    land = data.cell.copy(data=np.zeros((5, 8), bool))
    land[2, 3:] = True
    for dtype in (bool, np.int8, np.int64):
        values, mask = places.signal(land.astype(dtype))
        assert values.dtype == dtype and mask.all()
        back = places.to_xarray(values, like=land)
        assert back.dtype == dtype
        np.testing.assert_array_equal(back, land)
    land[0, 1] = True
    with pytest.raises(
        ValueError, match=r"cells at the same place .* of type bool, whi"
    ):
        places.signal(land)


def test_missing_values_are_masked_whatever_says_so():
    data = weather().ps.copy()
    places = from_xarray(data)
    data[4, 0, 1] = np.nan
    data[4, 0, 2] = -1e30
    data[4, 1, 1] = 5.5
    data.attrs["missing_value"] = np.array([-1e30])
    values, mask = places.signal(data, fill_value=5.5)
    assert (~mask).sum() == 3
    np.testing.assert_array_equal(mask, ~np.isnan(values))
    codes = data.copy(data=np.arange(120).reshape(8, 3, 5))
    codes.attrs = {"_FillValue": np.int64(7)}
    codes[..., [0, -1]] = 0
    values, mask = places.signal(codes)
    assert values.dtype == np.float64 and (~mask).sum() == 1


def test_poles_are_the_mean_of_what_is_known_there():
    data = weather().cell.astype(float)
    places = from_xarray(data)
    values, mask = places.signal(data.where(data != 0))
    np.testing.assert_allclose(values[places.vertex[0, 0], 0], np.arange(1, 8).mean())
    assert mask.all()
    values, mask = places.signal(data.where(data.lat > -90))
    assert mask.sum() == 25 and not mask[places.vertex[0, 0], 0]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32),
    n_cells=st.integers(1, 40),
    dtype=st.sampled_from([np.float32, np.float64, np.int32, np.complex128]),
)
def test_equal_values_merge_to_themselves(seed, n_cells, dtype):
    rng = np.random.default_rng(seed)
    vertex = rng.integers(-1, max(1, n_cells // 3), n_cells)
    vertex[rng.integers(n_cells)] = 0
    kept = np.unique(vertex[vertex >= 0])
    vertex = np.where(vertex >= 0, np.searchsorted(kept, vertex), -1)
    signal = (rng.standard_normal((2, len(kept))) * 1e6).astype(dtype)
    cells = spread(signal, vertex)
    if cells.dtype.kind in "fc":
        # what is missing in some of several cells is known from the others
        lost = rng.random(cells.shape) < 0.2
        first = np.unique(vertex, return_index=True)[1]
        lost[:, first] = False
        cells[lost] = np.nan
    np.testing.assert_array_equal(merged(cells, vertex, len(kept)), signal)


def test_means_agree_with_those_of_xarray():
    data = weather()
    places = from_xarray(data)
    cells = np.bincount(places.vertex.ravel())
    # each pole has eight cells in the file
    weights = places.to_xarray(places.sampling.weights / cells)
    values, _ = places.signal(data, ["u", "v"], channel="level")
    ours = np.einsum("tvc,v->tc", values, places.sampling.weights)
    theirs = data.u.weighted(weights).mean(("lat", "lon"))
    np.testing.assert_allclose(ours[:, :2] / places.sampling.area, theirs, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda p, d: p.signal(d),
            r"v has the further dim.*|ps has the further dimens",
        ),
        (
            lambda p, d: p.signal(d, ["u", "ps"]),
            r"ps has the further dimensions \(time\)",
        ),
        (
            lambda p, d: p.signal(d, ["w"]),
            r"no variable 'w'; there are: u, v, ps, time_",
        ),
        (lambda p, d: p.signal(d, "u"), r"variables must be a list .* got 'u'"),
        (
            lambda p, d: p.signal(d, []),
            r"variables must be a list of at least one name",
        ),
        (lambda p, d: p.signal(d.u, ["u"]), r"variables= chooses those of a Dataset"),
        (
            lambda p, d: p.signal(d.time_bnds),
            r"time_bnds has no dimension lat, only \(tim",
        ),
        (
            lambda p, d: p.signal(d[["time_bnds"]]),
            r"no variable lies on the grid \(lat,",
        ),
        (
            lambda p, d: p.signal(d.u, channel="lon"),
            r"u has no further dimension 'lon' ",
        ),
        (
            lambda p, d: p.signal(d.u, channel="x"),
            r"u has no further dimension 'x' for",
        ),
        (lambda p, d: p.signal(d.u.astype(str)), r"u holds <U.*numbers or booleans"),
        (
            lambda p, d: p.signal(d.u.values),
            r"data must be an xarray.DataArray or Dataset, go",
        ),
        (
            lambda p, d: p.signal(d.u[..., :-1]),
            r"lon has 7 positions, but 8 in the data",
        ),
        (
            lambda p, d: p.signal(d.u.assign_coords(lon=LON + 1)),
            r"coordinates of lon are not those .*another with from_xarray",
        ),
        (
            lambda p, d: p.to_xarray(np.zeros((25, 1))),
            r"\(\*other, 26, channel\) on Equi",
        ),
        (lambda p, d: p.to_xarray(1.0), r"a signal must have shape .* got \(\)"),
        (
            lambda p, d: p.to_xarray(np.zeros((2, 26, 1))),
            r"1 dimensions before .*names \(",
        ),
        (
            lambda p, d: p.to_xarray(np.zeros((2, 26, 1)), like=d.u),
            r"has shape \(2,\) before its vertices, but u has \(3, 2\) along \(time, l",
        ),
        (
            lambda p, d: p.to_xarray(np.zeros((3, 26, 3)), like=d.u, channel="level"),
            r"3 channels, but 2 are expected",
        ),
        (
            lambda p, d: p.to_xarray(np.zeros((3, 2, 26, 3)), like=d, variables=["u"]),
            r"3 channels, but 1 are expected",
        ),
        (
            lambda p, d: p.to_xarray(np.zeros(26), like=np.zeros(26)),
            r"like must be an xarray",
        ),
        (
            lambda p, d: p.to_xarray(np.zeros((3, 26, 1)), like=d.time_bnds),
            r"time_bnds has no dimension lat",
        ),
    ],
)
def test_bad_signals_are_explained(call, message):
    data = weather()
    with pytest.raises((ValueError, TypeError), match=message):
        call(from_xarray(data), data)


def test_text_tells_sizes_and_sampling():
    places = from_xarray(weather())
    assert repr(places) == f"XarraySampling(lat: 5, lon: 8) of {WHOLE!r}"
    assert places.shape == (5, 8) and places.mask.all()
    with pytest.raises(AttributeError, match="cannot assign"):
        places.dims = ()
    with pytest.raises(ValueError, match="read-only"):
        places.vertex[0] = 1
