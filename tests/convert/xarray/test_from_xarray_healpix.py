"""HEALPix grids of the CF conventions, easy.gems and xdggs."""

import healpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg.convert import from_xarray
from deepsphere_pyg.convert.xarray.grids.pixels import unique_pixels
from samplings import HEALPix, Irregular, Masked, same_sampling
from tests.round_off import assert_near

xr = pytest.importorskip("xarray")


def cf(index, attributes, dim="cell", standard_name="healpix_index"):
    """Data on pixels, with a grid mapping and a coordinate of indices."""
    data = xr.Dataset(
        {
            "t": (("time", dim), np.random.default_rng(0).random((2, len(index)))),
            "crs": ((), 0, {"grid_mapping_name": "healpix", **attributes}),
        },
        coords={dim: (dim, index, {"standard_name": standard_name})},
    )
    data.t.attrs["grid_mapping"] = "crs"
    return data


def plain(n, attributes, dim="cell"):
    """Data of the whole sky without indices, as easy.gems writes them."""
    crs = xr.DataArray([0.0], dims="crs", attrs={"grid_mapping_name": "healpix"})
    crs.attrs.update(attributes)
    data = xr.Dataset({"t": ((dim, "level"), np.arange(2.0 * n).reshape(n, 2))})
    return data.assign_coords(crs=crs)


def xdggs(index, attributes, dim="cells"):
    return xr.Dataset(
        {"t": (dim, np.arange(float(len(index))))},
        coords={"cell_ids": (dim, index, {"grid_name": "healpix", **attributes})},
    )


