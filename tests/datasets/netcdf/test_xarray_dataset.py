import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from deepsphere_pyg.datasets import (
    Regridder,
    XarrayDataset,
    class_shares,
    hold_out_pixels,
)
from samplings import Equiangular, HEALPix, Icosahedral
from tests.helpers import latlon_cell_areas

xr = pytest.importorskip("xarray")
LAT, LON = np.arange(-90, 91, 5.0), np.arange(-180, 180, 5.0)
SAMPLING = HEALPix(8)


def fields(n_times=3):
    """Z is latitude + 100 time + level; h is latitude without time or level."""
    time = np.arange(n_times)[:, None, None, None]
    level = np.array([200.0, 850.0])[:, None, None]
    z = np.broadcast_to(100 * time + level + LAT[:, None], (n_times, 2, 37, 72))
    return xr.Dataset(
        {
            "z": (("time", "level", "lat", "lon"), z),
            "h": (("lat", "lon"), np.broadcast_to(LAT[:, None], (37, 72))),
        },
        coords={
            "time": np.array(["2001-01-01", "2001-02-01", "2002-01-01"], "M8[ns]")[
                :n_times
            ],
            "level": [200, 850],
            "lat": LAT,
            "lon": LON,
        },
    )


def labels():
    """Codes 10 east and 30 west of Greenwich, at depth 0; missing north of 30 N."""
    lat, lon = np.arange(-89, 90, 2.0), np.arange(1, 360, 2.0)
    codes = np.where(lon < 180, 10.0, 30.0) * np.ones((90, 1))
    codes[lat > 30] = np.nan
    deep = np.stack([codes, np.full_like(codes, 10.0)])
    attributes = {"flag_values": [10, 30], "flag_meanings": "east far_west"}
    return xr.Dataset(
        {"zone": (("depth", "y", "x"), deep, attributes)},
        coords={
            "depth": [0.0, 500.0],
            "y": ("y", lat, {"units": "degrees_north"}),
            "x": ("x", lon, {"units": "degrees_east"}),
        },
    )


def build(a=None, b=None, **options):
    settings = {
        "variables": ["z", "h"],
        "label_variable": "zone",
        "label_selection": {"depth": 0},
        "sampling": SAMPLING,
        # exact for fields linear in latitude
        "regrid": "bilinear",
    }
    a = fields() if a is None else a
    return XarrayDataset(a, labels() if b is None else b, **{**settings, **options})


def tensor(array):
    return torch.from_numpy(np.array(array))


def assert_sample(sample, time):
    x, y, mask = sample
    lat, lon = tensor(SAMPLING.lat), tensor(SAMPLING.lon)
    z = [100 * time + 200 + lat, 100 * time + 850 + lat, lat]
    torch.testing.assert_close(
        x[mask], torch.stack(z, dim=1).float()[mask], rtol=0, atol=1e-4
    )
    # codes change at 180 and at 0; the western one holds on the border
    west = ((lon - 1e-6) % 360) > 180
    assert torch.equal(y, torch.where(mask & west, 1, 0))
    away = (lat - 30).abs() > 1  # half a cell
    assert torch.equal(mask[away], lat[away] <= 30)


# -- reading --------------------------------------------------------------------------
@pytest.mark.parametrize("store", ["memory", "netcdf", "zarr", "parts"])
def test_samples_are_the_fields_of_their_time(tmp_path, store):
    a, b = fields(), labels()
    if store == "netcdf":
        a.to_netcdf(tmp_path / "a.nc")
        b.to_netcdf(tmp_path / "b.nc")
        a, b = tmp_path / "a.nc", str(tmp_path / "b.nc")
    elif store == "zarr":
        a.to_zarr(tmp_path / "a.zarr", consolidated=False)
        b.to_zarr(tmp_path / "b.zarr", zarr_format=2)
        a, b = tmp_path / "a.zarr", tmp_path / "b.zarr"
    elif store == "parts":
        a.isel(time=slice(0, 2)).drop_vars("h").to_netcdf(tmp_path / "a1.nc")
        a.isel(time=slice(2, 3)).drop_vars("h").to_netcdf(tmp_path / "a2.nc")
        a[["h"]].to_netcdf(tmp_path / "a3.nc")
        a = [tmp_path / name for name in ("a1.nc", "a2.nc", "a3.nc")]
    dataset = build(a, b)
    assert dataset.channel_names == ("z@200", "z@850", "h")
    assert dataset.class_names == ("east", "far west")
    assert len(dataset) == 3
    for time in range(3):
        assert_sample(dataset[time], time)


