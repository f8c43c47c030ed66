"""Tables of points as programs and people write them."""

import io

import numpy as np
import pandas as pd
import pytest

from samplings import Irregular

LON = np.array([0.0, 120.25, 240.5, -10, 33])
LAT = np.array([10.5, 20, -30, 80, -70.125])
EXPECTED = Irregular.from_lonlat(LON, LAT).xyz
FRAME = pd.DataFrame({"station": list("abcde"), "lon": LON, "lat": LAT})
ROWS = list(zip(LON.tolist(), LAT.tolist(), strict=True))


def table(header, row, start="", end="\n"):
    return start + end.join([header, *(row.format(x, y) for x, y in ROWS)]) + end


def read(tmp_path, text, encoding="utf-8", name="points.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return Irregular.from_file(path)


def comma(number):
    return str(number).replace(".", ",")


DECIMAL_COMMAS = "\n".join(["lon;lat", *(f"{comma(x)};{comma(y)}" for x, y in ROWS)])


def saved(**options):
    text = io.StringIO()
    np.savetxt(text, np.stack([LON, LAT], axis=1), **options)
    return text.getvalue()


def ecsv(**options):
    table_ = pytest.importorskip("astropy.table")
    text = io.StringIO()
    columns = {"name": list("abcde"), "lon": np.deg2rad(LON), "lat": LAT}
    made = table_.Table(columns)
    made["lon"].unit, made["lat"].unit = "rad", "deg"
    made.write(text, format="ascii.ecsv", **options)
    return text.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        saved(header="lon lat"),
        saved(header="lon, lat", delimiter=", "),
        saved(header="made by hand\nlon [deg]\tlat [deg]", delimiter="\t"),
        saved(header="lon;lat", delimiter=";", comments="% "),
        FRAME.to_csv(),
        FRAME.to_csv(index=False),
        FRAME.set_index("station").to_csv(sep="\t"),
        FRAME.to_csv(sep=";", decimal=","),
        FRAME.to_string(index=False),
        "sep=;\r\n" + FRAME.to_csv(sep=";", index=False, lineterminator="\r\n"),
        DECIMAL_COMMAS,
        DECIMAL_COMMAS.replace(";", "\t"),
        DECIMAL_COMMAS.replace(";", " "),
        table("lon,lat", "{},{}", end="\r\n"),
        table("lon,lat", "{},{}", end="\r"),
        table("LAT , Lon", "{1} , {0}", end="\n\n"),
        table("lon,lat", "{},{}  # comment, with a comma"),
        table("lon lat", "{} {} # two words"),
        table("name,lon,lat", "mast #1,{},{}"),
        table("name,lon,lat", '"a, b #2",{},{}'),
        table("lon,lat,site #", "{},{},7"),
        table("lon,lat,", "{},{},") + ",,\n",
        table("lon,lat\n# units: degrees", "{},{}"),
        table("lon,lat\ndeg,deg", "{},{}"),
        table("   lon     lat\n------- ------", "{:7.2f} {:7.3f}"),
        table("id,Longitude (degrees_east),Latitude (degrees_north)", "1,{},{}"),
        table("lon_deg,lat_deg", "{},{}"),
        table("| lon | lat |", "| {} | {} |"),
        table("lon,lat", '"{}","{}"'),
        table('"lon" "lat"', '"{}" "{}"'),
        "lon,lat\n0,10.5\n120°15'E,20\n240 30 0,30S\n10W,80°\n33,70:07:30 S\n",
        "lon;lat\n0E;N10,5\n120,25;+20\n240.5;−30\n−10;8e1\n3.3D1;-70°7'30\"\n",
        "lon,lat\n0,10.5\n120°15'0\"E,20\n240.5,-30\n-10,80\n33,70°7'30\"S\n",
        "ra,dec\n00:00:00,10.5\n08:01:00,+20\n16:02:00,-30\n23h20m,80\n"
        "2h12m00s,-70:07:30\n",
        'name,lon,lat\n"two\nlines",0,10.5\nb,120.25,20\nc,240.5,-30\nd,-10,80\n'
        "e,33,-70.125\n",
    ],
)
def test_tables_are_read_as_they_are_written(tmp_path, text):
    np.testing.assert_allclose(read(tmp_path, text).xyz, EXPECTED, atol=2e-15)


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("lon [rad],lat [rad]", np.deg2rad(1)),
        ("lon_radians,lat_radians", np.deg2rad(1)),
        ("RA (hours),Dec", (1 / 15, 1)),
        ("longitude [arcmin],latitude [arcsec]", (60, 3600)),
        ("lon (degrees_west),lat", (-1, 1)),
        ("lon,lat\nrad,rad", np.deg2rad(1)),
    ],
)
def test_units_of_the_header_are_converted(tmp_path, header, factor):
    lon, lat = np.stack([LON, LAT], 1).T * np.reshape(
        np.broadcast_to(factor, 2), (2, 1)
    )
    text = "\n".join(
        [
            header,
            *(f"{x!r},{y!r}" for x, y in zip(lon.tolist(), lat.tolist(), strict=True)),
        ]
    )
    np.testing.assert_allclose(read(tmp_path, text).xyz, EXPECTED, atol=2e-15)


