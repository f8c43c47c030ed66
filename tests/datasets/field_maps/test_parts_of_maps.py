"""Some vertices of the maps of a file, of which no others are read."""

import numpy as np
import pytest
import torch
import xarray as xr

from deepsphere_pyg.datasets import FieldMaps
from deepsphere_pyg.datasets.sample_parts import take_vertices
from deepsphere_pyg.training import SphereDataModule
from samplings import HEALPix
from tests.datasets.field_maps.own_data import TIMES, fields

SKY = HEALPix(4)
V, N = len(SKY), len(TIMES)
RNG = np.random.default_rng(0)
VERTICES = [np.arange(48, 96), np.array([3, 70, 71, 150]), np.zeros(0, np.int64)]


def maps(order="nested", missing=()):
    """Two inputs, numbers and classes at the pixels, and an index of each map."""
    u, v = RNG.normal(size=(2, N, V)).astype(np.float32)
    for time, cell in missing:
        u[time, cell] = np.nan
    t = u + v
    # Of targets, as often as in files.
    t[RNG.random(t.shape) < 0.1] = np.nan
    kind = (v > 0).astype(np.int16)
    dims = ("time", "cell")
    named = {"flag_values": [0, 1], "flag_meanings": "low high"}
    data = xr.Dataset(
        {
            "u": (dims, u),
            "v": (dims, v),
            "t": (dims, t),
            "kind": (dims, kind, named),
            "index": ("time", RNG.normal(size=N)),
            "crs": (
                (),
                0,
                {
                    "grid_mapping_name": "healpix",
                    "healpix_nside": SKY.nside,
                    "healpix_order": order,
                },
            ),
        },
        coords={"time": TIMES, "cell": np.arange(V)},
    )
    for name in ("u", "v", "t", "kind"):
        data[name].attrs["grid_mapping"] = "crs"
    return data


def assert_parts(data, vertices, *, part=True):
    whole = [data[i] for i in range(len(data))]
    take_vertices(data, vertices)
    found = [data[i] for i in range(len(data))]
    take_vertices(data, None)
    again = [data[i] for i in range(len(data))]
    axes = ("x", "y", "mask") if hasattr(whole[0], "mask") else ("x",)
    for one, some, same in zip(whole, found, again, strict=True):
        for name in one._fields:
            wanted = getattr(one, name)
            assert torch.equal(getattr(same, name), wanted), name
            wanted = wanted[vertices] if part and name in axes else wanted
            assert torch.equal(getattr(some, name), wanted), name


@pytest.mark.parametrize("vertices", VERTICES, ids=["run", "apart", "no vertex"])
@pytest.mark.parametrize("targets", [["t"], ["kind"], ["index"], None], ids=str)
def test_a_part_of_a_sample_is_that_of_the_whole_sample(targets, vertices):
    # Some maps have missing inputs, in the part or beside it.
    data = maps(missing=[(0, 50), (1, 3), (2, 100), (3, slice(0, 90))])
    found = FieldMaps(data, inputs=["u", "v"], targets=targets)
    assert_parts(found, vertices)


@pytest.mark.parametrize("target", ["v", "zone"])
def test_maps_that_are_regridded_are_read_as_a_whole(target):
    data = fields().isel(member=0)
    found = FieldMaps(data, inputs=["v"], targets=[target], sampling=SKY)
    assert_parts(found, np.arange(10), part=False)


def test_maps_in_another_order_are_read_in_that_of_the_file():
    found = FieldMaps(maps("ring"), inputs=["u"], targets=["t"])
    assert not found.sampling.nest
    assert_parts(found, VERTICES[1])


def test_chunks_of_other_regions_are_not_opened(tmp_path):
    chunks = {name: {"chunks": (1, 48)} for name in ("u", "t")}
    store = tmp_path / "maps.zarr"
    maps()[["u", "t", "crs"]].to_zarr(store, encoding=chunks, zarr_format=2)
    # Pixels 0 to 47 are damaged in each map.
    for name in ("u", "t"):
        for time in range(N):
            (store / name / f"{time}.0").write_bytes(b"damaged")
    found = FieldMaps(store, inputs=["u"], targets=["t"])
    with pytest.raises(ValueError, match="cannot be read"):
        found[0]
    take_vertices(found, np.arange(48, 96))
    assert found[0].x.shape == (48, 1)


def test_parts_of_a_module_and_blocks_of_area(tmp_path):
    path = tmp_path / "maps.nc"
    maps().to_netcdf(path)
    options = {"inputs": ["u"], "targets": ["t"], "by": "area"}
    module = SphereDataModule(path, validation=0.3, batch_size=N, **options)
    (whole,) = module.val_dataloader()
    loader, vertices = module.val_dataloader(), VERTICES[1]
    take_vertices(loader.dataset, vertices)
    (found,) = loader
    for name, one in zip(whole._fields, whole, strict=True):
        assert torch.equal(getattr(found, name), one[:, vertices]), name
