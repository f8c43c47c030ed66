"""One rule says which values are missing, whatever they went through."""

import healpy
import netCDF4
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samplings.missing_values import missing_values, without_missing


@pytest.mark.parametrize("stored", ["f4", ">f4", "f8", ">f8", "<f4"])
@pytest.mark.parametrize("read", ["f4", ">f4", "f8", ">f8"])
def test_unseen_is_missing_in_any_precision_and_byte_order(stored, read):
    sky = np.arange(48, dtype=stored)
    sky[5:9] = healpy.UNSEEN
    sky = sky.astype(read)
    values = without_missing(sky)
    assert values.dtype.isnative and values.dtype.itemsize == sky.dtype.itemsize
    np.testing.assert_array_equal(np.isnan(values), healpy.mask_bad(sky))


@pytest.mark.parametrize("kind", ["i2", "i4", "i8", "u2", "u4", "u8", "f4", "f8"])
def test_values_never_written_are_those_that_netcdf_masks(kind, tmp_path):
    path = tmp_path / "part.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 6)
        file.createVariable("t", kind, ("x",))[:2] = 1
    with netCDF4.Dataset(path) as file:
        hidden = file["t"][:].mask
        file["t"].set_auto_mask(False)
        raw = file["t"][:]
    assert hidden.sum() == 4
    np.testing.assert_array_equal(missing_values(raw, {}, {"dtype": kind}), hidden)


@pytest.mark.parametrize("scale", [0.01, -0.01])
@pytest.mark.parametrize("limits", ["range", "both", "lower", "upper"])
def test_limits_of_packed_values_are_those_that_netcdf_masks(scale, limits, tmp_path):
    path = tmp_path / "packed.nc"
    given_limits = {
        "range": {"valid_range": np.int16([-300, 4500])},
        "both": {"valid_min": np.int16(-300), "valid_max": np.int16(4500)},
        "lower": {"valid_min": np.int16(-300)},
        "upper": {"valid_max": np.int16(4500)},
    }[limits]
    raw = np.int16([-32768, -32767, -301, -300, 0, 4500, 4501, 32767])
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", len(raw))
        variable = file.createVariable("t", "i2", ("x",), fill_value=-32768)
        variable.setncatts({"scale_factor": scale, "add_offset": 1.0, **given_limits})
        variable.set_auto_maskandscale(False)
        variable[:] = raw
    with netCDF4.Dataset(path) as file:
        hidden = np.ma.getmaskarray(file["t"][:])
    unpacked = raw * scale + 1.0
    encoding = {"dtype": "i2", "scale_factor": scale, "add_offset": 1.0}
    encoding["_FillValue"] = np.int16(-32768)
    found = missing_values(unpacked, given_limits, encoding)
    np.testing.assert_array_equal(found, hidden)


def test_limits_of_unsigned_bytes_are_unsigned():
    packing = {"dtype": "i1", "_Unsigned": "true", "scale_factor": 0.5}
    limits = {"valid_range": np.int8([0, -106])}  # 0 to 150
    values = np.array([0.0, 75.0, 75.5, 127.5])
    found = missing_values(values, limits, packing)
    np.testing.assert_array_equal(found, [False, False, True, True])


def test_limits_of_integers_that_are_not_packed():
    values = np.uint8([0, 5, 200])
    np.testing.assert_array_equal(
        missing_values(values, {"valid_min": 1, "valid_max": 100}), [1, 0, 1]
    )
    assert not missing_values(values, {"valid_min": -5}).any()


def test_codes_may_be_lists_texts_or_of_other_precision():
    values = np.float64(np.float32([-9999.9, 1e20, 7.0, 0.0]))
    codes = {"_FillValue": [-9999.9], "missing_value": "1e20"}
    np.testing.assert_array_equal(missing_values(values, codes), [1, 1, 0, 0])
    np.testing.assert_array_equal(
        missing_values(values, fill_value=[7.0, 0.0]), [0, 0, 1, 1]
    )
    # An attribute of words is not a code.
    assert not missing_values([1.0, 2.0], {"missing_value": "land"}).any()


def test_integers_keep_their_type_unless_some_are_missing():
    codes = np.int64([2**63 - 1, 2**62 + 1])
    assert without_missing(codes).dtype == np.int64
    assert without_missing(codes, fill_value=2**63 - 1).tolist()[1] == 2.0**62
    assert without_missing(np.array([True, False])).dtype == bool
    masked = np.ma.array([True, False], mask=[True, False])
    np.testing.assert_array_equal(without_missing(masked), [np.nan, 0.0])


def test_what_is_not_finite_is_missing():
    np.testing.assert_array_equal(
        missing_values([np.inf, -np.inf, np.nan, 1e30]), [True, True, True, False]
    )


def test_values_that_are_not_numbers_are_refused():
    with pytest.raises(TypeError, match=r"numbers or booleans, got <U4; convert"):
        without_missing(np.array(["land"]))


@given(st.lists(st.floats(-1e29, 1e29), min_size=1, max_size=20))
def test_nothing_else_is_missing(numbers):
    values = np.array(numbers)
    assert not missing_values(values).any()
    assert without_missing(values) is not None
    np.testing.assert_array_equal(without_missing(values), values)