NEST4 = HEALPix(4, nest=True)
NESTED = {"refinement_level": 2, "indexing_scheme": "nested"}
FORMS = {
    "cf nested": (
        cf(np.arange(192), {"refinement_level": 2, "indexing_scheme": "nested"}),
        True,
    ),
    "cf ring": (
        cf(np.arange(192), {"refinement_level": 2, "indexing_scheme": "ring"}),
        False,
    ),
    "easy.gems": (plain(192, {"healpix_nside": 4, "healpix_order": "nest"}), True),
    "easy.gems ring": (
        plain(192, {"healpix_nside": 4, "healpix_order": "ring"}),
        False,
    ),
    "other name": (
        plain(192, {"healpix_nside": 4, "healpix_order": "nested"}, "i"),
        True,
    ),
    "xdggs": (xdggs(np.arange(192), {"level": 2, "indexing_scheme": "nested"}), True),
    "xdggs ring": (
        xdggs(np.arange(192), {"level": 2, "indexing_scheme": "ring"}),
        False,
    ),
    "xdggs nside": (xdggs(np.arange(192), {"nside": 4, "nest": np.int32(1)}), True),
    "zuniq": (
        cf((2 * np.arange(192) + 1) << 2 * 27, {"indexing_scheme": "zuniq"}),
        True,
    ),
    "nuniq": (cf(np.arange(192) + 64, {"indexing_scheme": "nuniq"}), True),
    "floats": (
        cf(
            np.arange(192.0),
            {"refinement_level": np.int8(2), "indexing_scheme": "NESTED"},
        ),
        True,
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_conventions_are_understood(form):
    data, nest = FORMS[form]
    places = from_xarray(data)
    assert same_sampling(places.sampling, HEALPix(4, nest=nest))
    np.testing.assert_array_equal(places.vertex, np.arange(192))
    values, _ = places.signal(data)
    assert places.to_xarray(values, like=data).identical(data)


def test_arrays_need_the_grid_mapping_among_their_coordinates():
    data = cf(np.arange(192), NESTED)
    with pytest.raises(ValueError, match=r"pass the whole data set, with its grid map"):
        from_xarray(data.t)
    array = data.set_coords("crs").t
    places = from_xarray(array)
    assert same_sampling(places.sampling, NEST4)
    values, _ = places.signal(array)
    assert places.to_xarray(values, like=array).identical(array)
    # a result without a model has the grid mapping, too
    assert from_xarray(places.to_xarray(np.zeros(192))).sampling.nside == 4


def test_rings_that_are_no_power_of_two():
    data = plain(12 * 36, {"healpix_nside": 6, "healpix_order": "ring"})
    assert same_sampling(from_xarray(data).sampling, HEALPix(6, nest=False))
    with pytest.raises(ValueError, match="nside must be a power of two when nest=True"):
        from_xarray(plain(12 * 36, {"healpix_nside": 6, "healpix_order": "nest"}))


@settings(max_examples=30, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 192), nest=st.booleans())
def test_parts_of_the_sky_in_any_order(seed, n, nest):
    index = np.random.default_rng(seed).permutation(192)[:n]
    scheme = "nested" if nest else "ring"
    data = cf(index, {"refinement_level": 2, "indexing_scheme": scheme})
    places = from_xarray(data)
    whole = HEALPix(4, nest=nest)
    np.testing.assert_array_equal(places.sampling.xyz[places.vertex], whole.xyz[index])
    assert isinstance(places.sampling, Masked if n < 192 else HEALPix)
    values, _ = places.signal(data)
    np.testing.assert_array_equal(values[0, places.vertex, 0], data.t[0])
    assert places.to_xarray(values, like=data).identical(data)


def test_small_parts_of_huge_skies_do_not_build_them():
    index = healpy.query_disc(2**14, [1.0, 0.2, 0.3], 0.0005, nest=True)
    data = cf(index, {"refinement_level": 14, "indexing_scheme": "nested"})
    sampling = from_xarray(data).sampling
    assert isinstance(sampling, Irregular)
    x, y, z = healpy.pix2vec(2**14, index, nest=True)
    assert_near(sampling.xyz, np.stack([x, y, z], 1), 3)
    np.testing.assert_allclose(sampling.weights, 4 * np.pi / (12 * 4.0**14))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(level=st.integers(0, 29), data=st.data())
def test_unique_indices_hold_their_level(level, data):
    pixel = np.array(
        [0, 12 * 4**level - 1, data.draw(st.integers(0, 12 * 4**level - 1))], np.int64
    )
    if level < 29:
        nside, found = unique_pixels(pixel + 4 ** (level + 1), "nuniq")
        assert nside == 2**level
        np.testing.assert_array_equal(found, pixel)
    nside, found = unique_pixels((2 * pixel + 1) << (2 * (29 - level)), "zuniq")
    assert nside == 2**level
    np.testing.assert_array_equal(found, pixel)


def test_unseen_pixels_are_missing():
    data = plain(192, {"healpix_nside": 4, "healpix_order": "nest"})
    data["t"] = data.t.astype(np.float32)
    data.t[3, 1] = healpy.UNSEEN
    values, mask = from_xarray(data).signal(data)
    assert not mask[1, 3, 0] and np.isnan(values[1, 3, 0])
    assert mask.sum() == mask.size - 1


def test_latitudes_that_pixels_have_too_do_not_matter():
    data = cf(np.arange(192), {"refinement_level": 2, "indexing_scheme": "nested"})
    data = data.assign_coords(lat=("cell", NEST4.lat), lon=("cell", NEST4.lon))
    assert isinstance(from_xarray(data).sampling, HEALPix)
    places = from_xarray(data, latitude="lat")
    assert same_sampling(places.sampling, NEST4)


@pytest.mark.parametrize("nside", [1, 3, 4, 16])
@pytest.mark.parametrize("order", ["ring", "nest", "any"])
@pytest.mark.parametrize("kind", [np.float64, np.float32, "decimals"])
def test_centres_alone_are_pixels_in_any_order(nside, order, kind):
    """As in the stores of deepsphere-weather, which have latitudes and longitudes."""
    nest = order == "nest" and nside != 3
    whole = HEALPix(nside, nest=nest)
    pixel = np.arange(len(whole))
    if order == "any":
        pixel = np.random.default_rng(0).permutation(pixel)
    lat, lon = whole.lat[pixel], whole.lon[pixel] - 180.0 * (order == "any")
    if kind == "decimals":
        lat, lon = lat.round(3), lon.round(3)
    else:
        lat, lon = lat.astype(kind), lon.astype(kind)
    data = xr.Dataset(
        {"t": ("node", np.arange(len(pixel)))},
        coords={"lat": ("node", lat), "lon": ("node", lon)},
    )
    places = from_xarray(data)
    assert isinstance(places.sampling, HEALPix) and places.sampling.nside == nside
    if order != "any":
        assert same_sampling(places.sampling, whole)
        np.testing.assert_array_equal(places.vertex, pixel)
    near = np.abs(places.sampling.lat[places.vertex] - lat)
    assert near.max() < 1e-3


def test_centres_of_most_pixels_are_points():
    lat, lon = NEST4.lat.copy(), NEST4.lon.copy()
    for shift in (0.1, 20):
        lat[3] = NEST4.lat[3] + shift
        data = xr.Dataset(
            {"t": ("node", np.arange(192))},
            coords={"lat": ("node", lat), "lon": ("node", lon)},
        )
        assert isinstance(from_xarray(data).sampling, Irregular)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            cf([0, 192], NESTED),
            r"lie in 0 \.\.\. 191 at nside=4, got 192 at position 1",
        ),
        (cf([-1, 2], NESTED), r"got -1 at position 0; check the refinement level"),
        (
            cf([5, 3, 5], NESTED),
            r"must be distinct, got 5 2 times, first at position 0",
        ),
        (
            cf([0.5, 1], NESTED),
            r"must be integers, got float64 in cell, with fractions",
        ),
        (cf([np.nan, 1], NESTED), r"must be integers, .* drop missing pixels"),
        (cf(["a", "b"], NESTED), r"must be integers, got <U1 in cell; drop"),
        (
            cf([0, 1], {"refinement_level": 2}),
            r"must be 'nested', .* got None; set index",
        ),
        (
            cf([0, 1], {"refinement_level": 2, "indexing_scheme": "peano"}),
            r"'nuniq' or 'zuniq', got 'peano'.*looks like noise",
        ),
        (
            cf([0, 1], {"indexing_scheme": "ring"}),
            r"not state its resolution; set refin",
        ),
        (
            cf([0, 1], {**NESTED, "refinement_level": 2.5}),
            r"refinement_level of the .* an integer from 0 to 29, got 2\.5",
        ),
        (
            cf([0, 1], {**NESTED, "refinement_level": -1}),
            r"refinement_level of the .* an integer from 0 to 29, got -1",
        ),
        (cf([0, 1], {**NESTED, "refinement_level": "two"}), r"from 0 to 29, got 'two'"),
        (
            plain(100, {"healpix_nside": 4, "healpix_order": "nest"}),
            r"cell has 100 pixels, but the whole sky at nside=4 has 192; add",
        ),
        (
            plain(192, {"indexing_scheme": "nuniq"}),
            r"'nuniq' need their indices; add a c",
        ),
        (
            cf([3, 70], {"indexing_scheme": "nuniq"}),
            r"index 3 at position 0 does not exist in ",
        ),
        (
            cf([0, 70], {"indexing_scheme": "zuniq"}),
            r"index 0 at position 0 does not exist in ",
        ),
        (
            cf([16, 64], {"indexing_scheme": "nuniq"}),
            r"several levels \(1 to 2\) are not",
        ),
    ],
)
def test_bad_pixels_are_explained(data, message):
    with pytest.raises(ValueError, match=message):
        from_xarray(data, "t")


def test_two_coordinates_of_indices_are_refused():
    data = cf(np.arange(192), NESTED)
    again = ("cell", np.arange(192), {"standard_name": "healpix_index"})
    with pytest.raises(
        ValueError, match=r"more than one coordinate has standard_name="
    ):
        from_xarray(data.assign_coords(other=again))
    scalar = data.isel(cell=0)
    with pytest.raises(ValueError, match=r"healpix_index cell must lie along one dime"):
        from_xarray(scalar)


def test_options_for_other_grids_are_refused():
    data = cf(np.arange(192), NESTED)
    with pytest.raises(
        ValueError, match=r"areas= is for curvilinear .* a HEALPix grid"
    ):
        from_xarray(data, areas=np.ones(192))


def test_variables_off_the_sky_are_told():
    data = cf(np.arange(192), NESTED)
    data["profile"] = ("level", np.arange(3.0))
    assert same_sampling(from_xarray(data).sampling, NEST4)
    with pytest.raises(ValueError, match=r"profile has no latitudes .*, level \(3\);"):
        from_xarray(data, "profile")