@pytest.mark.parametrize("delimiter", [" ", ","])
def test_units_that_astropy_writes_are_converted(tmp_path, delimiter):
    part = read(tmp_path, ecsv(delimiter=delimiter), name="points.ecsv")
    np.testing.assert_allclose(part.xyz, EXPECTED, atol=2e-15)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252"]
)
def test_encodings_are_told_apart(tmp_path, encoding):
    text = table("Gerät;Längengrad [°];Breitengrad [°]", "Süd;{};{}")
    np.testing.assert_allclose(read(tmp_path, text, encoding).xyz, EXPECTED, atol=2e-15)


@pytest.mark.parametrize("code", ["", "NA", "NaN", "nan", "N/A", "--", "null", "inf"])
def test_a_missing_value_is_refused_with_its_line(tmp_path, code):
    text = f"# stations\nname,lon,lat\n\na,1,2\nb,{code},3\nc,4,5\n"
    with pytest.raises(ValueError, match="line 5: lon is missing, got") as error:
        read(tmp_path, text)
    assert "points.txt" in str(error.value) and "drop such points" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "lon,lat\n1,2\n-9999,3\n",
            "line 3: lon must be degrees from -360 to 360, got",
        ),
        ("lon,lat\n1,2\n3,-999.9\n", "line 3: lat must be degrees .* got -999.9; drop"),
        ("lon,lat\n1,2\n3,5E\n", "line 3: lat cannot be '5E'"),
        ("lon,lat\n1,2\n-3W,5\n", "line 3: lon has both a sign and a letter"),
        ("lon,lat\n1,2\n3,12 75 00\n", "line 3: lat must have less than 60 minutes"),
        ("lon,lat\n1,2\n1_0,2\n", "line 3: lon must be a number, got '1_0'"),
        ("lon,lat\n1,2\n1.234,5;6\n", "line 3: lat must be a number, got '5;6'"),
        ("lon,lat\n12,5,50,1\n", "line 2: 4 fields, but the header has 2; every row"),
        (
            "name lon lat\nNew York 1 2\n",
            "line 2: 4 fields, .* quote names that contain",
        ),
        ("lon lat\n1 10 20\n2 30 40\n", "line 2: 3 fields, but the header has 2"),
        ("lon,lat,name\n1,2,a\n3,4\n", "line 3: 2 fields, but the header has 3"),
        ("name,lon,lat\na,1,2\n#7,3,4\n", "line 3: '#7' may be the name of a point or"),
        ("lon [m],lat [m]\n1,2\n", "lon must be in a unit of angle.* got 'm'; convert"),
        ("lon [degrees_north],lat\n1,2\n", "that of latitudes; exchange lon and lat"),
        ("lon [deg],lon [rad],lat\n1,2,3\n", "more than one column of lon"),
        ("lon,lat,lon\n1,2,3\n", "more than one column of lon: lon, lon; rename all"),
        ("ra,dec\n1,2\n23,5\n", "ra from 1 to 23 may be hours or degrees; name the"),
        (
            'lon,lat,name\n1,2,"open\n3,4,b\n',
            "line 2: a quoted field begins there and does not",
        ),
    ],
)
def test_what_can_be_read_in_no_way_or_in_two_is_refused(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as error:
        read(tmp_path, text)
    assert "points.txt" in str(error.value)


@pytest.mark.parametrize(
    "raw", [b"PK\x03\x04\x14\x00", b"\x00\x01lon,lat", b"\xff\xfe1"]
)
def test_bytes_that_are_no_text_are_refused(tmp_path, raw):
    with pytest.raises(ValueError, match="not text in UTF-8, UTF-16 with a byte-order"):
        read(tmp_path, raw)
