"""Fill values left in data: which are told, and which numbers are not."""

import warnings

import numpy as np
import pytest

from deepsphere_pyg.datasets import (
    ClimateEvents,
    FieldMaps,
    FillValueWarning,
    MaskedMaps,
)
from deepsphere_pyg.datasets.fill_values import FillValues
from deepsphere_pyg.training import SphereDataModule
from samplings import HEALPix

xr = pytest.importorskip("xarray")
RNG = np.random.default_rng(0)
TEMPERATURE = RNG.normal(280, 15, size=(3, 500, 1))


def counts(*maps):
    found = FillValues()
    for one in maps:
        found.add(one)
    return found.counts


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
@pytest.mark.parametrize("code", [-9999, -999, 99999, -32768])
def test_usual_codes_are_counted_in_any_type(code, dtype):
    maps = TEMPERATURE.astype(dtype)
    maps[0, 3:8], maps[2, 11] = code, code
    assert counts(*maps) == {(0, code): 6}


@pytest.mark.parametrize("code", [1e20, -1e30, 9.999e20])
def test_codes_that_went_through_float32_are_counted(code):
    maps = np.float64(np.float32(np.concatenate([TEMPERATURE[0], [[code]]])))
    assert counts(maps) == {(0, code): 1}


def test_lowest_and_highest_values_are_both_looked_at():
    maps = np.concatenate([TEMPERATURE[0], [[-9999.0]], [[9999.0]]])
    assert counts(maps) == {(0, -9999): 1, (0, 9999): 1}


def test_a_map_of_codes_alone_is_counted():
    assert counts(np.full((7, 1), -9999.0)) == {(0, -9999): 7}


@pytest.mark.parametrize(
    "numbers",
    [
        # Depths and heights in m, of which one happens to be -9999.
        np.linspace(-9999, 8000, 500),
        np.concatenate([RNG.uniform(-6000, 6000, 500), [-9999.0]]),
        # Counts up to 999, pressures in hPa, geopotential.
        np.arange(1000.0),
        np.concatenate([RNG.normal(1010, 10, 500), [999.0]]),
        RNG.normal(5e4, 3e3, 500),
        # Mostly zeros, as rain, of which the largest happens to be 999.
        np.concatenate([np.zeros(450), RNG.uniform(0, 990, 49), [999.0]]),
    ],
)
def test_numbers_near_others_are_not_told(numbers):
    assert counts(numbers[:, None]) == {}


def test_codes_far_from_the_few_numbers_beside_zeros_are_told():
    rain = np.concatenate([np.zeros(450), RNG.uniform(0, 80, 50)])
    for code in (999.0, -9999.0):
        assert counts(np.append(rain, code)[:, None]) == {(0, code): 1}
        # Beside zeros alone, nothing tells that numbers go so far.
        assert counts(np.append(np.zeros(450), code)[:, None]) == {(0, code): 1}


def test_missing_and_left_out_values_do_not_count():
    maps = TEMPERATURE[0].copy()
    maps[:4], maps[4:6] = np.nan, -9999
    found = FillValues()
    found.add(maps, np.arange(500) != 5)
    found.add(maps, False)
    assert found.counts == {(0, -9999): 1} and found.n_places == 499


@pytest.mark.parametrize("name", ["u", "t"])
def test_files_with_undeclared_codes_are_told_by_the_name_of_the_variable(name):
    values = RNG.normal(size=(4, 5, 6))
    coords = {
        "time": range(4),
        "lat": np.linspace(-80, 80, 5),
        "lon": np.arange(6) * 60,
    }
    dims = ("time", "lat", "lon")
    data = xr.Dataset({one: (dims, values.copy()) for one in "ut"}, coords)
    data[name][:, 2, 3] = -9999
    options = dict(inputs=["u"], targets=["t"], target_kind="numbers")
    module = SphereDataModule(FieldMaps(data, **options), validation=0.25)
    words = f"channel {name} is -9999 at 3 of 90 vertices; .*missing_value"
    with pytest.warns(FillValueWarning, match=words):
        found = module.statistics
    # The remedies of the message.
    wanted = FieldMaps(data.where(data != -9999), **options)
    data[name].attrs["missing_value"] = -9999.0
    declared = FieldMaps(data, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for maps in (wanted, declared):
            known = SphereDataModule(maps, validation=0.25).statistics
            assert found.inputs[1].max() + found.targets[1].max() > 1000
            assert known.inputs[1].max() < 2 and known.targets[1].max() < 2


def test_means_of_cells_with_codes_keep_them_where_all_have_one():
    grid = dict(lat=np.linspace(-85, 85, 18), lon=np.arange(0, 360, 10.0))
    field = xr.DataArray(RNG.normal(size=(1, 18, 36)), dict(time=[0], **grid), name="u")
    field = field.where(field.lat < 50, -9999.0)
    maps = FieldMaps(field, sampling=HEALPix(4))
    with pytest.warns(FillValueWarning, match="channel u is -9999 at 144 of 648 cells"):
        found = counts(maps[0].x.numpy())
    assert list(found) == [(0, -9999.0)] and found[0, -9999.0] > 10


@pytest.mark.parametrize("winds", [[], [("u", "v")]])
def test_codes_in_single_cells_are_told_once_before_they_are_averaged(winds):
    grid = dict(lat=np.linspace(-85, 85, 18), lon=np.arange(0, 360, 10.0))
    dims = ("time", "lat", "lon")
    values = RNG.normal(size=(2, 2, 18, 36))
    values[0, :, 9, ::12] = -999
    data = xr.Dataset(
        {
            name: (dims, one, {"units": "m/s"})
            for name, one in zip("uv", values, strict=True)
        },
        dict(time=[0, 1], **grid),
    )
    maps = FieldMaps(data, sampling=HEALPix(2), winds=winds)
    with pytest.warns(FillValueWarning, match="channel u is -999 at 3 of 648") as told:
        first = maps[0]
    assert len(told) == 1 and not counts(first.x.numpy())
    # A map that is read again, or later, is not told again.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(maps[1].x) == 48


def test_classes_of_which_no_vertex_counts_are_refused():
    coords = dict(time=range(4), lat=np.linspace(-80, 80, 5), lon=np.arange(6) * 60)
    dims = ("time", "lat", "lon")
    classes = np.arange(120).reshape(4, 5, 6) % 2
    data = xr.Dataset(
        {"u": (dims, 0 * classes + np.nan), "v": (dims, 1.0 * classes)}, coords
    )
    data["k"] = dims, classes
    maps = FieldMaps(data, inputs=["v", "u"], targets=["k"])
    words = "no vertex .*: u is missing at all vertices, leave it out of inputs="
    with pytest.raises(ValueError, match=words):
        _ = SphereDataModule(maps, validation=0.25).statistics
    masked = MaskedMaps(ClimateEvents(HEALPix(2), 4), np.arange(48) == 0)
    masked.keep[:] = False
    with pytest.raises(ValueError, match=r"no vertex .*: check the names of the var"):
        _ = SphereDataModule(masked, validation=0.25).statistics
