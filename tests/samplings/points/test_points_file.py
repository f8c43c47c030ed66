"""Points from files: every format that is read, every fault that is named."""

import re
import zipfile

import numpy as np
import pytest

from samplings import Irregular
from tests.round_off import assert_near

LON = np.array([0.0, 120, 240, 10, 33])
LAT = np.array([10.0, 20, -30, 80, -70])
EXPECTED = Irregular.from_lonlat(LON, LAT).xyz


def rows(separator, *columns):
    return "\n".join(
        separator.join(map(str, row)) for row in zip(*columns, strict=True)
    )


@pytest.mark.parametrize(
    "text",
    [
        "lon,lat\n" + rows(",", LON, LAT),
        "Latitude;name;LONGITUDE\n" + rows(";", LAT, "abcde", LON),
        "\ufeff# stations\nlat\tlon\n" + rows("\t", LAT, LON) + "\n\n",
        "# made by hand\n# lat lon\n" + rows(",", LAT, LON),
        "# lon;lat\n" + rows(" ", LON, LAT),
        "x y z\n" + rows(" ", *EXPECTED.T),
        'name,lon,lat\n"a, b",0,10\nc,120,20\nd,240,-30\ne,10,80\nf,33,-70\n',
    ],
    ids=["commas", "semicolons", "tabs", "savetxt", "savetxt-2", "blanks", "quotes"],
)
def test_text_is_read(tmp_path, text):
    path = tmp_path / "points.csv"
    path.write_text(text, encoding="utf-8")
    assert_near(Irregular.from_file(path).xyz, EXPECTED, 3)


def test_numpy_files_are_read(tmp_path):
    np.save(tmp_path / "lonlat.npy", np.stack([LON, LAT], axis=1))
    np.save(tmp_path / "xyz.npy", EXPECTED.astype(np.float32))
    np.savez(tmp_path / "lonlat.npz", lat=LAT, lon=LON, other=np.arange(2))
    np.savez(tmp_path / "xyz.npz", xyz=EXPECTED)
    for name in ("lonlat.npy", "lonlat.npz", "xyz.npz", "xyz.npy"):
        sampling = Irregular.from_file(str(tmp_path / name))
        np.testing.assert_allclose(sampling.xyz, EXPECTED, atol=1e-7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n\n# only a remark\n", "the file holds no points"),
        ("# a remark\n1,2\n", "found a, remark; expected columns lon and lat"),
        ("1,2\n3,4\n", "found 1, 2; expected columns lon and lat"),
        ("lon,lat\n", "a header but no points"),
        ("east,north\n1,2\n", "found east, north; expected columns lon and lat"),
        ("lon,height\n1,2\n", "found lon, height; expected columns lon and lat"),
        ("lon,lat\n1,2\n3\n", "every row must hold a number"),
        ("lon,lat\n1,2\n3,north\n", "every row must hold a number"),
        ("lon,lat\n1,2\n3,\n", "line 3: lat is missing, got ''; drop such"),
        ("lon,lat\n1,2\n3,95\n4,5\n6,7\n", "lat must be degrees"),
        ("lon,lat\n1,2\n3,nan\n4,5\n", "line 3: lat is missing, got 'nan'"),
        ("lon,lat\n1,2\n1,2\n4,5\n6,7\n", "0 and 1 coincide"),
    ],
)
def test_errors_for_text_name_the_file(tmp_path, text, message):
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        Irregular.from_file(path)
    assert str(path) in str(error.value)


def test_error_for_a_missing_file(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"stations.csv: no such file; expected"
    ):
        Irregular.from_file(tmp_path / "stations.csv")


def test_error_for_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "points.txt"
    path.write_bytes(b"\x89\x00\x10\x81")
    with pytest.raises(ValueError, match="not text"):
        Irregular.from_file(path)


@pytest.mark.parametrize("name", ["points.npy", "points.npz"])
@pytest.mark.parametrize("keep", [5, 0.5])
def test_error_for_truncated_numpy_files(tmp_path, name, keep):
    path = tmp_path / name
    (np.save if name.endswith("y") else np.savez)(path, EXPECTED)
    whole = path.read_bytes()
    path.write_bytes(whole[: keep if keep > 1 else int(keep * len(whole))])
    with pytest.raises(ValueError, match="cannot be read as a NumPy file") as error:
        Irregular.from_file(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((3, 4)), r"shape \(V, 2\) or \(V, 3\), got \(3, 4\)"),
        (np.zeros(4), r"shape \(V, 2\) or \(V, 3\), got \(4,\)"),
        (np.array([["a", "b"]]), "points must be real numbers"),
        (np.zeros((3, 2), dtype=complex), "points must be real numbers"),
        (np.zeros((0, 2)), "the file holds no points"),
        (np.array([[None, 1]]), "cannot be read as a NumPy file"),
    ],
)
def test_errors_for_arrays(tmp_path, content, message):
    np.save(tmp_path / "points.npy", content)
    with pytest.raises(ValueError, match=message) as error:
        Irregular.from_file(tmp_path / "points.npy")
    assert re.search(r"points\.npy", str(error.value))


def test_an_entry_of_an_archive_that_is_not_an_array_is_told(tmp_path):
    # NumPy returns its bytes, whatever they are.
    path = tmp_path / "points.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lon.npy", b"another header than that of an array")
    with pytest.raises(
        ValueError, match=r"points\.npz .*'lon' is not an array; .*copy"
    ):
        Irregular.from_file(path)


def test_errors_for_names_in_archives(tmp_path):
    path = tmp_path / "points.npz"
    np.savez(path, east=LON, north=LAT)
    with pytest.raises(ValueError, match="found east, north; expected columns"):
        Irregular.from_file(path)
    np.savez(path, lon=LON, lat=LAT[:-1])
    with pytest.raises(ValueError, match=r"one shape \(V,\), got \(5,\) and \(4,\)"):
        Irregular.from_file(path)
