"""Maps in files of healpy and others are read with healpy's values."""

import gzip

import healpy
import numpy as np
import pytest
import torch
from astropy.io import fits

from deepsphere_pyg.convert import read_healpix
from samplings import HEALPix, Irregular, Masked, same_sampling
from tests.convert.healpix.files import UNSEEN, iqu, write_columns


def as_healpy(path):
    """All columns as healpy reads them, shape (V, C), NaN where missing."""
    maps = np.atleast_2d(healpy.read_map(path, field=None, nest=None)).T
    return np.where(maps == np.asarray(UNSEEN, maps.dtype), np.nan, maps)


@pytest.mark.oracle
@pytest.mark.parametrize("nest", [False, True])
@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_files_of_healpy_have_the_values_that_healpy_reads(
    tmp_path, nest, partial, dtype
):
    path, sky = tmp_path / "sky.fits", iqu(4, dtype)
    sky[:, 7] = UNSEEN
    healpy.write_map(
        path, sky, nest, partial=partial, coord="G", column_units=["K", "K", "mK"]
    )
    found = read_healpix(path)
    expected = as_healpy(path)[found.pixels]
    np.testing.assert_array_equal(found.values, expected)
    assert found.values.dtype == dtype
    assert found.values.dtype.isnative
    assert found.values.flags.c_contiguous
    np.testing.assert_array_equal(found.mask, ~np.isnan(expected))
    assert found.names == ("TEMPERATURE", "Q_POLARISATION", "U_POLARISATION")
    assert (found.units, found.coordsys) == (("K", "K", "mK"), "G")
    whole = HEALPix(4, nest)
    part = Masked(whole, np.arange(192) != 7) if partial else whole
    assert same_sampling(found.sampling, part)


@pytest.mark.parametrize("rows", [False, True])
def test_rows_of_1024_values_are_joined(tmp_path, rows):
    sky = iqu(16)
    healpy.write_map(tmp_path / "sky.fits", sky, fits_IDL=rows)
    np.testing.assert_array_equal(read_healpix(tmp_path / "sky.fits").values, sky.T)


def test_compressed_files_are_read(tmp_path):
    healpy.write_map(tmp_path / "sky.fits", iqu(4))
    packed = gzip.compress((tmp_path / "sky.fits").read_bytes())
    for name in ("sky.fits.gz", "sky"):
        (tmp_path / name).write_bytes(packed)
        np.testing.assert_array_equal(read_healpix(tmp_path / name).values, iqu(4).T)


@pytest.mark.oracle
@pytest.mark.parametrize("nest", [False, True])
@pytest.mark.parametrize("partial", [False, True])
def test_conversion_of_the_order_is_that_of_healpy(tmp_path, nest, partial):
    path, sky = tmp_path / "sky.fits", iqu(4)
    sky[:, 50:60] = UNSEEN
    healpy.write_map(path, sky, nest, partial=partial)
    found = read_healpix(path, to_nest=not nest)
    converted = healpy.read_map(path, field=None, nest=not nest).T[found.pixels]
    assert found.nest is not nest
    assert (np.diff(found.pixels) > 0).all()
    np.testing.assert_array_equal(found.values[found.mask], converted[found.mask])
    kept = read_healpix(path, to_nest=nest)
    np.testing.assert_array_equal(kept.values, read_healpix(path).values)


def test_dropped_pixels_are_those_missing_in_any_channel():
    sky = iqu(2)
    sky[0, 3], sky[2, 5], sky[1, 9] = UNSEEN, np.nan, np.inf
    found = read_healpix(sky, nest=True, drop_missing=True)
    kept = np.setdiff1d(np.arange(48), [3, 5, 9])
    np.testing.assert_array_equal(found.pixels, kept)
    np.testing.assert_array_equal(found.values, sky.T[kept])
    assert found.mask.all()
    assert same_sampling(found.sampling, HEALPix(2)[kept])


def test_columns_are_chosen_by_name_or_number(tmp_path):
    sky = iqu(4)
    sky[:, 0] = UNSEEN
    for partial in (False, True):
        healpy.write_map(tmp_path / "sky.fits", sky, partial=partial, overwrite=True)
        found = read_healpix(tmp_path / "sky.fits", columns=["U_POLARISATION", 0])
        assert found.names == ("U_POLARISATION", "TEMPERATURE")
        expected = sky.T[found.pixels][:, [2, 0]]
        np.testing.assert_array_equal(found.values[found.mask], expected[found.mask])


