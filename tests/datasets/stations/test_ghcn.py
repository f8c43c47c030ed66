"""Files of GHCN-daily, written exactly as NOAA writes them."""

import gzip

import numpy as np
import pytest

from deepsphere_pyg.datasets import (
    read_ghcn_daily,
    read_ghcn_stations,
    read_ghcn_year,
)

PARK, SYDNEY, NOWHERE = "USW00094728", "ASN00066062", "XX000000001"
# As in NOAA's file: latitude in columns 13-20, longitude in 22-30, elevation in 32-37,
# state in 39-40, name in 42-71, then flags and the number of the WMO.
STATIONS = f"""\
{PARK}  40.7789  -73.9692   42.7 NY NEW YORK CNTRL PK TWR           HCN 72506
{SYDNEY} -33.8607  151.2050   39.0    SYDNEY (OBSERVATORY HILL)      GSN     94768
{NOWHERE}   1.0000    2.0000 -999.9    NOWHERE
"""


def rows_of_year(year, drop=()):
    """Rows of a year: TMIN and TMAX of two stations, one of them with a failed check.

    Rows of ``drop``, of (station, element, day), are left out.
    """
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    for i, day in enumerate(days):
        date = str(day).replace("-", "")
        for station in (PARK, SYDNEY):
            for element, value in (("TMIN", i - 50), ("TMAX", i + 21)):
                flag = "G" if station == SYDNEY and element == "TMAX" and i == 5 else ""
                if (station, element, i) not in drop:
                    yield f"{station},{date},{element},{value},,{flag},W,2400\n"
        yield f"{NOWHERE},{date},PRCP,3,T,,W,\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ghcnd-stations.txt").write_text(STATIONS)
    for year in (2011, 2012):
        with gzip.open(tmp_path / f"{year}.csv.gz", "wt") as file:
            file.writelines(rows_of_year(year))
    return tmp_path


def test_stations_are_read_from_their_columns(folder):
    found = read_ghcn_stations(folder)
    assert found.ids == (PARK, SYDNEY, NOWHERE)
    np.testing.assert_array_equal(found.lat, [40.7789, -33.8607, 1])
    np.testing.assert_array_equal(found.lon, [-73.9692, 151.205, 2])
    np.testing.assert_array_equal(found.elevation, [42.7, 39, np.nan])
    assert found.names[1] == "SYDNEY (OBSERVATORY HILL)"


def test_values_are_tenths_and_those_with_a_quality_flag_are_missing(folder):
    found = read_ghcn_year(folder / "2012.csv.gz", 2012, [SYDNEY, PARK])
    assert found.shape == (366, 2, 2)
    np.testing.assert_allclose(found[0], [[-5, 2.1], [-5, 2.1]], rtol=1e-15)
    assert np.argwhere(np.isnan(found)).tolist() == [[5, 0, 1]]
    rain = read_ghcn_year(folder / "2012.csv.gz", 2012, [NOWHERE], ["PRCP"])
    np.testing.assert_allclose(rain, np.full((366, 1, 1), 0.3), rtol=1e-15)


def test_stations_with_all_days_are_kept_and_read_once(folder, monkeypatch):
    found = read_ghcn_daily(folder, (2011, 2012))
    assert found.names == (PARK,) and found.unit == "degC"
    assert found.values.shape == (731, 1, 2) and np.isfinite(found.values).all()
    assert str(found.times[0]) == "2011-01-01" and found.days[-1] == 366
    kept = folder / "ghcn-TMIN-TMAX-2011-2012.npz"
    assert [p.name for p in folder.glob("*.npz")] == [kept.name]

    name = "deepsphere_pyg.datasets.stations.ghcn_daily.year_reports"
    monkeypatch.setattr(name, lambda *args: pytest.fail("read again"))
    again = read_ghcn_daily(folder, (2011, 2012), missing=0.01)
    assert again.names == (PARK, SYDNEY)
    assert again.n_reports == 4 * 731 - 2


