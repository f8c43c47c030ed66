"""
One field of a file from another
================================

Predict one field of a file from another: own data in, own results out.

A U-Net learns the temperature at 850 hPa from the geopotential at 850 and 500 hPa,
whose difference is the thickness of the air between. The input is the file of
``--data``, such as a GRIB file of ERA5 with ``--target t@850``, or else a NetCDF file
of generated weather. The predictions are written to a NetCDF file on the grid of the
input, with its times and members. The script ends with a picture of the truth, the
prediction and its error at one time of the test. With ``--small`` it runs in seconds on
few generated maps.
"""

import argparse
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import xarray as xr

from deepsphere_pyg import SphericalUNet
from deepsphere_pyg.datasets import FieldMaps
from deepsphere_pyg.models import SMALL
from deepsphere_pyg.plot import draw_map
from deepsphere_pyg.training import SphereDataModule, fit, predict_to_file
from samplings import HEALPix

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--small", action="store_true", help="run in seconds")
parser.add_argument("--data", help="file with geopotential z and temperature t")
parser.add_argument("--target", default="t", help="its variable to predict")
parser.add_argument("--output", help="file of predictions")
parser.add_argument("--picture", help="file to write the picture to")
args = parser.parse_args()


def generated(path, days):
    """Write weather with waves in z, and a t that follows z and the latitude."""
    lat, lon = np.linspace(90, -90, 61), np.arange(0.0, 360, 3)
    random = np.random.default_rng(0)
    time = np.arange(2 * days) * np.timedelta64(12, "h")
    y, x = np.deg2rad(lat)[:, None], np.deg2rad(lon)
    z = 5.6e4 - 6e3 * np.sin(y) ** 2 + np.zeros((len(time), 1, len(lon)))
    for wave in range(1, 7):
        phase = random.uniform(0, 2 * np.pi, 2)
        steps = np.arange(len(time))[:, None, None]
        moving = wave * x + phase[0] - (0.1 + 0.03 * wave) * steps
        z += 2e3 / wave * np.cos(y) ** 2 * np.sin(2 * y + phase[1]) * np.cos(moving)
    noise = random.normal(size=z.shape)
    t = 298 - 38 * np.sin(y) ** 2 + 4e-3 * (z - z.mean(axis=(0, 2), keepdims=True))
    coords = {"time": np.datetime64("2017-01-01", "ns") + time, "lat": lat, "lon": lon}
    dims = ("time", "lat", "lon")
    data = xr.Dataset(
        {"z": (dims, z, {"units": "m2 s-2"}), "t": (dims, t + noise, {"units": "K"})},
        coords,
    )
    data.to_netcdf(path)
    return path


folder = tempfile.TemporaryDirectory()
source = args.data or generated(
    Path(folder.name) / "weather.nc", 4 if args.small else 30
)
output = args.output or Path(folder.name) / "temperature.nc"
nside, epochs = (8, 1) if args.small else (16, 60)

# %%
# The last part of the time is for the test; the samples next to it are left out, unless
# there are but a few times.
maps = FieldMaps(source, inputs=["z"], targets=[args.target], sampling=HEALPix(nside))
few = np.unique(maps.sample_coords.time).size < 10
parts = {"validation": 0.25, "test": 0.25} if few else {"test": 0.2, "gap": 1}
module = SphereDataModule(maps, **parts, batch_size=4)
torch.manual_seed(0)
sizes = (module.in_channels, module.out_channels)
network = SphericalUNet(*sizes, maps.sampling, configuration=SMALL)
trained = fit(network, module, epochs=epochs, learning_rate=3e-3)

# %%
# On the grid of the file, and with its coordinates.
test = maps.take(module.parts["test"].indices)
predict_to_file(output, trained.task, test)
found = xr.load_dataset(output)
name = next(iter(found.data_vars))
print(found[name])

# %%
# The mean of the training maps is what one would guess without a network.
area = maps.sampling.weights
truth, answer = test.y[:][..., 0], trained.predict(test.X)[..., 0]
mean = maps.take(module.parts["train"].indices).y[:][..., 0].mean(axis=0)
for what, guess in (("network", answer), ("mean of the training", mean)):
    error = np.sqrt(np.average((guess - truth) ** 2, weights=0 * truth + area))
    print(f"root mean square error of the {what}: {error:.2f} K")

figure, axes = plt.subplots(1, 3, figsize=(14, 3.4), layout="constrained")
limits = (float(truth[0].min()), float(truth[0].max()))
when = np.datetime_as_string(test.sample_coords.time.values[0], unit="h")
for axis, values, title in (
    (axes[0], truth[0], f"truth, {when}"),
    (axes[1], answer[0], "prediction"),
):
    draw_map(
        axis, maps.sampling, values, title=title, label="temperature (K)", limits=limits
    )
error = answer[0] - truth[0]
largest = float(np.abs(error).max())
draw_map(
    axes[2],
    maps.sampling,
    error,
    title="error",
    label="prediction - truth (K)",
    cmap="RdBu_r",
    limits=(-largest, largest),
)
if args.picture:
    figure.savefig(args.picture, dpi=110)
folder.cleanup()
plt.show()