def test_one_file_can_hold_both(tmp_path):
    zone = labels().sel(depth=0).interp(x=LON % 360, y=LAT, method="nearest")
    both = fields().assign(zone=(("lat", "lon"), zone.zone.values, labels().zone.attrs))
    both.to_netcdf(tmp_path / "both.nc")
    dataset = XarrayDataset(
        tmp_path / "both.nc",
        variables=["h"],
        label_variable="zone",
        sampling=SAMPLING,
        regrid="bilinear",
    )
    assert dataset.class_names == ("east", "far west")
    assert len(dataset) == 1
    away = torch.from_numpy(np.abs(np.array(SAMPLING.lon) - 180) < 170)
    assert torch.equal((dataset[0].y == 1)[away], (build()[0].y == 1)[away])


def test_axes_in_any_order_and_direction_give_the_same(tmp_path):
    turned = fields().isel(lat=slice(None, None, -1)).transpose("lon", "level", ...)
    turned = turned.assign_coords(lon=LON % 360).isel(lon=slice(None, None, -1))
    for time in range(3):
        assert_sample(build(turned)[time], time)


def test_levels_are_chosen_by_name_or_selection():
    assert build(variables=["z@850"]).channel_names == ("z@850",)
    # one selected value tells no channels apart
    assert build(variables=["z"], selection={"level": 200}).channel_names == ("z",)
    chosen = build(variables=["z"], selection={"level": [850, 200]})
    assert chosen.channel_names == ("z@850", "z@200")
    assert torch.equal(chosen[1].x, build(variables=["z@850", "z@200"])[1].x)


def test_samples_can_lie_along_another_dimension():
    dataset = build(
        variables=["z"],
        sample_dimension="level",
        selection={"time": "2001-02-01"},
    )
    assert len(dataset) == 2
    np.testing.assert_array_equal(dataset.times, [200, 850])
    assert dataset.channel_names == ("z",)


def test_single_maps_are_one_sample():
    dataset = build(fields().isel(time=0, drop=True))
    assert len(dataset) == 1
    assert_sample(dataset[0], 0)
    np.testing.assert_array_equal(dataset.times, [0])


# -- labels ---------------------------------------------------------------------------
def test_missing_labels_can_be_a_class():
    dataset = build(missing_label="north")
    assert dataset.class_names == ("north", "east", "far west")
    _, y, mask = dataset[0]
    assert mask.all()
    assert torch.equal(y > 0, build()[0].mask)


def test_labels_can_change_in_time():
    moving = (
        labels().sel(depth=0).expand_dims(time=fields().time[[2, 0, 1]]).copy(deep=True)
    )
    moving["zone"][1] = 30.0  # first month
    moving["zone"][0, 3, 5] = 20.0  # third month
    dataset = build(b=moving, label_selection=None)
    assert dataset.class_names == ("east", "20", "far west")
    assert (dataset[0].y == 2).all()
    assert dataset[0].mask.all()
    assert set(dataset[1].y[dataset[1].mask].tolist()) == {0, 2}
    with pytest.raises(
        ValueError, match=r"no labels for 1 of the 3 times of the fields"
    ):
        build(b=moving.isel(time=[0, 1]), label_selection=None)
    assert len(build(b=moving.isel(time=[0]), label_selection=None)) == 3


def test_shares_of_classes_do_not_depend_on_the_sampling():
    data = labels()
    data["zone"][0, 40:45, 20:24] = 55.0
    area = latlon_cell_areas(data.y.values, data.x.values)
    share = area[40:45, 20:24].sum() / area[np.isfinite(data.zone[0].values)].sum()
    for sampling in (HEALPix(2), HEALPix(16)):
        kept = build(b=data, sampling=sampling, min_share=share * 0.99)
        merged = build(b=data, sampling=sampling, min_share=share * 1.01)
        assert kept.class_names == ("east", "far west", "55")
        assert merged.class_names == ("east", "far west", "other")


def test_class_names_can_be_given():
    assert build(class_names=["a", "b"]).class_names == ("a", "b")
    assert build(class_names={30: "b", 10: "a", 99: "c"}).class_names == ("a", "b", "c")
    named = build(class_names={30: "same", 10: "same"}, missing_label="north")
    assert named.class_names == ("north", "same")
    with pytest.raises(
        ValueError, match=r"label 10 is not among the known codes 30, 99"
    ):
        build(class_names={30: "b", 99: "c"})[0]


def test_fill_values_are_missing(tmp_path):
    broken = fields()
    broken["z"] = broken.z.where(broken.lat < 60)
    broken.to_netcdf(tmp_path / "a.nc", encoding={"z": {"_FillValue": -9e33}})
    codes = labels().fillna(0).astype("int16")
    codes.to_netcdf(tmp_path / "b.nc", encoding={"zone": {"_FillValue": 0}})
    x, y, mask = build(tmp_path / "a.nc", tmp_path / "b.nc", missing_label="n")[0]
    assert x.isfinite().all()
    lat = tensor(SAMPLING.lat)
    # a vertex counts while half of its weight is on rings below 60 degrees
    assert torch.equal(mask, lat <= 57.5)
    assert set(y[mask].tolist()) == {0, 1, 2}
    assert (y[~mask] == 0).all()


