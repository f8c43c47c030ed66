"""Splits, loaders and statistics of a data module, and training on it."""

import itertools

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsphere_pyg import PixelNetwork
from deepsphere_pyg.convert import from_xarray
from deepsphere_pyg.datasets import ClimateEvents, FieldMaps
from deepsphere_pyg.datasets.arrays import ArrayMaps
from deepsphere_pyg.training import (
    SphereDataModule,
    fit,
    load_task,
    predict_to_file,
    standardize_task,
)
from samplings import HEALPix
from tests.datasets.field_maps.own_data import TIMES, fields

OPTIONS = {"inputs": ["u"], "targets": ["v"]}


def times(module, name):
    part = module.parts[name]
    return module.data.take(part.indices).sample_coords.time.values


def test_shares_are_consecutive_in_time_with_a_gap_for_all_members():
    module = SphereDataModule(
        fields(), validation=0.25, test=0.125, gap=1, batch_size=2, **OPTIONS
    )
    assert set(times(module, "test")) == {TIMES[7]}
    # One step on each side of a held-out sample is left out.
    assert set(times(module, "validation")) == {TIMES[5]}
    assert set(times(module, "train")) == set(TIMES[:4])
    assert len(module.parts["train"]) == 3 * 4
    assert len(module.parts["predict"]) == 24


def test_parts_follow_the_times_where_files_hold_them_in_no_order():
    order = [4, 0, 7, 2, 6, 1, 3, 5]
    data = fields().isel(time=order)
    module = SphereDataModule(data, validation=0.25, test="2001-08", gap=1, **OPTIONS)
    assert set(times(module, "test")) == {TIMES[7]}
    assert set(times(module, "validation")) == {TIMES[5]}
    assert set(times(module, "train")) == set(TIMES[:4])
    module = SphereDataModule(data, train="2001-01/2001-04", **OPTIONS)
    assert set(times(module, "train")) == set(TIMES[:4])


def test_parts_are_ranges_of_time_members_files_or_indices():
    data = fields()
    module = SphereDataModule(
        data, train="2001-01/2001-03", validation="2001-06/", **OPTIONS
    )
    assert set(times(module, "train")) == set(TIMES[:3])
    assert set(times(module, "validation")) == set(TIMES[5:])
    module = SphereDataModule(data, validation={"member": [9]}, **OPTIONS)
    held = module.data.take(module.parts["validation"].indices).sample_coords
    assert set(held.member.values) == {9} and len(module.parts["train"]) == 16
    module = SphereDataModule(data, by="member", validation=0.3, **OPTIONS)
    np.testing.assert_array_equal(module.parts["validation"].indices, np.arange(16, 24))
    other = fields(n_time=2, seed=1)
    module = SphereDataModule(data, validation=other, predict=other, **OPTIONS)
    assert len(module.parts["train"]) == 24 and len(module.parts["predict"]) == 6
    wanted = FieldMaps(other, **OPTIONS)[4].x
    torch.testing.assert_close(module.parts["validation"][4].x, wanted)
    arrays = ArrayMaps(np.zeros((9, 4, 1)), np.zeros((9, 4, 1)))
    module = SphereDataModule(arrays, validation=[0, 8])
    np.testing.assert_array_equal(module.parts["train"].indices, np.arange(1, 8))


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(2, 60),
    shares=st.tuples(st.floats(0.05, 0.6), st.floats(0.05, 0.6)),
    gap=st.integers(0, 4),
)
def test_parts_in_time_are_apart_and_in_order(n, shares, gap):
    maps = ArrayMaps(np.zeros((n, 2, 1)), np.zeros((n, 2, 1)))
    asked = dict(zip(("validation", "test"), shares, strict=True))
    try:
        module = SphereDataModule(maps, gap=gap, **asked)
    except ValueError as error:
        assert "too few" in str(error) or "no sample is left" in str(error)
        return
    parts = [module.parts[name].indices for name in ("train", "validation", "test")]
    for before, after in itertools.pairwise(parts):
        assert after.min() - before.max() == gap + 1
    assert parts[2][-1] == n - 1 and len(parts[2]) == max(1, round(shares[1] * n))


