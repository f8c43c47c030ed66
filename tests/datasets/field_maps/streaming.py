"""Script: generate a large Zarr store, or train an epoch on it within little memory.

``python -m tests.datasets.field_maps.streaming write PATH HOURS CHUNK_HOURS CHUNK_LAT``
and ``... train PATH NSIDE CACHE_MB``, which prints the peak of the resident memory.
"""

import sys
import time
from pathlib import Path

import numpy as np

LAT, LON = np.arange(-90.0, 91.0), np.arange(0.0, 360.0)


def write(path, hours, chunk_hours, chunk_degrees):
    """Write hourly temperatures and winds on a 1 degree grid, some days at a time."""
    import dask.array
    import xarray as xr

    shape, chunks = (hours, len(LAT), len(LON)), (chunk_hours, *[chunk_degrees] * 2)
    coords = {
        "time": np.datetime64("2001-01-01", "ns")
        + np.arange(hours) * np.timedelta64(1, "h"),
        "lat": ("lat", LAT, {"units": "degrees_north"}),
        "lon": ("lon", LON, {"units": "degrees_east"}),
    }
    empty = dask.array.zeros(shape, chunks=chunks, dtype="f4")
    data = xr.Dataset({"t": (("time", "lat", "lon"), empty)}, coords)
    encoding = {"t": {"chunks": chunks, "compressors": None}}
    data.to_zarr(path, compute=False, consolidated=False, encoding=encoding)
    import zarr

    array = zarr.open_group(path, mode="r+", use_consolidated=False)["t"]
    random = np.random.default_rng(0)
    mean = (300 - 50 * np.sin(np.deg2rad(LAT)) ** 2)[:, None].astype("f4")
    for start in range(0, hours, chunk_hours):
        n = min(chunk_hours, hours - start)
        for south in range(0, len(LAT), chunk_degrees):
            part = mean[south : south + chunk_degrees]
            noise = random.standard_normal((n, len(part), len(LON)), dtype="f4")
            array[start : start + n, south : south + chunk_degrees] = part + noise


def train(path, nside, cache_bytes):
    """Train a small network for an epoch; return the peak of memory in bytes."""
    import resource  # noqa: F401 (only where processes have limits)

    import torch

    from deepsphere_pyg import PixelNetwork
    from deepsphere_pyg.datasets import FieldMaps
    from deepsphere_pyg.training import SphereDataModule, fit
    from samplings import HEALPix

    torch.set_num_threads(1)
    print(f"imported: {memory('VmHWM') / 2**20:.0f} MiB")
    start = time.perf_counter()
    maps = FieldMaps(
        path,
        inputs=["t"],
        targets=["t"],
        sampling=HEALPix(nside),
        cache_bytes=cache_bytes,
    )
    module = SphereDataModule(maps, validation=0.05, gap=24, batch_size=16)
    print(module.statistics, f"{time.perf_counter() - start:.0f} s")
    print(f"statistics: {memory('VmHWM') / 2**20:.0f} MiB")
    network = PixelNetwork(1, 1, maps.sampling)
    fit(network, module, epochs=1)
    print(type(module.train_dataloader().sampler).__name__, len(np.unique(maps.blocks)))
    print(f"{time.perf_counter() - start:.0f} s")
    return memory("VmHWM")


def memory(name):
    """Return a number of bytes of this process from the status of Linux."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (found,) = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(found) * 1024


if __name__ == "__main__":
    what, path, *numbers = sys.argv[1:]
    if what == "write":
        write(path, *map(int, numbers))
    else:
        nside, megabytes = map(int, numbers)
        print("peak", train(path, nside, megabytes << 20))
