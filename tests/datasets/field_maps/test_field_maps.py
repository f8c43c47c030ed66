"""Maps of files: what samples hold, by values computed apart with xarray."""

import pickle

import numpy as np
import pytest
import torch
import xarray as xr

from deepsphere_pyg.datasets import FieldMaps, Regridder
from samplings import HEALPix
from tests.datasets.field_maps.own_data import LAT, LON, MEMBERS, TIMES, fields


def test_samples_are_those_of_the_file_on_its_own_grid():
    data = fields()
    maps = FieldMaps(data, inputs=["u", "height"], targets=["v"])
    assert maps.channel_names == ("u@500", "u@850", "height")
    assert (maps.target_names, maps.target_units) == (("v",), ("m s-1",))
    assert len(maps) == 24 and maps.sample_dims == ("member", "time")
    coords = maps.sample_coords
    for i in (0, 7, 8, 23):
        member, time = coords.member.values[i], coords.time.values[i]
        own = data.sel(member=member, time=time)
        sample = maps[i]
        for c, level in enumerate((500, 850)):
            there = own.u.sel(level=level).to_numpy().ravel()
            back = maps.places.to_xarray(sample.x[:, c]).transpose("lat", "lon")
            np.testing.assert_array_equal(back.to_numpy().ravel(), there.astype("f4"))
        back = maps.places.to_xarray(sample.y[:, 0]).transpose("lat", "lon")
        np.testing.assert_array_equal(back, own.v.astype("f4"))
        assert sample.mask.all()


def test_maps_are_regridded_as_by_the_regridder():
    data, sampling = fields(), HEALPix(2)
    maps = FieldMaps(data, inputs=["v"], targets=["u@850"], sampling=sampling)
    regridder = Regridder(maps.places, sampling)
    assert maps.regridding == regridder.used
    wanted = regridder.fields(data.v.to_numpy()).reshape(-1, len(sampling))
    np.testing.assert_array_equal(maps.X[:][..., 0], wanted.astype("f4"))
    wanted = regridder.fields(data.u.sel(level=850).to_numpy())
    wanted = wanted.reshape(-1, len(sampling))
    np.testing.assert_array_equal(maps.y[:][..., 0], wanted.astype("f4"))


def test_white_noise_is_averaged_and_not_sampled_on_a_coarser_sampling():
    lat, lon = np.arange(-89.5, 90), np.arange(360.0)
    noise = np.random.default_rng(0).normal(size=(4, 180, 360))
    data = xr.Dataset(
        {"n": (("time", "lat", "lon"), noise)},
        coords={"time": range(4), "lat": lat, "lon": lon},
    )
    sampling = HEALPix(16)
    conservative = FieldMaps(data, sampling=sampling)
    bilinear = FieldMaps(data, sampling=sampling, regrid="bilinear")
    assert conservative.regridding == "conservative"
    # A pixel of 13.4 square degrees averages 13.4 / cos(lat) cells of variance 1; the
    # variance of the mean is the sum of squared shares of cells, partial ones included.
    assert np.std(conservative.X[:]) == pytest.approx(0.22, abs=0.01)
    assert np.std(bilinear.X[:]) == pytest.approx(0.68, abs=0.02)


@pytest.mark.parametrize("nside", [1, 8])
def test_classes_are_codes_of_the_file(nside):
    sampling = HEALPix(nside)
    maps = FieldMaps(fields(), inputs=["v"], targets="zone", sampling=sampling)
    assert maps.class_names == ("tropics", "poles") and maps.n_classes == 2
    assert not maps.global_target
    labels, _ = Regridder(maps.places, sampling).labels(fields().zone.to_numpy())
    y = maps[4].y
    assert y.dtype == torch.int64
    np.testing.assert_array_equal(y, labels)


def test_quantities_are_refused_as_classes_with_regression_as_the_remedy():
    with pytest.raises(ValueError, match="for numbers use regression"):
        FieldMaps(fields(), inputs=["u"], targets=["v"], target_kind="classes")
    data = fields()
    data["count"] = (("lat", "lon"), np.arange(48).reshape(6, 8))
    many = xr.concat([data["count"] + 48 * i for i in range(8)], "time")
    with pytest.raises(ValueError, match=r"more than 256 .* for numbers use regress"):
        FieldMaps(data.assign(count=many), inputs=["v"], targets=["count"])


