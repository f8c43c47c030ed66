"""Data sets built from known grids: their places and values, in whatever form."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.convert import from_xarray
from samplings import Equiangular, Fibonacci, GaussLegendre

xr = pytest.importorskip("xarray")
GRIDS = (Equiangular(6, 12), GaussLegendre(5, 9), Equiangular(7, 12, "clenshaw-curtis"))
LISTS = (Fibonacci(40), Fibonacci(97))
ATTRIBUTES = (
    ({"units": "degrees_north"}, {"units": "degrees_east"}, 1.0),
    ({"standard_name": "latitude"}, {"standard_name": "longitude"}, 1.0),
    ({"standard_name": [b"latitude"]}, {"standard_name": np.array("longitude")}, 1.0),
    (
        {"units": "radians", "standard_name": "latitude"},
        {"units": b"radian", "standard_name": "longitude"},
        np.pi / 180,
    ),
)
CODES = (
    ({}, np.nan),
    ({}, np.inf),
    ({}, 9.969209968386869e36),
    ({}, -1.6375e30),
    ({"_FillValue": -9999.0}, -9999.0),
    ({"missing_value": [-1e9, 1e9]}, 1e9),
    ({"valid_range": np.array([-1.0, 1e4])}, 2e4),
)


@st.composite
def built(draw):
    """A data set, its dimensions, places and values by cell, and what is known."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    is_grid = draw(st.booleans())
    form = draw(st.sampled_from(["axes", "table"] if is_grid else ["list"]))
    sampling = draw(st.sampled_from(GRIDS if is_grid else LISTS))
    north, east, scale = draw(st.sampled_from(ATTRIBUTES))
    code, missing = draw(st.sampled_from(CODES))
    dtype = draw(st.sampled_from([">f4", "<f4", ">f8", "<f8"]))
    names = rng.permutation(["p", "q", "lat", "r", "s"])[:2]
    if is_grid:
        lat = 90 - np.rad2deg(sampling.ring_theta)
        first = sampling.ring_shift[0] / 2
        lon = (np.arange(sampling.n_phi) + first) * 360 / sampling.n_phi
        lon = np.roll(lon, draw(st.integers(0, 5)))
        lon = lon - 360 * (lon > 180) if draw(st.booleans()) else lon
        lat = lat[::-1] if draw(st.booleans()) else lat
        dims = ("row", "column")
        both = np.meshgrid(lat, lon, indexing="ij")
    else:
        order = rng.permutation(len(sampling))
        lat, lon = sampling.lat[order], sampling.lon[order]
        both, dims = (lat, lon), ("cell",)
    if form == "axes":
        dims = tuple(map(str, names))
    values = rng.uniform(0, 100, (2, *both[0].shape)).round(2)
    hidden = rng.random(values.shape) < draw(st.sampled_from([0.0, 0.2]))
    stored = np.where(hidden, missing, values).astype(dtype)
    own = [dims[:1], dims[1:]] if form == "axes" else [dims, dims]
    given_places = (lat, lon) if form == "axes" else both
    variables = {
        str(name): (d, (one * scale).astype(dtype.replace("4", "8")), attributes)
        for name, d, one, attributes in zip(
            names, own, given_places, (north, east), strict=True
        )
    }
    variables["t"] = (("time", *dims), stored, code)
    variables["depth"] = ("time", [5.0, 10.0], {"units": "m", "positive": "down"})
    variables["crs"] = ((), 0, {"grid_mapping_name": "latitude_longitude"})
    keys = [str(key) for key in rng.permutation(list(variables))]
    data = xr.Dataset({key: variables[key] for key in keys})
    coordinates = [
        key for key in keys if key not in ("t", "crs") and rng.random() < 0.5
    ]
    data = data.set_coords(coordinates)
    data["t"] = data.t.transpose(*rng.permutation(data.t.dims))
    return data, dims, np.stack(both), values, ~hidden


@settings(max_examples=150, derandomize=True, deadline=None)
@given(built())
def test_places_and_values_are_those_that_a_data_set_was_built_from(case):
    data, dims, both, values, known = case
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        places = from_xarray(data, "t")
    assert set(places.dims) == set(dims)
    vertex = places.vertex if places.dims == dims else places.vertex.T
    lat, lon = np.deg2rad(both)
    xyz = [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    np.testing.assert_allclose(
        places.sampling.xyz[vertex], np.stack(xyz, axis=-1), atol=2e-6
    )
    assert places.sampling.area == pytest.approx(4 * np.pi, rel=1e-9)
    signal, mask = places.signal(data, ["t"])
    alone = np.bincount(vertex.ravel())[vertex] == 1
    found, seen = signal[:, vertex, 0], mask[:, vertex, 0]
    np.testing.assert_array_equal(seen[:, alone], known[:, alone])
    both_known = known & alone
    np.testing.assert_allclose(found[both_known], values[both_known], rtol=1e-6)
    assert signal.dtype.isnative


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    built(),
    st.sampled_from(["bounds", "units", "grid_mapping", "mesh", "coordinates", "axis"]),
    st.sampled_from([1, b"x", ["y", "z"], np.array([2.5]), "acre", "t", "crs: t"]),
    st.integers(0, 4),
)
def test_any_attributes_give_a_sampling_or_a_clear_error(case, key, value, which):
    data = case[0]
    data[sorted(data.variables)[which]].attrs[key] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            places = from_xarray(data, "t")
            places.signal(data, ["t"])
        except (ValueError, TypeError) as error:
            assert len(str(error)) > 30
            return
    assert 0 < places.sampling.area <= 4 * np.pi * 1.01