def test_a_table_is_chosen_by_number_or_name(tmp_path):
    path = tmp_path / "sky.fits"
    both = [
        fits.BinTableHDU.from_columns([fits.Column("N", "E", array=np.full(12, i))])
        for i in (1, 2)
    ]
    for name, hdu in zip(("MAP", "HITS"), both, strict=True):
        hdu.header.update({"ORDERING": "NESTED", "NSIDE": 1, "EXTNAME": name})
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.ones(3)), *both]).writeto(path)
    for hdu, value in ((None, 1), (2, 1), (3, 2), ("HITS", 2), ("map", 1)):
        assert (read_healpix(path, hdu=hdu).values == value).all()
    with pytest.raises(ValueError, match=r"sky.fits .*hdu=1.*2 MAP \(table\).*hdu="):
        read_healpix(path, hdu=1)
    with pytest.raises(ValueError, match=r"hdu=7"):
        read_healpix(path, hdu=7)


def test_codes_and_scales_of_the_header_are_used(tmp_path):
    count = np.array([5, -1, *range(10)], dtype=np.int16)
    scaled = np.arange(12, dtype=np.int16)
    columns = [
        fits.Column("N", "I", array=count, null=-1),
        fits.Column("T", "E", array=np.where(count == 5, -99, count)),
    ]
    path = write_columns(tmp_path / "sky.fits", columns, NSIDE=1, BAD_DATA=-99)
    found = read_healpix(path, nest=True)
    np.testing.assert_array_equal(found.mask[:, 0], count != -1)
    np.testing.assert_array_equal(found.mask[:, 1], count != 5)
    columns = [fits.Column("S", "I", array=scaled)]
    path = write_columns(tmp_path / "scaled.fits", columns, NSIDE=1, ORDERING="ring")
    with fits.open(path, mode="update") as file:
        file[1].header.update({"TSCAL1": 0.5, "TZERO1": 3.0, "TNULL1": 4})
    found = read_healpix(path)
    assert (found.nest, found.values.dtype) == (False, np.float64)
    known = scaled != 4
    np.testing.assert_array_equal(found.values[known, 0], scaled[known] * 0.5 + 3)
    np.testing.assert_array_equal(found.mask[:, 0], known)


@pytest.mark.parametrize(
    ("form", "dtype"),
    [("L", "f4"), ("B", "f4"), ("I", "f4"), ("J", "f8"), ("K", "f8"), ("D", "f8")],
)
def test_numbers_become_the_narrowest_float_that_holds_them(tmp_path, form, dtype):
    column = fits.Column("N", form, array=np.arange(12) % 2)
    path = write_columns(tmp_path / "sky.fits", [column], ORDERING="NESTED")
    found = read_healpix(path)
    assert (found.nside, found.values.dtype) == (1, dtype)
    np.testing.assert_array_equal(found.values[:, 0], np.arange(12) % 2)


@pytest.mark.parametrize(
    "cards",
    [
        {"INDXSCHM": "EXPLICIT"},
        {"OBJECT": "PARTIAL"},
        {},
        {"INDXSCHM": "EXPLICIT", "OBJECT": "M31"},
    ],
)
def test_pixel_indices_are_recognised(tmp_path, cards):
    columns = [
        fits.Column("PIXEL", "D", array=[40, 3, 17]),
        fits.Column("SIGNAL", "E", array=[1, 2, 3], unit="K"),
    ]
    path = write_columns(tmp_path / "a", columns, NSIDE=2, ORDERING="NESTED", **cards)
    found = read_healpix(path)
    assert found.pixels.tolist() == [3, 17, 40]
    assert found.values.ravel().tolist() == [2, 3, 1]
    assert found.sampling.index.tolist() == [3, 17, 40]
    assert found.units == ("K",)


def test_a_column_of_indices_may_have_another_name_or_place(tmp_path):
    pixel, value = np.array([40, 3]), np.array([1.0, 2.0])
    cards = {"NSIDE": 2, "ORDERING": "RING", "INDXSCHM": "EXPLICIT"}
    first = [fits.Column("IPIX", "J", array=pixel), fits.Column("T", "D", array=value)]
    last = [fits.Column("T", "D", array=value), fits.Column("Pixel", "J", array=pixel)]
    for columns in (first, last):
        found = read_healpix(write_columns(tmp_path / "sky.fits", columns, **cards))
        assert found.names == ("T",)
        assert found.pixels.tolist() == [3, 40]