# -- splits ---------------------------------------------------------------------------
def test_times_can_be_held_out():
    dataset = build()
    for times in (slice("2001-01", "2001-12"), ["2001-01-01", "2001-02-01"], "2001"):
        part = dataset.subset(times)
        assert len(part) == 2
        assert_sample(part[1], 1)
    assert_sample(dataset.subset(dataset.times[2])[0], 2)
    assert_sample(dataset.subset(slice("2001-02", None)).subset("2002")[0], 2)
    assert len(dataset) == 3
    for absent in ("1999", 7.5, slice("2003", "2004")):
        with pytest.raises(ValueError, match=r"no samples at .*; there are 2001-01-01"):
            dataset.subset(absent)


def test_pixels_can_be_held_out():
    train, held_out = hold_out_pixels(build(), 0.3, block_degrees=20)
    for time in range(3):
        a, b = train[time], held_out[time]
        assert torch.equal(a.mask | b.mask, build()[time].mask)
        assert torch.equal(a.x, b.x)


# -- workers --------------------------------------------------------------------------
def test_data_set_can_go_to_workers(tmp_path):
    fields().to_netcdf(tmp_path / "a.nc")
    dataset = build(tmp_path / "a.nc")
    assert_sample(pickle.loads(pickle.dumps(dataset))[1], 1)
    loaded = list(DataLoader(dataset, batch_size=2, num_workers=1))
    assert [len(batch.x) for batch in loaded] == [2, 1]
    assert torch.equal(loaded[1].x[0], dataset[2].x)


# -- bad input ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variables": ["t"]}, r"the data set has no variable 't'; it has: z, h"),
        ({"variables": []}, r"variables must be a list of at least one name, got \[\]"),
        ({"variables": ["z", "z@200"]}, r"variables give channel z@200 twice"),
        ({"variables": ["z@500"]}, r"level has no value 500; it has 200, 850"),
        ({"variables": ["h@500"]}, r"'h@500' needs one further dimension of h"),
        ({"label_variable": "basin"}, r"no variable 'basin'; it has: zone"),
        (
            {"label_selection": {}},
            r"zone varies along depth \(0, 500\); choose one with",
        ),
        ({"label_selection": {"depth": [0, 500]}}, r"labels need one value of depth"),
        ({"label_selection": {"depth": 7}}, r"depth has no value 7; it has 0, 500"),
        (
            {"label_selection": {"Z": 7}},
            r"no dimension 'Z' to select from; it has: dept",
        ),
        ({"selection": {"level": 1}}, r"level has no value 1; it has 200, 850"),
        ({"sample_dimension": "member"}, r"no dimension 'member'; it has: time"),
        ({"class_names": ["a"]}, r"class_names has 1 name for the 2 codes 10, 30"),
        ({"label_selection": {"depth": 500}}, r"at least two classes, got \['east'\]"),
    ],
)
def test_bad_options_are_explained(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variables": "z"}, "variables must be a list of names, got 'z'"),
        ({"selection": "level"}, "selection must map dimensions to values, got 'l"),
        ({"sample_dimension": 0}, "sample_dimension must be a str, got int"),
        ({"label_variable": None}, "label_variable must be a str, got NoneType"),
        ({"class_names": {"a": "b"}}, "class_names must map codes, which are numbers"),
        ({"class_names": "ab"}, "class_names must be a list of names, got 'ab'"),
        ({"missing_label": 0}, "missing_label must be a str, got int"),
        ({"min_share": "1"}, "min_share must be a number, got '1'"),
    ],
)
def test_options_of_another_type_are_explained(options, message):
    with pytest.raises(TypeError, match=message):
        build(**options)


def test_wrong_sources_are_explained(tmp_path):
    with pytest.raises(ValueError, match="cannot be read as NetCDF or Z"):
        build(tmp_path)  # a folder, but no Zarr store
    with pytest.raises(
        TypeError, match=r"a path, a list of paths or an xarray.Dataset"
    ):
        build({"z": 1})
    with pytest.raises(ValueError, match=r"the list of files is empty"):
        build([])
    with pytest.raises(
        FileNotFoundError, match=r"absent.nc does not exist; pass a Net"
    ):
        build(tmp_path / "absent.nc")
    (tmp_path / "text.nc").write_text("no NetCDF")
    with pytest.raises(ValueError, match=r"text.nc cannot be read as NetCDF or Zarr"):
        build(tmp_path / "text.nc")
    (tmp_path / "folder").mkdir()
    with pytest.raises((ValueError, FileNotFoundError), match=r"folder"):
        build(tmp_path / "folder")


