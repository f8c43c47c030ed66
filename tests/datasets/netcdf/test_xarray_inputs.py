"""What people's files hold: other grids, codes, steps, texts, paths."""

import datetime
import gc
from importlib.util import find_spec

import numpy as np
import pytest

from deepsphere_pyg.datasets import XarrayDataset, XarrayFields
from deepsphere_pyg.datasets.netcdf.xarray_source import XarraySource
from samplings import Fibonacci, HEALPix, ReducedGaussian

xr = pytest.importorskip("xarray")
LAT, LON = np.linspace(-80, 80, 9), np.arange(18) * 20.0
GRID = {"lat": LAT, "lon": LON}


def maps(data, **options):
    settings = {"variables": ["t"], "sampling": HEALPix(2), "class_names": ["a", "b"]}
    return XarrayFields(data, **{**settings, **options})


def regular(values=None, **attributes):
    values = np.zeros((9, 18)) if values is None else values
    return xr.Dataset({"t": (("lat", "lon"), values, attributes)}, coords=GRID)


# -- grids ----------------------------------------------------------------------------
def grids():
    lat, lon = np.meshgrid(LAT, LON, indexing="ij")
    row, column = np.mgrid[0:30, 0:40].astype(float)
    bent = -60 + row * 1.5 + 0.05 * column, 200 + column * 1.7 + 0.05 * row
    points, gaussian = Fibonacci(300), ReducedGaussian.octahedral(8)
    crs = {
        "grid_mapping_name": "healpix",
        "healpix_nside": 4,
        "healpix_order": "ring",
    }
    healpix = xr.Dataset(
        {"t": (("cell",), HEALPix(4, nest=False).lat, {"grid_mapping": "crs"})},
        coords={"crs": ((), 0, crs)},
    )
    return {
        "names": xr.Dataset(
            {"t": (("j", "i"), lat)},
            coords={"latitude": ("j", LAT), "longitude": ("i", LON)},
        ),
        "two-dimensional": xr.Dataset(
            {"t": (("y", "x"), lat)},
            coords={"lat": (("y", "x"), lat), "lon": (("y", "x"), lon)},
        ),
        "curvilinear": xr.Dataset(
            {"t": (("j", "i"), bent[0])},
            coords={"lat": (("j", "i"), bent[0]), "lon": (("j", "i"), bent[1])},
        ),
        "HEALPix": healpix,
        "unstructured": xr.Dataset(
            {"t": (("n",), points.lat)},
            coords={"lat": ("n", points.lat), "lon": ("n", points.lon)},
        ),
        "reduced": xr.Dataset(
            {"t": (("values",), gaussian.lat)},
            coords={"lat": ("values", gaussian.lat), "lon": ("values", gaussian.lon)},
        ),
    }


@pytest.mark.parametrize("regrid", ["auto", "conservative", "bilinear"])
@pytest.mark.parametrize("name", grids())
def test_grids_that_are_recognised_are_read(name, regrid):
    sampling = HEALPix(4)
    sample = maps(grids()[name], sampling=sampling, regrid=regrid)[0]
    known = sample.mask.numpy()
    assert known.sum() > 5
    if name != "curvilinear":
        assert known[np.abs(sampling.lat) < 70].all()
    off = np.abs(sample.x[:, 0].numpy() - sampling.lat)[known]
    # a cell is some 10 to 20 degrees wide
    assert off.max() < 10
    assert np.median(off) < 3


def test_many_variables_of_a_grid_are_recognised_once(monkeypatch):
    from deepsphere_pyg.datasets.netcdf import xarray_source

    calls = []
    recognise = xarray_source.from_xarray
    monkeypatch.setattr(
        xarray_source,
        "from_xarray",
        lambda *args: calls.append(args) or recognise(*args),
    )
    data = regular()
    data = data.assign({f"v{i}": data.t + i for i in range(30)})
    dataset = maps(data, variables=[f"v{i}" for i in range(30)])
    assert len(calls) == 1
    assert dataset[0].x.shape == (48, 30)


# -- missing values -------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["f4", "f8", ">f4", ">f8", ">i2"])
@pytest.mark.parametrize("key", ["_FillValue", "missing_value"])
def test_codes_are_missing_in_fields_and_labels(dtype, key):
    values = np.full((9, 18), 5.0)
    values[:4] = -99
    data = regular(values.astype(dtype), **{key: np.dtype(dtype).type(-99)})
    zone = np.where(values < 0, -1, (LON > 170) * np.ones((9, 1))).astype(">i2")
    data["zone"] = (("lat", "lon"), zone, {key: np.int16(-1)})
    sample = maps(data)[0]
    assert 0.3 < sample.mask.numpy().mean() < 0.7
    assert set(sample.x.flatten().tolist()) == {5.0}
    labels = XarrayDataset(
        data,
        variables=["t"],
        label_variable="zone",
        sampling=HEALPix(2),
        missing_label="land",
    )
    assert labels.class_names == ("land", "0", "1")