def test_a_range_of_pixels_needs_no_indices(tmp_path):
    columns = [fits.Column("T", "E", array=np.arange(5))]
    cards = {"NSIDE": 2, "ORDERING": "RING", "FIRSTPIX": 20, "LASTPIX": 24}
    found = read_healpix(write_columns(tmp_path / "sky.fits", columns, **cards))
    assert found.pixels.tolist() == [20, 21, 22, 23, 24]


def test_a_small_part_of_a_fine_sky_takes_little_memory(tmp_path):
    pixel = 12 * 8192**2 - np.array([1, 5, 9])
    columns = [
        fits.Column("PIXEL", "K", array=pixel),
        fits.Column("T", "E", array=np.arange(3)),
    ]
    cards = {"NSIDE": 8192, "ORDERING": "NESTED", "INDXSCHM": "EXPLICIT"}
    found = read_healpix(write_columns(tmp_path / "sky.fits", columns, **cards))
    assert isinstance(found.sampling, Irregular)
    centres = healpy.pix2vec(8192, np.sort(pixel), nest=True)
    np.testing.assert_allclose(found.sampling.xyz, np.stack(centres, 1), atol=1e-15)
    assert found.values.ravel().tolist() == [2, 1, 0]


def test_further_cards_are_kept(tmp_path):
    columns = [fits.Column("T", "E", array=np.arange(12))]
    cards = {
        "ORDERING": "RING",
        "COORDSYS": "GALACTIC",
        "FREQ": 94.5,
        "TEMP1": 2.7,
    }
    path = write_columns(tmp_path / "sky.fits", columns, **cards)
    with fits.open(path, mode="update") as file:
        file[1].header["HISTORY"] = "made"
        file[1].header["HISTORY"] = "smoothed"
    found = read_healpix(path)
    assert found.coordsys == "GALACTIC"
    assert found.header == {
        "FREQ": 94.5,
        "TEMP1": 2.7,
        "HISTORY": "made\nsmoothed",
    }


@pytest.mark.parametrize("turned", [False, True])
def test_arrays_have_channels_on_either_axis(turned):
    sky = iqu(2)
    found = read_healpix(sky.T if turned else sky, nest=False)
    np.testing.assert_array_equal(found.values, sky.T)
    assert found.values.flags.c_contiguous
    assert found.names == ("COLUMN_1", "COLUMN_2", "COLUMN_3")
    # Twelve channels could be twelve pixels.
    many = np.arange(12 * 192.0).reshape(12, 192)
    assert read_healpix(many.T if turned else many, nest=True).nside == 4


@pytest.mark.parametrize(
    "sky",
    [
        np.arange(12.0),
        np.arange(12).astype(">f4"),
        np.arange(12, dtype=">i8"),
        np.ma.masked_equal(np.arange(12.0), 3),
        [np.ma.masked_equal(np.arange(12.0), 3), np.ma.arange(12.0)],
        torch.arange(12.0, requires_grad=True),
        list(range(12)),
    ],
    ids=["float64", "big-endian", "integers", "masked", "list", "tensor", "numbers"],
)
def test_arrays_of_any_kind_are_read(sky):
    found = read_healpix(sky, nest=True)
    hidden = np.ma.getmaskarray(np.ma.asanyarray(sky)) if "ma" in repr(sky) else None
    known = np.ones(12, dtype=bool) if hidden is None else ~np.atleast_2d(hidden)[0]
    assert found.values.dtype.isnative
    np.testing.assert_array_equal(found.mask[:, 0], known)
    np.testing.assert_array_equal(found.values[known, 0], np.arange(12)[known])


def test_values_become_tensors_without_a_copy():
    found = read_healpix(iqu(1), nest=True)
    assert torch.from_numpy(found.values).data_ptr() == found.values.ctypes.data


def test_wmap_has_the_values_that_healpy_reads(shared_data):
    for path in sorted((shared_data / "wmap").glob("*.fits")):
        found = read_healpix(path)
        np.testing.assert_array_equal(found.values, as_healpy(path))
        assert repr(found.sampling).startswith("HEALPix(nside=32, nest=False)")
        assert found.names == ("I_STOKES", "Q_STOKES", "U_STOKES")
    (masked,) = (shared_data / "wmap").glob("*_masked.fits")
    part = read_healpix(masked, drop_missing=True)
    assert 0.6 < len(part) / 12288 < 0.63
    assert len(part.sampling) == len(part)
