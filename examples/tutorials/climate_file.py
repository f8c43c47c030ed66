"""
From a climate file to a trained network, and back to NetCDF
============================================================

At the end you will have trained a U-Net on fields of a NetCDF file, compared it with
two references, and written its predictions to a NetCDF file on the grid of the input,
with its times. Put your own file in place of ours, in NetCDF, GRIB or Zarr, and the
rest remains as it is.
"""

# %%
# A file
# ------
#
# A satellite sees the water vapour of the atmosphere in swaths; the task is to fill the
# gaps between them. So that nothing needs to be downloaded, we generate weather, cut
# swaths out of it, and write a file as climate models do: on a grid of latitudes and
# longitudes, with times, names, units and missing values.

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import xarray as xr
from scipy.spatial import cKDTree

from deepsphere_pyg.datasets import ClimateEvents, FieldMaps
from deepsphere_pyg.metrics import regression_scores
from deepsphere_pyg.models import SMALL, SphericalUNet
from deepsphere_pyg.plot import STYLE_FILE, draw_map
from deepsphere_pyg.training import SphereDataModule, fit, predict_to_file
from samplings import Equiangular, HEALPix

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "water_vapour.nc"

grid = Equiangular(n_theta=36)
weather = ClimateEvents(grid, n_maps=60, seed=0)
vapour = np.stack([sample.x[:, 0].numpy() for sample in weather])
# Seven orbits a day, tilted, which drift from one map to the next.
drift = np.random.default_rng(0).uniform(0, 360, (60, 1))
orbits = np.cos(np.deg2rad(7 * (grid.lon + 0.4 * grid.lat - drift)))
seen = orbits > 0.1

dims = ("time", "lat", "lon")
times = np.datetime64("2001-01-01", "ns") + 5 * np.arange(60) * np.timedelta64(1, "D")
data = xr.Dataset(
    {
        "seen": (dims, seen.reshape(60, 36, 72).astype(float)),
        "swaths": (dims, np.where(seen, vapour, np.nan).reshape(60, 36, 72)),
        "vapour": (dims, vapour.reshape(60, 36, 72), {"units": "kg m-2"}),
    },
    coords={"time": times, "lat": grid.lat[::72], "lon": grid.lon[:72]},
)
data.to_netcdf(path)
print(data)

# %%
# Maps
# ----
#
# :class:`~deepsphere_pyg.datasets.FieldMaps` recognises the grid, and reads and regrids
# a map when it is needed. The network works on HEALPix pixels, which have all the same
# area, so that the poles are not special. Missing inputs become the mean of their
# channel over the map; the channel ``seen`` tells the network which these are. The mask
# says where the targets are known, here everywhere.

maps = FieldMaps(
    path, inputs=["swaths", "seen"], targets=["vapour"], sampling=HEALPix(nside=8)
)
print(f"{len(maps)} maps on {maps.places.sampling}, regridded to {maps.sampling}")
x, y, mask = maps[0]
print(f"inputs {tuple(x.shape)}, targets {tuple(y.shape)}, known at {int(mask.sum())}")

# %%
# Maps that follow each other are alike, so that a test on maps drawn at random would be
# too easy. :class:`~deepsphere_pyg.training.SphereDataModule` takes the last part of
# the time for the test and the one before for validation, and leaves out one step
# between them.

module = SphereDataModule(maps, validation=0.15, test=0.2, gap=1, batch_size=8)
print({part: len(samples) for part, samples in module.parts.items()})

# %%
# Training
# --------
#
# :func:`~deepsphere_pyg.training.fit` standardizes inputs and targets, weights vertices
# by their areas, and returns the weights of the best validation score.

torch.manual_seed(0)
network = SphericalUNet(
    module.in_channels, module.out_channels, maps.sampling, configuration=SMALL
)
trained = fit(network, module, epochs=12, learning_rate=1e-2)

# %%
# Is it any good?
# ---------------
#
# An error means little without others beside it. The first reference is the mean map of
# the training, the second the value at the nearest vertex that was seen. Only the
# vertices in the gaps count.

train, test = (maps.take(module.parts[part].indices) for part in ("train", "test"))
X, truth = test.X[:], test.y[:]
hidden = X[..., 1] < 0.5
nearest = np.empty_like(truth)
for one, values, unseen in zip(nearest, X, hidden, strict=True):
    tree = cKDTree(maps.sampling.xyz[~unseen])
    one[:] = values[~unseen][tree.query(maps.sampling.xyz)[1], :1]

guesses = {
    "mean of the training": np.broadcast_to(train.y[:].mean(axis=0), truth.shape),
    "nearest vertex seen": nearest,
    "U-Net": trained.predict(X),
}
errors = {}
for name, guess in guesses.items():
    scores = regression_scores(truth, guess, maps.sampling.weights, mask=hidden)
    errors[name] = float(scores.rmse[0])
    print(f"{name:21} root mean square error {errors[name]:.2f} kg / m²")

# %%
# Predictions in a file
# ---------------------
#
# Predictions are carried back to the grid of the file and get its times, so that any
# program that reads the input reads them.

out = predict_to_file(Path(folder.name) / "filled.nc", trained.task, test)
filled = xr.load_dataset(out)
print(filled)

# %%
# The picture
# -----------
#
# All maps are on the grid of the file.

day = filled.time[0]
plt.style.use(STYLE_FILE)
figure, axes = plt.subplots(2, 2, figsize=(11, 6.4), layout="constrained")
pictures = {
    "swaths": data.swaths.sel(time=day),
    "filled by the network": filled.vapour.sel(time=day),
    "truth": data.vapour.sel(time=day),
}
for panel, (title, field) in zip(axes.flat, pictures.items(), strict=False):
    values = field.transpose("lat", "lon").values.ravel()
    draw_map(panel, grid, values, title=title, label="vapour (kg / m²)", limits=(0, 60))
bars = axes[1, 1].bar(list(errors), list(errors.values()), width=0.6)
axes[1, 1].bar_label(bars, fmt="%.1f")
axes[1, 1].set_ylabel("error in the gaps (kg / m²)")
axes[1, 1].margins(y=0.1)
folder.cleanup()
plt.show()
