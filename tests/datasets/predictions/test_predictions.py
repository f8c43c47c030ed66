"""Predictions come back with the times, members and grids of the inputs."""

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from deepsphere_pyg.convert import from_xarray, read_healpix
from deepsphere_pyg.datasets import (
    FieldMaps,
    Regridder,
    predictions_to_xarray,
    write_predictions,
)
from samplings import (
    Equiangular,
    Fibonacci,
    GaussLegendre,
    HEALPix,
    ReducedGaussian,
    same_sampling,
)
from tests.datasets.field_maps.own_data import fields

SAMPLINGS = {
    "own grid": None,
    "HEALPix": HEALPix(4),
    "part of HEALPix": HEALPix(4, nest=False)[HEALPix(4, nest=False).lat > 10],
    "equiangular with poles": Equiangular(7, scheme="clenshaw-curtis"),
    "Gauss-Legendre": GaussLegendre(6),
    "reduced": ReducedGaussian([4, 8, 8, 4]),
    "points": Fibonacci(60),
}


def own_maps(sampling=None, **options):
    return FieldMaps(fields(), inputs=["u"], sampling=sampling, **options)


def answers_for(maps, channels=1, seed=0):
    shape = (len(maps), len(maps.sampling), channels)
    return np.random.default_rng(seed).normal(size=shape).astype("f4")


def opened(path):
    """Read a file as a user does; warnings are errors."""
    if path.suffix == ".zarr":
        return xr.open_zarr(path, consolidated=False).load()
    with xr.open_dataset(path) as data:
        return data.load()


def test_identity_returns_the_field_with_its_coordinates_and_attributes():
    data = fields()
    maps = FieldMaps(data, inputs=["v"], targets=["v"])
    found = predictions_to_xarray(maps.X[:], maps)
    assert found.v.dims == ("member", "time", "lat", "lon")
    xr.testing.assert_identical(
        found.v, data.v.astype("f4").drop_attrs().assign_attrs(units="m s-1")
    )
    assert found.attrs["Conventions"].startswith("CF-")


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
@pytest.mark.parametrize("name", SAMPLINGS)
def test_files_on_the_sampling_are_recognised_and_hold_the_answers(
    tmp_path, name, suffix
):
    maps = own_maps(SAMPLINGS[name])
    answers = answers_for(maps)
    path = tmp_path / f"found{suffix}"
    write_predictions(path, answers, maps, grid="sampling", names=["w"])
    data = opened(path)
    places = from_xarray(data, "w")
    assert same_sampling(places.sampling, maps.sampling)
    values, known = places.signal(data.w)
    np.testing.assert_array_equal(values.reshape(answers.shape), answers)
    assert known.all() and [p.name for p in tmp_path.iterdir()] == [path.name]
    np.testing.assert_array_equal(data.time, fields().time)
    np.testing.assert_array_equal(data.member, fields().member)


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_other_samplings_are_regridded_to_the_grid_of_the_files(tmp_path, suffix):
    maps = own_maps(HEALPix(8))
    answers = answers_for(maps, 2)
    path = tmp_path / f"found{suffix}"
    write_predictions(path, answers, maps, names=["a b", "c"], units=["K", "1"])
    data = opened(path)
    back = Regridder(maps.sampling, maps.places.sampling)
    wanted = back.fields(np.moveaxis(answers, -1, 1))[..., maps.places.vertex]
    for i, name in enumerate(("a_b", "c")):
        there = wanted[:, i].reshape(3, 8, *maps.places.shape).astype("f4")
        np.testing.assert_array_equal(data[name].transpose(..., "lat", "lon"), there)
    assert (data.a_b.units, data.a_b.long_name) == ("K", "a b")
    xr.testing.assert_identical(
        data, predictions_to_xarray(answers, maps, names=["a b", "c"], units=["K", "1"])
    )


@pytest.mark.parametrize("grid", ["source", "sampling"])
def test_classes_are_the_most_probable_with_named_flags(tmp_path, grid):
    maps = own_maps(HEALPix(4), targets=["zone"])
    random = np.random.default_rng(1)
    answers = random.dirichlet(np.ones(2), size=(24, 192)).astype("f4")
    data = opened(write_predictions(tmp_path / "z.nc", answers, maps, grid=grid))
    assert data.zone.dtype == np.int8 or data.zone.encoding["dtype"] == np.int8
    assert data.zone.flag_meanings == "tropics poles"
    np.testing.assert_array_equal(data.zone.flag_values, [0, 1])
    np.testing.assert_array_equal(data["class"], ["tropics", "poles"])
    shares = data.zone_probability
    np.testing.assert_allclose(shares.sum("class"), 1, atol=1e-6)
    np.testing.assert_array_equal(data.zone, shares.argmax("class"))
    again = FieldMaps(
        data,
        inputs=["zone_probability"],
        targets=["zone"],
        target_kind="classes",
    )
    assert again.class_names == ("tropics", "poles")


def test_samples_that_are_no_product_are_listed():
    maps = own_maps().take([0, 9, 23])
    found = predictions_to_xarray(answers_for(maps), maps)
    assert found.output0.dims == ("sample", "lat", "lon")
    np.testing.assert_array_equal(found.member, [3, 5, 9])
    part = own_maps().subset(time="2001-03/2001-04", member=[9, 3])
    found = predictions_to_xarray(answers_for(part), part)
    assert dict(found.sizes) == {"member": 2, "time": 2, "lat": 6, "lon": 8}


