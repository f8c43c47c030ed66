import builtins
import functools
import pickle
import warnings

import numpy as np
import pytest
import torch

from deepsphere_pyg.datasets import CAM5, CAM5_CHANNELS, ClimateNet, ExtremeWeather
from deepsphere_pyg.datasets.climate.extreme_weather import draw_boxes
from samplings import HEALPix
from tests.round_off import assert_near

h5py = pytest.importorskip("h5py")
xarray = pytest.importorskip("xarray")

LAT, LON = np.linspace(-90, 90, 768), np.arange(1152) * 0.3125
SAMPLING = HEALPix(16)


@functools.lru_cache(maxsize=3)
def maps(step=0, channels=CAM5_CHANNELS):
    """Channel number c of CAM5 is 1000 c + step + latitude, shape (16, 768, 1152)."""
    number = np.array([CAM5_CHANNELS.index(name) for name in channels])
    field = 1000.0 * number[:, None, None] + step + LAT[:, None]
    field = np.broadcast_to(field, (16, 768, 1152)).astype(np.float32)
    field.setflags(write=False)
    return field


def label_map(shift=0):
    """A cyclone at 10 to 20 N, 40 to 60 E; a river at 30 to 60 S across Greenwich."""
    lat, lon = LAT[:, None], LON[None, :]
    labels = np.zeros((768, 1152), dtype=np.int64)
    labels[(lat > 10) & (lat < 20 + shift) & (lon > 40) & (lon < 60)] = 1
    labels[(lat < -30) & (lat > -60) & ((lon > 330) | (lon < 20))] = 2
    return labels


def expected_classes(shift=0):
    lat, lon = SAMPLING.lat, SAMPLING.lon
    y = np.zeros(len(SAMPLING), dtype=np.int64)
    y[(lat > 10) & (lat < 20 + shift) & (lon > 40) & (lon < 60)] = 1
    y[(lat < -30) & (lat > -60) & ((lon > 330) | (lon < 20))] = 2
    return torch.from_numpy(y)


def assert_maps(sample, step=0, shift=0):
    lat = torch.from_numpy(np.array(SAMPLING.lat))
    expected = 1000.0 * torch.arange(16) + step + lat[:, None]
    # A mean of four numbers up to 15,000.
    assert_near(sample.x, expected.float(), 4)
    # cell and vertex are up to half a cell apart at the borders of the classes
    agree = (sample.y == expected_classes(shift)).double().mean()
    assert agree > 0.995
    assert (sample.y == 1).sum() > 5
    assert (sample.y == 2).sum() > 50
    assert sample.mask.all()


# -- CAM5 -----------------------------------------------------------------------------
def write_cam5(path):
    with h5py.File(path, "w") as file:
        file["climate/data"] = np.moveaxis(maps(), 0, -1)
        file["climate/labels_0"] = label_map()
        file["climate/labels_1"] = label_map(5)


@pytest.fixture(scope="module")
def cam5_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("cam5")
    write_cam5(root / "data-2106-01-01-00-1.h5")
    (root / "stats.h5").write_bytes(b"statistics lie beside the maps")
    return root


def test_cam5_maps_are_the_right_way_round(cam5_root):
    dataset = CAM5(cam5_root, SAMPLING, regrid="bilinear")
    assert len(dataset) == 1
    assert dataset.class_names == ("background", "TC", "AR")
    assert_maps(dataset[0])
    assert_maps(
        CAM5(dataset.files, SAMPLING, label_set=1, regrid="bilinear")[0], shift=5
    )


def test_cam5_data_set_can_go_to_workers(cam5_root):
    dataset = pickle.loads(pickle.dumps(CAM5(cam5_root, HEALPix(2))))
    assert dataset[0].x.shape == (48, 16)


def write_hollow(path, shape=(768, 1152, 16), labels=True, value=0.0, codes=0):
    """A file of zeros, of which only one chunk is stored, and a single code."""
    with h5py.File(path, "w") as file:
        data = file.create_dataset("climate/data", shape, "f4", chunks=(64, 64, 2))
        data[0, 0, min(8, shape[2] - 1)] = value
        if labels:
            file["climate/labels_0"] = codes + np.zeros((768, 1152))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": False}, "no data set 'climate/labels_0'; it has: climate"),
        ({"codes": 4}, "labels must be one of 0 background, 1 TC, 2 AR; got 4.0 in"),
        ({"codes": 0.5}, "labels must be one of .* got 0.5 in 884736 cells"),
        ({"shape": (768, 1152, 3)}, r"must have shape \(768, 1152, 16\), got .* 3\)"),
        ({"value": np.nan}, "T200 has 1 value that is not finite"),
    ],
    ids=str,
)
def test_damaged_cam5_files_are_named(tmp_path, changes, message):
    write_hollow(tmp_path / "data-x.h5", **changes)
    with pytest.raises(ValueError, match=message) as error:
        CAM5(tmp_path, HEALPix(2))[0]
    assert "data-x.h5" in str(error.value)