def test_truncated_files_are_named(tmp_path):
    path = tmp_path / "a.nc"
    fields().to_netcdf(path)
    whole = path.read_bytes()
    for kept in (10, len(whole) // 2, len(whole) - 200):
        path.write_bytes(whole[:kept])
        with pytest.raises(ValueError, match=r"a.nc cannot be read as NetCDF or Zarr"):
            [build(path)[i] for i in range(3)]


def test_variables_on_two_grids_are_refused():
    data = fields()
    data["h"] = data.h.isel(lat=slice(1, None)).rename(lat="latitude")
    with pytest.raises(ValueError, match=r"h and z are on different grids"):
        build(data)


def test_text_labels_are_refused():
    data = labels()
    data["zone"] = data.zone.astype(str)
    with pytest.raises(ValueError, match=r"zone must hold numbers, got <U"):
        build(b=data)


# -- real data ------------------------------------------------------------------------
BASINS = (
    "land",
    "Atlantic Ocean",
    "Pacific Ocean",
    "Indian Ocean",
    "Southern Ocean",
    "Arctic Ocean",
    "other",
)
PLACES = {  # lon, lat: class
    (-100.0, 40.0): "land",  # Kansas
    (25.0, 5.0): "land",  # Central Africa
    (135.0, -25.0): "land",  # Australia
    (0.0, -85.0): "land",  # Antarctica
    (-40.0, 30.0): "Atlantic Ocean",
    (-150.0, 20.0): "Pacific Ocean",
    (160.0, 20.0): "Pacific Ocean",
    (80.0, -20.0): "Indian Ocean",
    (0.0, -60.0): "Southern Ocean",
    (-160.0, 80.0): "Arctic Ocean",
    (18.0, 34.5): "other",  # Mediterranean
}


@pytest.fixture(
    scope="module",
    params=[HEALPix(32), Equiangular(64), Icosahedral(5)],
    ids=lambda s: s.name,
)
def real(request):
    folder = Path(__file__).parents[4] / "shared" / "data" / "eraint"
    if not folder.is_dir():
        pytest.skip(f"ERA-Interim data are not here: {folder}")
    return XarrayDataset(
        folder / "eraint_uvz.nc",
        folder / "basin_mask.nc",
        variables=["z", "u", "v"],
        label_variable="basin",
        label_selection={"Z": 0},
        missing_label="land",
        min_share=0.01,
        sampling=request.param,
        regrid="bilinear",
    )


def nearest_vertex(sampling, lon, lat):
    lon, lat = np.deg2rad(lon), np.deg2rad(lat)
    towards = [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    return int((sampling.xyz @ towards).argmax())


def test_real_basins_are_where_they_belong(real):
    assert real.class_names == BASINS
    y = real[0].y
    for (lon, lat), name in PLACES.items():
        assert BASINS[y[nearest_vertex(real.sampling, lon, lat)]] == name, (lon, lat)
    # the oceans cover 68.7 % of the grid of the file
    assert float(1 - class_shares(real)[0]) == pytest.approx(0.687, abs=0.005)


def test_real_winds_blow_where_they_should(real):
    assert real.channel_names[:4] == ("z@200", "z@500", "z@850", "u@200")
    np.testing.assert_array_equal(real.times, [1, 7])
    january, july = real.subset(1)[0].x, real.subset(7)[0].x
    u200 = real.channel_names.index("u@200")
    z500 = real.channel_names.index("z@500")
    japan = nearest_vertex(real.sampling, 140, 33)
    # the strongest jet on Earth is off Japan in winter
    assert january[japan, u200] > 60
    assert january[japan, u200] > 0.9 * january[:, u200].max()
    assert july[japan, u200] < 30
    for x in (january, july):
        height = x[:, z500] / 9.80665
        assert 4800 < height.min() < 5200
        assert 5800 < height.max() < 6000


def test_real_fields_agree_with_scipy(real):
    interpolate = pytest.importorskip("scipy.interpolate")
    source = real._fields.dataset.z.isel(month=0, level=1)
    lat, lon = source.latitude.values[::-1], source.longitude.values
    values = np.concatenate([source.values[::-1], source.values[::-1, :1]], axis=1)
    oracle = interpolate.RegularGridInterpolator(
        (lat.astype(float), np.append(lon, 180).astype(float)), values
    )
    sampling = real.sampling
    points = np.stack([sampling.lat, (sampling.lon + 180) % 360 - 180], axis=1)
    result = Regridder(real._inputs.places, sampling, "bilinear").fields(source.values)
    np.testing.assert_allclose(result, oracle(points), rtol=1e-9)