def test_answers_of_samples_lie_along_their_dimensions(tmp_path):
    maps = own_maps(targets=["index"])
    path = write_predictions(tmp_path / "i.nc", maps.y[:], maps)
    data = opened(path)
    assert data["index_predicted" if "index" in fields().coords else "index"].dims == (
        "member",
        "time",
    )
    np.testing.assert_array_equal(
        data["index"], np.broadcast_to(fields()["index"].astype("f4"), (3, 8))
    )


def test_functions_and_blocks_give_what_arrays_give(tmp_path):
    maps = own_maps(HEALPix(2))
    asked = []

    def double(x):
        asked.append(len(x))
        return 2 * x

    wanted = predictions_to_xarray(2 * maps.X[:], maps)
    path = write_predictions(tmp_path / "d.nc", double, maps, batch_size=5)
    xr.testing.assert_identical(opened(path), wanted)
    assert asked == [5, 5, 5, 5, 4]
    blocks = (2 * maps.X[i : i + 7] for i in range(0, 24, 7))
    xr.testing.assert_identical(predictions_to_xarray(blocks, maps), wanted)


def test_healpix_files_hold_a_sample_each(tmp_path):
    maps = own_maps(HEALPix(4, nest=False)).take([1, 2])
    answers = answers_for(maps, 2)
    with pytest.raises(ValueError, match=r"2 samples need a FITS file each; put {sam"):
        write_predictions(tmp_path / "s.fits", answers, maps, grid="sampling")
    path = tmp_path / "s-{sample}.fits"
    write_predictions(
        path, answers, maps, grid="sampling", names=["a", "b"], units=["K", ""]
    )
    for i in range(2):
        sky = read_healpix(str(path).format(sample=i))
        np.testing.assert_array_equal(sky.values, answers[i])
        assert (sky.names, sky.units, sky.nest) == (("a", "b"), ("K", ""), False)
        assert sky.header["MEMBER"] == 3
    with pytest.raises(ValueError, match="FITS files hold HEALPix maps, got predict"):
        write_predictions(path, answers, maps)


@pytest.mark.parametrize("name", ["p.nc", "p.zarr"])
def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path, name):
    maps = own_maps()
    path = write_predictions(tmp_path / name, maps.X, maps)
    before = opened(path)

    def stops():
        yield maps.X[:4]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_predictions(path, stops(), maps)
    assert os.listdir(tmp_path) == [name]
    xr.testing.assert_identical(opened(path), before)
    write_predictions(path, 2 * maps.X[:], maps)
    assert os.listdir(tmp_path) == [name]
    np.testing.assert_array_equal(opened(path).output0, 2 * before.output0)


def test_answers_that_do_not_fit_are_refused(tmp_path):
    maps = own_maps()
    answers = answers_for(maps)
    cases = [
        (answers[:-1], {}, "one answer per sample, 24, got 23"),
        (answers[:, :-1], {}, "answers have 47 vertices, the maps 48"),
        (answers[..., 0, 0], {}, "answers must have shape"),
        (answers, {"names": ["a", "b"]}, "names must be one per output, got 2 for 1"),
        (answers, {"units": []}, "units must be one per output, got 0 for 1"),
        (answers, {"class_names": ["a", "b"]}, "class_names must be one per output"),
        (answers, {"grid": "target"}, "grid must be 'source' or 'sampling'"),
    ]
    for given, options, message in cases:
        with pytest.raises(ValueError, match=message):
            predictions_to_xarray(given, maps, **options)
    with pytest.raises(TypeError, match="answers must be an array, blocks of one, or"):
        predictions_to_xarray(3, maps)
    with pytest.raises(TypeError, match="maps must be a FieldMaps"):
        predictions_to_xarray(answers, answers)
    with pytest.raises(ValueError, match=r"the format, .nc, .* got 'p.csv'"):
        write_predictions(tmp_path / "p.csv", answers, maps)
    folder = tmp_path / "mine.zarr"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="is a folder but not a Zarr store"):
        write_predictions(folder, answers, maps)
    assert os.listdir(tmp_path) == ["mine.zarr"]


@pytest.mark.parametrize(
    ("file", "options"),
    [
        ("era5/era5-levels-members.grib", {"inputs": ["t@850"]}),
        pytest.param("grids/MPAS.nc", {}, marks=pytest.mark.slow),
        ("grids/reduced_gg.grib", {}),
        pytest.param("grids/camse_unstructured_grid.nc", {}, marks=pytest.mark.slow),
        ("wmap/wmap_band_iqumap_r9_7yr_V_v4_udgraded32.fits", {}),
    ],
)
def test_real_files_come_back_as_they_were(shared_data, tmp_path, file, options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        maps = FieldMaps(shared_data / file, **options)
        path = Path(tmp_path / "same.nc")
        names = [f"p{i}" for i in range(len(maps.channel_names))]
        data = opened(write_predictions(path, lambda x: x, maps, names=names))
        places = from_xarray(data, "p0")
    assert same_sampling(places.sampling, maps.sampling)
    values, _ = places.signal(data, names)
    np.testing.assert_array_equal(values.reshape(maps.X.shape), maps.X[:])