def test_masked_valid_range_and_unseen_are_missing():
    values = np.full((9, 18), 5.0)
    values[0], values[1], values[2] = -1.6375e30, 9.969209968386869e36, 900.0
    with_codes = maps(regular(values, valid_max=100.0), sampling=HEALPix(4))[0]
    plain = np.where(values == 5, values, np.nan)
    expected = maps(regular(plain), sampling=HEALPix(4))[0]
    np.testing.assert_array_equal(with_codes.mask, expected.mask)
    np.testing.assert_array_equal(with_codes.x, expected.x)


def test_unsigned_bytes_are_unsigned():
    values = np.array([1, -56, -1], dtype=np.int8)[np.arange(9) // 3][:, None]
    data = regular(values * np.ones((1, 18), np.int8), _Unsigned="true", _FillValue=-1)
    data.t.attrs["_FillValue"] = np.int8(-1)
    sample = maps(data, regrid="bilinear")[0]
    known = sample.x[sample.mask]
    assert known.min() == 1
    assert known.max() == 200
    assert not sample.mask.all()


# -- steps, dates, texts --------------------------------------------------------------
def forecast(unit="ns"):
    values = np.arange(3.0)[:, None, None] * np.ones((1, 9, 18))
    step = np.array([0, 6, 30], "m8[h]").astype(f"m8[{unit}]")
    return xr.Dataset(
        {"t": (("step", "lat", "lon"), values)}, coords={"step": step, **GRID}
    )


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize(
    "value",
    [
        np.timedelta64(6, "h"),
        np.timedelta64(360, "m"),
        datetime.timedelta(hours=6),
        "6h",
        "6 hours",
        6,
    ],
)
def test_lead_times_are_selected_and_named(unit, value):
    assert maps(forecast(unit)).channel_names == ("t@0h", "t@6h", "t@30h")
    chosen = maps(forecast(unit), selection={"step": value})
    assert chosen.channel_names == ("t",)
    assert (chosen[0].x == 1).all()
    assert maps(forecast(unit), variables=["t@6h"]).channel_names == ("t@6h",)


def test_ambiguous_numbers_of_lead_times_are_refused():
    data = forecast()
    data = data.assign_coords(step=np.array([1, 24, 60], "m8[h]").astype("m8[ns]"))
    with pytest.raises(ValueError, match="1 has no unit: pass a text such as"):
        maps(data, selection={"step": 1})
    with pytest.raises(ValueError, match="step has no value '7h'; it has 1h, 24h, 60h"):
        maps(data, selection={"step": "7h"})


def dated(times, kind="t"):
    values = np.arange(len(times))[:, None, None] * np.ones((1, 9, 18))
    name = (("time", "lat", "lon"), values)
    return xr.Dataset({kind: name}, coords={"time": times, **GRID})


@pytest.mark.parametrize("theirs", ["s", "us", "ns", "cftime"])
@pytest.mark.parametrize("ours", ["s", "us", "ns", "cftime"])
def test_dates_of_any_resolution_are_the_same(ours, theirs):
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[D]")

    def times(kind):
        if kind == "cftime":
            return xr.date_range("2020-01-01", periods=3, use_cftime=True)
        return days.astype(f"M8[{kind}]")

    zones = dated(times(theirs), "zone").isel(time=[2, 0, 1])
    dataset = XarrayDataset(
        dated(times(ours)),
        zones,
        variables=["t"],
        label_variable="zone",
        sampling=HEALPix(1),
    )
    assert [int(sample.y[5]) for sample in dataset] == [0, 1, 2]


def test_dates_of_other_calendars_are_refused():
    times = xr.date_range("2020-01-01", periods=3, calendar="360_day", use_cftime=True)
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[ns]")
    with pytest.raises(ValueError, match=r"different calendars \(360_day.*convert_cal"):
        XarrayDataset(
            dated(days),
            dated(times, "zone"),
            variables=["t"],
            label_variable="zone",
            sampling=HEALPix(1),
        )


def test_texts_and_positions_are_selected():
    data = xr.concat([regular(), regular() + 1], "member_id")
    texts = data.assign_coords(member_id=["r1i1p1f1", "r2i1p1f1"])
    chosen = maps(texts, selection={"member_id": "r2i1p1f1"})
    assert chosen.channel_names == ("t",)
    assert (chosen[0].x == 1).all()
    assert maps(data, selection={"member_id": "1"})[0].x.max() == 1
    assert maps(texts).channel_names == ("t@r1i1p1f1", "t@r2i1p1f1")
    with pytest.raises(ValueError, match="select a position from 0 to 1, got 'r1'"):
        maps(data, selection={"member_id": "r1"})


def test_selected_times_are_the_samples():
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[ns]")
    chosen = maps(dated(days), selection={"time": ["2020-01-03", "2020-01-01"]})
    assert [float(sample.x[0, 0]) for sample in chosen] == [2, 0]
    assert len(maps(dated(days), selection={"time": "2020-01-02"})) == 1


# -- labels ---------------------------------------------------------------------------
def labelled(values, **attributes):
    data = regular()
    data["zone"] = (("lat", "lon"), values, attributes)
    return XarrayDataset(
        data, variables=["t"], label_variable="zone", sampling=HEALPix(2)
    )


def test_fields_are_no_labels():
    lat = LAT[:, None] * np.ones((1, 18))
    with pytest.raises(ValueError, match=r"are integers, got -?\d.*numpy.digitize"):
        labelled(lat + 0.25)
    many = np.arange(9 * 18).reshape(9, 18)
    assert len(labelled(many).class_names) == 162
    with pytest.raises(ValueError, match="more than 256 different values, from 0 to"):
        lat, lon = np.linspace(-80, 80, 20), np.arange(0, 360, 20.0)
        data = xr.Dataset(
            {"zone": (("lat", "lon"), np.arange(360.0).reshape(20, 18))},
            coords={"lat": lat, "lon": lon},
        )
        XarrayDataset(
            regular(),
            data,
            variables=["t"],
            label_variable="zone",
            sampling=HEALPix(2),
        )
    assert labelled(np.round(lat[:9, None] / 90) * np.ones((1, 18))).class_names


@pytest.mark.parametrize("dtype", [bool, np.uint8, ">i4", "f4"])
def test_labels_of_any_type_of_number_are_read(dtype):
    east = ((LON > 170) * np.ones((9, 1))).astype(dtype)
    dataset = labelled(east, flag_values=[0, 1], flag_meanings=["west east"])
    assert dataset.class_names == ("west", "east")
    assert set(dataset[0].y.tolist()) == {0, 1}


def test_sums_of_flags_are_refused():
    east = ((LON > 170) * np.ones((9, 1))).astype(np.uint8)
    with pytest.raises(ValueError, match=r"sums of flags.*\(values & 4\) > 0"):
        labelled(east, flag_masks=[1, 2], flag_meanings="a b")


# -- paths ----------------------------------------------------------------------------
def test_patterns_folders_and_home_are_found(tmp_path, monkeypatch):
    days = np.array(["2020-01-01", "2020-01-02"], "M8[ns]")
    whole = dated(days)
    (tmp_path / "deep").mkdir()
    whole.isel(time=[0]).to_netcdf(tmp_path / "deep" / "a.nc")
    whole.isel(time=[1]).to_netcdf(tmp_path / "deep" / "b.nc")
    whole.to_zarr(tmp_path / "three.zarr", zarr_format=3, consolidated=False)
    whole.to_zarr(tmp_path / "two.zarr", zarr_format=2)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WHERE", str(tmp_path))
    for source in (
        tmp_path / "deep",
        f"{tmp_path}/deep/*.nc",
        f"{tmp_path}/**/*.nc",
        "~/deep/[ab].nc",
        "$WHERE/deep",
        [tmp_path / "deep" / "a.nc", "~/deep/b.nc"],
        tmp_path / "two.zarr",
        "~/three.zarr",
        f"file://{tmp_path}/two.zarr",
    ):
        assert len(maps(source)) == 2, source
    with pytest.raises(FileNotFoundError, match=r"0 files match .*\*.grib; check"):
        maps(f"{tmp_path}/*.grib")


@pytest.mark.skipif(find_spec("s3fs") is not None, reason="s3fs is installed")
def test_urls_stay_urls_and_name_the_package_that_opens_them():
    with pytest.raises(ImportError, match=r"s3://b/a.zarr needs the package s3fs"):
        maps("s3://b/a.zarr")


def test_a_file_is_open_once_while_anybody_has_it(tmp_path):
    path = tmp_path / "members.nc"

    def write(values):
        xr.Dataset(
            {"t": ("member", values)}, coords={"member": ["first", "second"]}
        ).to_netcdf(path)

    write([1.0, 2.0])
    one, other = XarraySource(path), XarraySource(str(path))
    assert one.dataset is other.dataset
    del one
    gc.collect()
    np.testing.assert_array_equal(other.read("t", {}, "member"), [1, 2])
    replaced = tmp_path / "new.nc"
    path, old = replaced, path
    write([3.0, 4.0])
    replaced.replace(old)
    np.testing.assert_array_equal(XarraySource(old).read("t", {}, "member"), [3, 4])
    np.testing.assert_array_equal(other.read("t", {}, "member"), [1, 2])
