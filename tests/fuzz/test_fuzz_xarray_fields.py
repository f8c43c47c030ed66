"""Files of random layout against what they were made of, in plain NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.datasets import Regridder, XarrayDataset, XarrayFields
from samplings import Equiangular, HEALPix

xr = pytest.importorskip("xarray")
GRID = Equiangular(6)
LAT, LON = 90 - np.rad2deg(GRID.ring_theta), 15 + 30 * np.arange(12.0)
TIMES, LEVELS = 3, (200, 500, 850)
SAMPLING = HEALPix(2)


@st.composite
def files(draw):
    """A data set, and its values ``(time, level, lat, lon)`` with NaN for missing."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(
        st.sampled_from(["<f4", ">f4", "<f8", ">f8", "<i2", ">i4", "u1", "<i8"])
    )
    values = rng.integers(0, 100, size=(TIMES, 3, 6, 12)).astype(dtype)
    missing = rng.random(values.shape) < draw(st.sampled_from([0, 0.1, 0.5]))
    attributes = {}
    way = draw(st.sampled_from(["_FillValue", "missing_value", "valid_max", "nan"]))
    if way == "nan" and values.dtype.kind == "f":
        code = draw(st.sampled_from([np.nan, -1.6375e30, 9.969209968386869e36]))
    elif way == "valid_max":
        code, attributes["valid_max"] = 120, values.dtype.type(100)
    else:
        code, key = 111, way if way != "nan" else "_FillValue"
        attributes[key] = draw(
            st.sampled_from([values.dtype.type(111), [values.dtype.type(111)]])
        )
    stored = np.where(missing, np.array(code).astype(dtype), values).astype(dtype)
    dims = ("time", "level", "lat", "lon")
    order = draw(st.permutations(dims))
    data = xr.Dataset(
        {"t": (dims, stored, attributes)},
        coords={
            "time": np.array(["2001-01", "2001-02", "2001-03"], "M8[ns]"),
            "level": list(LEVELS),
            "lat": LAT,
            "lon": LON,
        },
    ).transpose(*order)
    known = np.where(missing, np.nan, values.astype(float))
    if draw(st.booleans()):
        data = data.isel(lat=slice(None, None, -1))
    if draw(st.booleans()):
        data = data.roll(lon=draw(st.integers(0, 11)), roll_coords=True)
    return data, known


def carried(values):
    return Regridder(GRID, SAMPLING).fields(values.reshape(*values.shape[:-2], -1))


@given(file=files(), choice=st.sampled_from([None, 500, [850, 200], "500"]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_samples_are_the_values_of_their_file(file, choice):
    data, values = file
    selection = {} if choice is None else {"level": choice}
    dataset = XarrayFields(
        data,
        variables=["t"],
        sampling=SAMPLING,
        class_names=["a", "b"],
        selection=selection,
    )
    chosen = LEVELS if choice is None else np.ravel(choice).astype(int).tolist()
    places = [LEVELS.index(level) for level in chosen]
    names = tuple(f"t@{level}" for level in chosen) if len(chosen) > 1 else ("t",)
    assert dataset.channel_names == names
    assert len(dataset) == TIMES
    for time in range(TIMES):
        expected = carried(values[time, places])
        sample = dataset[time]
        mask = np.isfinite(expected).all(axis=0)
        np.testing.assert_array_equal(sample.mask, mask)
        # float32
        np.testing.assert_allclose(sample.x[mask], expected.T[mask], rtol=1e-6)


@given(file=files(), name_missing=st.booleans())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_labels_are_the_codes_of_their_file(file, name_missing):
    data, values = file
    level = values[:, 1] // 40
    data = data.assign(
        t=data.t.where(abs(data.t) > 105, data.t // 40).astype(data.t.dtype)
    )
    data.t.attrs = file[0].t.attrs
    dataset = XarrayDataset(
        data,
        variables=["t@200"],
        label_variable="t",
        label_selection={"level": 500},
        sampling=SAMPLING,
        missing_label="none" if name_missing else None,
    )
    codes = np.unique(level[np.isfinite(level)])
    expected = tuple(f"{code:g}" for code in codes)
    assert dataset.class_names == (("none",) if name_missing else ()) + expected
    shift = int(name_missing)
    matrix = Regridder(GRID, SAMPLING).label_matrix.toarray()
    for time in range(TIMES):
        classes = np.searchsorted(codes, level[time].ravel()) + shift
        classes[np.isnan(level[time].ravel())] = -1 + shift
        areas = np.stack(
            [matrix @ (classes == c) for c in range(len(dataset.class_names))]
        )
        most = np.sort(areas, axis=0)
        clear = (most[-1] > most[-2] + 1e-9) & (np.abs(areas.sum(axis=0) - 0.5) > 1e-9)
        sample = dataset[time]
        mask = sample.mask.numpy() & clear
        np.testing.assert_array_equal(sample.y[mask], areas.argmax(axis=0)[mask])
        assert (areas.sum(axis=0)[mask] > 0.5).all()
