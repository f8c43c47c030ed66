"""Series with known laws, in files."""

import numpy as np
import xarray as xr
from torch import nn

LAT, LON = np.linspace(-75, 75, 6), np.arange(10) * 36.0
#: A step of six hours turns (u, v) by OMEGA and damps it by DAMPING.
OMEGA, DAMPING = 0.5, 0.995
START, STEP = np.datetime64("2001-01-01T00", "ns"), np.timedelta64(6, "h")


class Linear(nn.Module):
    """A network of a user's own: a linear map at each vertex."""

    def __init__(self, n_in: int, n_out: int, sampling):
        super().__init__()
        self.map = nn.Linear(n_in, n_out)

    def forward(self, x):
        return self.map(x)


def oscillation(steps):
    """Return u and v of two members at some steps, ``(2, T, lat, lon)`` each."""
    rng = np.random.default_rng(0)
    shape = (2, 1, len(LAT), len(LON))
    size, phase = rng.uniform(1, 3, shape), rng.uniform(0, 2 * np.pi, shape)
    t = np.asarray(steps, float)[:, None, None]
    wave = size * DAMPING**t * np.exp(1j * (OMEGA * t + phase))
    return wave.real, wave.imag


def dataset(steps, **more):
    """Return a data set of the oscillation at some steps."""
    u, v = oscillation(steps)
    dims = ("member", "time", "lat", "lon")
    return xr.Dataset(
        {
            "u": (dims, u, {"units": "m s-1"}),
            "v": (dims, v, {"units": "m s-1"}),
            **more,
        },
        coords={
            "member": [3, 7],
            "time": START + STEP * np.asarray(steps),
            "lat": ("lat", LAT, {"units": "degrees_north"}),
            "lon": ("lon", LON, {"units": "degrees_east"}),
        },
    )