def test_targets_of_samples_are_variables_coordinates_and_parts_of_times():
    data = fields()
    maps = FieldMaps(data, inputs=["v"], targets=["index", "time.month", "member"])
    assert maps.global_target and not maps.n_classes
    coords = maps.sample_coords
    months = coords.time.values.astype("M8[M]").astype(int) % 12 + 1
    index = data["index"].sel(time=coords.time).to_numpy()
    wanted = np.stack([index, months, coords.member], axis=1)
    np.testing.assert_array_equal(maps.y[:], wanted.astype("f4"))
    classes = FieldMaps(data, inputs=["v"], targets=["run_class"])
    assert classes.class_names == ("0", "1")
    wanted = np.array(MEMBERS)[:, None] == 5
    np.testing.assert_array_equal(classes.y[:], np.broadcast_to(wanted, (3, 8)).ravel())


def test_targets_of_other_files_are_found_by_coordinates():
    data = fields()
    other = data[["v"]].isel(time=slice(None, None, -1), member=[2, 0, 1])
    here = FieldMaps(data, inputs=["u"], targets=["v"])
    there = FieldMaps(data, inputs=["u"], targets=["v"], target_source=other)
    np.testing.assert_array_equal(here.y[:], there.y[:])
    short = other.isel(time=slice(1, None))
    with pytest.raises(ValueError, match="no targets for 1 of the 8 values of time"):
        FieldMaps(data, inputs=["u"], targets=["v"], target_source=short)
    chosen = FieldMaps(
        data,
        inputs=["u"],
        targets=["v"],
        target_source=short,
        select={"time": slice(None, "2001-07")},
    )
    np.testing.assert_array_equal(chosen.y[:], here.subset(time="/2001-07").y[:])
    bare = other.drop_vars("time")
    with pytest.raises(ValueError, match="matched by coordinates, not by position"):
        FieldMaps(data, inputs=["u"], targets=["v"], target_source=bare)


def test_missing_values_are_masked_targets_and_means_of_inputs():
    data = fields(n_member=1)
    data["v"][0, 2, 1, 3] = np.nan
    data["u"][0, 2, 0, 4, 5] = np.nan
    maps = FieldMaps(data, inputs=["u@500"], targets=["v"])
    sample, there = maps[2], maps.places
    mask = there.to_xarray(sample.mask[:, None]).transpose("lat", "lon").to_numpy()
    np.testing.assert_array_equal(mask, ~np.isnan(data.v[0, 2]))
    own = data.u[0, 2, 0]
    area = maps.places.to_xarray(maps.sampling.weights).transpose("lat", "lon")
    mean = float((own * area).sum() / area.where(own.notnull()).sum())
    filled = there.to_xarray(sample.x).transpose("lat", "lon")
    assert float(filled[4, 5]) == pytest.approx(mean, abs=1e-6)
    data["u"][0, 3] = np.nan
    with pytest.raises(ValueError, match=r"u@500 is missing at all .* time 2001-04"):
        FieldMaps(data, inputs=["u@500"], targets=["v"])[3]


def test_a_gap_in_the_targets_of_samples_is_refused():
    data = fields()
    data["index"][3] = np.nan
    with pytest.raises(ValueError, match=r"index is missing for 3 of 24 samples"):
        FieldMaps(data, inputs=["v"], targets=["index"])


def test_parts_are_selected_by_coordinates():
    maps = FieldMaps(fields(), inputs=["v"], targets=["v"])
    part = maps.subset(time="2001-02/2001-04", member=[9, 3])
    assert len(part) == 6
    assert set(part.sample_coords.member.values) == {3, 9}
    assert part.sample_coords.time.values.max() == TIMES[3]
    np.testing.assert_array_equal(
        part.take([5]).X[:], maps.subset(time=TIMES[3], member=9).X[:]
    )
    with pytest.raises(ValueError, match="no sample dimension 'case'"):
        maps.subset(case=1)
    with pytest.raises(ValueError, match="member has no value 4"):
        maps.subset(member=4)
    with pytest.raises(ValueError, match=r"no values from 2005 .*; it has 2001-01-01"):
        maps.subset(time="2005/")


def test_sample_dimensions_can_be_named():
    maps = FieldMaps(fields(), inputs=["u"], sample_dims=["level", "time"])
    assert maps.sample_dims == ("time", "level") and len(maps) == 16
    assert maps.channel_names == ("u@3", "u@5", "u@9")
    with pytest.raises(ValueError, match=r"sample_dims must be dimensions .* 'lat'"):
        FieldMaps(fields(), inputs=["u"], sample_dims=["lat"])


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_files_give_what_the_open_data_give(tmp_path, suffix):
    data, path = fields(), tmp_path / f"own{suffix}"
    chunked = data.chunk({"time": 3, "member": 2, "lat": 4})
    if suffix == ".nc":
        data.to_netcdf(path)
    else:
        chunked.to_zarr(path, consolidated=False)
    options = {"inputs": ["u"], "targets": ["v"], "sampling": HEALPix(2)}
    maps, wanted = FieldMaps(path, **options), FieldMaps(data, **options)
    np.testing.assert_array_equal(maps.X[:], wanted.X[:])
    np.testing.assert_array_equal(maps.y[::-1], wanted.y[::-1])
    copied = pickle.loads(pickle.dumps(maps))
    np.testing.assert_array_equal(copied[5].x, wanted[5].x)
    if suffix == ".zarr":
        assert len(np.unique(maps.blocks)) == 2 * 3