def test_a_file_that_changes_is_read_again(folder):
    read_ghcn_daily(folder, (2011,))
    with gzip.open(folder / "2011.csv.gz", "wt") as file:
        file.writelines(rows_of_year(2011, drop={(PARK, "TMIN", 100)}))
    found = read_ghcn_daily(folder, (2011,), missing=0.1)
    np.testing.assert_array_equal(np.argwhere(np.isnan(found.values[:, 0])), [[100, 0]])
    with pytest.raises(ValueError, match=r"no station .* on every day of 2011 to 2011"):
        read_ghcn_daily(folder, (2011,))


def test_a_damaged_store_of_earlier_reports_is_refused(folder):
    (folder / "ghcn-TMIN-TMAX-2011-2011.npz").write_bytes(b"PK\x03\x04 damaged")
    with pytest.raises(ValueError, match="delete it, and it is computed again"):
        read_ghcn_daily(folder, (2011,))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("USW00094728,20110101,TMIN,1,,,W", "line 2: expected id,YYYYMMDD,element"),
        ("USW00094728,20120101,TMIN,1,,,W,", "line 2: expected .* of the file's year"),
        ("USW00094728,20110230,TMIN,1,,,W,", "line 2: expected id,YYYYMMDD"),
        ("USW00094728,20110102,TMIN,1.5,,,W,", "line 2: expected .* a whole value"),
        ("USW00094728,20110101,TMIN,7,,,W,", "line 2: a second TMIN of the same stat"),
    ],
)
def test_a_damaged_line_is_named(line, message, tmp_path):
    file = tmp_path / "2011.csv"
    file.write_text(f"USW00094728,20110101,TMIN,1,,,W,\n{line}\n")
    with pytest.raises(ValueError, match=message):
        read_ghcn_year(file, 2011, [PARK])


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (STATIONS.replace("40.7789", "94.7789"), "line 1: expected an identifier"),
        (STATIONS.replace("151.2050", "east    "), "line 2: expected an identifier"),
        (STATIONS + STATIONS[:80], "line 4: station USW00094728 stands in line 1"),
        ("", "has no stations"),
    ],
)
def test_a_damaged_list_of_stations_is_refused(lines, message, tmp_path):
    (tmp_path / "ghcnd-stations.txt").write_text(lines)
    with pytest.raises(ValueError, match=message):
        read_ghcn_stations(tmp_path)


def test_a_truncated_file_is_refused_and_nothing_is_kept(folder):
    file = folder / "2011.csv.gz"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ValueError, match=r"2011.csv.gz cannot be read as reports"):
        read_ghcn_daily(folder, (2011,))
    assert not list(folder.glob("*.npz"))


def test_missing_files_are_named_with_their_origin(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"ghcnd-stations.txt does not exist"):
        read_ghcn_daily(tmp_path, (2011,))
    (tmp_path / "ghcnd-stations.txt").write_text(STATIONS)
    with pytest.raises(FileNotFoundError, match=r"2011.csv.gz does not exist; .*by_y"):
        read_ghcn_daily(tmp_path, (2011,))


def test_files_of_other_stations_share_none(folder):
    text = STATIONS.replace(PARK, "USW00000001").replace(SYDNEY, "ASN00000001")
    (folder / "ghcnd-stations.txt").write_text(text)
    with pytest.raises(ValueError, match="has no report of TMIN or TMAX of a station"):
        read_ghcn_daily(folder, (2011,))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"years": (2011, 2013)}, "years must follow each other, got 2011 2013"),
        ({"elements": ("TMIN", "PRCP")}, "elements must have one unit"),
        ({"elements": ("WIND",)}, "elements must be different ones of TMIN, TMAX"),
        ({"missing": 1.0}, "missing must be at least 0 and below 1"),
    ],
)
def test_arguments_without_sense_are_refused(arguments, message, folder):
    with pytest.raises(ValueError, match=message):
        read_ghcn_daily(folder, **{"years": (2011,), **arguments})
