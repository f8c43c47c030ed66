"""Input that is not a HEALPix map is refused with the file, the value and a remedy."""

import gzip

import healpy
import numpy as np
import pytest
from astropy.io import fits

from deepsphere_pyg.convert import read_healpix, write_healpix
from samplings import HEALPix, Icosahedral
from tests.convert.healpix.files import UNSEEN, iqu, write_columns

VALUES = fits.Column("T", "E", array=np.arange(12))
RING = {"ORDERING": "RING", "NSIDE": 1}
PART = {"ORDERING": "NESTED", "NSIDE": 2, "INDXSCHM": "EXPLICIT"}


def part(pixel, form="J"):
    n = len(pixel)
    return [
        fits.Column("PIXEL", form, array=np.array(pixel)),
        fits.Column("T", "E", array=np.arange(n)),
    ]


TABLES = {
    "no order": ([VALUES], {"NSIDE": 1}, {}, "ORDERING.*nest=True"),
    "contradiction": ([VALUES], RING, {"nest": True}, "RING.*nest=True.*to_nest=True"),
    "unknown order": ([VALUES], {"ORDERING": "Z"}, {}, "got Z; correct the header"),
    "multi-order": ([VALUES], {"ORDERING": "NUNIQ"}, {}, "NUNIQ; flatten"),
    "nside is text": ([VALUES], {**RING, "NSIDE": "NaN"}, {}, "'NaN'; correct"),
    "nside is a fraction": ([VALUES], {**RING, "NSIDE": 1.5}, {}, "1.5; correct"),
    "nside is a flag": ([VALUES], {**RING, "NSIDE": True}, {}, "True; correct"),
    "nside is zero": ([VALUES], {**RING, "NSIDE": 0}, {}, "got 0; pass 1"),
    "nside is huge": ([VALUES], {**RING, "NSIDE": 2**40}, {}, "2\\^29"),
    "nside of nested": (
        [VALUES],
        {"ORDERING": "NESTED", "NSIDE": 3},
        {},
        "power of two.*got 3",
    ),
    "nside to nested": (
        [fits.Column("T", "E", array=np.arange(108))],
        {"ORDERING": "RING", "NSIDE": 3},
        {"to_nest": True},
        "power of two.*got 3",
    ),
    "another number": ([VALUES], {**RING, "NSIDE": 2}, {}, "48 .*got 12; .*PIXEL"),
    "no nside": (
        [fits.Column("T", "E", array=np.arange(13))],
        {"ORDERING": "RING"},
        {},
        "NSIDE.*13 pixels",
    ),
    "no nside of a part": (part([1]), {"ORDERING": "RING"}, {}, "NSIDE"),
    "range outside": (
        [VALUES],
        {**RING, "NSIDE": 2, "FIRSTPIX": 40, "LASTPIX": 51},
        {},
        "got 12",
    ),
    "duplicate": (part([4, 2, 4]), PART, {}, "got 4 2 times"),
    "outside": (part([4, 48]), PART, {}, r"0 \.\.\. 47.*got 48 at position 1"),
    "negative": (part([-1, 3]), PART, {}, "got -1 at position 0"),
    "fraction": (part([1.5, 3], "D"), PART, {}, "integers, got .*; name"),
    "missing index": (part([np.nan, 3], "D"), PART, {}, "integers, got .*; name"),
    "text index": (part(["a", "b"], "1A"), PART, {}, "integers, got .*; name"),
    "empty": (part([]), PART, {}, "without rows|no pixels"),
    "lengths": (
        [
            VALUES,
            fits.Column("W", "2E", array=np.ones((12, 2))),
        ],
        RING,
        {},
        "12 pixels, got 24 in W.*columns=",
    ),
    "complex": (
        [fits.Column("C", "C", array=np.ones(12))],
        RING,
        {},
        "column C holds complex numbers; .*columns=",
    ),
    "text": (
        [VALUES, fits.Column("NAME", "3A", array=["abc"] * 12)],
        RING,
        {},
        "column NAME holds text; .*columns=",
    ),
    "lists": (
        [fits.Column("P", "PE()", array=np.array([[1.0]] * 12, dtype=object))],
        RING,
        {},
        "column P holds lists",
    ),
    "no such column": ([VALUES], RING, {"columns": ["Q"]}, "no column 'Q'.*T"),
    "no such number": ([VALUES], RING, {"columns": [1]}, "no column 1.*1 column"),
    "indices alone": (part([1, 2])[:1], PART, {}, "no column of values.*hdu="),
    "all missing": (
        [fits.Column("T", "E", array=np.full(12, UNSEEN))],
        RING,
        {"drop_missing": True},
        "every pixel|each is missing",
    ),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_wrong_table_is_told_with_its_file(tmp_path, case):
    columns, cards, options, message = TABLES[case]
    path = write_columns(tmp_path / "sky.fits", columns, **cards)
    with pytest.raises(ValueError, match=rf"sky\.fits.*{message}"):
        read_healpix(path, **options)


def test_columns_that_are_not_chosen_may_hold_anything(tmp_path):
    columns = [VALUES, fits.Column("NAME", "3A", array=["abc"] * 12)]
    path = write_columns(tmp_path / "sky.fits", columns, **RING)
    assert read_healpix(path, columns=["T"]).names == ("T",)


def test_another_file_is_told(tmp_path):
    healpy.write_map(tmp_path / "sky.fits", iqu(16))
    content = (tmp_path / "sky.fits").read_bytes()
    fits.PrimaryHDU(np.ones((3, 4))).writeto(tmp_path / "image.fits")
    files = {
        "empty.fits": b"",
        "text.fits": b"ra,dec\n1,2\n",
        "cut.fits": content[:20_000],
        "cut.fits.gz": gzip.compress(content)[:-3000],
    }
    for name, damaged in files.items():
        (tmp_path / name).write_bytes(damaged)
    for name in (*files, "image.fits"):
        with pytest.raises(ValueError, match=rf"{name} .*; (it|pass)"):
            read_healpix(tmp_path / name)
    with pytest.raises(ValueError, match=r"folder; pass a file"):
        read_healpix(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"none.fits does not exist"):
        read_healpix(str(tmp_path / "none.fits"))


def test_sizes_in_a_damaged_header_end_the_search(tmp_path):
    path = write_columns(tmp_path / "sky.fits", [VALUES], **RING)
    content = path.read_bytes()
    count = b"PCOUNT  = " + b"%20d"
    backwards = content.replace(count % 0, count % -99_999)
    vast = content.replace(b"NAXIS2  = %20d" % 12, b"NAXIS2  = %20d" % 10**15)
    # astropy takes the compressed size of a file for its size.
    no_table = content.replace(b"'BINTABLE'", b"'BINTABEEE")
    no_table = no_table.replace(b"BITPIX  = %20d" % 8, b"BITPIX", 2)[: len(content)]
    for damaged in (backwards, vast, no_table):
        assert damaged != content
        for name, packed in (
            ("a.fits", damaged),
            ("a.fits.gz", gzip.compress(damaged)),
        ):
            (tmp_path / name).write_bytes(packed)
            for hdu in (None, 5, "MAP"):
                with pytest.raises(ValueError, match=f"(?s){name} .*; (it|pass)"):
                    read_healpix(tmp_path / name, hdu=hdu)


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        (np.arange(12.0), {}, ValueError, "nest=True"),
        (np.arange(13.0), {"nest": True}, ValueError, r"got \(13,\).*write_healpix"),
        (np.zeros((3, 13)), {"nest": True}, ValueError, r"got \(3, 13\)"),
        (np.zeros((1, 3, 12)), {"nest": True}, ValueError, r"got \(1, 3, 12\)"),
        (np.zeros((12, 12)), {"nest": True}, ValueError, r"\(12, 12\); pass fewer"),
        (np.zeros(0), {"nest": True}, ValueError, r"got \(0,\)"),
        (3.0, {"nest": True}, ValueError, r"got \(\)"),
        (np.zeros(108), {"nest": True}, ValueError, "power of two.*got 3"),
        (np.zeros(12) * 1j, {"nest": True}, TypeError, "complex128; pass the parts"),
        (np.array(["a"] * 12), {"nest": True}, TypeError, "<U1"),
        ([[1, 2], [3]], {"nest": True}, TypeError, "equal length"),
        (None, {"nest": True}, TypeError, "numbers, got object"),
        (np.zeros(12), {"nest": "RING"}, TypeError, "nest.*'RING'"),
        (np.zeros(12), {"nest": True, "to_nest": 1}, TypeError, "to_nest.*1"),
        (np.zeros(12), {"nest": True, "drop_missing": 1}, TypeError, "drop_missing"),
        (np.zeros(12), {"nest": True, "hdu": 1}, ValueError, "hdu.*array"),
        (np.zeros(12), {"nest": True, "columns": [0]}, ValueError, "columns.*array"),
        ("a.fits", {"columns": "T"}, TypeError, r"'T'; pass a list"),
        ("a.fits", {"columns": []}, ValueError, "leave it out"),
        ("a.fits", {"columns": [0.5]}, TypeError, "0.5"),
        ("a.fits", {"hdu": 0.5}, TypeError, "hdu.*0.5"),
        ("a.fits", {"hdu": -1}, ValueError, "hdu.*-1"),
    ],
)
def test_wrong_arguments_are_told(source, options, error, message):
    with pytest.raises(error, match=message):
        read_healpix(source, **options)