def test_arrays_and_healpix_files_are_sources(tmp_path):
    import healpy

    array = fields().v
    assert FieldMaps(array).channel_names == ("v",)
    sky = np.random.default_rng(0).normal(size=(2, 48)).astype("f4")
    for i, one in enumerate(sky):
        healpy.write_map(tmp_path / f"{i}.fits", one, dtype=np.float32)
    maps = FieldMaps(str(tmp_path / "*.fits"))
    np.testing.assert_array_equal(maps.X[:][..., 0], sky)
    assert maps.sampling.name == HEALPix(2, nest=False).name


def test_the_whole_numbers_of_a_dimension_are_no_classes():
    data = xr.Dataset(
        {"n": (("year", "lat", "lon"), np.ones((3, 3, 4)))},
        {
            "year": [1998, 1999, 2000],
            "lat": [-60.0, 0.0, 60.0],
            "lon": range(0, 360, 90),
        },
    )
    years = FieldMaps(data, targets=["year"])
    assert years.n_classes == 0
    assert years.y[:].tolist() == [[1998], [1999], [2000]]
    asked = FieldMaps(data, targets=["year"], target_kind="classes")
    assert asked.class_names == ("1998", "1999", "2000")
    data.year.attrs["flag_values"] = np.array([1998, 1999, 2000])
    data.year.attrs["flag_meanings"] = "wet dry mild"
    assert FieldMaps(data, targets=["year"]).class_names == ("wet", "dry", "mild")


def test_odd_options_are_refused_with_a_remedy():
    data = fields()
    with pytest.raises(ValueError, match="has no variable 'w'; it has: u, v"):
        FieldMaps(data, inputs=["w"])
    with pytest.raises(ValueError, match="all be maps or all be values of whole"):
        FieldMaps(data, inputs=["u"], targets=["v", "index"])
    with pytest.raises(ValueError, match=r"pass a part such as 'time.year'"):
        FieldMaps(data, inputs=["u"], targets=["time"])
    with pytest.raises(ValueError, match=r"time.minuet is not a part of a time"):
        FieldMaps(data, inputs=["u"], targets=["time.minuet"])
    with pytest.raises(ValueError, match="classes at vertices are a single channel"):
        FieldMaps(data, inputs=["v"], targets=["u"], target_kind="classes")
    with pytest.raises(TypeError, match="source must be a path"):
        FieldMaps(3)
    assert LAT.size * LON.size == 48


def test_grib_files_need_a_package_of_an_extra(tmp_path, monkeypatch):
    path = tmp_path / "era5.grib"
    path.write_bytes(b"GRIB")
    from deepsphere_pyg.datasets.netcdf import xarray_source

    monkeypatch.setattr(xarray_source, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'deepsphere-pyg\[grib\]'"):
        FieldMaps(path)


def test_grib_files_that_are_cut_off_or_damaged_are_refused(shared_data, tmp_path):
    content = (shared_data / "era5/era5-levels-members.grib").read_bytes()
    path = tmp_path / "era5.grib"
    # Within a message, at its header, and at its end, which eight bytes follow.
    for end in (len(content) // 2 + 100, content.rfind(b"GRIB") + 5, len(content) - 9):
        path.write_bytes(content[:end])
        with pytest.raises(
            ValueError, match=r"is damaged: message \d+ at byte \d+ sho"
        ):
            FieldMaps(path, inputs=["z@500"])
    path.write_bytes(b"not a file of messages")
    with pytest.raises(ValueError, match="cannot be read as GRIB: it has no message"):
        FieldMaps(path, inputs=["z@500"])
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="is empty; copy it again"):
        FieldMaps(path, inputs=["z@500"])
    path.write_bytes(content)
    maps = FieldMaps(path, inputs=["z@500"], targets=["t@850"])
    assert len(maps) == 40 and list(tmp_path.iterdir()) == [path]
    assert 240 < float(maps[7].y.mean()) < 300 and maps.target_units == ("K",)