def test_truncated_hdf5_is_named(tmp_path, cam5_root):
    whole = (cam5_root / "data-2106-01-01-00-1.h5").read_bytes()
    for kept in (0, 1000, len(whole) // 2):
        (tmp_path / "data-x.h5").write_bytes(whole[:kept])
        with pytest.raises(ValueError, match=r"data-x.h5 cannot be read as HDF5"):
            CAM5(tmp_path, HEALPix(2))[0]


def test_missing_cam5_files_say_what_goes_where(tmp_path):
    for source in (tmp_path, tmp_path / "absent", [tmp_path / "data-x.h5"]):
        with pytest.raises(FileNotFoundError, match=r"put the HDF5 files .*labels_1"):
            CAM5(source, HEALPix(2))
    with pytest.raises(ValueError, match=r"label_set must be 0 .* or 1"):
        CAM5(tmp_path, HEALPix(2), label_set=2)


@pytest.mark.parametrize(
    ("dataset", "package"),
    [(CAM5, "h5py"), (ExtremeWeather, "h5py"), (ClimateNet, "xarray")],
)
def test_missing_packages_are_named(monkeypatch, tmp_path, dataset, package):
    imported = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == package:
            raise ImportError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.delitem(__import__("sys").modules, package)
    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(
        "deepsphere_pyg.convert.xarray.climate_extra.importlib.import_module", without
    )
    with pytest.raises(ImportError, match=r"pip install 'deepsphere-pyg\[climate\]'"):
        dataset(tmp_path, HEALPix(2))


# -- ClimateNet -----------------------------------------------------------------------
def climatenet_file(**changes):
    data = {
        name: (("time", "lat", "lon"), values[None], {"units": "?"})
        for name, values in zip(CAM5_CHANNELS, maps(), strict=True)
    }
    labels = {"LABELS": (("lat", "lon"), label_map())}
    coordinates = {"lat": LAT, "lon": LON, "time": ["data-2003-06-01-01-1.nc"]}
    return xarray.Dataset({**data, **labels}, coords=coordinates).assign(changes)


def write_netcdf(dataset, path):
    dataset.to_netcdf(path)


@pytest.fixture(scope="module")
def climatenet_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("climatenet")
    (root / "train").mkdir()
    write_netcdf(climatenet_file(), root / "train" / "data-2003-06-01-01-1.nc")
    return root


def test_climatenet_maps_are_the_right_way_round(climatenet_root):
    dataset = ClimateNet(climatenet_root, SAMPLING, regrid="bilinear")
    assert dataset.channel_names == CAM5_CHANNELS
    assert_maps(dataset[0])
    assert len(ClimateNet(climatenet_root / "train", SAMPLING, split=None)) == 1
    clone = pickle.loads(pickle.dumps(dataset))
    assert torch.equal(clone[0].y, dataset[0].y)


def test_climatenet_on_a_grid_of_its_own_and_in_another_order(tmp_path):
    turned = climatenet_file().isel(lat=slice(None, None, -8), lon=slice(None, None, 8))
    turned = turned.transpose("lon", "time", "lat")
    turned.to_netcdf(tmp_path / "data-a.nc")
    x = ClimateNet(tmp_path, SAMPLING, split=None, regrid="bilinear")[0].x
    between = np.abs(SAMPLING.lat) < 88
    np.testing.assert_allclose(x[between, 0], SAMPLING.lat[between], atol=1e-4)


def test_missing_climatenet_folders_say_what_goes_where(climatenet_root):
    with pytest.raises(
        FileNotFoundError, match="folders train and test under one root"
    ):
        ClimateNet(climatenet_root, SAMPLING, split="test")


def small_climatenet(**changes):
    return climatenet_file(**changes).isel(
        lat=slice(None, None, 32), lon=slice(0, 1152, 32)
    )


def test_damaged_climatenet_files_are_named(tmp_path):
    path = tmp_path / "data-a.nc"

    def message(dataset):
        dataset.to_netcdf(path)
        with pytest.raises(ValueError, match=r"data-a\.nc") as error:
            ClimateNet(tmp_path, HEALPix(2), split=None)[0]
        return str(error.value)

    good = small_climatenet()
    assert "no variable LABELS, PSL; it has: TMQ" in message(
        good.drop_vars(["LABELS", "PSL"])
    )
    assert "labels must be one of 0 background" in message(
        good.assign(LABELS=good.LABELS + 1)
    )
    assert "TS has 864 values that are not finite" in message(
        good.assign(TS=good.TS * np.nan)
    )
    two = xarray.concat(
        [good, good],
        "time",
        data_vars="minimal",
        coords="minimal",
        compat="override",
        join="override",
    )
    assert "TMQ must be one map over lat and lon" in message(two)
    twice = (("lat", "lat"), np.zeros((good.sizes["lat"],) * 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # xarray warns of such dimensions
        assert "TMQ must be one map over lat and lon" in message(good.assign(TMQ=twice))
    assert "LABELS has no latitudes and longitudes" in message(good.rename(lat="row"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"data-a.nc cannot be read as NetCDF"):
        ClimateNet(tmp_path, HEALPix(2), split=None)[0]


def test_climatenet_files_of_two_grids_are_refused(tmp_path):
    good = small_climatenet()
    good.to_netcdf(tmp_path / "data-a.nc")
    good.isel(lat=slice(1, None)).to_netcdf(tmp_path / "data-b.nc")
    with pytest.raises(ValueError, match=r"data-b.nc and .*data-a.nc are on different"):
        ClimateNet(tmp_path, HEALPix(2), split=None)[1]


# -- ExtremeWeather -------------------------------------------------------------------
PADDING = [-1.0] * 5


def write_extreme_weather(path, n=2, boxes=None, images=None):
    channels = tuple(sorted(CAM5_CHANNELS))
    if boxes is None:
        boxes = np.full((n, 15, 5), -1.0)
        # 10 to 20 N, 40 to 60 E; 30 to 60 S, 330 to 20 E
        boxes[:, 0] = [427, 128, 469, 192, 1]
        boxes[:, 1] = [128, 1056, 256, 1216, 3]
    with h5py.File(path, "w") as file:
        stored = file.create_dataset(
            "images",
            (n, 16, 768, 1152),
            "f4",
            chunks=(1, 1, 768, 1152),
        )
        for step in range(n):
            stored[step] = maps(step, channels) if images is None else images
        file["boxes"] = boxes


@pytest.fixture(scope="module")
def extreme_root(tmp_path_factory):
    root = tmp_path_factory.mktemp("extreme")
    write_extreme_weather(root / "climo_1979.h5", 2)
    write_extreme_weather(root / "climo_1981.h5", 1)
    return root


def test_extreme_weather_is_in_the_order_of_cam5(extreme_root):
    dataset = ExtremeWeather(extreme_root, SAMPLING, regrid="bilinear")
    assert len(dataset) == 3
    assert dataset.channel_names == CAM5_CHANNELS
    for index, step in enumerate((0, 1, 0)):
        x, y, mask = dataset[index]
        # classes 2 and 4 are cyclone and river here
        assert set(y.tolist()) == {0, 2, 4}
        simple = torch.where(y == 4, 2, torch.where(y == 2, 1, 0))
        assert_maps(type(dataset[index])(x, simple, mask), step)


def test_the_smallest_of_overlapping_boxes_counts():
    classes = draw_boxes([[1, 1, 2, 2, 0], [0, 0, 3, 3, 1], PADDING], (4, 4), 2)
    expected = [[2, 2, 2, 0], [2, 1, 2, 0], [2, 2, 2, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(classes, expected)


def test_boxes_are_cut_at_the_poles_and_go_round():
    classes = draw_boxes([[-3, -1, 1, 1, 0], [3, 2, 9, 99, 0]], (4, 4), 1)
    np.testing.assert_array_equal(
        classes, [[1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]]
    )


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[0, 0, 1, 1, 4]], "class of a box must be from 0 to 3, got 4"),
        ([[0, 0, 1, 1, 0.5]], "class of a box must be from 0 to 3, got 0.5"),
        ([[2, 0, 1, 1, 0]], "minima below maxima"),
        ([[0, np.nan, 1, 1, 0]], "minima below maxima"),
        ([[0, 0, 1, 1]], "boxes must have 5 columns"),
    ],
)
def test_bad_boxes_are_refused(boxes, message):
    with pytest.raises(ValueError, match=message):
        draw_boxes(boxes, (4, 4), 4)


def test_damaged_extreme_weather_files_are_named(tmp_path):
    path = tmp_path / "climo_1979.h5"
    boxes = np.full((1, 15, 5), -1.0)
    boxes[0, 3] = [0, 0, 9, 9, 7]
    write_extreme_weather(path, 1, boxes)
    with pytest.raises(ValueError, match=r"climo_1979.h5, time step 0: the class of a"):
        ExtremeWeather(tmp_path, HEALPix(2))[0]
    write_extreme_weather(path, 1, boxes[:, :, :4])
    with pytest.raises(ValueError, match=r"boxes must have shape \(1, n, 5\)"):
        ExtremeWeather(tmp_path, HEALPix(2))
    write_extreme_weather(path, 1, boxes, np.inf)
    with pytest.raises(ValueError, match="PRECT has 884736 values that are not finite"):
        ExtremeWeather(tmp_path, HEALPix(2))[0]
    with h5py.File(path, "w") as file:
        file["images"] = np.zeros((1, 16, 4, 4))
    with pytest.raises(ValueError, match="no data set 'boxes'; it has: images"):
        ExtremeWeather(tmp_path, HEALPix(2))
    with h5py.File(path, "a") as file:
        file["boxes"] = boxes
    with pytest.raises(ValueError, match="images must have shape"):
        ExtremeWeather(tmp_path, HEALPix(2))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"climo_1979.h5 cannot be read as HDF5"):
        ExtremeWeather(tmp_path, HEALPix(2))


def test_missing_extreme_weather_says_what_goes_where(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"put the files climo_YYYY.h5"):
        ExtremeWeather(tmp_path, HEALPix(2))