def test_blocks_of_area_split_the_targets_of_all_maps():
    module = SphereDataModule(
        ClimateEvents(HEALPix(8), 2), by="area", validation=0.25, test=0.25
    )
    masks = [module.parts[name].keep for name in ("train", "validation", "test")]
    assert (torch.stack(masks).sum(dim=0) == 1).all()
    # Blocks of 15 degrees are 1/183 of the sphere; the share is met to half of one.
    for mask in masks[1:]:
        assert float(mask.double().mean()) == pytest.approx(0.25, abs=0.01)
    sample, whole = module.parts["test"][1], module.data[1]
    torch.testing.assert_close(sample.x, whole.x)
    assert (sample.mask == (whole.mask & masks[2])).all()
    assert not sample.y[~masks[2]].any()


def test_overlapping_and_empty_parts_are_refused():
    data = fields()
    with pytest.raises(ValueError, match="3 samples are in both train and validation"):
        SphereDataModule(data, train="/2001-03", validation="2001-03/", **OPTIONS)
    with pytest.raises(ValueError, match="too few to train, validate and test"):
        SphereDataModule(data, validation=0.9, test=0.2, **OPTIONS)
    with pytest.raises(ValueError, match="no sample is left for train; pass a smaller"):
        SphereDataModule(data, gap=9, **OPTIONS)
    with pytest.raises(ValueError, match="validation must be a share between 0 and 1"):
        SphereDataModule(data, validation=1.5, **OPTIONS)
    with pytest.raises(ValueError, match="no sample dimension 'case'; there are: mem"):
        SphereDataModule(data, by="case", **OPTIONS)
    with pytest.raises(ValueError, match="validation must have the target names"):
        other = FieldMaps(data, inputs=["u"], targets=["height"])
        SphereDataModule(data, validation=other, **OPTIONS)
    with pytest.raises(TypeError, match="inputs are options to open files with"):
        SphereDataModule(FieldMaps(data), inputs=["u"])
    with pytest.raises(ValueError, match="by='area' takes shares of the area"):
        SphereDataModule(data, by="area", validation="2001-03/", **OPTIONS)
    with pytest.raises(FileNotFoundError, match=r"later.nc does not exist"):
        SphereDataModule(data, validation="later.nc", **OPTIONS)


def test_statistics_are_area_weighted_moments_of_the_training_part():
    data = fields()
    # A mean that is a million times the spread: plain sums of squares would cancel.
    data["u"] = data.u + 1e4
    data["v"][0, 1, 2, 2] = np.nan
    module = SphereDataModule(data, validation=0.5, **OPTIONS)
    found = module.statistics
    x = module.data.X[:][module.parts["train"].indices].astype(np.float64)
    area = np.broadcast_to(module.sampling.weights[:, None], x.shape)
    mean = np.average(x, axis=(0, 1), weights=area)
    std = np.sqrt(np.average((x - mean) ** 2, axis=(0, 1), weights=area))
    np.testing.assert_allclose(found.inputs[0], mean, rtol=1e-12)
    np.testing.assert_allclose(found.inputs[1], std, rtol=1e-9)
    samples = [module.parts["train"][i] for i in range(len(module.parts["train"]))]
    y = torch.stack([s.y for s in samples]).double().numpy()
    area = module.sampling.weights * torch.stack([s.mask for s in samples]).numpy()
    mean = np.average(y[..., 0], weights=area)
    assert float(found.targets[0]) == pytest.approx(mean, rel=1e-9)
    std = np.sqrt(np.average((y[..., 0] - mean) ** 2, weights=area))
    assert float(found.targets[1]) == pytest.approx(std, rel=1e-9)


def test_workers_read_the_same_samples_from_files(tmp_path):
    fields().to_netcdf(tmp_path / "own.nc")
    chunked = fields().chunk({"time": 2})
    chunked.to_zarr(tmp_path / "own.zarr", consolidated=False)
    for name in ("own.nc", "own.zarr"):
        read = [
            SphereDataModule(tmp_path / name, n_workers=n, **OPTIONS) for n in (0, 2)
        ]
        # Read here first: workers must not use files that this process has open.
        _ = read[1].data[0]
        one, two = (list(module.train_dataloader()) for module in read)
        assert len(one) == len(two) == 5
        for a, b in zip(one, two, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_fit_takes_a_data_module_or_a_data_set(tmp_path):
    data = fields()
    data["v"] = 280 + 3 * data.u.sel(level=500) - data.u.sel(level=850)
    module = SphereDataModule(data, validation=0.25, batch_size=3, **OPTIONS)
    network = PixelNetwork(2, 1, module.sampling)
    trained = fit(network, module, epochs=6, learning_rate=0.01, folder=tmp_path)
    assert trained.task.out_names == ("v",)
    assert trained.history[-1]["val/rmse"] < 0.5 * float(data.v.std())
    np.testing.assert_allclose(
        trained.task.targets.mean, module.statistics.targets[0], rtol=1e-6
    )
    again = load_task(tmp_path / "best.ckpt")
    assert again.notes["target_units"] == [""]
    np.testing.assert_allclose(
        again.predict(module.data.X), trained.predict(module.data.X[:]), rtol=1e-4
    )
    months = FieldMaps(data, inputs=["u"], targets=["time.month"])
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(96, 1))
    assert fit(network, months, epochs=1).predict(months.X[:2]).shape == (2, 1)
    zones = FieldMaps(data, inputs=["u"], targets=["zone"])
    found = fit(PixelNetwork(2, 2, zones.sampling), zones, epochs=1)
    assert found.task.class_names == ("tropics", "poles")