SKY = HEALPix(1)


@pytest.mark.parametrize(
    ("values", "options", "error", "message"),
    [
        (np.zeros(11), {}, ValueError, r"\(12, C\).*got \(11,\); pass the sampling"),
        (np.zeros((3, 12)), {}, ValueError, r"got \(3, 12\); transpose"),
        (np.zeros((2, 12, 1)), {}, ValueError, r"\(2, 12, 1\); write each map"),
        (np.zeros((12, 0)), {}, ValueError, r"\(12, 0\)"),
        (np.zeros(12) * 1j, {}, TypeError, "complex128"),
        (["a"] * 12, {}, TypeError, "<U1"),
        (
            np.zeros(12),
            {"sampling": Icosahedral(1)},
            TypeError,
            "Icosahedral.*Transfer",
        ),
        (np.zeros(12), {"sampling": 1}, TypeError, "int"),
        (np.zeros(12), {"names": ["a", "b"]}, ValueError, "1 channel, got 2"),
        (np.zeros((12, 2)), {"names": ["a", "A"]}, ValueError, "'A' among"),
        (np.zeros((12, 2)), {"names": "a"}, ValueError, "'a' among"),
        (np.zeros(12), {"names": ["Pixel"]}, ValueError, "'Pixel'.*rename"),
        (np.zeros(12), {"names": [""]}, ValueError, "''.*rename"),
        (np.zeros(12), {"names": [1]}, TypeError, "1 of type int"),
        (np.zeros(12), {"names": 1}, TypeError, "1; pass one"),
        (np.zeros(12), {"names": ["x" * 70]}, ValueError, "68 characters"),
        (np.zeros(12), {"units": "µK"}, ValueError, "'µK'; .*uK"),
        (np.zeros(12), {"coordsys": 3}, TypeError, "coordsys.*3"),
        (np.zeros(12), {"dtype": "int16"}, ValueError, "'float64', got 'int16'"),
        (np.zeros(12), {"dtype": "?!"}, ValueError, r"got '\?!'"),
        (np.full(12, 1e300), {"dtype": "float32"}, ValueError, r"1e\+300.*float64"),
        (np.zeros(12), {"header": {"NSIDE": 4}}, ValueError, "'NSIDE'.*leave it out"),
        (np.zeros(12), {"header": {"tunit1": "K"}}, ValueError, "'tunit1'"),
        (np.zeros(12), {"header": {3: 4}}, ValueError, "got 3"),
        (np.zeros(12), {"header": ["A"]}, TypeError, "'A'.*dictionary"),
        (np.zeros(12), {"header": {"A": np.nan}}, ValueError, "A must.*nan"),
        (np.zeros(12), {"header": {"A": [1]}}, ValueError, r"A must.*\[1\]"),
        (np.zeros(12), {"header": {"A": "é"}}, ValueError, "A must.*é"),
        (np.zeros(12), {"header": {"A=": 1}}, ValueError, "A="),
    ],
)
def test_what_cannot_be_written_is_told(tmp_path, values, options, error, message):
    options = {"sampling": SKY, **options}
    with pytest.raises(error, match=message):
        write_healpix(tmp_path / "sky.fits", values, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_overwritten(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder"):
        write_healpix(tmp_path, np.zeros(12), SKY)
