"""Small data sets of known fields, for the tests of maps of files."""

import numpy as np
import xarray as xr

LAT, LON = np.arange(-75.0, 90, 30), np.arange(0.0, 360, 45)
TIMES = np.arange("2001-01", "2001-09", dtype="M8[M]").astype("M8[ns]")
MEMBERS = [3, 5, 9]


def fields(n_time=8, n_member=3, seed=0):
    """Winds u and v with levels, a height, zones, and an index per sample."""
    random = np.random.default_rng(seed)
    shape = (n_member, n_time, len(LAT), len(LON))
    dims = ("member", "time", "lat", "lon")
    levels = ("member", "time", "level", "lat", "lon")
    zone = (np.abs(LAT) > 40).astype("i2")[:, None] * np.ones(len(LON), "i2")
    data = xr.Dataset(
        {
            "u": (levels, random.normal(size=(*shape[:2], 2, *shape[2:]))),
            "v": (dims, random.normal(size=shape), {"units": "m s-1"}),
            "height": (("lat", "lon"), random.normal(size=shape[2:])),
            "zone": (("lat", "lon"), zone),
            "index": (("time",), random.normal(size=n_time)),
            "run_class": (("member",), np.arange(n_member) % 2),
        },
        coords={
            "member": MEMBERS[:n_member],
            "time": TIMES[:n_time],
            "level": [500.0, 850.0],
            "lat": LAT,
            "lon": LON,
        },
    )
    data.zone.attrs = {"flag_values": [0, 1], "flag_meanings": "tropics poles"}
    return data