def test_fit_refuses_what_a_data_set_has_itself():
    module = SphereDataModule(fields(), **OPTIONS)
    network = PixelNetwork(2, 1, module.sampling)
    with pytest.raises(ValueError, match="a data module has its own"):
        fit(network, module, validation=0.5)
    with pytest.raises(ValueError, match="a data set has its own masks"):
        fit(network, module, mask=np.ones(48, bool))
    with pytest.raises(TypeError, match="y is missing, and X is no data set"):
        fit(network, np.zeros((3, 48, 2)))
    with pytest.raises(ValueError, match="X must have the 12 vertices"):
        fit(PixelNetwork(2, 1, HEALPix(1)), module)
    with pytest.raises(ValueError, match="the data have no such part; pass validation"):
        fit(network, SphereDataModule(fields(), validation=None, **OPTIONS))
    without = SphereDataModule(fields(), inputs=["u"])
    with pytest.raises(ValueError, match="no targets to train on; name targets="):
        fit(network, without)
    task = fit(network, module, epochs=1).task
    standardize_task(task, SphereDataModule(fields(seed=5), **OPTIONS))


def test_predictions_of_a_task_are_written_with_its_names_and_units(tmp_path):
    data = fields()
    module = SphereDataModule(data, validation=0.25, **OPTIONS)
    task = fit(PixelNetwork(2, 1, module.sampling), module, epochs=1).task
    later = FieldMaps(data.isel(time=[6, 7]), inputs=["u"])
    with xr.open_dataset(predict_to_file(tmp_path / "v.nc", task, later)) as found:
        assert found.v.units == "m s-1"
        wanted = task.predict(later.X[:]).reshape(3, 2, 6, 8)
        got = from_xarray(found, "v").signal(found.v)[0]
        np.testing.assert_allclose(got.ravel(), wanted.ravel(), rtol=1e-5)
    with pytest.raises(ValueError, match="was trained on the inputs u@500, u@850, got"):
        predict_to_file(tmp_path / "v.nc", task, FieldMaps(data, inputs=["v"]))
    zones = FieldMaps(data, inputs=["u"], targets=["zone"])
    task = fit(PixelNetwork(2, 2, zones.sampling), zones, epochs=1).task
    with xr.open_dataset(predict_to_file(tmp_path / "z.nc", task, later)) as found:
        assert found.zone.flag_meanings == "tropics poles"


def test_runs_of_a_climate_model_are_split_by_member_and_years(shared_data):
    path = shared_data / "pcm/trefht_annual_1890-1999.nc"
    module = SphereDataModule(
        path,
        targets=["year"],
        target_kind="numbers",
        sampling=HEALPix(4),
        select={"year": "1950/1999", "member": [57, 59, 66]},
        validation={"member": 66},
    )
    assert len(module.parts["train"]) == 100 and module.global_target
    with xr.open_dataset(path) as data:
        years = data.TREFHT.sel(year=slice(1950, 1999), member=[57, 59]).load()
    area = np.cos(np.deg2rad(years.lat))
    # Averages over pixels keep the mean over the sphere; weights of a Gaussian grid
    # differ from the cosine by the order of a squared row, 2.8 degrees.
    mean = float(years.weighted(area).mean())
    assert float(module.statistics.inputs[0]) == pytest.approx(mean, rel=1e-3)
    assert float(module.statistics.targets[0]) == pytest.approx(1974.5, rel=1e-12)
