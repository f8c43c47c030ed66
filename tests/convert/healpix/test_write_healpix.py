"""Maps that are written are read unchanged, by us and by healpy."""

import healpy
import numpy as np
import pytest
import torch
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from deepsphere_pyg.convert import read_healpix, write_healpix
from samplings import HEALPix, same_sampling
from samplings.missing_values import missing_values
from tests.convert.healpix.files import UNSEEN, iqu, write_columns


@st.composite
def skies(draw):
    """A sampling, whole or a part, and values on it with missing ones among them."""
    nside = draw(st.sampled_from([1, 2, 3]))
    nest = draw(st.booleans()) and nside != 3
    sampling, n = HEALPix(nside, nest), 12 * nside**2
    if draw(st.booleans()):
        pixels = draw(
            st.lists(st.integers(0, n - 1), min_size=1, max_size=20, unique=True)
        )
        sampling, n = sampling[pixels], len(pixels)
    width = draw(st.sampled_from([32, 64]))
    shape = (n, draw(st.integers(1, 3)))
    numbers = st.floats(width=width) | st.just(UNSEEN if width == 64 else 0.0)
    return sampling, draw(arrays(f"f{width // 8}", shape, elements=numbers))


@settings(deadline=None, max_examples=60)
@given(skies())
def test_round_trip_is_exact(tmp_path_factory, sky):
    sampling, values = sky
    path = tmp_path_factory.getbasetemp() / "round-trip.fits"
    write_healpix(path, values, sampling)
    found = read_healpix(path)
    whole = getattr(sampling, "parent", sampling)
    order = np.argsort(getattr(sampling, "index", np.arange(len(sampling))))
    known = ~missing_values(values)
    expected = np.where(known, values, np.nan)[order]
    assert (found.nside, found.nest) == (whole.nside, whole.nest)
    assert found.values.dtype == values.dtype
    np.testing.assert_array_equal(found.values, expected)
    np.testing.assert_array_equal(np.signbit(found.values), np.signbit(expected))
    np.testing.assert_array_equal(found.mask, known[order])
    np.testing.assert_array_equal(found.sampling.xyz, sampling.xyz[order])


@pytest.mark.oracle
@pytest.mark.parametrize("nest", [False, True])
@pytest.mark.parametrize("part", [False, True])
@pytest.mark.parametrize("ending", ["fits", "fits.gz"])
def test_healpy_reads_the_same_values(tmp_path, nest, part, ending):
    values = iqu(4).T.copy()
    values[3] = np.nan
    sampling, pixels = HEALPix(4, nest), np.arange(192)
    if part:
        pixels = np.array([3, 190, 7, 40])
        sampling, values = sampling[pixels], values[pixels]
    path = tmp_path / f"sky.{ending}"
    write_healpix(path, values, sampling, units=["K", "", "mK"], coordsys="C")
    maps, header = healpy.read_map(path, field=None, nest=None, h=True)
    expected = np.full((3, 192), np.float32(UNSEEN))
    expected[:, pixels] = np.nan_to_num(values.T, nan=np.float32(UNSEEN))
    np.testing.assert_array_equal(maps, expected)
    cards = dict(header)
    assert cards["ORDERING"] == ("NESTED" if nest else "RING")
    assert (cards["COORDSYS"], cards["TUNIT2" if part else "TUNIT1"]) == ("C", "K")
    other = healpy.read_map(path, field=1, nest=not nest)
    np.testing.assert_array_equal(other, read_other(path, nest))


def read_other(path, nest):
    """Channel 1 on the whole sky in the other order, as healpy marks missing pixels."""
    found = read_healpix(path, to_nest=not nest)
    sky = np.full(12 * found.nside**2, np.float32(UNSEEN))
    sky[found.pixels] = np.where(found.mask, found.values, np.float32(UNSEEN))[:, 1]
    return sky


def test_what_was_read_may_be_written_again(tmp_path):
    first, second = tmp_path / "first.fits", tmp_path / "second.fits"
    columns = [
        fits.Column("PIXEL", "K", array=12 * 8192**2 - np.array([9, 5, 1])),
        fits.Column("T", "E", array=np.arange(3), unit="uK"),
    ]
    cards = {"ORDERING": "NESTED", "INDXSCHM": "EXPLICIT", "COORDSYS": "G"}
    more = {"FREQ": 94.5, "TELESCOP": "WMAP", "DONE": True, "EXTNAME": "MAP"}
    write_columns(first, columns, NSIDE=8192, **cards, **more)
    sky = read_healpix(first)
    assert sky.header == more
    write_healpix(
        second,
        sky.values,
        sky,
        names=sky.names,
        units=sky.units,
        coordsys=sky.coordsys,
        header={**sky.header, "COMMENT": "one\ntwo", "a long keyword": 3},
    )
    again = read_healpix(second)
    assert again.header == {**more, "COMMENT": "one\ntwo", "A LONG KEYWORD": 3}
    for name in ("nside", "nest", "names", "units", "coordsys"):
        assert getattr(again, name) == getattr(sky, name)
    np.testing.assert_array_equal(again.pixels, sky.pixels)
    np.testing.assert_array_equal(again.values, sky.values)


@pytest.mark.parametrize(
    ("values", "dtype", "form"),
    [
        (torch.arange(12, dtype=torch.float16), None, "E"),
        (torch.arange(12.0, requires_grad=True), None, "E"),
        (np.arange(12, dtype=">f8"), None, "D"),
        (np.arange(12), None, "D"),
        (np.arange(12) > 5, None, "E"),
        (np.arange(12.0), "float32", "E"),
        (np.arange(12.0), np.float32, "E"),
        (np.arange(12.0), ">f4", "E"),
        (np.ma.masked_equal(np.arange(12), 3), None, "D"),
    ],
)
def test_types_of_columns(tmp_path, values, dtype, form):
    path = tmp_path / "sky.fits"
    write_healpix(path, values, HEALPix(1), dtype=dtype)
    assert fits.getheader(path, 1)["TFORM1"] == form
    found = read_healpix(path)
    if hasattr(values, "detach"):
        values = values.detach().numpy()
    expected = np.ma.filled(np.ma.array(values, dtype=float), np.nan)
    np.testing.assert_array_equal(found.values[:, 0], expected)


def test_a_part_of_a_part_is_written(tmp_path):
    sky = HEALPix(4, nest=False)
    north = sky[sky.lat > 0]
    part = north[north.lon < 90]
    write_healpix(tmp_path / "part.fits", part.xyz, part)
    found = read_healpix(tmp_path / "part.fits")
    assert same_sampling(found.sampling, part)
    np.testing.assert_array_equal(found.values, part.xyz)


def test_wmap_is_written_unchanged(tmp_path, shared_data):
    for path in sorted((shared_data / "wmap").glob("*.fits")):
        sky = read_healpix(path)
        write_healpix(tmp_path / "sky.fits", sky.values, sky.sampling, names=sky.names)
        np.testing.assert_array_equal(
            healpy.read_map(tmp_path / "sky.fits", field=None, nest=None),
            healpy.read_map(path, field=None, nest=None),
        )


def test_checksums_are_those_of_astropy(tmp_path):
    path = tmp_path / "sky.fits"
    write_healpix(path, iqu(2).T, HEALPix(2))
    with fits.open(path) as file:
        for hdu in file:
            assert (hdu.verify_checksum(), hdu.verify_datasum()) == (1, 1)


def test_errors_that_cancel_in_the_checksum_are_told(tmp_path):
    path = tmp_path / "sky.fits"
    write_healpix(path, np.arange(768.0), HEALPix(8))
    with fits.open(path) as file:
        start = file[1].fileinfo()["datLoc"]
    damaged = bytearray(path.read_bytes())
    # Two values swapped, four bytes after four bytes.
    first, second = (slice(start + 8 * i, start + 8 * i + 8) for i in (100, 200))
    damaged[first], damaged[second] = damaged[second], damaged[first]
    path.write_bytes(damaged)
    with fits.open(path, checksum=True) as file:
        assert (file[1].verify_checksum(), file[1].verify_datasum()) == (1, 1)
    with pytest.raises(ValueError, match=r"sky.fits is damaged.*SHA256"):
        read_healpix(path)


def test_comments_may_be_added_to_a_file(tmp_path):
    path = tmp_path / "sky.fits"
    write_healpix(path, np.arange(192.0), HEALPix(4))
    with fits.open(path, mode="update", checksum=True) as file:
        file[1].header["HISTORY"] = "looked at"
    assert (read_healpix(path).values[:, 0] == np.arange(192)).all()


@pytest.mark.parametrize("place", [2880 + 1000, -2880 + 5, 2880 + 480])
def test_a_changed_byte_is_told_by_the_checksum(tmp_path, place):
    path = tmp_path / "sky.fits"
    write_healpix(path, iqu(2).T, HEALPix(2))
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"sky.fits.*(checksum|cannot be read)"):
        read_healpix(path)


@pytest.mark.parametrize("place", [-1, -5])
def test_the_checksum_of_a_compressed_file_is_compared(tmp_path, place):
    path = tmp_path / "sky.fits.gz"
    healpy.write_map(path, iqu(2))
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"sky.fits.gz cannot be read.*; it may"):
        read_healpix(path)


def test_an_unknown_checksum_is_not_compared(tmp_path):
    column = fits.Column("T", "E", array=np.arange(12))
    cards = {"ORDERING": "RING", "CHECKSUM": "", "DATASUM": ""}
    path = write_columns(tmp_path / "sky.fits", [column], **cards)
    assert read_healpix(path).values.ravel().tolist() == list(range(12))


def test_an_error_leaves_the_file_unchanged(tmp_path, monkeypatch):
    path = tmp_path / "sky.fits"
    write_healpix(path, iqu(2).T, HEALPix(2))
    before = path.read_bytes()

    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fits.HDUList, "writeto", full)
    with pytest.raises(OSError, match=r"sky.fits"):
        write_healpix(path, iqu(1).T, HEALPix(1))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
